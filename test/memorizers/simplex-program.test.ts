// The active-set method against the optimality conditions and against all supports tried one by one.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Matrix, matrix, row, solve } from '../../src/linalg/index.ts';
import { minimizeOverSimplex } from '../../src/memorizers/simplex-program.ts';
import { integers, normal, rng } from '../../src/random/index.ts';

function objective(c: Matrix, a: Float64Array, weights: readonly number[]): number {
  const point = new Float64Array(c.columns);
  weights.forEach((w, i) => {
    row(c, i).forEach((t, k) => {
      point[k]! += w * t;
    });
  });
  return point.reduce((sum, t) => sum + t * t, 0) + weights.reduce((sum, w, i) => sum + w * a[i]!, 0);
}

/** The minimum by solving the stationarity equations on each of the 2^n - 1 faces. */
function byEnumeration(c: Matrix, a: Float64Array): number {
  const n = c.rows;
  let best = Number.POSITIVE_INFINITY;
  for (let mask = 1; mask < 1 << n; mask++) {
    const face = Array.from({ length: n }, (_, i) => i).filter((i) => mask & (1 << i));
    const size = face.length + 1;
    const system = matrix(size, size);
    const right = matrix(size, 1);
    face.forEach((i, r) => {
      face.forEach((j, s) => {
        system.data[r * size + s] = 2 * row(c, i).reduce((sum, t, k) => sum + t * row(c, j)[k]!, 0);
      });
      system.data[r * size + size - 1] = system.data[(size - 1) * size + r] = 1;
      right.data[r] = -a[i]!;
    });
    right.data[size - 1] = 1;
    let solution: Float64Array;
    try {
      solution = solve(system, right).data;
    } catch {
      continue; // An affinely dependent face has a smaller one with the same minimum.
    }
    const weights = new Array<number>(n).fill(0);
    face.forEach((i, r) => {
      weights[i] = solution[r]!;
    });
    if (weights.every((w) => w >= 0 && w < 1.5)) best = Math.min(best, objective(c, a, weights));
  }
  return best;
}

function checked(c: Matrix, a: Float64Array): { value: number; gap: number } {
  const { support, weights } = minimizeOverSimplex(c, a);
  expect(new Set(support).size).toBe(support.length);
  expect(weights.every((w) => w >= 0)).toBe(true);
  expect(weights.reduce((sum, w) => sum + w, 0)).toBeCloseTo(1, 12);
  const full = new Array<number>(c.rows).fill(0);
  support.forEach((i, k) => {
    full[i] = weights[k]!;
  });
  const point = new Float64Array(c.columns);
  full.forEach((w, i) => {
    row(c, i).forEach((t, k) => {
      point[k]! += w * t;
    });
  });
  const gradient = full.map((_, i) => a[i]! + 2 * row(c, i).reduce((sum, t, k) => sum + t * point[k]!, 0));
  const gap = full.reduce((sum, w, i) => sum + w * gradient[i]!, 0) - Math.min(...gradient);
  return { value: objective(c, a, full), gap };
}

test('it finds the minimum over all faces', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 7 }),
      fc.integer({ min: 1, max: 5 }),
      fc.integer(),
      (n, size, seed) => {
        const c = matrix(n, size, normal(rng(seed), n * size));
        const a = normal(rng(seed).split('a'), n);
        const { value, gap } = checked(c, a);
        expect(gap).toBeLessThan(1e-12);
        expect(value).toBeLessThanOrEqual(byEnumeration(c, a) + 1e-9);
      },
    ),
    { numRuns: 300 },
  );
});

test('points on a small lattice, with ties, repetitions and dependencies, still reach the gap of rounding', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 60 }),
      fc.integer({ min: 1, max: 4 }),
      fc.integer(),
      (n, size, seed) => {
        const c = matrix(n, size, Float64Array.from(integers(rng(seed), n * size, -2, 3)));
        const a = Float64Array.from(integers(rng(seed).split('a'), n, 0, 3));
        expect(checked(c, a).gap).toBeLessThan(1e-11);
      },
    ),
    { numRuns: 300 },
  );
});

test('the point of least norm of a polytope with hundreds of active vertices', () => {
  const [n, size] = [250, 200];
  const c = matrix(n, size, normal(rng(1), n * size));
  const { support } = minimizeOverSimplex(c, new Float64Array(n));
  expect(support.length).toBeGreaterThan(70);
  expect(checked(c, new Float64Array(n)).gap).toBeLessThan(1e-10);
});
