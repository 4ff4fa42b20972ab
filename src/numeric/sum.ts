// Sums of float64 numbers: compensated, and enclosed with rounding accounted for (Neumaier 1974; Ogita, Rump and Oishi 2005).
import { requireFinite } from './checks.ts';
import { addDown, addUp, gamma, multiplyUp, UNIT_ROUNDOFF } from './float.ts';

/** `[lower, upper]`: the exact real result lies between the two. */
export type Enclosure = readonly [lower: number, upper: number];

/**
 * sum_i x_i with the rounding errors of the additions summed apart: as accurate as in twice the precision. 0
 * for no numbers.
 */
export function compensatedSum(values: ArrayLike<number>): number {
  const { sum, errors } = errorFreeSum(values);
  // An overflow makes the error terms NaN; the plain sum then says Infinity.
  return Number.isFinite(sum) ? sum + errors : sum;
}

/**
 * Lower and upper bound on the exact sum_i x_i.
 *
 * The additions are split without error into a float and its errors q_i, so the distance between the bounds
 * is about 2 (u |sum| + gamma(n) sum |q_i|). An overflow gives [-Infinity, Infinity].
 *
 * @throws invalid-argument when a number is NaN or infinite.
 * Source: Ogita, Rump and Oishi, "Accurate sum and dot product", SISC 26 (2005), section 4. Enclosure.
 */
export function sumEnclosure(values: ArrayLike<number>): Enclosure {
  requireFinite(values);
  const { sum, errors, absoluteErrors } = errorFreeSum(values);
  const result = sum + errors;
  if (!Number.isFinite(result)) return [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  if (absoluteErrors === 0) return [sum, sum];
  // The sum of |q_i| is itself rounded: gamma(2n) >= gamma(n) / (1 - gamma(n)) covers both.
  const ofErrors = multiplyUp(gamma(2 * values.length), absoluteErrors);
  const radius = addUp(ofErrors, multiplyUp(UNIT_ROUNDOFF, Math.abs(result)));
  return [addDown(result, -radius), addUp(result, radius)];
}

/**
 * Neumaier's splitting: sum_i x_i = `sum` + (exact sum of errors q_i); `errors` and `absoluteErrors` are the
 * rounded sums of q_i and |q_i|.
 */
function errorFreeSum(values: ArrayLike<number>): { sum: number; errors: number; absoluteErrors: number } {
  let sum = 0;
  let errors = 0;
  let absoluteErrors = 0;
  for (let i = 0; i < values.length; i++) {
    const x = values[i]!;
    const next = sum + x;
    const error = Math.abs(sum) >= Math.abs(x) ? sum - next + x : x - next + sum;
    errors += error;
    absoluteErrors += Math.abs(error);
    sum = next;
  }
  return { sum, errors, absoluteErrors };
}
