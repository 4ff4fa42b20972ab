// The tails of one function on both sides, and the constant c that they show whatever the mean of the function is.
import { tailBounds } from './bounds.ts';

/** P(f <= threshold) or P(f >= threshold) on held-out rows. */
export interface Tail {
  readonly threshold: number;
  readonly count: number;
  /** count / rows. */
  readonly observed: number;
  /** One-sided bounds, simultaneous over all functions and thresholds. */
  readonly lower: number;
  readonly upper: number;
}

/** Two tails of one function, c from them, and its simultaneous lower end. */
export interface TailPair {
  readonly below: Tail;
  readonly above: Tail;
  /** From the observed shares. */
  readonly value: number;
  /** From the lower bounds on both probabilities. */
  readonly lower: number;
}

/** Thresholds fixed before the held-out rows are seen. */
export interface Thresholds {
  readonly below: Float64Array;
  readonly above: Float64Array;
}

/**
 * For P(f <= v) >= p, P(f >= u) >= q, u > v and any 1-Lipschitz f, Definition 1.1 of Bubeck and Sellke (2021) demands
 *
 *   c >= d (u - v)^2 / (2 (sqrt(log(2/p)) + sqrt(log(2/q)))^2).
 *
 * The mean m may be anywhere: p <= 2 exp(-d (m - v)^2 / 2c) says m - v <= sqrt(2c log(2/p) / d) for m >= v, likewise for
 * u - m, and the two add up to u - v. Values of f beyond u and v play no role, so f may be cut off there: "bounded" costs nothing.
 */
export function constantOfTails(d: number, v: number, p: number, u: number, q: number): number {
  const gap = Math.max(0, u - v);
  return (d * gap ** 2) / (2 * (Math.sqrt(Math.log(2 / p)) + Math.sqrt(Math.log(2 / q))) ** 2);
}

/** The values that 2, 4, 8, ... rows, up to half of them, do not exceed, and do not fall below. */
export function thresholdsOf(sorted: Float64Array): Thresholds {
  const counts: number[] = [];
  for (let k = Math.min(2, sorted.length >> 1); k >= 1 && 2 * k <= sorted.length; k *= 2) counts.push(k);
  const half = sorted.length >> 1;
  if (half > 0 && counts.at(-1) !== half) counts.push(half);
  return {
    below: Float64Array.from(counts, (k) => sorted[k - 1]!),
    above: Float64Array.from(counts, (k) => sorted[sorted.length - k]!),
  };
}

/**
 * The tails of held-out values at the thresholds, with bounds that all hold at once with probability >= 1 - failure (lower
 * ends), and likewise upper ends.
 */
export function tailsAt(
  sorted: Float64Array,
  { below, above }: Thresholds,
  failure: number,
): { readonly below: readonly Tail[]; readonly above: readonly Tail[] } {
  const rows = sorted.length;
  const bounds = tailBounds(rows, failure / (below.length + above.length));
  const tail = (threshold: number, count: number): Tail => {
    const [lower, upper] = bounds(count);
    return { threshold, count, observed: count / rows, lower, upper };
  };
  return {
    below: Array.from(below, (v) => tail(v, countBelow(sorted, v, true))),
    above: Array.from(above, (u) => tail(u, rows - countBelow(sorted, u, false))),
  };
}

/** The pair of tails with the largest lower end for c, and the largest upper end of all pairs; undefined without a threshold. */
export function bestPair(
  d: number,
  tails: { readonly below: readonly Tail[]; readonly above: readonly Tail[] },
): { readonly pair: TailPair; readonly upper: number } | undefined {
  let pair: TailPair | undefined;
  let upper = 0;
  for (const below of tails.below) {
    for (const above of tails.above) {
      const of = (part: 'lower' | 'observed' | 'upper') =>
        constantOfTails(d, below.threshold, below[part], above.threshold, above[part]);
      const [lower, value] = [of('lower'), of('observed')];
      upper = Math.max(upper, of('upper'));
      if (!pair || lower > pair.lower || (lower === pair.lower && value > pair.value))
        pair = { below, above, value, lower };
    }
  }
  return pair && { pair, upper };
}

/** How many of the sorted values are below the threshold, or at it where `inclusive`. */
export function countBelow(sorted: Float64Array, threshold: number, inclusive: boolean): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < threshold || (inclusive && sorted[middle]! === threshold)) low = middle + 1;
    else high = middle;
  }
  return low;
}
