// Triangular systems and inverses from a Cholesky factor, in blocks that keep the numbers in registers.
import { type Matrix, matrix, requireSameSize, requireSquare } from './matrix.ts';
import { dotBlock } from './product.ts';

/**
 * B L^-T for a lower triangular L: row by row the solutions of L x = b, by substitution. Backward stable row by row
 * (Higham 2002, Theorem 8.5).
 *
 * @param b `[m, n]`, L `[n, n]` of which only the lower triangle is read.
 * @throws shape-mismatch when sizes differ.
 */
export function timesInverseTransposed(b: Matrix, l: Matrix): Matrix {
  requireSquare(l);
  requireSameSize('number of columns', b.columns, l.rows);
  const n = l.rows;
  const x = matrix(b.rows, n, b.data.slice());
  const out = x.data;
  const dots = new Float64Array(4);
  for (let r = 0; r < b.rows; r += 2) {
    const last = Math.min(r + 1, b.rows - 1);
    for (let j = 0; j < n; j += 2) {
      const after = Math.min(j + 1, n - 1);
      dotBlock(out, r * n, last * n, l.data, j * n, after * n, j, dots);
      for (let i = r; i <= last; i++) {
        const at = i * n;
        const first = (out[at + j]! - dots[2 * (i - r)]!) / l.data[j * n + j]!;
        out[at + j] = first;
        if (after > j) {
          const rest = out[at + after]! - dots[2 * (i - r) + 1]! - first * l.data[after * n + j]!;
          out[at + after] = rest / l.data[after * n + after]!;
        }
      }
    }
  }
  return x;
}

/** (L L^T)^-1, exactly symmetric, from a Cholesky factor: about n^3 / 3 multiply-adds. */
export function inverseFromCholesky(l: Matrix): Matrix {
  requireSquare(l);
  const n = l.rows;
  const x = transposedInverse(l).data;
  const inverse = matrix(n, n);
  const out = inverse.data;
  const dots = new Float64Array(4);
  for (let i = 0; i < n; i += 2) {
    const next = Math.min(i + 1, n - 1);
    for (let j = 0; j <= i; j += 2) {
      const after = Math.min(j + 1, n - 1);
      // Row i of L^-T begins at column i.
      dotBlock(x, i * n + i, next * n + i, x, j * n + i, after * n + i, n - i, dots);
      out[i * n + j] = out[j * n + i] = dots[0]!;
      out[i * n + after] = out[after * n + i] = dots[1]!;
      out[next * n + j] = out[j * n + next] = dots[2]!;
      out[next * n + after] = out[after * n + next] = dots[3]!;
    }
  }
  return inverse;
}

/** L^-T, upper triangular: about n^3 / 6 multiply-adds. */
function transposedInverse(l: Matrix): Matrix {
  const n = l.rows;
  // Row c is column c of the inverse: x_i = (e_ci - sum_{c <= k < i} l_ik x_k) / l_ii.
  const columns = matrix(n, n);
  const x = columns.data;
  const dots = new Float64Array(4);
  for (let c = 0; c < n; c += 2) {
    const next = Math.min(c + 1, n - 1);
    for (let i = c; i < n; i += 2) {
      const after = Math.min(i + 1, n - 1);
      dotBlock(l.data, i * n + c, after * n + c, x, c * n + c, next * n + c, i - c, dots);
      for (let p = 0; p <= next - c; p++) {
        const at = (c + p) * n;
        if (i >= c + p) x[at + i] = ((i === c + p ? 1 : 0) - dots[p]!) / l.data[i * n + i]!;
        if (after > i) {
          const rest = (after === c + p ? 1 : 0) - dots[2 + p]! - l.data[after * n + i]! * x[at + i]!;
          x[at + after] = rest / l.data[after * n + after]!;
        }
      }
    }
  }
  return columns;
}
