// Orthonormal rows, and uniformly random projections made of them.
import { RobustlawError, requireInteger } from '../errors.ts';
import { normal, type Rng } from '../random/index.ts';
import { type Matrix, matrix, normalised, row } from './matrix.ts';
import { addCombination } from './product.ts';

/**
 * The rows of A made orthonormal from the first to the last, by Gram-Schmidt done twice ("twice is enough",
 * Giraud, Langou and Rozloznik 2005): Q Q^T = I to about 1e-15, and Q spans the rows of A.
 *
 * @param a `[k, d]` with linearly independent rows.
 * @returns `[k, d]`.
 * @throws invalid-argument naming the first row that depends on the rows before it (to working precision) or
 *   an entry that is not finite.
 */
export function orthonormalRows(a: Matrix): Matrix {
  const { scaled } = normalised(a);
  for (let i = 0; i < a.rows; i++) {
    const current = row(scaled, i);
    const before = Math.sqrt(dot(current, current));
    for (let pass = 0; pass < 2; pass++) {
      const coefficients = Float64Array.from({ length: i }, (_, j) => dot(row(scaled, j), current));
      addCombination(scaled.data, i, coefficients, -1, current);
    }
    const after = Math.sqrt(dot(current, current));
    if (!(after > before * a.columns * 2 ** -50)) {
      throw new RobustlawError(
        'invalid-argument',
        `row ${i} is a linear combination of the rows before it; expected independent rows`,
      );
    }
    for (let j = 0; j < a.columns; j++) current[j]! /= after;
  }
  return scaled;
}

/**
 * A projection onto a uniformly random k-dimensional subspace of R^d: orthonormal rows, distributed
 * invariantly under rotations (Haar measure on the Stiefel manifold).
 *
 * @returns `[k, d]` with Q Q^T = I to about 1e-15, so that |Qx| <= |x|.
 * @throws invalid-argument unless 1 <= k <= d.
 */
export function randomProjection(rng: Rng, k: number, d: number): Matrix {
  requireInteger('d', d);
  requireInteger('k', k, 1, d);
  return orthonormalRows(matrix(k, d, normal(rng, k * d)));
}

function dot(a: Float64Array, b: Float64Array): number {
  let [even, odd] = [0, 0];
  let i = 0;
  for (; i + 1 < a.length; i += 2) {
    even += a[i]! * b[i]!;
    odd += a[i + 1]! * b[i + 1]!;
  }
  return i < a.length ? even + odd + a[i]! * b[i]! : even + odd;
}
