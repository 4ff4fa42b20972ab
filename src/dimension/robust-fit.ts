// Two-layer networks trained against an adversary on random signs: the task, one training, and the least width that is enough.
import type { Matrix } from '../linalg/index.ts';
import { twoLayer } from '../models/index.ts';
import type { Rng } from '../random/index.ts';
import type { Stop } from '../stop.ts';
import {
  adam,
  adversarial,
  cosineRate,
  crossEntropy,
  pgdAdversary,
  robustlyAccurate,
  type Samples,
  train,
} from '../training/index.ts';

/** Of the largest radius within which any function is right around every point: half the least distance of opposite signs. */
const RADIUS = 0.75;
/** Share of that distance that the coordinates keep. */
const KEPT = 0.95;
/** Robust training accuracy that counts as a robust fit: it takes off steeply in the width. */
const FITTED = 0.9;
const STEPS = 150;
const RATE = 0.03;
const PGD_STEPS = 2;
/** In a scale where points have length 1; nearer points are one in float32. */
const LEAST_RADIUS = 1e-5;

/** Points with random signs, to be fitted within a radius. */
export interface RobustTask {
  readonly samples: Samples;
  readonly inputs: number;
  readonly radius: number;
}

/**
 * The rows with signs in turns, on as few leading coordinates as keep 95 % of the least distance between opposite signs, and
 * 3/4 of half that distance as radius. Undefined where points lie too close together for float32.
 *
 * @param scores `[rows, coordinates]`, in the scale E|x - Ex|^2 = 1. @param rows in random order.
 */
export function robustTask(scores: Matrix, rows: ArrayLike<number>): RobustTask | undefined {
  const n = rows.length;
  const q = scores.columns;
  const at = (i: number, coordinate: number) => scores.data[rows[i]! * q + coordinate]!;
  const squares = new Float64Array(n * n);
  const closest = Array.from({ length: q }, (_, coordinate) => {
    let least = Number.POSITIVE_INFINITY;
    for (let i = 0; i < n; i += 2) {
      for (let j = 1; j < n; j += 2) {
        squares[i * n + j]! += (at(i, coordinate) - at(j, coordinate)) ** 2;
        least = Math.min(least, squares[i * n + j]!);
      }
    }
    return Math.sqrt(least);
  });
  const distance = closest[q - 1]!;
  const radius = (RADIUS * distance) / 2;
  if (!(radius >= LEAST_RADIUS)) return undefined;
  const inputs = closest.findIndex((kept) => kept >= KEPT * distance) + 1;
  return {
    samples: {
      x: Float32Array.from({ length: n * inputs }, (_, place) =>
        at(Math.floor(place / inputs), place % inputs),
      ),
      shape: [n, inputs],
      y: Float32Array.from({ length: n }, (_, i) => (i % 2 === 0 ? 1 : -1)),
    },
    inputs,
    radius,
  };
}

/** k (q + 2) + 1: what `twoLayer` counts. */
export function parametersOf(inputs: number, width: number): number {
  return width * (inputs + 2) + 1;
}

/**
 * Whether a network of this width reached a robust training accuracy of 0.9 within 150 steps of Adam on all points, at points of
 * PGD with 2 steps from a random start. More steps find a little more: on digits and a sphere 40 of them left 0.78 of 0.81 and
 * 0.83 of 0.91. Undefined where `stop` broke it off.
 */
export async function fitsRobustly(
  { samples, inputs, radius }: RobustTask,
  width: number,
  random: Rng,
  stop: Stop,
): Promise<boolean | undefined> {
  const { reason } = await train(
    {
      family: twoLayer(inputs, width),
      objective: adversarial(crossEntropy(), pgdAdversary('l2', radius, undefined, PGD_STEPS)),
      optimiser: adam(),
      learningRate: cosineRate(RATE, STEPS),
      steps: STEPS,
      stop: [robustlyAccurate(FITTED)],
    },
    samples,
    random,
    () => (stop() ? 'stop' : undefined),
  );
  return reason === 'interrupted' ? undefined : reason === 'memorized';
}

/** Neighbouring widths of the ladder, of which the larger is enough. */
export interface Bracket {
  /** 0 where width 1 is enough. */
  readonly tooFew: number;
  readonly enough: number;
}

/**
 * The least width among 1, 2, 3, 4, 6, 8, 11, 16, ... (powers of sqrt 2, rounded) that is enough, next to one that is not: from
 * `start` outwards in doubling strides, then by bisection. 'none' where `most` is not enough; undefined where a trial is.
 */
export async function leastWidth(
  enough: (width: number) => Promise<boolean | undefined>,
  start: number,
  most: number,
): Promise<Bracket | 'none' | undefined> {
  const ladder = widths(most);
  let [low, high] = [-1, ladder.length];
  let at = ladder.findLastIndex((width) => width <= Math.max(1, start));
  for (let stride = 1; high - low > 1; stride *= 2) {
    const answer = await enough(ladder[at]!);
    if (answer === undefined) return undefined;
    if (answer) high = at;
    else low = at;
    const bracketed = low >= 0 && high < ladder.length;
    if (bracketed) at = (low + high) >> 1;
    else at = answer ? Math.max(0, at - stride) : Math.min(ladder.length - 1, at + stride);
  }
  if (high === ladder.length) return 'none';
  return { tooFew: low < 0 ? 0 : ladder[low]!, enough: ladder[high]! };
}

function widths(most: number): readonly number[] {
  const count = 1 + Math.floor(2 * Math.log2(Math.max(1, most)));
  return [...new Set(Array.from({ length: count }, (_, step) => Math.round(2 ** (step / 2))))];
}
