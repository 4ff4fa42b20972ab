// Entries of merged maps: their largest size, and how far rounding has moved them.
import { addUp, multiplyUp, UNIT_ROUNDOFF } from '../../numeric/index.ts';

/** max |v|; 0 without entries. */
export function largestSize(values: Float64Array): number {
  let largest = 0;
  for (const v of values) largest = Math.max(largest, Math.abs(v));
  return largest;
}

/** How far each true sum of two entries, off by at most `a` and `b`, is from the rounded one. */
export function sumError(a: number, b: number, sums: Float64Array): number {
  return addUp(addUp(a, b), multiplyUp(UNIT_ROUNDOFF, largestSize(sums)));
}

/** An upper bound on a b; nothing is lost where a factor is 1. */
export function timesUp(a: number, b: number): number {
  if (a === 1) return b;
  return b === 1 ? a : multiplyUp(a, b);
}
