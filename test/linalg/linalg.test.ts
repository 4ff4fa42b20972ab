import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  cholesky,
  choleskySolve,
  gram,
  identity,
  leastNorm,
  type Matrix,
  matrix,
  multiply,
  multiplyTransposed,
  multiplyVector,
  multiplyVectorTransposed,
  orthonormalRows,
  randomProjection,
  row,
  singularValues,
  solve,
  symmetricEigen,
  transpose,
} from '../../src/linalg/index.ts';
import { normal, rng } from '../../src/random/index.ts';

function gaussian(seed: number, rows: number, columns: number): Matrix {
  return matrix(rows, columns, normal(rng(seed), rows * columns));
}

/** The definition, entry by entry. */
function naiveProduct(a: Matrix, b: Matrix): Matrix {
  const result = matrix(a.rows, b.columns);
  for (let i = 0; i < a.rows; i++) {
    for (let j = 0; j < b.columns; j++) {
      for (let k = 0; k < a.columns; k++) {
        result.data[i * b.columns + j]! += a.data[i * a.columns + k]! * b.data[k * b.columns + j]!;
      }
    }
  }
  return result;
}

function expectClose(a: Matrix, b: Matrix, tolerance: number): void {
  expect([a.rows, a.columns]).toEqual([b.rows, b.columns]);
  a.data.forEach((value, i) => {
    expect(Math.abs(value - b.data[i]!)).toBeLessThanOrEqual(tolerance);
  });
}

const sizes = fc.tuple(
  fc.integer({ min: 1, max: 9 }),
  fc.integer({ min: 1, max: 9 }),
  fc.integer({ min: 1, max: 9 }),
);

describe('matrix', () => {
  it('refuses sizes that do not fit', () => {
    expect(() => matrix(0, 2)).toThrow(/invalid rows: 0/);
    expect(() => matrix(2, 2.5)).toThrow(/invalid columns: 2.5/);
    expect(() => matrix(2, 2, new Float64Array(3))).toThrow(/3 entries do not fill a 2 x 2 matrix/);
    expect([...row(matrix(2, 2, Float64Array.of(1, 2, 3, 4)), 1)]).toEqual([3, 4]);
  });
});

describe('products', () => {
  it('agree with the definition at every size, odd ones included', () => {
    fc.assert(
      fc.property(sizes, fc.integer(), ([m, k, n], seed) => {
        const a = gaussian(seed, m, k);
        const b = gaussian(seed + 1, k, n);
        const product = naiveProduct(a, b);
        expectClose(multiply(a, b), product, 1e-13);
        expectClose(multiplyTransposed(a, transpose(b)), product, 1e-13);
        expectClose(gram(a), naiveProduct(a, transpose(a)), 1e-13);
        expect(gram(a)).toEqual(transpose(gram(a)));
        const column = matrix(
          k,
          1,
          b.data.filter((_, i) => i % n === 0),
        );
        expectClose(matrix(m, 1, multiplyVector(a, column.data)), naiveProduct(a, column), 1e-13);
        expectClose(
          matrix(m, 1, multiplyVectorTransposed(transpose(a), column.data)),
          naiveProduct(a, column),
          1e-13,
        );
        expectClose(transpose(transpose(a)), a, 0);
      }),
    );
  });

  it('refuse sizes that do not fit', () => {
    expect(() => multiply(identity(2), identity(3))).toThrow(
      /number of rows of the right factor is 3; expected 2/,
    );
    expect(() => multiplyTransposed(matrix(2, 3), matrix(2, 2))).toThrow(/number of columns/);
    expect(() => multiplyVector(identity(2), new Float64Array(3))).toThrow(
      /length of the vector is 3; expected 2/,
    );
    expect(() => multiplyVectorTransposed(identity(2), new Float64Array(1))).toThrow(
      /length of the vector is 1/,
    );
  });
});

describe('cholesky', () => {
  it('factors positive definite matrices and solves with them', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.integer(), (n, seed) => {
        const x = gaussian(seed, n, n + 5);
        const a = gram(x);
        const l = cholesky(a);
        expectClose(multiplyTransposed(l, l), a, 1e-12);
        for (let i = 0; i < n; i++) for (let j = i + 1; j < n; j++) expect(l.data[i * n + j]).toBe(0);
        const truth = normal(rng(seed).split('x'), n);
        const found = choleskySolve(l, multiplyVector(a, truth));
        found.forEach((value, i) => {
          expect(value).toBeCloseTo(truth[i]!, 6);
        });
      }),
    );
    expect([...cholesky(matrix(2, 2, Float64Array.of(4, 99, 2, 5))).data]).toEqual([2, 0, 1, 2]);
  });

  it('refuses what is not positive definite', () => {
    expect(() => cholesky(matrix(2, 2, Float64Array.of(1, 2, 2, 1)))).toThrow(/not positive definite/);
    expect(() => cholesky(matrix(3, 3))).toThrow(/not positive definite/);
    expect(() => cholesky(matrix(1, 1, Float64Array.of(Number.NaN)))).toThrow(/not positive definite/);
    expect(() => cholesky(matrix(2, 3))).toThrow(/expected a square matrix, got 2 x 3/);
    expect(() => choleskySolve(identity(2), new Float64Array(3))).toThrow(/right-hand side is 3/);
  });
});

