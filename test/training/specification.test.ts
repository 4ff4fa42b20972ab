import { describe, expect, test } from 'vitest';
import { mlp, twoLayer, twoLayerBatchNorm } from '../../src/models/index.ts';
import { normal, rng, signs } from '../../src/random/index.ts';
import {
  accurate,
  adam,
  adamW,
  constantRate,
  cosineRate,
  crossEntropy,
  gradientPenalty,
  jacobianPenalty,
  labelsMemorized,
  linearWarmup,
  marginLoss,
  oneCycle,
  pgdAdversary,
  plain,
  type Samples,
  sgd,
  spectralNorm,
  squaredLoss,
  stepRate,
  type TrainingPlan,
  type TrainingSpecification,
  trades,
  train,
  trainingPlan,
  weightDecay,
} from '../../src/training/index.ts';
import { trainingSchema } from '../../src/training/schema.ts';
import { parseSpecification } from '../../src/validation/index.ts';

const [n, d] = [20, 4];
const x = normal(rng(1), n * d);
const ofSigns: Samples = { x, shape: [n, d], y: signs(rng(2), n) };
const ofNumbers: Samples = { x, shape: [n, d], y: normal(rng(3), n) };
const ofClasses: Samples = {
  x,
  shape: [n, d],
  y: Float64Array.from({ length: 3 * n }, (_, i) => (i % 3 === Math.floor(i / 3) % 3 ? 1 : 0)),
};
const parse = (written: TrainingSpecification) => parseSpecification(trainingSchema, written, 'training');

describe('a specification means the plan that is put together by hand', () => {
  const family = twoLayer(d, 6);
  const same = async (written: TrainingSpecification, by: Partial<TrainingPlan>, samples = ofSigns) => {
    const hand: TrainingPlan = {
      family,
      objective: plain(squaredLoss),
      optimiser: adam(),
      learningRate: cosineRate(0.003, 25),
      steps: 25,
      stop: [],
      ...by,
    };
    const plan = trainingPlan(parse({ steps: 25, ...written }), hand.family, samples);
    expect(await train(plan, samples, rng(1))).toEqual(await train(hand, samples, rng(1)));
  };

  test('defaults: full-batch Adam on the squared loss, along a cosine', () => same({}, {}));
  test('schedule, warmup, batches and decay', () =>
    same(
      {
        optimiser: 'sgd',
        momentum: 0.9,
        nesterov: true,
        learningRate: 0.01,
        schedule: 'constant',
        warmup: 5,
        batch: 6,
        weightDecay: 0.1,
      },
      {
        optimiser: sgd(0.9, true),
        learningRate: linearWarmup(constantRate(0.01), 5),
        batch: 6,
        objective: weightDecay(plain(squaredLoss), 0.1),
      },
    ));
  test('one cycle, and milestones', async () => {
    await same({ schedule: 'one-cycle' }, { learningRate: oneCycle(0.003, 25) });
    await same({ schedule: { milestones: [7, 9] } }, { learningRate: stepRate(0.003, [7, 9], 0.1) });
  });
  test('Jacobian penalty and margins of classes', () =>
    same(
      { loss: 'margin', jacobianPenalty: 0.1, batch: 10, stop: { accuracy: 0.5 } },
      {
        family: mlp([d, 5, 3]),
        objective: jacobianPenalty(plain(marginLoss()), 0.1),
        batch: 10,
        stop: [accurate(0.5)],
      },
      ofClasses,
    ));
  test('FGSM on one class, which is trivial', async () => {
    const one: Samples = { ...ofSigns, y: new Float64Array(n).fill(1) };
    const written: TrainingSpecification = {
      loss: 'cross-entropy',
      learningRate: 0.03,
      adversarial: { method: 'fgsm', norm: 'l2', radius: 0.01 },
      stop: { robustAccuracy: 1 },
    };
    const { reason, measures } = await train(trainingPlan(parse(written), family, one), one, rng(1));
    expect([reason, measures.robustAccuracy, measures.accuracy]).toEqual(['memorized', 1, 1]);
  });
  test('the decay of adamw is decoupled', () =>
    same({ optimiser: 'adamw', weightDecay: 0.1 }, { optimiser: adamW(0.1) }));
  test('penalties, constraint and rules', () =>
    same(
      { gradientPenalty: 0.2, spectralNorm: 1.5, learningRate: 0.03, stop: { memorized: 0.9 } },
      {
        objective: gradientPenalty(plain(squaredLoss), 0.2),
        constraint: spectralNorm(1.5),
        learningRate: cosineRate(0.03, 25),
        stop: [labelsMemorized(0.9)],
      },
    ));
  test('TRADES with the divergence of probabilities', () =>
    same(
      {
        loss: 'cross-entropy',
        labelSmoothing: 0.1,
        adversarial: { method: 'trades', norm: 'linf', radius: 0.1, steps: 3, beta: 2 },
      },
      {
        family: mlp([d, 5, 3]),
        objective: trades(crossEntropy(0.1), 2, pgdAdversary('linf', 0.1, 0.25 / 3, 3)),
      },
      ofClasses,
    ));
});

