// Power activations: the quadratic case, where everything is an eigenvalue, the sum of the paper, and interpolation.
import { expect, test } from 'vitest';
import { matrix, row, symmetricEigen } from '../../src/linalg/index.ts';
import { evaluateMemorizer, tensorInterpolant, tensorNetwork } from '../../src/memorizers/index.ts';
import { rng, sphere } from '../../src/random/index.ts';
import { gaussianSample, signedSphere } from './subjects.ts';

test('for p = 2 the bound is 2 |sum y_i x_i x_i^T|, which is the exact constant', async () => {
  for (const { points, labels } of [signedSphere(111, 40, 12), gaussianSample(112, 5, 12)]) {
    const memorizer = await tensorNetwork(points, labels, 2);
    const t = matrix(12, 12);
    for (let i = 0; i < points.rows; i++) {
      const x = row(points, i);
      for (let k = 0; k < 12; k++)
        for (let l = 0; l < 12; l++) t.data[k * 12 + l]! += labels.data[i]! * x[k]! * x[l]!;
    }
    const { values } = symmetricEigen(t);
    const norm = Math.max(Math.abs(values[0]!), Math.abs(values[11]!));
    const { domain } = memorizer.lipschitz;
    const radius = domain.kind === 'ball' ? domain.radius : Number.NaN;
    // Points off the unit scale are read in units of a power of two: f is (x_i . x / 4^e)^p.
    const unit = 2 ** Math.round(Math.log2(radius));
    expect(memorizer.lipschitz.value / ((2 * norm * radius) / unit ** 4)).toBeCloseTo(1, 6);
    expect(memorizer.lipschitz.value).toBeGreaterThanOrEqual((2 * norm * radius) / unit ** 4 - 1e-12);
  }
});

test('it is the sum of the paper, and its misfit falls as d^p grows against n', async () => {
  const { points, labels } = signedSphere(113, 100, 50);
  const x = sphere(rng('probe'), 20, 50);
  let doubleFactorial = 1;
  for (const p of [2, 4, 6]) {
    doubleFactorial *= (2 * p - 3) * (2 * p - 1);
    const memorizer = await tensorNetwork(points, labels, p);
    const y = await evaluateMemorizer(memorizer, x);
    for (let b = 0; b < 20; b++) {
      let expected = 0;
      for (let i = 0; i < 100; i++) {
        const product = row(points, i).reduce((sum, t, k) => sum + t * x[b * 50 + k]!, 0);
        expected += labels.data[i]! * product ** p;
      }
      expect(y[b]).toBeCloseTo(expected, 12);
    }
    // Each of n terms has mean square (2p - 1)!! / d^p: eps = sqrt(n log n / d^p) with a constant of p.
    expect(memorizer.misfit!).toBeLessThan(2 * Math.sqrt((doubleFactorial * 100 * Math.log(100)) / 50 ** p));
  }
});

test('the interpolant interpolates where the sum does not', async () => {
  const { points, labels } = signedSphere(114, 100, 20);
  const [sum, interpolant] = [
    await tensorNetwork(points, labels, 4),
    await tensorInterpolant(points, labels, 4),
  ];
  expect(sum.misfit!).toBeGreaterThan(0.05);
  expect(interpolant.misfit).toBeUndefined();
  const y = await evaluateMemorizer(interpolant, points.data);
  y.forEach((value, i) => {
    expect(Math.abs(value - labels.data[i]!)).toBeLessThan(1e-10);
  });
  // A polynomial of degree p through labels ±1 at orthogonal-like points is about as steep as p.
  expect(interpolant.lipschitz.value).toBeGreaterThan(3.9);
  expect(interpolant.lipschitz.value).toBeLessThan(40);
});

test('opposite points with opposite labels, odd powers and too many points are refused', async () => {
  const opposite = matrix(2, 2, Float64Array.of(1, 0, -1, 0));
  const labels = matrix(2, 1, Float64Array.of(1, -1));
  await expect(tensorInterpolant(opposite, labels, 4)).rejects.toMatchObject({
    code: 'construction-impossible',
  });
  for (const p of [3, 0, -2, 2.5, 66, Number.NaN]) {
    await expect(tensorNetwork(opposite, labels, p)).rejects.toMatchObject({ code: 'invalid-argument' });
  }
  const many = signedSphere(115, 20, 3);
  await expect(tensorInterpolant(many.points, many.labels, 2)).rejects.toMatchObject({
    code: 'construction-impossible',
  });
});
