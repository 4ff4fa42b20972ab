// Closed intervals of real numbers with float64 ends, and how they are widened by an error.
import { nextDown, nextUp } from '../numeric/index.ts';

/** [low, high], low <= high; the ends may be infinite. */
export type Range = readonly [low: number, high: number];

export const REALS: Range = [-Infinity, Infinity];

/** Encloses all numbers within `slack` of x. An infinite x is a limit, and stays itself. */
export function around(x: number, slack: number): Range {
  return Number.isFinite(x) ? [nextDown(x - slack), nextUp(x + slack)] : [x, x];
}

/** The smallest interval that holds all of these. */
export function hull(...ranges: readonly Range[]): Range {
  let [low, high]: [number, number] = [Infinity, -Infinity];
  for (const [l, h] of ranges) {
    if (l < low) low = l;
    if (h > high) high = h;
  }
  return [low, high];
}

/** What a range that is known to lie in `within` can be: the intersection. */
export function clamped([low, high]: Range, within: Range): Range {
  return [Math.min(Math.max(low, within[0]), within[1]), Math.max(Math.min(high, within[1]), within[0])];
}

/** [low, high] widened by a few units in the last place: encloses what float64 computes these ends to in a few steps. */
export function outwards(low: number, high: number): Range {
  return [around(low, Math.abs(low) * 2 ** -49)[0], around(high, Math.abs(high) * 2 ** -49)[1]];
}