describe('refuses', () => {
  const refused = (
    written: TrainingSpecification,
    message: string,
    samples = ofSigns,
    family = twoLayer(d, 6),
  ) => expect(() => trainingPlan(parse(written), family, samples)).toThrow(message);

  test('unknown and impossible fields, by name', () => {
    expect(() => parse({ optimizer: 'adam' } as never)).toThrow('training: optimizer: unknown key');
    expect(() => parse({ loss: 'hinge' as never })).toThrow('training: loss: "hinge"; expected one of');
    expect(() => parse({ steps: 0 })).toThrow('training: steps: 0; expected a number >= 1');
    expect(() => parse({ learningRate: Number.NaN })).toThrow('training: learningRate');
    expect(() => parse({ batch: 'all' as never })).toThrow('training: batch: "all"');
    expect(() => parse({ adversarial: { method: 'pgd', norm: 'l1' as never, radius: 1 } })).toThrow(
      'training: adversarial.norm: "l1"; expected one of "l2", "linf"',
    );
    expect(() => parse({ adversarial: { method: 'pgd', norm: 'l2', radius: 1, bounds: [1, 0] } })).toThrow(
      'low < high',
    );
  });

  test('combinations that make no sense', () => {
    refused({ batch: 21 }, 'invalid batch: 21; expected an integer in [1, 20] for n = 20 points, or "full"');
    refused({ loss: 'cross-entropy' }, 'takes labels +-1 for one output or one-hot labels', ofNumbers);
    refused({ loss: 'margin' }, 'use the loss "squared"', ofNumbers);
    refused({ labelSmoothing: 0.1 }, 'labelSmoothing belongs to the loss "cross-entropy"');
    refused({ momentum: 0.9 }, 'momentum belongs to the optimiser "sgd", not "adam"');
    refused({ optimiser: 'sgd', nesterov: true }, 'with a momentum > 0');
    refused(
      { spectralNorm: 1 },
      'a bound on spectral norms bounds nothing',
      ofSigns,
      twoLayerBatchNorm(d, 3),
    );
    refused({ batch: 1 }, 'needs at least 2 points in each', ofSigns, twoLayerBatchNorm(d, 3));
    const fgsm = { method: 'fgsm', norm: 'l2', radius: 0.1 } as const;
    refused({ adversarial: { ...fgsm, steps: 3 } }, '"fgsm" takes one step');
    refused({ adversarial: { ...fgsm, beta: 3 } }, 'beta belongs to the method "trades"');
    refused({ loss: 'margin', adversarial: { ...fgsm, method: 'trades' } }, 'compares probabilities');
    refused({ adversarial: { ...fgsm, bounds: [0, 1] } }, 'lie outside of [0,1]');
    refused({ stop: { robustAccuracy: 1 } }, 'stop.robustAccuracy needs adversarial training');
    refused({ stop: { signs: 0.1 } }, 'stop.signs needs labels +-1', ofNumbers);
    refused({ stop: { accuracy: 1 } }, 'an accuracy needs labels', ofNumbers);
  });
});

test('a learning rate that diverges is a result, whatever the optimiser', async () => {
  for (const optimiser of ['sgd', 'adam', 'adamw'] as const) {
    const plan = trainingPlan(
      parse({ optimiser, learningRate: 1e6, schedule: 'constant', steps: 1000 }),
      twoLayer(d, 6),
      ofSigns,
    );
    expect((await train(plan, ofSigns, rng(1))).reason, optimiser).toBe('diverged');
  }
});
