// Baum's network: its count, its precision where 1/delta is large, its spikes, and points that are not in general position.
import { expect, test } from 'vitest';
import { upperEnd } from '../../src/guarantee/index.ts';
import { matrix } from '../../src/linalg/index.ts';
import { baum, evaluateMemorizer, mcShaneWhitney } from '../../src/memorizers/index.ts';
import { normal, rng, uniform } from '../../src/random/index.ts';
import { gaussianSample, signedSphere } from './subjects.ts';

test('4 ceil(n/d) neurons fit real labels to 1e-9, at a constant hundreds of times the optimum', async () => {
  for (const [n, d] of [
    [600, 100],
    [200, 7],
    [80, 2],
  ] as const) {
    const { points, labels } = d === 100 ? signedSphere(91, n, d) : gaussianSample(91, n, d);
    const memorizer = await baum(points, labels, rng(1));
    expect(memorizer.parameterCount).toBe(4 * Math.ceil(n / d) * (d + 2));
    const y = await evaluateMemorizer(memorizer, points.data);
    const scale = Math.max(...labels.data.map(Math.abs));
    y.forEach((value, i) => {
      expect(Math.abs(value - labels.data[i]!)).toBeLessThan(1e-9 * scale);
    });
    const optimum = upperEnd((await mcShaneWhitney(points, labels)).lipschitz);
    // The witness proves the spike; the bound is not far above it.
    const [a, b] = memorizer.witness?.kind === 'pair' ? [memorizer.witness.a, memorizer.witness.b] : [];
    const ends = await evaluateMemorizer(memorizer, Float64Array.from([...a!, ...b!]));
    const slope = Math.abs(ends[0]! - ends[1]!) / Math.hypot(...a!.map((t, k) => t - b![k]!));
    expect(slope).toBeLessThanOrEqual(upperEnd(memorizer.lipschitz) * (1 + 1e-6));
    expect(slope).toBeGreaterThan(upperEnd(memorizer.lipschitz) / (3 * Math.ceil(n / d)));
    if (d === 100) expect(slope).toBeGreaterThan(1000 * optimum);
  }
});

test('away from its slabs it is zero', async () => {
  const { points, labels } = gaussianSample(92, 40, 10);
  const memorizer = await baum(points, labels, rng(2));
  const y = await evaluateMemorizer(memorizer, normal(rng('probe'), 500 * 10));
  const zeros = y.filter((value) => Math.abs(value) < 1e-9).length;
  expect(zeros).toBeGreaterThan(400);
});

test('one group is a single spike with an exact constant', async () => {
  const { points, labels } = gaussianSample(93, 5, 8);
  const memorizer = await baum(points, labels, rng(3));
  expect(memorizer.lipschitz.kind).toBe('exact');
  expect(memorizer.parameterCount).toBe(4 * 10);
});

test('points on a line in three dimensions are not in general position', async () => {
  const t = uniform(rng(4), 12);
  const points = matrix(12, 3, Float64Array.from(Array.from(t).flatMap((s) => [s, 2 * s, 1 - s])));
  await expect(baum(points, matrix(12, 1, normal(rng(5), 12)), rng(6))).rejects.toMatchObject({
    code: 'construction-impossible',
    message: expect.stringContaining('general position'),
  });
});

test('points of a lattice, with many on common lines, are refused rather than fitted badly', async () => {
  const side = 6;
  const points = matrix(side * side, 2);
  for (let i = 0; i < side * side; i++) points.data.set([i % side, Math.floor(i / side)], 2 * i);
  const labels = matrix(side * side, 1, normal(rng(7), side * side));
  const built = await baum(points, labels, rng(8)).catch((error: { code: string }) => error.code);
  if (typeof built === 'string') expect(built).toBe('construction-impossible');
  else {
    const y = await evaluateMemorizer(built, points.data);
    y.forEach((value, i) => {
      expect(Math.abs(value - labels.data[i]!)).toBeLessThan(1e-8);
    });
  }
});

test('the same key gives the same network, another key another', async () => {
  const { points, labels } = gaussianSample(94, 30, 5);
  const x = normal(rng('probe'), 2000 * 5);
  const at = async (seed: number) => evaluateMemorizer(await baum(points, labels, rng(seed)), x);
  expect(await at(1)).toEqual(await at(1));
  expect(await at(1)).not.toEqual(await at(2));
});
