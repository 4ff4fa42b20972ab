import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  identity,
  type Matrix,
  matrix,
  multiply,
  multiplyVector,
  randomProjection,
  singularValues,
  spectralNormUpper,
  spectralNormWitness,
  stretchLower,
  transpose,
} from '../../src/linalg/index.ts';
import { normal, rng, sphere } from '../../src/random/index.ts';
import { exact } from '../numeric/exact.ts';

function gaussian(seed: number, rows: number, columns: number, scale = 1): Matrix {
  return matrix(
    rows,
    columns,
    normal(rng(seed), rows * columns).map((t) => scale * t),
  );
}

function diagonal(values: readonly number[]): Matrix {
  const result = matrix(values.length, values.length);
  values.forEach((value, i) => {
    result.data[i * values.length + i] = value;
  });
  return result;
}

/** Whether bound^2 I - W W^T is positive semidefinite, decided in exact integer arithmetic (fraction-free LDL^T). */
function isExactUpperBound(w: Matrix, bound: number): boolean {
  const m = w.rows;
  const entries = Array.from({ length: m }, (_, i) =>
    Array.from({ length: w.columns }, (_, j) => exact(w.data[i * w.columns + j]!)),
  );
  const a = entries.map((p, i) =>
    entries.map((q, j) => (i === j ? exact(bound) ** 2n : 0n) - p.reduce((sum, t, k) => sum + t * q[k]!, 0n)),
  );
  let previous = 1n;
  for (let k = 0; k < m; k++) {
    const pivot = a[k]![k]!;
    if (pivot < 0n) return false;
    if (pivot === 0n) {
      if (a[k]!.slice(k).some((t) => t !== 0n)) return false;
      continue;
    }
    for (let i = k + 1; i < m; i++) {
      for (let j = k + 1; j < m; j++) a[i]![j] = (pivot * a[i]![j]! - a[i]![k]! * a[k]![j]!) / previous;
    }
    previous = pivot;
  }
  return true;
}

/** Whether value |v| <= |W v|, decided in exact integer arithmetic. */
function isExactLowerBound(w: Matrix, v: Float64Array, value: number): boolean {
  const x = Array.from(v, exact);
  let image = 0n;
  for (let i = 0; i < w.rows; i++) {
    image += x.reduce((sum, t, j) => sum + exact(w.data[i * w.columns + j]!) * t, 0n) ** 2n;
  }
  return exact(value) ** 2n * x.reduce((sum, t) => sum + t * t, 0n) <= image;
}

