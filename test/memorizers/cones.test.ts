// The cones against their definition.
import { expect, test } from 'vitest';
import { matrix } from '../../src/linalg/index.ts';
import { cones, evaluateMemorizer } from '../../src/memorizers/index.ts';
import { signedSphere } from './subjects.ts';

test('three cones of radius 1/2 of the closest distance', async () => {
  const points = matrix(3, 2, Float64Array.of(0, 0, 4, 0, 0, 10));
  const labels = matrix(3, 1, Float64Array.of(1, -3, 2));
  const memorizer = await cones(points, labels);
  expect(memorizer.lipschitz.value).toBeCloseTo(3 / 2, 12);
  const y = await evaluateMemorizer(memorizer, Float64Array.of(0, 1, 2, 0, 3, 0, 0, 9.5, 50, 50, 4, 0));
  [0.5, 0, -1.5, 1.5, 0, -3].forEach((expected, i) => {
    expect(y[i]).toBeCloseTo(expected, 12);
  });
});

test('for labels of one size the constant is the size over half the smallest distance', async () => {
  const { points, labels } = signedSphere(31, 50, 8);
  const memorizer = await cones(points, labels);
  let smallest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 50; i++) {
    for (let j = 0; j < i; j++) {
      const difference = points.data.subarray(i * 8, i * 8 + 8).map((t, k) => t - points.data[j * 8 + k]!);
      smallest = Math.min(smallest, Math.hypot(...difference));
    }
  }
  expect(memorizer.lipschitz.value * smallest).toBeCloseTo(2, 11);
});
