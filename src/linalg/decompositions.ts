// Symmetric eigenvalues, singular values and linear systems through ml-matrix, at any scale of the entries.
import {
  Matrix as Dense,
  EigenvalueDecomposition,
  LuDecomposition,
  SingularValueDecomposition,
} from 'ml-matrix';
import { RobustlawError } from '../errors.ts';
import { type Matrix, matrix, normalised, requireSameSize, requireSquare } from './matrix.ts';

/** A = V diag(values) V^T. */
export interface SymmetricEigen {
  /** Ascending. */
  readonly values: Float64Array;
  /** Column j is a unit eigenvector of `values[j]`. */
  readonly vectors: Matrix;
}

/**
 * Eigenvalues and orthonormal eigenvectors of a symmetric matrix, of which only the lower triangle is read.
 * Backward stable: absolute errors of about n 2^-53 |A|. Estimate, without a certificate.
 *
 * @throws shape-mismatch when A is not square, invalid-argument when an entry is not finite.
 */
export function symmetricEigen(a: Matrix): SymmetricEigen {
  requireSquare(a);
  const { scaled, exponent } = normalised(a);
  const n = a.rows;
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) scaled.data[j * n + i] = scaled.data[i * n + j]!;
  const result = new EigenvalueDecomposition(dense(scaled), { assumeSymmetric: true });
  return {
    values: Float64Array.from(result.realEigenvalues, (value) => value * 2 ** exponent),
    vectors: matrix(n, n, Float64Array.from(result.eigenvectorMatrix.to1DArray())),
  };
}

/**
 * Singular values, descending, min(rows, columns) of them. Absolute errors of about n 2^-53 |A|. Estimate:
 * for a bound that holds use `spectralNormUpper`.
 *
 * @throws invalid-argument when an entry is not finite.
 */
export function singularValues(a: Matrix): Float64Array {
  const { scaled, exponent } = normalised(a);
  const result = new SingularValueDecomposition(dense(scaled), {
    autoTranspose: true,
    computeLeftSingularVectors: false,
    computeRightSingularVectors: false,
  });
  const values = Float64Array.from(result.diagonal, (value) => value * 2 ** exponent)
    .sort()
    .reverse();
  return values.slice(0, Math.min(a.rows, a.columns));
}

/**
 * The solution X of A X = B by LU factorisation with partial pivoting.
 *
 * @param b `[n, m]`, one right-hand side per column.
 * @throws shape-mismatch when sizes differ, invalid-argument when an entry is not finite or A is exactly
 *   singular in elimination.
 */
export function solve(a: Matrix, b: Matrix): Matrix {
  requireSquare(a);
  requireSameSize('number of rows of the right-hand side', b.rows, a.rows);
  const left = normalised(a);
  const right = normalised(b);
  const factors = new LuDecomposition(dense(left.scaled));
  if (factors.isSingular())
    throw new RobustlawError('invalid-argument', `the ${a.rows} x ${a.rows} matrix is singular`);
  const x = factors.solve(dense(right.scaled)).to1DArray();
  const scale = 2 ** (right.exponent - left.exponent);
  return matrix(
    b.rows,
    b.columns,
    Float64Array.from(x, (value) => value * scale),
  );
}

function dense(a: Matrix): Dense {
  return Dense.from1DArray(a.rows, a.columns, a.data);
}
