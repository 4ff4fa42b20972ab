// APGD in linf and l2: steps with momentum, halved where they no longer help (Croce and Hein 2020, section 3).
import type { Stop } from '../../stop.ts';
import { project } from '../projection.ts';
import { linfLimits, type SignSteps, signSteps } from '../sign-steps.ts';
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
const momentum = (bySign: SignSteps): Rule<Memory> => ({
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
  step: (state, memory, threat, first, next) =>
    threat.norm === 'linf'
      ? stepBySign(bySign, state, memory, first, next)
      : step(state, memory, threat, first, next),
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
});

/** Climbs with momentum(). */
export async function climbWithMomentum(
  slope: Slope,
  climbers: Climbers,
  stop: Stop,
  observe?: Observe,
): ReturnType<typeof climb> {
  const bySign = signSteps(slope.victim.features, NEW);
  try {
    return await climb(slope, climbers, momentum(bySign), stop, observe);
  } finally {
    await bySign.dispose();
  }
}

function stepBySign(
  bySign: SignSteps,
  { current, previous, gradients }: State,
  { sizes, least, most }: Memory,
  first: boolean,
  next: Float32Array,
): Promise<void> {
  const from = { current, gradients, sizes, least, most };
  return bySign.step(first ? from : { ...from, previous }, next);
}

function step(
  { points, current, previous, gradients, places }: State,
  memory: Memory,
  threat: Threat,
  first: boolean,
  next: Float32Array,
): void {
  next.set(current);
  const features = points.length / places.length;
  stepAlong(next, gradients, memory.sizes);
  project(threat, points, next, features);
  if (first) return;
  for (let j = 0; j < next.length; j++) {
    const x = current[j]!;
    next[j] = x + NEW * (next[j]! - x) + (1 - NEW) * (x - previous[j]!);
  }
  project(threat, points, next, features);
}
