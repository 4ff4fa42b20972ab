// The shortest linear interpolant against its characterisation.
import { expect, test } from 'vitest';
import { identity, matrix, row, singularValues } from '../../src/linalg/index.ts';
import { evaluateMemorizer, minimumNorm } from '../../src/memorizers/index.ts';
import { gaussianSample, signedSphere } from './subjects.ts';

test('on the unit vectors the weights are the labels', async () => {
  const labels = matrix(3, 1, Float64Array.of(3, 0, -4));
  const memorizer = await minimumNorm(identity(3), labels);
  expect(memorizer.lipschitz.value).toBeCloseTo(5, 14);
  expect(Array.from(await evaluateMemorizer(memorizer, Float64Array.of(1, 1, 1)))).toEqual([-1]);
});

test('it vanishes on the orthogonal complement of the points, so nothing shorter interpolates', async () => {
  const { points, labels } = gaussianSample(61, 6, 9);
  const memorizer = await minimumNorm(points, labels);
  // w as values on unit vectors; w is a combination of the points iff adding it to them raises no rank.
  const w = await evaluateMemorizer(memorizer, identity(9).data);
  const stacked = matrix(7, 9);
  stacked.data.set(points.data);
  row(stacked, 6).set(w);
  expect(singularValues(stacked)[6]!).toBeLessThan(1e-13);
  expect(memorizer.lipschitz.value).toBeCloseTo(Math.hypot(...w), 12);
});

test('for n well below d and labels ±1 it is at most sqrt(2n), as section 3.1 of the paper says', async () => {
  const { points, labels } = signedSphere(62, 40, 800);
  expect((await minimumNorm(points, labels)).lipschitz.value).toBeLessThan(Math.sqrt(80));
});

test('more points than dimensions, dependent points and a zero point are refused', async () => {
  const tooMany = gaussianSample(63, 5, 4);
  await expect(minimumNorm(tooMany.points, tooMany.labels)).rejects.toMatchObject({
    code: 'construction-impossible',
  });
  const dependent = matrix(2, 3, Float64Array.of(1, 2, 3, -2, -4, -6));
  await expect(minimumNorm(dependent, matrix(2, 1, Float64Array.of(1, 1)))).rejects.toMatchObject({
    code: 'construction-impossible',
  });
  await expect(minimumNorm(matrix(1, 3), matrix(1, 1, Float64Array.of(1)))).rejects.toMatchObject({
    code: 'construction-impossible',
  });
});
