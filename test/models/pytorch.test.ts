// Every family against torch.nn in float64: outputs, gradients by all weights and by the input, running statistics.
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { gradient, innerProduct, input, sizeOf, type Value } from '../../src/graph/index.ts';
import {
  cnn,
  type ModelFamily,
  madry,
  mlp,
  residualCnn,
  twoLayerBatchNorm,
  visionTransformer,
} from '../../src/models/index.ts';
import { normal, rng, uniform } from '../../src/random/index.ts';
import { evaluate } from '../../src/runtime/index.ts';
import { pythonWith, runPython } from '../oracles/python.ts';

const python = pythonWith('torch');

interface Case {
  readonly model: string;
  readonly family: ModelFamily;
  readonly options: Record<string, unknown>;
  /** Our layers in the order of torch.nn's, as `[ours, theirs]`. */
  readonly layers: readonly (readonly [string, string])[];
  readonly batch: number;
  readonly training?: boolean;
}

const sequence = (...pairs: readonly (readonly [string, number])[]) =>
  pairs.map(([ours, theirs]) => [ours, String(theirs)] as const);

const activations = ['relu', 'leaky-relu', 'elu', 'gelu', 'silu', 'softplus', 'tanh', 'sigmoid'] as const;

const cases: readonly Case[] = [
  ...activations.map((activation) => ({
    model: 'mlp',
    family: mlp([5, 6, 7, 3], activation),
    options: { widths: [5, 6, 7, 3], activation },
    layers: sequence(['layer1', 0], ['layer2', 2], ['layer3', 4]),
    batch: 4,
  })),
  ...[false, true].map((training) => ({
    model: 'two-layer-batch-norm',
    family: twoLayerBatchNorm(5, 6, 2, 'relu'),
    options: { widths: [5, 6, 2] },
    layers: sequence(['layer1', 0], ['normalisation', 1], ['layer2', 3]),
    batch: 7,
    training,
  })),
  {
    model: 'madry',
    family: madry(1, [3, 9, 9], 4),
    options: { scale: 1, channels: 3, side: 9, outputs: 4 },
    layers: sequence(['convolution1', 0], ['convolution2', 3], ['dense1', 7], ['dense2', 9]),
    batch: 3,
  },
  {
    model: 'cnn',
    family: cnn([2, 7, 7], [3, 4], 5, 3, 'silu'),
    options: { channels: [2, 3, 4], hidden: 5, outputs: 3, side: 7, activation: 'silu' },
    layers: sequence(['convolution1', 0], ['convolution2', 2], ['dense1', 5], ['dense2', 7]),
    batch: 3,
  },
  {
    model: 'residual-cnn',
    family: residualCnn([64], 4, 2, 3, 'relu'),
    options: { channels: 1, width: 4, blocks: 2, outputs: 3, side: 8 },
    layers: [
      ['stem', '0'],
      ['block1.first', '1.body.1'],
      ['block1.last', '1.body.3'],
      ['block2.first', '2.body.1'],
      ['block2.last', '2.body.3'],
      ['output', '6'],
    ],
    batch: 3,
  },
  {
    model: 'vision-transformer',
    family: visionTransformer([2, 6, 6], 3, 8, 2, 4, 3),
    options: { channels: 2, side: 6, patch: 3, embedding: 8, depth: 2, heads: 4, outputs: 3 },
    layers: [
      ['patches', 'patches'],
      ...[1, 2].flatMap((i) => {
        const theirs = `blocks.${i - 1}`;
        return [
          [`block${i}.norm1`, `${theirs}.norm1`],
          [`block${i}.attention.queries-keys-values`, `${theirs}.self_attn.in_proj_`],
          [`block${i}.attention.output`, `${theirs}.self_attn.out_proj`],
          [`block${i}.norm2`, `${theirs}.norm2`],
          [`block${i}.hidden`, `${theirs}.linear1`],
          [`block${i}.output`, `${theirs}.linear2`],
        ] as const;
      }),
      ['norm', 'norm'],
      ['output', 'output'],
    ],
    batch: 3,
  },
];

const PARTS: Readonly<Record<string, string>> = {
  gamma: 'weight',
  beta: 'bias',
  mean: 'running_mean',
  variance: 'running_var',
};

