// APGD in linf and l2: steps with momentum, halved where they no longer help (Croce and Hein 2020, section 3).
import { add, and, cast, greater, maximum, mul, sub, where } from '../../graph/index.ts';
import type { Stop } from '../../stop.ts';
import type { Iteration } from '../iteration.ts';
import { linfLimits } from '../limits.ts';
import { project } from '../projection.ts';
import { signStep, stepSizes, withMomentum } from '../sign-steps.ts';
import { stepAlong } from '../steps.ts';
import {
  type Climbers,
  climb,
  type Observe,
  type Rule,
  type Slope,
  type State,
  slopesAt,
  stepped,
} from './climb.ts';

/** How the steps adapt. */
type Sizes = {
  /** In the norm, from twice the radius downwards. */
  readonly sizes: Float64Array;
  /** The best loss at the last checkpoint, and whether the step was halved there. */
  readonly checked: Float64Array;
  readonly halved: Int32Array;
};

/** How much of a step is new; the rest goes on in the direction of the last one. */
const NEW = 0.75;

/** The least share of steps that must raise the loss. */
const RISING = 0.75;

/** Checkpoints follow each other after 22, 19, 16, ... and then 6 of 100 iterations. */
const share = (part: number, iterations: number) => Math.max(1, Math.floor(part * iterations + 1e-9));

const beginSizes = ({ bestLosses }: State, radius: number): Sizes => ({
  sizes: new Float64Array(bestLosses.length).fill(2 * radius),
  checked: Float64Array.from(bestLosses),
  halved: new Int32Array(bestLosses.length).fill(1),
});

/**
 * At a checkpoint the size is halved, and the row starts again at its best point, where at most 75 % of the steps since the
 * last one raised the loss, or where the size was not halved there and the best loss has not risen since.
 */
const halving: Pick<Rule<Sizes>, 'firstInterval' | 'nextInterval' | 'adapt'> = {
  firstInterval: (iterations) => share(0.22, iterations),
  nextInterval: (interval, iterations) =>
    Math.max(interval - share(0.03, iterations), share(0.06, iterations)),
  adapt({ bestLosses, rises }, { sizes, checked, halved }, i, interval) {
    const stuck = halved[i] === 0 && checked[i]! >= bestLosses[i]!;
    const halve = rises[i]! <= RISING * interval || stuck;
    if (halve) sizes[i]! /= 2;
    halved[i] = Number(halve);
    checked[i] = bestLosses[i]!;
    rises[i] = 0;
    return halve;
  },
};

/** z = P(x + size * direction), then P(x + 0.75 (z - x) + 0.25 (x - x_before)), in l2. */
const alongGradient: Rule<Sizes & { readonly gradients: Float32Array }> = {
  ...halving,
  begin: (state, { radius }) => ({
    ...beginSizes(state, radius),
    gradients: new Float32Array(state.points.length),
  }),
  stride: () => 1,
  async advance(slope, state, memory, { first, resumed }) {
    await slopesAt(slope, state, memory.gradients, resumed);
    const { points, current, previous, next } = state;
    const { features } = slope.victim;
    next.set(current);
    stepAlong(next, memory.gradients, memory.sizes);
    project(slope.threat, points, next, features);
    if (!first) {
      for (let j = 0; j < next.length; j++) {
        const x = current[j]!;
        next[j] = x + NEW * (next[j]! - x) + (1 - NEW) * (x - previous[j]!);
      }
      project(slope.threat, points, next, features);
    }
    return [stepped(state), memory];
  },
};

/** What an entry may be, and memory for what a stretch changes, under the names that it has in the state. */
type SignMemory = Sizes &
  Pick<State, 'previous' | 'losses' | 'rises' | 'best' | 'bestLosses' | 'right'> & {
    readonly least: Float32Array;
    readonly most: Float32Array;
  };

/** The same in linf, where the direction is the sign of the gradient. */
const bySign: Rule<SignMemory> = {
  ...halving,
  begin: (state, threat) => {
    const rows = state.places.length;
    return {
      ...beginSizes(state, threat.radius),
      ...linfLimits(threat, state.points, state.points.length / rows),
      previous: new Float32Array(state.points.length),
      best: new Float32Array(state.points.length),
      losses: new Float32Array(rows),
      rises: new Float32Array(rows),
      bestLosses: new Float32Array(rows),
      right: new Float32Array(rows),
    };
  },
  stride: ({ stride }) => stride,
  async advance({ victim, loss, untilWrong }, state, memory, { steps, first, resumed }, stop) {
    const { labels, targets } = state;
    const each = (value: number, atFirst = value) => new Float32Array(steps).fill(value).fill(atFirst, 0, 1);
    const arrays = {
      state: { points: state.current, ...changing(state) },
      given: { least: memory.least, most: memory.most, sizes: stepSizes(memory.sizes) },
      each: {
        fresh: each(NEW, first ? 1 : NEW),
        counts: each(1, resumed ? 0 : 1),
        stands: each(untilWrong ? 1 : 0),
      },
    };
    const after = { points: state.next, ...changing(memory) };
    await victim.iterate(CLIMBING, loss, labels, targets, arrays, after, stop);
    const { points: current, ...changed } = after;
    return [
      { ...state, ...changed, current, next: state.current },
      { ...memory, ...changing(state) },
    ];
  },
};

const changing = ({ previous, losses, rises, best, bestLosses, right }: State | SignMemory) => ({
  previous,
  losses,
  rises,
  best,
  bestLosses,
  right,
});

/** Sees the points, where that counts, and steps; a row that `stands` once it is wrong moves no more. */
const CLIMBING: Iteration = {
  name: 'APGD',
  of({ points, losses, right, gradients }, { state, given, each }) {
    const features = points.shape[1]!;
    const [previous, best] = [state('previous', features), state('best', features)];
    const [before, bestLosses] = [state('losses', 1), state('bestLosses', 1)];
    const counts = greater(each('counts'), 0);
    const better = and(greater(losses, bestLosses), counts);
    const rises = cast(and(greater(losses, before), counts), 'float32');
    const going = sub(1, each('stands'));
    const stays = mul(right, maximum(state('right', 1), going));
    const moves = maximum(stays, going);
    const limits = { least: given('least', features), most: given('most', features) };
    const z = signStep(points, gradients, mul(given('sizes', 1), moves), limits);
    const fresh = each('fresh');
    return {
      points: withMomentum(points, z, fresh, mul(sub(1, fresh), moves), previous, limits),
      previous: points,
      losses: where(counts, losses, before),
      rises: add(state('rises', 1), rises),
      best: where(better, points, best),
      bestLosses: where(better, losses, bestLosses),
      right: stays,
    };
  },
};

/** Climbs with momentum. */
export function climbWithMomentum(
  slope: Slope,
  climbers: Climbers,
  stop: Stop,
  observe?: Observe,
): ReturnType<typeof climb> {
  return slope.threat.norm === 'linf'
    ? climb(slope, climbers, bySign, stop, observe)
    : climb(slope, climbers, alongGradient, stop, observe);
}
