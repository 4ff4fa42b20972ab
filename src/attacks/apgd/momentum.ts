// APGD in linf and l2: steps with momentum, halved where they no longer help (Croce and Hein 2020, section 3).
import type { Stop } from '../../stop.ts';
import { project } from '../projection.ts';
import { linfLimits, signStep, stepSizes } from '../sign-steps.ts';
import { stepAlong } from '../steps.ts';
import type { Threat } from '../threat.ts';
import { type Climbers, climb, type Observe, type Rule, type Slope, type State } from './climb.ts';

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
  /** Memory; empty in linf. */
  readonly gradients: Float32Array;
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
const momentum: Rule<Memory> = {
  firstInterval: (iterations) => share(0.22, iterations),
  nextInterval: (interval, iterations) =>
    Math.max(interval - share(0.03, iterations), share(0.06, iterations)),
  begin({ bestLosses, points }, threat) {
    const rows = bestLosses.length;
    const none = new Float32Array(0);
    return {
      sizes: new Float64Array(rows).fill(2 * threat.radius),
      rises: new Int32Array(rows),
      checked: Float64Array.from(bestLosses),
      halved: new Int32Array(rows).fill(1),
      ...(threat.norm === 'linf'
        ? { ...linfLimits(threat, points, points.length / rows), gradients: none }
        : { least: none, most: none, gradients: new Float32Array(points.length) }),
    };
  },
  async advance({ victim, loss, threat }, state, memory, first, losses) {
    const { current, previous, next, labels, targets, scores } = state;
    const { least, most, gradients } = memory;
    if (threat.norm === 'linf') {
      const limited = { least, most, sizes: stepSizes(memory.sizes) };
      const given = first ? limited : { ...limited, previous };
      const into = { scores, losses, next };
      await victim.follow(first ? FIRST : MOVING, loss, current, labels, targets, given, into);
    } else {
      await victim.gradient(loss, current, labels, targets, { scores, losses, gradients });
      step(state, memory, threat, first);
    }
  },
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

const FIRST = signStep();
const MOVING = signStep(NEW);

/** Climbs with momentum. */
export function climbWithMomentum(
  slope: Slope,
  climbers: Climbers,
  stop: Stop,
  observe?: Observe,
): ReturnType<typeof climb> {
  return climb(slope, climbers, momentum, stop, observe);
}

function step(
  { points, current, previous, next, places }: State,
  { sizes, gradients }: Memory,
  threat: Threat,
  first: boolean,
): void {
  next.set(current);
  const features = points.length / places.length;
  stepAlong(next, gradients, sizes);
  project(threat, points, next, features);
  if (first) return;
  for (let j = 0; j < next.length; j++) {
    const x = current[j]!;
    next[j] = x + NEW * (next[j]! - x) + (1 - NEW) * (x - previous[j]!);
  }
  project(threat, points, next, features);
}
