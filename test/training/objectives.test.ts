import { describe, expect, test } from 'vitest';
import { linear, sign, tensor } from '../../src/graph/index.ts';
import { type ModelFamily, mlp, twoLayerBatchNorm, type Weights } from '../../src/models/index.ts';
import { normal, rng, signs } from '../../src/random/index.ts';
import {
  crossEntropy,
  fgsmRandomStart,
  gradientPenalty,
  jacobianPenalty,
  marginLoss,
  plain,
  type Samples,
  squaredLoss,
  trades,
  weightDecay,
} from '../../src/training/index.ts';
import { differentiate, expectGradient } from './differences.ts';

const key = rng('objectives');
const [n, d] = [5, 3];
const samples = (outputs: number): Samples => ({
  x: normal(key.split('x'), n * d),
  shape: [n, d],
  y:
    outputs === 1
      ? signs(key.split('y'), n)
      : Float64Array.from({ length: n * outputs }, (_, i) =>
          i % outputs === Math.floor(i / outputs) % outputs ? 1 : 0,
        ),
});
const weightsOf = (family: ModelFamily): Weights => {
  const initial = family.initialise(key, 'float64');
  // Biases are zero at first, where many a mistake does not show.
  return Object.fromEntries(
    Object.entries(initial).map(([name, w]) => [
      name,
      name.endsWith('bias')
        ? tensor(
            'float64',
            w.shape,
            normal(key.split(name), w.data.length).map((z) => z / 5),
          )
        : w,
    ]),
  );
};

const smooth = (outputs: number) => mlp([d, 4, outputs], 'tanh');
const linearFamily = (outputs: number) => mlp([d, outputs]);

describe('gradients of objectives are those of central differences', () => {
  const plainOne = plain(squaredLoss);
  const cases = [
    ['cross-entropy of signs', 1, plain(crossEntropy(0.1))],
    ['cross-entropy of classes', 3, plain(crossEntropy(0.1))],
    ['margins', 3, plain(marginLoss(2))],
    ['weight decay', 1, weightDecay(plainOne, 0.7)],
    ['gradient penalty', 1, gradientPenalty(plainOne, 0.7)],
    ['gradient penalty of several outputs', 3, gradientPenalty(plainOne, 0.7)],
    ['Jacobian penalty', 3, jacobianPenalty(plainOne, 0.7, 2)],
    ['all penalties', 3, weightDecay(jacobianPenalty(gradientPenalty(plain(crossEntropy()), 0.3), 0.2), 0.1)],
    // Steps by signs are locally constant in the weights.
    ['TRADES in linf', 3, trades(crossEntropy(), 2, fgsmRandomStart('linf', 0.3))],
    ['TRADES for regression', 1, trades(squaredLoss, 2, fgsmRandomStart('linf', 0.3), squaredLoss)],
  ] as const;
  for (const [name, outputs, objective] of cases) {
    test(name, async () => {
      const family = smooth(outputs);
      await expectGradient(family, objective, weightsOf(family), samples(outputs), key);
    });
  }

  test('a gradient penalty through relu, away from kinks, and through batch normalisation', async () => {
    const relu = mlp([d, 4, 1]);
    await expectGradient(relu, gradientPenalty(plainOne, 0.7), weightsOf(relu), samples(1), key);
    const normalised = twoLayerBatchNorm(d, 3, 1, 'tanh');
    await expectGradient(
      normalised,
      gradientPenalty(plainOne, 0.1),
      normalised.initialise(key, 'float64'),
      samples(1),
      key,
      5,
    );
  });
});

