// Powers of two, by which float64 multiplies and divides without rounding, and other reciprocals.
import { UNIT_ROUNDOFF } from '../../numeric/index.ts';

/** Whether |x| is a power of two. */
export function isPowerOfTwo(x: number): boolean {
  return Math.abs(x) === 2 ** Math.round(Math.log2(Math.abs(x)));
}

/** 1 / n and a bound on its rounding. */
export function reciprocalOf(n: number): [value: number, error: number] {
  const value = 1 / n;
  return [value, isPowerOfTwo(n) ? 0 : UNIT_ROUNDOFF * value];
}
