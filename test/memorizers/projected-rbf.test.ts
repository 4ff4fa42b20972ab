// The tight construction: the published table of ratios, nested projections, budgets.
import { expect, test } from 'vitest';
import { upperEnd } from '../../src/guarantee/index.ts';
import { matrix } from '../../src/linalg/index.ts';
import {
  evaluateMemorizer,
  mcShaneWhitney,
  projectedRbf,
  projectedRbfs,
  projectedRbfWithin,
} from '../../src/memorizers/index.ts';
import { normal, rng } from '../../src/random/index.ts';
import { gaussianSample, signedSphere } from './subjects.ts';

test('Lip / sqrt(nd / nk) at n = d = 1000 is 2.69, 2.13, 1.85, 1.67, 1.52 at k = 40, 80, 160, 320, 1000', async () => {
  const [n, d, seeds] = [1000, 1000, 2];
  const dimensions = [40, 80, 160, 320, 1000];
  const means = dimensions.map(() => 0);
  for (let seed = 0; seed < seeds; seed++) {
    const { points, labels } = signedSphere(seed, n, d);
    const memorizers = await projectedRbfs(points, labels, dimensions, rng(seed));
    memorizers.forEach((memorizer, i) => {
      means[i]! += upperEnd(memorizer.lipschitz) / Math.sqrt(d / dimensions[i]!) / seeds;
      // The talk's tightness claim, as a floor: no interpolant of opposite labels at distance sqrt 2 and less is below sqrt 2.
      expect(upperEnd(memorizer.lipschitz)).toBeGreaterThan(Math.SQRT2);
    });
  }
  [2.69, 2.13, 1.85, 1.67, 1.52].forEach((published, i) => {
    expect(Math.abs(means[i]! / published - 1)).toBeLessThan(0.15);
  });
});

test('without projection it has the constant of McShane and Whitney and lies between their extensions', async () => {
  const { points, labels } = gaussianSample(41, 30, 5);
  const key = rng(1);
  const [projected, optimal] = [
    await projectedRbf(points, labels, 5, key),
    await mcShaneWhitney(points, labels),
  ];
  expect(projected.lipschitz.value).toBe(optimal.lipschitz.value);
  const x = normal(rng('probe'), 200 * 5);
  const y = await evaluateMemorizer(projected, x);
  for (let b = 0; b < 200; b++) {
    let [least, greatest] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
    let [positive, negative] = [0, 0];
    for (let i = 0; i < 30; i++) {
      const reach =
        optimal.lipschitz.value *
        Math.hypot(...points.data.subarray(5 * i, 5 * i + 5).map((t, k) => t - x[5 * b + k]!));
      least = Math.max(least, labels.data[i]! - reach);
      greatest = Math.min(greatest, labels.data[i]! + reach);
      positive = Math.max(positive, labels.data[i]! - reach);
      negative = Math.max(negative, -labels.data[i]! - reach);
    }
    expect(y[b]).toBeCloseTo(positive - negative, 11);
    expect(y[b]).toBeGreaterThanOrEqual(least - 1e-10);
    expect(y[b]).toBeLessThanOrEqual(greatest + 1e-10);
  }
});

test('projections of one key are nested, so the constant falls as dimensions are added', async () => {
  const { points, labels } = signedSphere(42, 60, 30);
  const dimensions = [2, 5, 9, 20, 29, 30];
  const family = await projectedRbfs(points, labels, dimensions, rng(5));
  const constants = family.map((memorizer) => upperEnd(memorizer.lipschitz));
  for (let i = 1; i < constants.length; i++) expect(constants[i]!).toBeLessThan(constants[i - 1]!);
  const alone = await projectedRbf(points, labels, 9, rng(5));
  expect(upperEnd(alone.lipschitz)).toBeCloseTo(constants[2]!, 8);
});

test('f depends on the projection only, and is worth at most the labels', async () => {
  const { points, labels } = gaussianSample(43, 20, 12);
  const memorizer = await projectedRbf(points, labels, 3, rng(6));
  const y = await evaluateMemorizer(memorizer, normal(rng('far'), 500 * 12));
  const [low, high] = [Math.min(...labels.data), Math.max(...labels.data)];
  expect(Math.min(...y)).toBeGreaterThanOrEqual(low);
  expect(Math.max(...y)).toBeLessThanOrEqual(high);
});

test('a budget buys the most dimensions that fit into it', async () => {
  const { points, labels } = gaussianSample(44, 20, 12);
  const bought = async (budget: number) =>
    (await projectedRbfWithin(points, labels, budget, rng(7))).parameterCount;
  expect(await bought(41)).toBe(41);
  expect(await bought(100)).toBe(81);
  expect(await bought(101)).toBe(101);
  expect(await bought(20 * 13 + 1)).toBe(20 * 13 + 1);
  expect(await bought(1e9)).toBe(20 * 13 + 1);
  for (const budget of [40, 19, 0, -5, Number.NaN]) {
    await expect(projectedRbfWithin(points, labels, budget, rng(7))).rejects.toMatchObject({
      code: 'construction-impossible',
      message: expect.stringContaining('2n + 1 = 41'),
    });
  }
});

test('dimensions outside [1, d] are refused', async () => {
  const { points, labels } = gaussianSample(45, 20, 12);
  for (const k of [0, 13, 1.5, Number.NaN]) {
    await expect(projectedRbf(points, labels, k, rng(7))).rejects.toMatchObject({ code: 'invalid-argument' });
  }
});

test('points that differ in no projected coordinate need equal labels', async () => {
  const points = matrix(2, 2, Float64Array.of(0, 1e-320, 0, 0));
  const labels = matrix(2, 1, Float64Array.of(1, -1));
  await expect(projectedRbf(points, labels, 1, rng(8))).rejects.toMatchObject({
    code: 'construction-impossible',
  });
});