describe('penalties of a linear model in closed form', () => {
  test('lambda |W|_F^2, with gradient 2 lambda W', async () => {
    const family = linearFamily(2);
    const weights = weightsOf(family);
    const w = weights['layer1.weight']!.data as Float64Array;
    const bare = await differentiate(family, plain(squaredLoss), weights, samples(2), key);
    const penalised = await differentiate(
      family,
      gradientPenalty(plain(squaredLoss), 0.3),
      weights,
      samples(2),
      key,
    );
    expect(penalised.loss - bare.loss).toBeCloseTo(0.3 * w.reduce((sum, v) => sum + v * v, 0), 12);
    penalised.gradient['layer1.weight']!.forEach((slope, i) => {
      expect(slope - bare.gradient['layer1.weight']![i]!).toBeCloseTo(0.6 * w[i]!, 12);
    });
    penalised.gradient['layer1.bias']!.forEach((slope, i) => {
      expect(slope).toBe(bare.gradient['layer1.bias']![i]);
    });
  });

  test('weight decay is (lambda / 2) |W|^2 and leaves biases alone', async () => {
    const family = linearFamily(2);
    const weights = weightsOf(family);
    const bare = await differentiate(family, plain(squaredLoss), weights, samples(2), key);
    const decayed = await differentiate(
      family,
      weightDecay(plain(squaredLoss), 0.3),
      weights,
      samples(2),
      key,
    );
    decayed.gradient['layer1.weight']!.forEach((slope, i) => {
      const w = weights['layer1.weight']!.data[i] as number;
      expect(slope - bare.gradient['layer1.weight']![i]!).toBeCloseTo(0.3 * w, 12);
    });
    expect(decayed.gradient['layer1.bias']).toEqual(bare.gradient['layer1.bias']);
  });
});

test('random projections have the exact penalty as their mean, and equal half of it for one output', async () => {
  const one = smooth(1);
  const exact = await differentiate(
    one,
    gradientPenalty(plain(squaredLoss), 0.4),
    weightsOf(one),
    samples(1),
    key,
  );
  const drawn = await differentiate(
    one,
    jacobianPenalty(plain(squaredLoss), 0.8),
    weightsOf(one),
    samples(1),
    key,
  );
  expect(drawn.loss).toBeCloseTo(exact.loss, 12);

  const three = smooth(3);
  const weights = weightsOf(three);
  const bare = (await differentiate(three, plain(squaredLoss), weights, samples(3), key)).loss;
  const full = (await differentiate(three, gradientPenalty(plain(squaredLoss), 1), weights, samples(3), key))
    .loss;
  const estimates: number[] = [];
  for (let i = 0; i < 12; i++) {
    const objective = jacobianPenalty(plain(squaredLoss), 2, 20);
    estimates.push((await differentiate(three, objective, weights, samples(3), key.split(i))).loss - bare);
  }
  const mean = estimates.reduce((sum, v) => sum + v, 0) / estimates.length;
  const deviation = Math.sqrt(estimates.reduce((sum, v) => sum + (v - mean) ** 2, 0) / 11 / 12);
  expect(deviation).toBeLessThan(0.05 * (full - bare));
  expect(Math.abs(mean - (full - bare))).toBeLessThan(4.5 * deviation);
});

test('a penalty that no parameter changes is refused', async () => {
  const base = mlp([d, 4, 1]);
  const steps: ModelFamily = {
    ...base,
    forward: (x, w) =>
      linear(sign(linear(x, w['layer1.weight']!, w['layer1.bias'])), w['layer2.weight']!, w['layer2.bias']),
  };
  const attempt = differentiate(
    steps,
    gradientPenalty(plain(squaredLoss), 1),
    weightsOf(base),
    samples(1),
    key,
  );
  await expect(attempt).rejects.toThrow('the gradient penalty is blind: no parameter changes');
  expect(() => gradientPenalty(plain(squaredLoss), 0)).toThrow('invalid gradient penalty: 0');
  expect(() => jacobianPenalty(plain(squaredLoss), -1)).toThrow('invalid Jacobian penalty: -1');
  expect(() => jacobianPenalty(plain(squaredLoss), 1, 0)).toThrow('invalid projections: 0');
  expect(() => weightDecay(plain(squaredLoss), Number.NaN)).toThrow('invalid weight decay: NaN');
});