describe('symmetricEigen and singularValues', () => {
  it('rebuild the matrix from orthonormal vectors, at any scale', () => {
    for (const scale of [1, 1e150, 1e-150]) {
      const g = gram(gaussian(7, 12, 9));
      const a = matrix(
        12,
        12,
        g.data.map((t) => t * scale),
      );
      const { values, vectors } = symmetricEigen(a);
      expect([...values]).toEqual([...values].sort((p, q) => p - q));
      expectClose(multiplyTransposed(transpose(vectors), transpose(vectors)), identity(12), 1e-13);
      const weighted = matrix(
        12,
        12,
        vectors.data.map((t, i) => (t * values[i % 12]!) / scale),
      );
      expectClose(multiplyTransposed(weighted, vectors), g, 1e-12);
    }
  });

  it('have closed forms: the path graph, and the lower triangle is what counts', () => {
    // The tridiagonal (-1, 2, -1) of size n has eigenvalues 2 - 2 cos(pi k / (n + 1)).
    const n = 15;
    const a = matrix(n, n);
    for (let i = 0; i < n; i++) {
      a.data[i * n + i] = 2;
      if (i > 0) a.data[i * n + i - 1] = -1;
    }
    const { values } = symmetricEigen(a);
    values.forEach((value, i) => {
      expect(value).toBeCloseTo(2 - 2 * Math.cos((Math.PI * (i + 1)) / (n + 1)), 13);
    });
    expect(() => symmetricEigen(matrix(2, 3))).toThrow(/square/);
    expect(() => symmetricEigen(matrix(1, 1, Float64Array.of(Infinity)))).toThrow(
      /invalid entry \[0, 0\]: Infinity/,
    );
  });

  it('singular values are the roots of the Gram eigenvalues, in either shape', () => {
    for (const [m, n] of [
      [4, 9],
      [9, 4],
      [1, 5],
      [5, 1],
      [6, 6],
    ] as const) {
      const a = gaussian(m * 10 + n, m, n);
      const values = singularValues(a);
      expect(values).toHaveLength(Math.min(m, n));
      const { values: squares } = symmetricEigen(m <= n ? gram(a) : gram(transpose(a)));
      values.forEach((value, i) => {
        expect(value).toBeCloseTo(Math.sqrt(squares[squares.length - 1 - i]!), 11);
      });
    }
    expect(
      [...singularValues(matrix(2, 2, Float64Array.of(0, -3e-200, 2e-200, 0)))].map((t) => t * 1e200),
    ).toEqual([expect.closeTo(3, 13), expect.closeTo(2, 13)]);
    expect([...singularValues(matrix(3, 2))]).toEqual([0, 0]);
  });
});

describe('solve', () => {
  it('solves well-conditioned systems and needs its pivoting', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10 }), fc.integer(), (n, seed) => {
        const a = gram(gaussian(seed, n, n + 4));
        const truth = gaussian(seed + 1, n, 2);
        const x = solve(a, multiply(a, truth));
        x.data.forEach((value, i) => {
          expect(value).toBeCloseTo(truth.data[i]!, 6);
        });
      }),
    );
    const swap = solve(matrix(2, 2, Float64Array.of(1e-20, 1, 1, 1)), matrix(2, 1, Float64Array.of(1, 2)));
    expect(swap.data[0]).toBeCloseTo(1, 14);
    expect(swap.data[1]).toBeCloseTo(1, 14);
    const scaled = solve(matrix(1, 1, Float64Array.of(1e-150)), matrix(1, 1, Float64Array.of(1e100)));
    expect(scaled.data[0]! / 1e250).toBeCloseTo(1, 14);
  });

  it('refuses singular and ill-shaped systems', () => {
    expect(() => solve(matrix(2, 2, Float64Array.of(1, 2, 2, 4)), matrix(2, 1))).toThrow(/singular/);
    expect(() => solve(matrix(2, 3), matrix(2, 1))).toThrow(/square/);
    expect(() => solve(identity(2), matrix(3, 1))).toThrow(/right-hand side is 3; expected 2/);
  });
});