function theirName(name: string, layers: Case['layers']): string {
  if (name === 'positions') return name;
  const [, ours, part] = /^(.*)\.([a-z]+)$/.exec(name)!;
  const layer = layers.find(([own]) => own === ours)![1];
  return `${layer}${layer.endsWith('_') ? '' : '.'}${PARTS[part!] ?? part}`;
}

/** Random weights and points; every weight counts, also those that start as constants. */
function numbersOf({
  family,
  batch,
}: Case): Record<string, { shape: readonly number[]; data: Float64Array }> {
  const key = rng('pytorch').split(family.name);
  const shapes = {
    ...family.parameterShapes,
    ...family.statisticShapes,
    x: [batch, ...family.inputShape],
    r: [batch, family.outputs],
  };
  return Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => {
      const size = sizeOf(shape);
      const scale = name.includes('.') ? 0.5 : 1;
      const data = name.endsWith('variance')
        ? uniform(key.split(name), size, 0.5, 2)
        : normal(key.split(name), size).map((z) => scale * z);
      return [name, { shape, data }];
    }),
  );
}

/** Outputs, gradients of sum(y r) and new statistics by our graphs. */
async function ours({ family, training = false }: Case, numbers: ReturnType<typeof numbersOf>) {
  const values = Object.fromEntries(
    Object.entries(numbers).map(([name, { shape }]) => [name, input(name, 'float64', shape)]),
  );
  const { output, statistics } = training
    ? family.forwardInTraining!(values.x!, values)
    : { output: family.forward(values.x!, values), statistics: {} };
  const wanted = ['x', ...Object.keys(family.parameterShapes)];
  const slopes = gradient(
    innerProduct(output, values.r!),
    wanted.map((name) => values[name]!),
  );
  return evaluate(
    {
      y: output,
      ...Object.fromEntries(wanted.map((name, i) => [`gradient ${name}`, slopes[i]!])),
      ...Object.fromEntries(Object.entries(statistics).map(([name, value]) => [`after ${name}`, value])),
    } as Record<string, Value>,
    Object.fromEntries(Object.entries(numbers).map(([name, { data }]) => [name, data])),
  );
}

/** What the script gives, under our names. */
function theirs(answer: {
  y: number[];
  x: number[];
  gradients: Record<string, number[]>;
  after: Record<string, number[]>;
}): Record<string, number[]> {
  const named = (prefix: string, values: Record<string, number[]>) =>
    Object.entries(values).map(([name, value]) => [`${prefix} ${name}`, value] as const);
  return {
    y: answer.y,
    'gradient x': answer.x,
    ...Object.fromEntries([...named('gradient', answer.gradients), ...named('after', answer.after)]),
  };
}

describe.skipIf(!python)('agrees with PyTorch (skipped where no python3 has torch)', () => {
  let answers: Parameters<typeof theirs>[0][];

  beforeAll(() => {
    const questions = cases.map((one) => {
      const { x, r, ...weights } = Object.fromEntries(
        Object.entries(numbersOf(one)).map(([name, { shape, data }]) => [name, { shape, values: [...data] }]),
      );
      const names = Object.fromEntries(
        Object.keys(weights).map((name) => [name, theirName(name, one.layers)]),
      );
      const { model, options, training = false } = one;
      return { model, options: { ...options, names }, weights, x, r, training };
    });
    const script = join(import.meta.dirname, '../oracles/pytorch_families.py');
    answers = JSON.parse(runPython(python!, script, JSON.stringify(questions)));
  }, 120_000);

  test.each(
    cases.map((one, i) => [`${one.family.name}${one.training ? ' in training' : ''}`, one, i] as const),
  )('%s', async (_, one, i) => {
    const reference = theirs(answers[i]!);
    const got = await ours(one, numbersOf(one));
    for (const [what, expected] of Object.entries(reference)) {
      // In use, statistics stay as they are.
      if (what.startsWith('after') && !one.training) continue;
      const found = got[what]!.data as Float64Array;
      expect(found, what).toHaveLength(expected.length);
      const size = Math.max(...expected.map(Math.abs));
      const apart = Math.max(...expected.map((value, j) => Math.abs(value - found[j]!)));
      // Attributes of ONNX (epsilons, slopes) are float32.
      expect(apart, what).toBeLessThan(1e-9 * Math.max(size, 0.1));
    }
    expect(Object.keys(got).sort()).toEqual(
      Object.keys(reference)
        .filter((what) => one.training || !what.startsWith('after'))
        .sort(),
    );
  });
});