describe('spectralNormUpper', () => {
  it('is an upper bound in exact arithmetic, and barely above the witnessed lower bound', () => {
    const entry = fc.oneof(
      fc.double({ min: -10, max: 10, noNaN: true }),
      fc.integer({ min: -3, max: 3 }),
      fc.double({ min: -1e-8, max: 1e-8, noNaN: true }),
    );
    const sizes = fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 7 }));
    const matrices = sizes.chain(([m, n]) =>
      fc
        .array(entry, { minLength: m * n, maxLength: m * n })
        .map((data) => matrix(m, n, Float64Array.from(data))),
    );
    fc.assert(
      fc.property(matrices, (w) => {
        const upper = spectralNormUpper(w);
        expect(isExactUpperBound(w, upper)).toBe(true);
        const { value, direction } = spectralNormWitness(w);
        expect(isExactLowerBound(w, direction, value)).toBe(true);
        expect(upper - value).toBeLessThanOrEqual(1e-7 * upper + 1e-321);
      }),
      { numRuns: 500 },
    );
  });

  it('is an upper bound wherever it is stopped, and the tighter the later', () => {
    const size = fc.tuple(fc.integer({ min: 2, max: 12 }), fc.integer({ min: 2, max: 12 }), fc.integer());
    fc.assert(
      fc.property(size, ([m, n, seed]) => {
        const w = matrix(m, n, normal(rng(seed >>> 0), m * n));
        const exact = spectralNormUpper(w);
        let before = Number.POSITIVE_INFINITY;
        for (let asked = 0; asked <= 2 * Math.min(m, n) + 2; asked++) {
          let left = asked;
          const bound = spectralNormUpper(w, () => left-- === 0 || left < 0);
          expect(bound).toBeLessThanOrEqual(before);
          expect(bound).toBeGreaterThanOrEqual(spectralNormWitness(w).value);
          before = bound;
        }
        expect(before).toBe(exact);
      }),
      { numRuns: 100 },
    );
  });

  it('has the closed forms of diagonal, rank-one, orthogonal and Hilbert matrices', () => {
    expect(spectralNormUpper(identity(40))).toBeCloseTo(1, 13);
    expect(spectralNormUpper(diagonal([3, -7, 0.5]))).toBeCloseTo(7, 13);
    // The top two values differ by one part in 1e12: estimates may confuse them, the bound may not.
    expect(spectralNormUpper(diagonal([1, 1 + 1e-12, 0.3]))).toBeGreaterThanOrEqual(1 + 1e-12);
    const u = sphere(rng(1), 1, 30);
    const v = sphere(rng(2), 1, 50);
    const rankOne = multiply(
      matrix(
        30,
        1,
        u.map((t) => 5 * t),
      ),
      matrix(1, 50, v),
    );
    expect(spectralNormUpper(rankOne)).toBeCloseTo(5, 12);
    expect(spectralNormUpper(randomProjection(rng(3), 30, 100))).toBeCloseTo(1, 10);
    expect(spectralNormUpper(randomProjection(rng(4), 60, 60))).toBeCloseTo(1, 10);
    const hilbert = (n: number) =>
      matrix(
        n,
        n,
        Float64Array.from({ length: n * n }, (_, k) => 1 / (Math.floor(k / n) + (k % n) + 1)),
      );
    // mpmath with 60 digits
    expect(spectralNormUpper(hilbert(5))).toBeCloseTo(1.567050691098231, 13);
    expect(spectralNormUpper(hilbert(10))).toBeCloseTo(1.751919670265178, 13);
    // [[1, 1], [0, 1]] has norm the golden ratio.
    expect(spectralNormUpper(matrix(2, 2, Float64Array.of(1, 1, 0, 1)))).toBeCloseTo(
      (1 + Math.sqrt(5)) / 2,
      14,
    );
  });

  it('covers single entries, rows and columns exactly', () => {
    expect(spectralNormUpper(matrix(1, 1, Float64Array.of(-3)))).toBe(3);
    expect(spectralNormUpper(matrix(1, 1))).toBe(0);
    expect(spectralNormUpper(matrix(5, 9))).toBe(0);
    expect(spectralNormUpper(matrix(1, 2, Float64Array.of(3, 4)))).toBeCloseTo(5, 14);
    expect(spectralNormUpper(matrix(2, 1, Float64Array.of(3, 4)))).toBeCloseTo(5, 14);
  });

  it('scales: 1e150, 1e-150, the ends of the range, and mixed magnitudes', () => {
    const base = gaussian(5, 20, 30);
    const norm = spectralNormUpper(base);
    for (const scale of [2 ** 500, 2 ** -500, 2 ** 1010, 2 ** -1000]) {
      const scaled = spectralNormUpper(
        matrix(
          20,
          30,
          base.data.map((t) => t * scale),
        ),
      );
      expect(Math.abs(scaled / scale / norm - 1)).toBeLessThan(1e-11);
    }
    expect(Math.abs(spectralNormUpper(gaussian(5, 20, 30, 1e150)) / (1e150 * norm) - 1)).toBeLessThan(1e-11);
    const tiny = matrix(2, 2, new Float64Array(4).fill(Number.MIN_VALUE));
    expect(spectralNormUpper(tiny)).toBeGreaterThanOrEqual(2 * Number.MIN_VALUE);
    expect(spectralNormUpper(tiny)).toBeLessThanOrEqual(4 * Number.MIN_VALUE);
    expect(spectralNormUpper(matrix(2, 2, new Float64Array(4).fill(1e308)))).toBe(Number.POSITIVE_INFINITY);
    const mixed = matrix(2, 2, Float64Array.of(1e300, 1e-300, 0, 1e-20));
    expect(isExactUpperBound(mixed, spectralNormUpper(mixed))).toBe(true);
    expect(spectralNormUpper(mixed)).toBeLessThan(1e300 * (1 + 1e-13));
  });

  it('agrees with the singular values of ml-matrix and with the transpose on larger matrices', () => {
    for (const [seed, m, n] of [
      [11, 60, 60],
      [12, 40, 200],
      [13, 150, 90],
    ] as const) {
      const w = gaussian(seed, m, n);
      const upper = spectralNormUpper(w);
      const top = singularValues(w)[0]!;
      expect(Math.abs(upper / top - 1)).toBeLessThan(1e-8);
      expect(Math.abs(spectralNormUpper(transpose(w)) / upper - 1)).toBeLessThan(1e-10);
      const directions = sphere(rng(seed + 100), 200, n);
      for (let i = 0; i < 200; i++) {
        const image = multiplyVector(w, directions.slice(i * n, (i + 1) * n));
        expect(Math.hypot(...image)).toBeLessThanOrEqual(upper);
      }
    }
  });

  it('is tight at 600 x 600: within 1e-10 of the witness', () => {
    const w = gaussian(14, 600, 600);
    const upper = spectralNormUpper(w);
    const { value } = spectralNormWitness(w);
    expect(value).toBeLessThanOrEqual(upper);
    expect((upper - value) / upper).toBeLessThan(1e-10);
  });

  it('refuses NaN and infinite entries by place', () => {
    const bad = matrix(2, 3, Float64Array.of(1, 2, 3, 4, Number.NaN, 6));
    expect(() => spectralNormUpper(bad)).toThrow(/invalid entry \[1, 1\]: NaN/);
    expect(() => spectralNormWitness(bad)).toThrow(/invalid entry \[1, 1\]/);
    expect(() => spectralNormUpper(matrix(1, 2, Float64Array.of(1, Infinity)))).toThrow(
      /invalid entry 1: Infinity/,
    );
  });
});

