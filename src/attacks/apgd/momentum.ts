// APGD in linf and l2: steps with momentum, halved where they no longer help (Croce and Hein 2020, section 3).
import { project } from '../projection.ts';
import { linfLimits, stepAlong, stepBySign } from '../steps.ts';
import type { Threat } from '../threat.ts';
import type { Rule, State } from './climb.ts';

type Memory = {
  /** In the norm, from twice the radius downwards. */
  readonly sizes: Float64Array;
  /** How often the loss has risen since the last checkpoint. */
  readonly rises: Int32Array;
  /** The best loss at the last checkpoint, and whether the step was halved there. */
  readonly checked: Float64Array;
  readonly halved: Int32Array;
  /** What each entry may be; empty in l2. */
  readonly least: Float32Array;
  readonly most: Float32Array;
};

/** How much of a step is new; the rest goes on in the direction of the last one. */
const NEW = 0.75;

/** The least share of steps that must raise the loss. */
const RISING = 0.75;

/** Checkpoints follow each other after 22, 19, 16, ... and then 6 of 100 iterations. */
const share = (part: number, iterations: number) => Math.max(1, Math.floor(part * iterations + 1e-9));

/**
 * z = P(x + size * direction), then P(x + 0.75 (z - x) + 0.25 (x - x_before)). At a checkpoint the size is halved, and the row
 * starts again at its best point, where at most 75 % of the steps since the last one raised the loss, or where the size was
 * not halved there and the best loss has not risen since.
 */
export const withMomentum: Rule<Memory> = {
  firstInterval: (iterations) => share(0.22, iterations),
  nextInterval: (interval, iterations) =>
    Math.max(interval - share(0.03, iterations), share(0.06, iterations)),
  begin({ bestLosses, points }, threat) {
    const rows = bestLosses.length;
    const none = { least: new Float32Array(0), most: new Float32Array(0) };
    return {
      sizes: new Float64Array(rows).fill(2 * threat.radius),
      rises: new Int32Array(rows),
      checked: Float64Array.from(bestLosses),
      halved: new Int32Array(rows).fill(1),
      ...(threat.norm === 'linf' ? linfLimits(threat, points, points.length / rows) : none),
    };
  },
  step,
  see({ rises }, before, after) {
    for (let i = 0; i < rises.length; i++) if (after[i]! > before[i]!) rises[i]!++;
  },
  adapt({ bestLosses }, { sizes, rises, checked, halved }, i, interval) {
    const stuck = halved[i] === 0 && checked[i]! >= bestLosses[i]!;
    const halve = rises[i]! <= RISING * interval || stuck;
    if (halve) sizes[i]! /= 2;
    halved[i] = Number(halve);
    checked[i] = bestLosses[i]!;
    rises[i] = 0;
    return halve;
  },
};

function step(
  { points, current, previous, gradients, places }: State,
  memory: Memory,
  threat: Threat,
  first: boolean,
): Float32Array {
  const fresh = first ? 1 : NEW;
  const next = threat.norm === 'linf' ? new Float32Array(current.length) : current.slice();
  if (threat.norm === 'linf') {
    stepBySign(current, previous, gradients, memory.sizes, memory, fresh, next);
    return next;
  }
  const features = points.length / places.length;
  stepAlong(next, gradients, memory.sizes);
  project(threat, points, next, features);
  if (first) return next;
  for (let j = 0; j < next.length; j++) {
    const x = current[j]!;
    next[j] = x + fresh * (next[j]! - x) + (1 - fresh) * (x - previous[j]!);
  }
  project(threat, points, next, features);
  return next;
}
