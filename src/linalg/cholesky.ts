// The Cholesky factorisation A = L L^T of a symmetric positive definite matrix.
import { RobustlawError } from '../errors.ts';
import { type Stop, whenDone } from '../stop.ts';
import { type Matrix, matrix, requireSameSize, requireSquare } from './matrix.ts';
import { dotBlock } from './product.ts';

/**
 * The lower triangular L with L L^T = A; only the lower triangle of A is read. A backward stable float64
 * computation: L L^T differs from A by at most gamma(n+1)/(1 - gamma(n+1)) sqrt(a_ii a_jj) in each entry
 * (Higham 2002, Theorem 10.5).
 *
 * @throws invalid-argument when A is not positive definite to working precision; shape-mismatch when it is not square.
 */
export function cholesky(a: Matrix): Matrix {
  const factor = tryCholesky(a);
  if (factor === undefined) {
    throw new RobustlawError(
      'invalid-argument',
      `the ${a.rows} x ${a.rows} matrix is not positive definite to working precision`,
    );
  }
  return factor;
}

/** As `cholesky`, but undefined when a pivot is not positive, or when `stop` says so before the end. */
export function tryCholesky(a: Matrix, stop: Stop = whenDone): Matrix | undefined {
  requireSquare(a);
  const n = a.rows;
  const factor = matrix(n, n);
  const l = factor.data;
  const dots = new Float64Array(4);
  // Columns j and j+1 at a time: l_rc = (a_rc - sum_{k<c} l_rk l_ck) / l_cc.
  for (let j = 0; j < n; j += 2) {
    if (stop()) return undefined;
    const last = Math.min(j + 1, n - 1);
    for (let i = j; i < n; i += 2) {
      const below = Math.min(i + 1, n - 1);
      dotBlock(l, i * n, below * n, l, j * n, last * n, j, dots);
      for (let r = i; r <= below; r++) {
        for (let c = j; c <= Math.min(last, r); c++) {
          let value = a.data[r * n + c]! - dots[2 * (r - i) + (c - j)]!;
          if (c > j) value -= l[r * n + j]! * l[c * n + j]!;
          if (r === c && !(value > 0)) return undefined;
          l[r * n + c] = r === c ? Math.sqrt(value) : value / l[c * n + c]!;
        }
      }
    }
  }
  return factor;
}

/**
 * Solves L L^T x = b by forward and backward substitution.
 *
 * @param factor L from `cholesky`.
 * @throws shape-mismatch when the length of b differs from the size of L.
 */
export function choleskySolve(factor: Matrix, b: Float64Array): Float64Array {
  requireSameSize('length of the right-hand side', b.length, factor.rows);
  const n = factor.rows;
  const l = factor.data;
  const x = b.slice();
  for (let i = 0; i < n; i++) {
    let rest = x[i]!;
    for (let k = 0; k < i; k++) rest -= l[i * n + k]! * x[k]!;
    x[i] = rest / l[i * n + i]!;
  }
  for (let i = n - 1; i >= 0; i--) {
    const value = x[i]! / l[i * n + i]!;
    x[i] = value;
    for (let k = 0; k < i; k++) x[k]! -= l[i * n + k]! * value;
  }
  return x;
}
