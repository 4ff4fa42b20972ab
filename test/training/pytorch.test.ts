// A hundred steps beside PyTorch, from the same weights on the same batches, in float32.
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { mlp } from '../../src/models/index.ts';
import { integers, normal, permutation, rng, signs, uniform } from '../../src/random/index.ts';
import {
  adam,
  adamW,
  adversarial,
  cosineRate,
  crossEntropy,
  fgsmRandomStart,
  gradientPenalty,
  type Loss,
  plain,
  sgd,
  squaredLoss,
  type TrainingPlan,
  train,
  weightDecay,
} from '../../src/training/index.ts';
import { pythonWith, runPython } from '../oracles/python.ts';

const python = pythonWith('torch');
if (!python) console.warn('no Python with PyTorch here: its trainings are not compared with ours');

const [n, d, k, steps, size] = [96, 12, 24, 100, 32];
const key = rng('pytorch training');
const x = normal(key.split('x'), n * d);
const classes = integers(key.split('classes'), n, 0, 3);
const hot = Float64Array.from({ length: 3 * n }, (_, i) => (classes[Math.floor(i / 3)] === i % 3 ? 1 : 0));
const labels = signs(key.split('signs'), n);

interface Case {
  readonly name: string;
  readonly loss: 'squared' | 'cross-entropy';
  readonly optimiser: 'sgd' | 'nesterov' | 'adam' | 'adamw';
  readonly plan: Pick<TrainingPlan, 'objective' | 'optimiser'>;
  readonly rate: number;
  readonly batch: number;
  readonly extra?: Record<string, unknown>;
}

const squares: Loss = squaredLoss;
const smoothed = crossEntropy(0.1);
const starts = Array.from({ length: steps }, (_, step) => [
  ...Float32Array.from(uniform(key.split('draws').split(step).split('start'), size * d, -1, 1)),
]);
const cases: readonly Case[] = [
  {
    name: 'Adam, full batch, squared loss',
    loss: 'squared',
    optimiser: 'adam',
    plan: { objective: plain(squares), optimiser: adam() },
    rate: 0.005,
    batch: n,
  },
  {
    name: 'SGD with momentum and weight decay, mini-batches, cross-entropy',
    loss: 'cross-entropy',
    optimiser: 'sgd',
    plan: { objective: weightDecay(plain(smoothed), 0.01), optimiser: sgd(0.9) },
    rate: 0.05,
    batch: size,
    extra: { decay: 0.01 },
  },
  {
    name: 'Nesterov, mini-batches',
    loss: 'cross-entropy',
    optimiser: 'nesterov',
    plan: { objective: plain(smoothed), optimiser: sgd(0.9, true) },
    rate: 0.05,
    batch: size,
  },
  {
    name: 'AdamW, mini-batches',
    loss: 'cross-entropy',
    optimiser: 'adamw',
    plan: { objective: plain(smoothed), optimiser: adamW(0.1) },
    rate: 0.005,
    batch: size,
    extra: { decay: 0.1 },
  },
  {
    name: 'gradient penalty',
    loss: 'squared',
    optimiser: 'sgd',
    plan: { objective: gradientPenalty(plain(squares), 0.05), optimiser: sgd(0.9) },
    rate: 0.005,
    batch: size,
    extra: { penalty: 0.05 },
  },
  {
    name: 'FGSM with random start',
    loss: 'cross-entropy',
    optimiser: 'sgd',
    plan: {
      objective: adversarial(smoothed, fgsmRandomStart('linf', 0.1, 0.125)),
      optimiser: sgd(0.9),
    },
    rate: 0.02,
    batch: size,
    extra: { adversary: { radius: 0.1, step: 0.125, starts } },
  },
];

describe.skipIf(!python)('trainings agree with PyTorch to float32 accuracy over 100 steps', () => {
  const results = new Map<string, { losses: number[]; layers: { weight: number[]; bias: number[] }[] }>();
  const familyOf = ({ loss }: Case) => mlp([d, k, k, loss === 'squared' ? 1 : 3]);

  function fromPyTorch() {
    if (results.size > 0) return results;
    const jobs = cases.map((job) => {
      const weights = familyOf(job).initialise(key);
      const perEpoch = Math.floor(n / job.batch);
      const all = Array.from({ length: n }, (_, i) => i);
      const batches = Array.from({ length: steps + 1 }, (_, step) => {
        if (job.batch === n) return all;
        const order = permutation(key.split('batches').split(Math.floor(step / perEpoch)), n);
        const from = (step % perEpoch) * job.batch;
        return [...order.slice(from, from + job.batch)];
      }).slice(0, steps);
      return {
        layers: [1, 2, 3].map((i) => ({
          weight: [...(weights[`layer${i}.weight`]!.data as Float32Array)],
          shape: weights[`layer${i}.weight`]!.shape,
          bias: [...(weights[`layer${i}.bias`]!.data as Float32Array)],
        })),
        x: [...x],
        shape: [n, d],
        y: [...(job.loss === 'squared' ? labels : hot)],
        outputs: job.loss === 'squared' ? 1 : 3,
        loss: job.loss,
        optimiser: job.optimiser,
        batches,
        rates: batches.map((_, step) => cosineRate(job.rate, steps)(step + 1)),
        ...job.extra,
      };
    });
    const script = join(import.meta.dirname, '../oracles/pytorch_training.py');
    const found = JSON.parse(runPython(python!, script, JSON.stringify(jobs)));
    cases.forEach(({ name }, i) => {
      results.set(name, found[i]);
    });
    return results;
  }

  for (const job of cases) {
    test(job.name, async () => {
      const theirs = fromPyTorch().get(job.name)!;
      const ours = await train(
        {
          family: familyOf(job),
          ...job.plan,
          learningRate: cosineRate(job.rate, steps),
          steps,
          batch: job.batch,
          stop: [],
        },
        { x, shape: [n, d], y: job.loss === 'squared' ? labels : hot },
        key,
      );
      theirs.losses.forEach((loss, step) => {
        expect(Math.abs(ours.losses[step]! / loss - 1), `loss before update ${step + 1}`).toBeLessThan(2e-5);
      });
      expect(theirs.losses.at(-1)).toBeLessThan(0.95 * theirs.losses[0]!);
      theirs.layers.forEach((layer, i) => {
        for (const [part, values] of Object.entries(layer)) {
          const mine = ours.weights[`layer${i + 1}.${part}`]!.data;
          const largest = Math.max(...values.map(Math.abs));
          values.forEach((value: number, j: number) => {
            expect(Math.abs((mine[j] as number) - value) / largest).toBeLessThan(1e-4);
          });
        }
      });
    });
  }
});
