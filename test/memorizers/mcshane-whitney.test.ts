// McShane-Whitney against the formula in plain loops and against its closed form for two points.
import { expect, test } from 'vitest';
import { matrix, row } from '../../src/linalg/index.ts';
import { evaluateMemorizer, mcShaneWhitney } from '../../src/memorizers/index.ts';
import { normal, rng } from '../../src/random/index.ts';
import { gaussianSample } from './subjects.ts';

test('between two points it is linear, outside constant', async () => {
  const memorizer = await mcShaneWhitney(
    matrix(2, 1, Float64Array.of(0, 1)),
    matrix(2, 1, Float64Array.of(-1, 1)),
  );
  expect(memorizer.lipschitz.value).toBeCloseTo(2, 12);
  const y = await evaluateMemorizer(memorizer, Float64Array.of(-7, 0, 0.25, 0.5, 1, 30));
  [-1, -1, -0.5, 0, 1, 1].forEach((expected, i) => {
    expect(y[i]).toBeCloseTo(expected, 12);
  });
});

test('it is the mean of the two extremal extensions', async () => {
  const { points, labels } = gaussianSample(21, 40, 6);
  const memorizer = await mcShaneWhitney(points, labels);
  const slope = memorizer.lipschitz.value;
  const x = normal(rng('probe'), 30 * 6);
  const y = await evaluateMemorizer(memorizer, x);
  for (let b = 0; b < 30; b++) {
    const reach = Array.from({ length: 40 }, (_, i) =>
      Math.hypot(...row(points, i).map((t, k) => t - x[b * 6 + k]!)),
    );
    const least = Math.max(...reach.map((r, i) => labels.data[i]! - slope * r));
    const greatest = Math.min(...reach.map((r, i) => labels.data[i]! + slope * r));
    expect(least).toBeLessThanOrEqual(greatest + 1e-12);
    expect(y[b]).toBeCloseTo((least + greatest) / 2, 11);
  }
});

test('data that lie on a line of slope 3 have the constant 3', async () => {
  const x = normal(rng(3), 50);
  const memorizer = await mcShaneWhitney(
    matrix(50, 1, x),
    matrix(
      50,
      1,
      x.map((t) => 3 * t + 1),
    ),
  );
  // The labels are rounded, which steep short pairs feel.
  expect(memorizer.lipschitz.value).toBeCloseTo(3, 9);
});
