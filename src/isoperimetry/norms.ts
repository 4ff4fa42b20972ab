// Norms of points, their dual norms with rounding accounted for, and distances: what "1-Lipschitz" refers to.
import type { Norm } from '../guarantee/index.ts';
import { gamma, multiplyUp, normEnclosure } from '../numeric/index.ts';

/** |x| over `length` entries from `offset`. */
export function normOf(norm: Norm, x: ArrayLike<number>, offset: number, length: number): number {
  let result = 0;
  for (let k = offset; k < offset + length; k++) {
    const size = Math.abs(x[k]!);
    if (norm === 'l2') result += size * size;
    else if (norm === 'l1') result += size;
    else if (size > result) result = size;
  }
  return norm === 'l2' ? Math.sqrt(result) : result;
}

/** |x - y| of row i of x and row j of y, computed from the differences: 0 exactly where the rows are equal. */
export function distance(
  norm: Norm,
  x: Float64Array,
  i: number,
  y: Float64Array,
  j: number,
  features: number,
): number {
  let result = 0;
  const [p, q] = [i * features, j * features];
  if (norm === 'l2') {
    for (let k = 0; k < features; k++) result += (x[p + k]! - y[q + k]!) ** 2;
    return Math.sqrt(result);
  }
  for (let k = 0; k < features; k++) {
    const size = Math.abs(x[p + k]! - y[q + k]!);
    if (norm === 'l1') result += size;
    else if (size > result) result = size;
  }
  return result;
}

/** An upper bound on max {w.x : |x| <= 1}, the Lipschitz constant of x -> w.x. */
export function dualNormUpper(norm: Norm, w: Float64Array): number {
  if (norm === 'l2') return normEnclosure(w)[1];
  let result = 0;
  for (const entry of w)
    result = norm === 'l1' ? Math.max(result, Math.abs(entry)) : result + Math.abs(entry);
  return norm === 'l1' ? result : multiplyUp(result, 1 + 2 * gamma(w.length));
}

/** What is taken off every constant, so that it stays at most 1 when the scaled weights are rounded. */
export const SLACK = 1 - 2 ** -40;
