import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  cholesky,
  gram,
  identity,
  inverseFromCholesky,
  type Matrix,
  matrix,
  multiply,
  multiplyTransposed,
  timesInverseTransposed,
  transpose,
} from '../../src/linalg/index.ts';
import { normal, rng } from '../../src/random/index.ts';

const gaussian = (seed: number, rows: number, columns: number): Matrix =>
  matrix(rows, columns, normal(rng(seed), rows * columns));

function expectClose(a: Matrix, b: Matrix, tolerance: number): void {
  expect([a.rows, a.columns]).toEqual([b.rows, b.columns]);
  a.data.forEach((value, i) => {
    expect(Math.abs(value - b.data[i]!)).toBeLessThanOrEqual(tolerance);
  });
}

describe('systems with a Cholesky factor', () => {
  it('are solved and inverted at every size, odd ones included', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 11 }),
        fc.integer({ min: 1, max: 5 }),
        fc.integer(),
        (n, m, seed) => {
          const a = gram(gaussian(seed, n, n + 6));
          const l = cholesky(a);
          const b = gaussian(seed + 1, m, n);
          // X L^T = B.
          expectClose(multiplyTransposed(timesInverseTransposed(b, l), l), b, 1e-9);
          const inverse = inverseFromCholesky(l);
          expectClose(multiply(inverse, a), identity(n), 1e-8);
          expect(inverse).toEqual(transpose(inverse));
        },
      ),
    );
  });

  it('read the lower triangle only', () => {
    const l = matrix(2, 2, Float64Array.of(2, 99, 1, 4));
    expect([...timesInverseTransposed(matrix(1, 2, Float64Array.of(2, 9)), l).data]).toEqual([1, 2]);
    expect([...inverseFromCholesky(matrix(1, 1, Float64Array.of(0.5))).data]).toEqual([4]);
  });

  it('refuse sizes that do not fit', () => {
    expect(() => timesInverseTransposed(matrix(2, 3), identity(2))).toThrow(
      /number of columns is 3; expected 2/,
    );
    expect(() => timesInverseTransposed(matrix(2, 3), matrix(3, 2))).toThrow(/square/);
    expect(() => inverseFromCholesky(matrix(2, 3))).toThrow(/square/);
  });
});
