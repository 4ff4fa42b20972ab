// The extremal pairs against all pairs by direct differences, where the Gram matrix alone would be wrong.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Matrix, matrix } from '../../src/linalg/index.ts';
import { closestPair, steepestPair } from '../../src/memorizers/index.ts';
import { normal, rng } from '../../src/random/index.ts';

function distance(a: Matrix, i: number, j: number): number {
  const { columns: d, data } = a;
  return Math.hypot(...Array.from({ length: d }, (_, k) => data[i * d + k]! - data[j * d + k]!));
}

function bruteForce(points: Matrix, labels?: Matrix): number {
  let best = 0;
  for (let i = 0; i < points.rows; i++) {
    for (let j = 0; j < i; j++) {
      best = Math.max(best, (labels ? distance(labels, i, j) : 1) / distance(points, i, j));
    }
  }
  return best;
}

test('the steepest pair is that of all pairs, also in tight clusters far from the origin', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 2, max: 40 }),
      fc.integer({ min: 1, max: 7 }),
      fc.integer({ min: 1, max: 3 }),
      fc.constantFrom(0, 1, 1e6),
      fc.constantFrom(1, 1e-7),
      fc.constantFrom(1, 1e120, 1e-120),
      fc.integer(),
      async (n, d, m, offset, tightness, scale, seed) => {
        // Half of the points form a cluster of relative size `tightness`: their Gram distances are all rounding.
        const x = normal(rng(seed), n * d).map(
          (t, at) => scale * (offset + (at < (n * d) / 2 ? tightness * t : t)),
        );
        const points = matrix(n, d, x);
        const labels = matrix(n, m, normal(rng(seed).split('y'), n * m));
        const expected = bruteForce(points, labels);
        fc.pre(Number.isFinite(expected));
        const pair = (await steepestPair(points, labels))!;
        expect(pair.enclosure[0]).toBeLessThanOrEqual(expected * (1 + 1e-14));
        expect(pair.enclosure[1]).toBeGreaterThanOrEqual(expected * (1 - 1e-14));
        expect(pair.enclosure[1] / pair.enclosure[0] - 1).toBeLessThan(1e-10);
        const attained =
          distance(labels, pair.first, pair.second) / distance(points, pair.first, pair.second);
        expect(Math.abs(attained / expected - 1)).toBeLessThan(1e-10);
        const closest = (await closestPair(points))!;
        expect(Math.abs(closest.enclosure[0] * bruteForce(points) - 1)).toBeLessThan(1e-10);
        expect(closest.enclosure[0]).toBeLessThanOrEqual(closest.enclosure[1]);
      },
    ),
    { numRuns: 60 },
  );
});

test('blocks of the Gram matrix meet at their borders', async () => {
  const [n, d] = [2100, 3];
  const points = matrix(n, d, normal(rng('blocks'), n * d));
  const labels = matrix(n, 1, normal(rng('labels'), n));
  // The steepest pair lies across two blocks.
  for (let k = 0; k < d; k++) points.data[2090 * d + k] = points.data[5 * d + k]! + 1e-9;
  labels.data[5] = 3;
  labels.data[2090] = -3;
  const pair = (await steepestPair(points, labels))!;
  expect([pair.first, pair.second]).toEqual([5, 2090]);
  const closest = (await closestPair(points))!;
  expect([closest.first, closest.second]).toEqual([5, 2090]);
});

test('orthonormal points tie everywhere', async () => {
  const n = 64;
  const points = matrix(n, n);
  for (let i = 0; i < n; i++) points.data[i * n + i] = 1;
  const labels = matrix(
    n,
    1,
    Float64Array.from({ length: n }, (_, i) => (i % 2 ? 1 : -1)),
  );
  const { enclosure } = (await steepestPair(points, labels))!;
  expect(enclosure[0]).toBeLessThanOrEqual(Math.SQRT2);
  expect(enclosure[1]).toBeGreaterThanOrEqual(Math.SQRT2);
  expect(enclosure[1] - enclosure[0]).toBeLessThan(1e-12);
});

test('equal labels and a single point have no steepest pair', async () => {
  const points = matrix(3, 2, Float64Array.of(0, 0, 1, 0, 0, 1));
  expect(await steepestPair(points, matrix(3, 1, Float64Array.of(2, 2, 2)))).toBeUndefined();
  const single = matrix(1, 2);
  expect(await steepestPair(single, matrix(1, 1))).toBeUndefined();
  expect(await closestPair(single)).toBeUndefined();
});

test('labels that differ by rounding are not taken for equal', async () => {
  const points = matrix(3, 1, Float64Array.of(0, 1, 2));
  const labels = matrix(3, 1, Float64Array.of(1, 1 + 2 ** -52, 1));
  const { enclosure } = (await steepestPair(points, labels))!;
  expect(enclosure[0]).toBeLessThanOrEqual(2 ** -52);
  expect(enclosure[0]).toBeGreaterThan(0.999 * 2 ** -52);
  expect(enclosure[1]).toBeGreaterThanOrEqual(2 ** -52);
});

test('coinciding points with different labels have no finite slope', async () => {
  const points = matrix(2, 1, Float64Array.of(1, 1));
  await expect(steepestPair(points, matrix(2, 1, Float64Array.of(0, 1)))).rejects.toMatchObject({
    code: 'construction-impossible',
  });
});

test('the separation is a lower bound on all distances, and close to the least', async () => {
  for (const [seed, scale] of [
    [1, 1],
    [2, 1e-120],
    [3, 1e120],
  ] as const) {
    const n = 60;
    const points = matrix(
      n,
      5,
      normal(rng('separation').split(seed), n * 5).map((t) => t * scale),
    );
    const labels = matrix(n, 1, normal(rng('labels').split(seed), n));
    // Pairs with equal labels count, too.
    labels.data.fill(1, 0, 50);
    let least = Number.POSITIVE_INFINITY;
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < i; j++) {
        least = Math.min(least, distance(points, i, j));
      }
    }
    for (const pair of [await steepestPair(points, labels), await closestPair(points)]) {
      expect(pair!.separation).toBeLessThanOrEqual(least * (1 + 1e-15));
      expect(pair!.separation).toBeGreaterThan(least * (1 - 1e-9));
    }
  }
  // Two points that the Gram matrix does not tell apart.
  const near = matrix(2, 2, Float64Array.of(1, 1, 1 + 2 ** -50, 1));
  const far = matrix(3, 2, Float64Array.of(1, 1, 1 + 2 ** -50, 1, -9, 5));
  const y = (k: number) =>
    matrix(
      k,
      1,
      Float64Array.from({ length: k }, (_, i) => i),
    );
  expect((await steepestPair(near, y(2)))!.separation).toBeLessThanOrEqual(2 ** -50);
  expect((await steepestPair(far, y(3)))!.separation).toBe(0);
});
