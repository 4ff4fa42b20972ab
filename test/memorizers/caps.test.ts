// Spherical caps: the talk's numbers, sqrt 7, the separation that the constant needs, and the constant against a grid on the circle.
import { expect, test } from 'vitest';
import { identity, matrix } from '../../src/linalg/index.ts';
import { capNetwork, evaluateMemorizer, sqrt7Interpolant } from '../../src/memorizers/index.ts';
import { rng, sphere } from '../../src/random/index.ts';
import { signedSphere } from './subjects.ts';

const alternating = (n: number) =>
  matrix(
    n,
    1,
    Float64Array.from({ length: n }, (_, i) => (i % 2 ? 1 : -1)),
  );

test('with t = 0.9 it is the network of the paper: sum of 10 y_i ReLU(x_i . x - 0.9)', async () => {
  const { points, labels } = signedSphere(51, 40, 60);
  const memorizer = await capNetwork(points, labels, 0.9);
  const x = sphere(rng('probe'), 50, 60);
  // Half of the probes are close to data, where caps are not empty.
  for (let b = 0; b < 25; b++) {
    for (let k = 0; k < 60; k++) x[b * 60 + k] = points.data[b * 60 + k]! + 0.2 * x[b * 60 + k]!;
  }
  const y = await evaluateMemorizer(memorizer, x);
  for (let b = 0; b < 50; b++) {
    let expected = 0;
    for (let i = 0; i < 40; i++) {
      let product = 0;
      for (let k = 0; k < 60; k++) product += points.data[i * 60 + k]! * x[b * 60 + k]!;
      expected += 10 * labels.data[i]! * Math.max(0, product - 0.9);
    }
    expect(y[b]).toBeCloseTo(expected, 10);
  }
  expect(memorizer.lipschitz.value).toBeCloseTo(Math.sqrt(1.9 / 0.1), 10);
  expect(memorizer.parameterCount).toBe(40 * 62);
});

test('sqrt 7 exactly on orthonormal points, with interpolation below 1e-12', async () => {
  const memorizer = await sqrt7Interpolant(identity(20), alternating(20));
  expect(memorizer.lipschitz).toMatchObject({ kind: 'exact', domain: { kind: 'sphere' } });
  expect(Math.abs(memorizer.lipschitz.value - Math.sqrt(7))).toBeLessThan(1e-13);
  const y = await evaluateMemorizer(memorizer, identity(20).data);
  y.forEach((value, i) => {
    expect(Math.abs(value - (i % 2 ? 1 : -1))).toBeLessThan(1e-12);
  });
  expect(memorizer.parameterCount).toBe(2 * 20 * 22);
});

test('s = 1/4 needs inner products of at most 1/8', async () => {
  const at = (product: number) =>
    matrix(2, 2, Float64Array.of(1, 0, product, Math.sqrt(1 - product * product)));
  const fine = await sqrt7Interpolant(at(1 / 8 - 1e-9), alternating(2), 0.25);
  expect(fine.lipschitz.value).toBeCloseTo(Math.sqrt(7), 8);
  await expect(sqrt7Interpolant(at(1 / 8 + 1e-9), alternating(2), 0.25)).rejects.toMatchObject({
    code: 'invalid-argument',
  });
  // By default the caps shrink instead.
  const smaller = await sqrt7Interpolant(at(0.5), alternating(2));
  const s = 1 - Math.sqrt((1 + 0.5) / 2);
  expect(smaller.lipschitz.value).toBeCloseTo(Math.sqrt((2 - s) / s), 8);
  // Where they overlap with one label the constant is indeed lost: two full bumps 0.1 apart on the circle are twice as steep.
  const bump = (angle: number) => Math.max(0, 1 - (1 - Math.cos(angle)) / 0.25);
  const rim = Math.acos(0.75) - 1e-6;
  const slope = (bump(rim - 0.1) + bump(rim) - bump(rim - 0.1 + 1e-7) - bump(rim + 1e-7)) / 1e-7;
  expect(slope).toBeGreaterThan(1.5 * Math.sqrt(7));
});

test('the constant on the circle is that of all pairs of a fine grid', async () => {
  const angles = [0, 1.1, 2.5, 4.2];
  const points = matrix(4, 2, Float64Array.from(angles.flatMap((a) => [Math.cos(a), Math.sin(a)])));
  const labels = matrix(4, 1, Float64Array.of(1, -2, 0.5, -1));
  for (const memorizer of [
    await capNetwork(points, labels),
    await capNetwork(points, labels, 0.95),
    await sqrt7Interpolant(points, labels),
  ]) {
    const size = 3000;
    const x = Float64Array.from({ length: 2 * size }, (_, i) => {
      const angle = (2 * Math.PI * Math.floor(i / 2)) / size;
      return i % 2 ? Math.sin(angle) : Math.cos(angle);
    });
    const y = await evaluateMemorizer(memorizer, x);
    let steepest = 0;
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < i; j++) {
        const run = Math.hypot(x[2 * i]! - x[2 * j]!, x[2 * i + 1]! - x[2 * j + 1]!);
        steepest = Math.max(steepest, Math.abs(y[i]! - y[j]!) / run);
      }
    }
    expect(steepest).toBeLessThanOrEqual(memorizer.lipschitz.value);
    expect(steepest).toBeGreaterThan(0.99 * memorizer.lipschitz.value);
  }
});

test('points off the sphere, too close, or on a sphere of two points are refused with the reason', async () => {
  const long = matrix(2, 2, Float64Array.of(1, 0, 0, 1.1));
  await expect(capNetwork(long, alternating(2))).rejects.toMatchObject({
    code: 'construction-impossible',
    message: expect.stringContaining('divide each point by its length'),
  });
  const close = matrix(2, 2, Float64Array.of(1, 0, Math.cos(1e-3), Math.sin(1e-3)));
  await expect(sqrt7Interpolant(close, alternating(2))).rejects.toMatchObject({
    code: 'construction-impossible',
  });
  await expect(capNetwork(matrix(1, 1, Float64Array.of(1)), alternating(1))).rejects.toMatchObject({
    code: 'construction-impossible',
  });
  const apart = identity(3);
  for (const t of [0.5, 1, Number.NaN]) {
    await expect(capNetwork(apart, alternating(3), t)).rejects.toMatchObject({ code: 'invalid-argument' });
  }
});

test('the bumps of the interpolant stay bounded off the sphere, the caps do not', async () => {
  const points = identity(4);
  const far = Float64Array.of(50, 0, 0, 0);
  expect((await evaluateMemorizer(await sqrt7Interpolant(points, alternating(4)), far))[0]).toBeCloseTo(
    -1,
    12,
  );
  expect((await evaluateMemorizer(await capNetwork(points, alternating(4)), far))[0]).toBeLessThan(-100);
});