describe('spectralNormWitness', () => {
  it('gives a unit direction, also for the zero matrix and across shapes', () => {
    const zero = spectralNormWitness(matrix(3, 4));
    expect(zero.value).toBe(0);
    expect(Math.hypot(...zero.direction)).toBeCloseTo(1, 14);
    for (const [m, n] of [
      [1, 1],
      [1, 6],
      [6, 1],
      [3, 8],
      [8, 3],
    ] as const) {
      const w = gaussian(m * 10 + n, m, n, 1e-150);
      const { value, direction } = spectralNormWitness(w);
      expect(direction).toHaveLength(n);
      expect(Math.hypot(...direction)).toBeCloseTo(1, 13);
      expect(stretchLower(w, direction)).toBe(value);
      expect(Math.abs(value / spectralNormUpper(w) - 1)).toBeLessThan(1e-12);
    }
  });

  it('stretchLower holds for any vector, however scaled, and refuses zero', () => {
    const w = matrix(2, 2, Float64Array.of(1e300, 0, 0, 1.3e-300));
    for (const v of [
      Float64Array.of(0, 1),
      Float64Array.of(0, 1e200),
      Float64Array.of(1e-310, 3),
      Float64Array.of(7, 7),
    ]) {
      expect(isExactLowerBound(w, v, stretchLower(w, v))).toBe(true);
    }
    expect(stretchLower(matrix(1, 2, Float64Array.of(3, 4)), Float64Array.of(3e100, 4e100))).toBeCloseTo(
      5,
      13,
    );
    expect(() => stretchLower(w, new Float64Array(2))).toThrow(/zero vector/);
    expect(() => stretchLower(w, new Float64Array(3).fill(1))).toThrow(/length/);
  });
});