describe('leastNorm', () => {
  it('interpolates, lies in the row space, and is shorter than any other solution', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.integer(), (n, seed) => {
        const d = n + 6;
        const x = gaussian(seed, n, d);
        const y = normal(rng(seed).split('y'), n);
        const w = leastNorm(x, y);
        multiplyVector(x, w).forEach((value, i) => {
          expect(value).toBeCloseTo(y[i]!, 11);
        });
        // Orthogonal to the kernel: project a random vector on the kernel of X and compare.
        const q = orthonormalRows(x);
        const z = normal(rng(seed).split('z'), d);
        const inRows = multiplyVectorTransposed(q, multiplyVector(q, z));
        const inner = w.reduce((sum, t, j) => sum + t * (z[j]! - inRows[j]!), 0);
        expect(Math.abs(inner)).toBeLessThan(1e-9 * (1 + Math.hypot(...w)));
      }),
    );
  });

  it('refuses dependent rows and too many of them, at every scale', () => {
    for (const scale of [1, 1e150, 1e-150]) {
      const twins = matrix(
        2,
        3,
        Float64Array.of(0.1, 0.2, 0.3, 0.3, 0.6, 0.9).map((t) => t * scale),
      );
      expect(() => leastNorm(twins, Float64Array.of(1, 2))).toThrow(/linearly dependent/);
    }
    expect(() => leastNorm(gaussian(1, 4, 3), new Float64Array(4))).toThrow(
      /4 rows of length 3 are linearly dependent/,
    );
    expect(() => leastNorm(identity(2), new Float64Array(3))).toThrow(/length of y is 3/);
    const tiny = leastNorm(matrix(1, 2, Float64Array.of(3e-150, 4e-150)), Float64Array.of(1));
    expect(tiny[0]! / 1e148).toBeCloseTo(12, 10);
  });
});

describe('orthonormalRows and randomProjection', () => {
  it('give orthonormal rows with the span of the given ones, nearly dependent ones included', () => {
    const a = gaussian(3, 6, 9);
    // Row 5 = row 0 + 1e-9 noise: one pass of Gram-Schmidt would lose half the digits.
    for (let j = 0; j < 9; j++) a.data[5 * 9 + j] = a.data[j]! + 1e-9 * a.data[5 * 9 + j]!;
    const q = orthonormalRows(a);
    expectClose(gram(q), identity(6), 1e-14);
    const back = multiply(multiplyTransposed(a, q), q);
    expectClose(back, a, 1e-13);
    // From the first to the last: row i lies in the span of the first i + 1 rows, with positive coefficient.
    const r = multiplyTransposed(a, q);
    for (let i = 0; i < 6; i++) {
      expect(r.data[i * 6 + i]).toBeGreaterThan(0);
      for (let j = i + 1; j < 6; j++) expect(Math.abs(r.data[i * 6 + j]!)).toBeLessThan(1e-13);
    }
  });

  it('projections are orthonormal at d~ = 1, d~ = d and between, and a function of the key', () => {
    for (const [k, d] of [
      [1, 1],
      [1, 50],
      [20, 50],
      [50, 50],
    ] as const) {
      const p = randomProjection(rng(9), k, d);
      expectClose(gram(p), identity(k), 1e-14);
      expect(randomProjection(rng(9), k, d)).toEqual(p);
    }
    expect([...randomProjection(rng(1), 1, 1).data].map(Math.abs)).toEqual([1]);
  });

  it('projections are uniform: |P e_1|^2 has the Beta(k/2, (d-k)/2) mean and variance', () => {
    const [k, d, runs] = [3, 12, 4000];
    const root = rng('haar');
    const squares = Array.from({ length: runs }, (_, i) => {
      const p = randomProjection(root.split(i), k, d);
      return [0, 1, 2].reduce((sum, r) => sum + p.data[r * d]! ** 2, 0);
    });
    const mean = squares.reduce((a, b) => a + b, 0) / runs;
    const spread = squares.reduce((a, b) => a + (b - k / d) ** 2, 0) / runs;
    const variance = (2 * k * (d - k)) / (d * d * (d + 2));
    expect(Math.abs(mean - k / d) / Math.sqrt(variance / runs)).toBeLessThan(4);
    expect(spread / variance).toBeCloseTo(1, 0.8);
  });

  it('refuse dependent rows and k > d', () => {
    const twice = matrix(2, 3, Float64Array.of(1, 2, 3, 2, 4, 6));
    expect(() => orthonormalRows(twice)).toThrow(/row 1 is a linear combination/);
    expect(() => orthonormalRows(matrix(1, 3))).toThrow(/row 0/);
    expect(() => randomProjection(rng(1), 4, 3)).toThrow(/invalid k: 4; expected an integer in \[1, 3\]/);
  });
});
