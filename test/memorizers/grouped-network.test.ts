// The grouped construction: its neurons, its scaling n/k, and its limits.
import { expect, test } from 'vitest';
import { numbersOf, parameters, tensorOf } from '../../src/graph/index.ts';
import { upperEnd } from '../../src/guarantee/index.ts';
import { matrix } from '../../src/linalg/index.ts';
import { evaluateMemorizer, groupedNetwork } from '../../src/memorizers/index.ts';
import { rng } from '../../src/random/index.ts';
import { gaussianSample, signedSphere } from './subjects.ts';

test('for labels ±1 each neuron is ±2 ReLU(w . x - 1/2), and off at all points of other groups', async () => {
  const { points, labels } = signedSphere(101, 60, 300);
  const memorizer = await groupedNetwork(points, labels, 12, rng(1));
  const byName = new Map(
    parameters(memorizer.graph(1)).map((p) => [p.node.attributes.name as string, numbersOf(tensorOf(p)!)]),
  );
  expect(byName.get('biases')!.every((b) => b === -0.5)).toBe(true);
  expect(byName.get('outputs')!.every((a) => Math.abs(a) === 2)).toBe(true);
  const weights = byName.get('weights')!;
  const groups = new Array<number>(12).fill(0);
  for (let i = 0; i < 60; i++) {
    const on = groups.flatMap((_, l) => {
      const activation = points.data
        .subarray(i * 300, (i + 1) * 300)
        .reduce((sum, t, k) => sum + t * weights[l * 300 + k]!, 0);
      if (activation <= 0.5) return [];
      expect(activation).toBeCloseTo(1, 11);
      return [l];
    });
    expect(on).toHaveLength(1);
    groups[on[0]!]!++;
    expect(Math.sign(byName.get('outputs')![on[0]!]!)).toBe(labels.data[i]);
  }
  // Groups of nearly equal size within each sign.
  expect(Math.max(...groups) - Math.min(...groups)).toBeLessThanOrEqual(2);
});

test('fewer neurons cost robustness, in the range of n/k', async () => {
  const { points, labels } = signedSphere(102, 200, 2000);
  const constants = [];
  for (const k of [10, 40, 200]) {
    const memorizer = await groupedNetwork(points, labels, k, rng(2));
    constants.push(upperEnd(memorizer.lipschitz));
    expect(upperEnd(memorizer.lipschitz)).toBeLessThanOrEqual(upperEnd(memorizer.globalLipschitz!()));
  }
  expect(constants[0]!).toBeGreaterThan(constants[1]!);
  expect(constants[1]!).toBeGreaterThan(constants[2]!);
  // Theorem 3: at most C log(d) n/k; at k = n the constant is a small number.
  expect(constants[2]!).toBeLessThan(15);
  expect(constants[0]!).toBeLessThan((200 / 10) * Math.log(2000));
});

test('real labels of both signs and zeros are fitted', async () => {
  const { points } = signedSphere(103, 30, 100);
  const { labels } = gaussianSample(103, 30, 1);
  labels.data[4] = labels.data[17] = 0;
  const memorizer = await groupedNetwork(points, labels, 15, rng(3));
  const y = await evaluateMemorizer(memorizer, points.data);
  y.forEach((value, i) => {
    expect(value).toBeCloseTo(labels.data[i]!, 11);
  });
});

test('too few neurons are refused with what would help', async () => {
  const { points, labels } = signedSphere(104, 200, 30);
  await expect(groupedNetwork(points, labels, 10, rng(4))).rejects.toMatchObject({
    code: 'construction-impossible',
    message: expect.stringContaining('more neurons'),
  });
  await expect(groupedNetwork(points, labels, 1, rng(4))).rejects.toMatchObject({
    code: 'construction-impossible',
    message: expect.stringContaining('both signs'),
  });
  for (const k of [0, 201, 1.5]) {
    await expect(groupedNetwork(points, labels, k, rng(4))).rejects.toMatchObject({
      code: 'invalid-argument',
    });
  }
  const opposite = matrix(2, 3, Float64Array.of(1, 0, 0, 0.9, 0.1, 0));
  await expect(
    groupedNetwork(opposite, matrix(2, 1, Float64Array.of(1, -1)), 2, rng(5)),
  ).rejects.toMatchObject({ code: 'construction-impossible' });
});
