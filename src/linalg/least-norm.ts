// The solution of least Euclidean norm of an underdetermined linear system.
import { RobustlawError } from '../errors.ts';
import { choleskySolve, tryCholesky } from './cholesky.ts';
import { type Matrix, normalised, requireSameSize } from './matrix.ts';
import { gram, multiplyVector, multiplyVectorTransposed } from './product.ts';

/**
 * w = X^T (X X^T)^{-1} y, the shortest w with X w = y.
 *
 * By Cholesky on the Gram matrix, with two steps of refinement on the residual y - X w that bring X w back
 * to y within about 1e-15 |X| |w|.
 *
 * @param x `[n, d]` with linearly independent rows, so n <= d.
 * @param y `[n]`.
 * @returns `[d]`.
 * @throws construction-impossible when the rows are linearly dependent to working precision; shape-mismatch
 *   when the sizes differ; invalid-argument when an entry is not finite.
 */
export function leastNorm(x: Matrix, y: Float64Array): Float64Array {
  requireSameSize('length of y', y.length, x.rows);
  const { scaled, exponent } = normalised(x);
  const products = gram(scaled);
  const factor = x.rows <= x.columns ? tryCholesky(products) : undefined;
  const n = x.rows;
  const dependent = (l: Matrix) => {
    // A pivot this small is what rounding leaves of an exact zero.
    for (let i = 0; i < n; i++) {
      if (l.data[i * n + i]! ** 2 < (n + x.columns) * 2 ** -52 * products.data[i * n + i]!) return true;
    }
    return false;
  };
  if (factor === undefined || dependent(factor)) {
    throw new RobustlawError(
      'construction-impossible',
      `the ${n} rows of length ${x.columns} are linearly dependent to working precision: no linear function takes every value on them`,
    );
  }
  const w = new Float64Array(x.columns);
  for (let step = 0; step < 3; step++) {
    const fitted = multiplyVector(scaled, w);
    const residual = y.map((value, i) => value - fitted[i]!);
    const correction = multiplyVectorTransposed(scaled, choleskySolve(factor, residual));
    for (let j = 0; j < w.length; j++) w[j]! += correction[j]!;
  }
  return w.map((value) => value * 2 ** -exponent);
}
