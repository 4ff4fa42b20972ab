import { readdirSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Graph, Value } from '../../../src/graph/index.ts';
import * as op from '../../../src/graph/index.ts';
import { constant, emit, graph, input, operators, parameter, tensor } from '../../../src/graph/index.ts';
import { decodeModel, readModel } from '../../../src/graph/onnx-file/index.ts';
import { matrix, row } from '../../../src/linalg/index.ts';
import { composeOutput } from '../../../src/lipschitz/network/compose.ts';
import { evaluateNetwork } from '../../../src/lipschitz/network/evaluate.ts';
import { LARGEST_NETWORK } from '../../../src/lipschitz/network/form.ts';
import { chain, chainWeights, neuronCount } from '../../../src/lipschitz/network/network.ts';
import { readNetwork } from '../../../src/lipschitz/network/read.ts';
import { exportMemorizer } from '../../../src/memorizers/index.ts';
import { normal, type Rng, rng } from '../../../src/random/index.ts';
import { SUBJECTS } from '../../memorizers/subjects.ts';
import { disagreement, randomPoints } from './agreement.ts';

const weight = (
  key: Rng,
  shape: readonly number[],
  dtype: 'float32' | 'float64' = 'float32',
  scale?: number,
) => {
  const fanIn = shape.length > 1 ? shape.slice(1).reduce((a, b) => a * b, 1) : 4;
  const values = normal(
    key,
    shape.reduce((a, b) => a * b, 1),
  );
  const factor = scale ?? 1 / Math.sqrt(fanIn);
  return parameter(
    key.path,
    tensor(
      dtype,
      shape,
      Array.from(values, (v) => v * factor),
    ),
  );
};
const positive = (key: Rng, n: number) =>
  parameter(
    key.path,
    tensor(
      'float32',
      [n],
      Array.from(normal(key, n), (v) => 0.5 + v * v),
    ),
  );
const onInput = (shape: readonly number[], build: (x: Value) => Value): Graph => {
  const x = input('x', 'float32', shape);
  return graph([x], { y: build(x) });
};

/** One step of a random convolutional network on [1, c, h, w]; every step keeps at least one cell. */
const STEPS: Readonly<Record<string, (x: Value, key: Rng) => Value>> = {
  conv: (x, key) =>
    op.conv(
      x,
      weight(key.split('w'), [1 + (x.shape[1]! % 3), x.shape[1]!, 3, 3]),
      weight(key.split('b'), [1 + (x.shape[1]! % 3)]),
      { pads: [1, 1, 1, 1] },
    ),
  strided: (x, key) =>
    op.conv(x, weight(key.split('w'), [2, x.shape[1]!, 2, 2]), undefined, {
      auto_pad: 'SAME_UPPER',
      strides: [2, 2],
    }),
  transposed: (x, key) =>
    x.shape[2]! > 4
      ? x
      : op.convTranspose(x, weight(key.split('w'), [x.shape[1]!, 2, 2, 2]), undefined, { strides: [2, 2] }),
  norm: (x, key) => {
    const c = x.shape[1]!;
    const [scale, bias, mean] = ['s', 'b', 'm'].map((name) => weight(key.split(name), [c]));
    return op.batchNormalization(x, scale!, bias!, mean!, positive(key.split('v'), c));
  },
  residual: (x, key) => {
    const c = x.shape[1]!;
    const branch = op.conv(op.relu(x), weight(key.split('w'), [c, c, 3, 3]), undefined, {
      pads: [1, 1, 1, 1],
    });
    return op.add(x, branch);
  },
  dense: (x, key) =>
    x.shape[1]! > 5
      ? x
      : op.concat([x, op.conv(op.tanh(x), weight(key.split('w'), [1, x.shape[1]!, 1, 1]))], 1),
  relu: (x) => op.relu(x),
  leaky: (x) => op.leakyRelu(x, 0.2),
  sigmoid: (x) => op.sigmoid(x),
  silu: (x) => op.mul(x, op.sigmoid(x)),
  gelu: (x) => op.gelu(x),
  slopes: (x, key) => op.prelu(x, weight(key.split('s'), [x.shape[1]!, 1, 1])),
  maximum: (x, key) => op.maximum(x, op.mul(x, weight(key.split('s'), [1, x.shape[1]!, 1, 1]))),
  maxPool: (x) =>
    x.shape[2]! < 2 || x.shape[3]! < 2
      ? x
      : op.maxPool(x, [2, 2], { strides: [2, 2], pads: [0, 1, 1, 0], ceil_mode: 1 }),
  averagePool: (x) => op.averagePool(x, [2, 2], { pads: [1, 1, 1, 1] }),
  split: (x) => {
    const c = x.shape[1]!;
    if (c < 2) return x;
    const [a, b] = op.split(x, 1, [1, c - 1]) as [Value, Value];
    return op.concat([op.relu(b), op.neg(a), b], 1);
  },
  transpose: (x) => op.transpose(x, [0, 1, 3, 2]),
  affine: (x) => op.sub(0.5, op.div(x, 3)),
};

describe('random graphs', () => {
  test('convolutional, residual and densely connected networks are what the engine computes', async () => {
    const steps = fc.array(fc.constantFrom(...Object.keys(STEPS)), { minLength: 1, maxLength: 7 });
    await fc.assert(
      fc.asyncProperty(steps, fc.integer(), async (names, seed) => {
        const g = onInput([1, 2, 4, 5], (x) => {
          const body = names.reduce((value, name, i) => STEPS[name]!(value, rng(seed).split(i)), x);
          const flat = op.flatten(body);
          return op.linear(flat, weight(rng(seed).split('last'), [3, flat.shape[1]!]));
        });
        const network = readNetwork(g);
        expect(await disagreement(g, network, randomPoints(g, 1, 2))).toBeLessThan(1e-10);
        for (const { preactivation } of network.blocks) {
          expect(preactivation.coefficientError).toBeLessThan(1e-9);
          expect(preactivation.biasError).toBeLessThan(1e-9);
        }
      }),
      { numRuns: 150 },
    );
  });

  test('multilayer perceptrons are their weights, bit by bit', async () => {
    for (const widths of [
      [1, 1],
      [3, 1, 2],
      [5, 7, 6, 4],
    ]) {
      const weights = widths.slice(1).map((n, i) => weight(rng(1).split(i), [n, widths[i]!]));
      const biases = widths.slice(1).map((n, i) => weight(rng(2).split(i), [n]));
      const g = onInput([1, widths[0]!], (x) =>
        weights.reduce((value, w, i) => op.linear(i === 0 ? value : op.relu(value), w, biases[i]), x),
      );
      const network = readNetwork(g);
      const stored = (v: Value) => Float64Array.from(op.numbersOf(op.tensorOf(v)!));
      expect(chainWeights(network)!.map((w) => w.data)).toEqual(weights.map(stored));
      const same = chain(
        weights.map((w) => matrix(w.shape[0]!, w.shape[1]!, stored(w))),
        network.blocks[0]?.activations[0] ?? ({} as never),
        biases.map(stored),
      );
      expect(network).toEqual(same);
    }
  });

  test.each([1e-30, 1, 1e30])('weights near %f keep their relative accuracy', async (scale) => {
    const g = onInput([1, 4], (x) =>
      op.linear(
        op.relu(op.linear(x, weight(rng(1), [5, 4], 'float32', scale))),
        weight(rng(2), [2, 5], 'float32', 1),
      ),
    );
    expect(await disagreement(g)).toBeLessThan(1e-13);
  });

  test.each([1e-150, 1e150])('float64 weights near %f merge with an error relative to them', (scale) => {
    const g = onInput([1, 4], (x) =>
      op.matMul(
        op.matMul(op.cast(x, 'float64'), weight(rng(1), [4, 5], 'float64', scale)),
        weight(rng(2), [5, 3], 'float64', scale),
      ),
    );
    const { output } = readNetwork(g);
    const largest = output.terms.get(0)!.data.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
    expect(output.coefficientError).toBeGreaterThan(0);
    expect(output.coefficientError).toBeLessThan(1e-14 * largest);
  });
});

describe('structure', () => {
  test('an activation that is used twice, or written twice, is one block', () => {
    const twice = onInput([1, 3], (x) => {
      const z = op.matMul(x, weight(rng(1), [3, 3]));
      return op.add(op.leakyRelu(z, 0.5), op.add(op.leakyRelu(z, 0.5), op.leakyRelu(z, 0.25)));
    });
    const network = readNetwork(twice);
    expect(network.blocks.length).toBe(2);
    expect([...network.output.terms.keys()]).toEqual([1, 2]);
    expect(network.output.terms.get(1)!.data).toEqual(Float64Array.of(2, 0, 0, 0, 2, 0, 0, 0, 2));
  });

  test('blocks that no coefficient reaches are dropped', async () => {
    const g = onInput([1, 3], (x) => op.add(op.mul(op.tanh(x), 0), op.relu(op.sub(x, op.mul(0, op.sin(x))))));
    const network = readNetwork(g);
    expect(network.blocks.map((b) => b.activations[0]!.name)).toEqual(['Relu']);
    expect([...network.output.terms.keys()]).toEqual([1]);
    expect(await disagreement(g, network)).toBeLessThan(1e-15);
  });

  test('an output that is the input, a constant, an activation, or fixed by the weights', async () => {
    const shared = weight(rng(1), [3, 2]);
    const w = (x: Value) => op.matMul(x, shared);
    for (const build of [
      (x: Value) => x,
      (x: Value) => op.relu(x),
      (x: Value) => op.add(op.mul(x, 0), 1.5),
      (x: Value) => op.relu(op.sub(op.mul(w(x), 0), 1)),
      (x: Value) => op.sub(w(x), w(x)),
    ]) {
      const x = input('x', 'float32', [1, 3]);
      const g = graph([x], { y: op.reshape(build(x), [-1]) });
      const network = readNetwork(g);
      expect(await disagreement(g, network)).toBeLessThan(1e-15);
    }
    const fixed = onInput([1, 3], () => parameter('c', tensor('float32', [1, 2], [3, -0.25])));
    const network = readNetwork(fixed);
    expect(network.output.terms.size).toBe(0);
    expect(evaluateNetwork(network, new Float64Array(3))).toEqual(Float64Array.of(3, -0.25));
  });

  test('the margins of a network', async () => {
    const g = onInput([1, 4], (x) =>
      op.linear(op.relu(op.linear(x, weight(rng(1), [6, 4]))), weight(rng(2), [3, 6]), weight(rng(3), [3])),
    );
    const network = readNetwork(g);
    const rows = Float64Array.of(1, -1, 0, 1, 0, -1, 0.1, 0.2, 0.3);
    const margins = composeOutput(network, matrix(3, 3, rows));
    expect(margins.output.coefficientError).toBeGreaterThan(0);
    expect(margins.output.coefficientError).toBeLessThan(1e-15);
    // Differences of float32 numbers of like size have no rounding.
    const exact = composeOutput(network, matrix(2, 3, rows.slice(0, 6)));
    expect(exact.output.coefficientError).toBe(0);
    for (let i = 0; i < 5; i++) {
      const x = normal(rng(i), 4);
      const y = evaluateNetwork(network, x);
      const expected = [y[0]! - y[1]!, y[0]! - y[2]!, 0.1 * y[0]! + 0.2 * y[1]! + 0.3 * y[2]!];
      evaluateNetwork(margins, x).forEach((v, j) => {
        expect(v).toBeCloseTo(expected[j]!, 14);
      });
    }
    expect(() => composeOutput(network, matrix(1, 2))).toThrow(/one column per output/);
  });
});

describe('models', () => {
  const folder = new URL('../../fixtures/onnx/', import.meta.url);
  const files = readdirSync(folder).filter((name) => name.endsWith('.onnx'));
  /** Attention and normalisation by the input's own statistics multiply values that both depend on the input. */
  const UNREADABLE = /^(vit|attention|mixed)/;

  test.each(files)('%s', async (name) => {
    const model = op.modelFromOnnx(readModel(new URL(name, folder).pathname));
    const g = model.forBatch(1);
    if (UNREADABLE.test(name)) {
      expect(() => readNetwork(g)).toThrow(/the operator \w+\(.*local bounds/);
      return;
    }
    const network = readNetwork(g);
    expect(neuronCount(network)).toBeGreaterThan(0);
    expect(await disagreement(g, network)).toBeLessThan(1e-11);
  });

  const READABLE: Readonly<Record<string, boolean>> = {
    mcShaneWhitney: false,
    kirszbraun: false,
    cones: false,
    projectedRbf: false,
    minimumNorm: true,
    baum: true,
    capNetwork: true,
    sqrt7Interpolant: true,
    groupedNetwork: true,
    tensorNetwork: false,
    tensorInterpolant: false,
  };

  test.each(SUBJECTS)('the exported memorizer $name', async ({ name, build, sample }) => {
    const memorizer = await build(sample.points, sample.labels);
    const file = decodeModel(exportMemorizer(memorizer, 'float64'));
    const g = op.modelFromOnnx(file, ['y']).forBatch(1);
    if (!READABLE[name]) {
      expect(() => readNetwork(g)).toThrow(/the operator/);
      return;
    }
    // At the sample, where the output is of the size of the labels.
    const points = Array.from({ length: sample.points.rows }, (_, i) =>
      Float64Array.from(row(sample.points, i)),
    );
    expect(await disagreement(g, readNetwork(g), points)).toBeLessThan(1e-9);
  });

  const reference = process.env.ROBUSTLAW_REFERENCE;
  test.skipIf(!reference)(
    'the MNIST network of VNN-COMP (set ROBUSTLAW_REFERENCE to the folder that holds vnncomp/)',
    async () => {
      const model = op.modelFromOnnx(readModel(`${reference}/vnncomp/mnist-net_256x2.onnx`));
      const g = model.forBatch(1);
      const network = readNetwork(g);
      expect(chainWeights(network)!.map((w) => [w.rows, w.columns])).toEqual([
        [256, 784],
        [256, 256],
        [10, 256],
      ]);
      for (const { preactivation } of network.blocks) expect(preactivation.coefficientError).toBe(0);
      expect(await disagreement(g, network)).toBeLessThan(1e-12);
    },
  );
});

describe('what is refused', () => {
  const thrown = (g: Graph) => {
    try {
      readNetwork(g);
    } catch (error) {
      return error as { code: string; message: string };
    }
    throw new Error('nothing was thrown');
  };

  test('operators without an affine form, by name and with what to do', () => {
    const cases: readonly (readonly [string, (x: Value) => Value])[] = [
      ['Softmax', (x) => op.softmax(x)],
      ['Mul', (x) => op.mul(x, op.relu(x))],
      ['MatMul', (x) => op.matMul(x, op.transpose(x))],
      ['Div', (x) => op.div(x, op.add(op.relu(x), 1))],
      ['LayerNormalization', (x) => op.layerNormalization(x, weight(rng(1), [3]))],
      ['Greater', (x) => op.where(op.greater(x, 0), x, 0)],
      ['Sqrt', (x) => op.sqrt(op.relu(x))],
      ['Cast', (x) => op.cast(op.cast(x, 'int64'), 'float32')],
    ];
    for (const [name, build] of cases) {
      const { code, message } = thrown(onInput([1, 3], build));
      expect(code).toBe('unsupported-op');
      expect(message).toMatch(new RegExp(`the operator ${name}\\(.*float32 \\[.*local bounds`));
    }
  });

  test('weights that are not finite, by name', () => {
    const bad = parameter('fc.weight', tensor('float32', [3, 1], [1, Number.NaN, 2]));
    const infinite = constant(tensor('float32', [3], [1, 2, Number.POSITIVE_INFINITY]));
    expect(thrown(onInput([1, 3], (x) => op.matMul(x, bad)))).toMatchObject({
      code: 'invalid-argument',
      message: expect.stringMatching(/entry 1 of the weight "fc.weight": NaN/),
    });
    expect(thrown(onInput([1, 3], (x) => op.add(x, infinite))).message).toMatch(
      /entry 2 of a constant .*: Infinity/,
    );
    expect(thrown(onInput([1, 3], (x) => op.prelu(x, infinite))).message).toMatch(
      /entry 2 of a constant .*: Infinity/,
    );
    const zero = constant(tensor('float32', [3], [1, 0, 2]));
    expect(thrown(onInput([1, 3], (x) => op.div(x, zero))).message).toMatch(/divisor of Div/);
    const negative = constant(tensor('float32', [3], [1, -1, 2]));
    const [a, b, c] = [1, 2, 3].map((i) => weight(rng(i), [3])) as [Value, Value, Value];
    expect(thrown(onInput([1, 3], (x) => op.batchNormalization(x, a, b, c, negative))).message).toMatch(
      /variance of BatchNormalization/,
    );
  });

  test('coefficients that overflow when they are merged', () => {
    const huge = (key: string, shape: number[]) => weight(rng(key), shape, 'float64', 1e200);
    const x = input('x', 'float64', [1, 3]);
    const g = graph([x], { y: op.matMul(op.matMul(x, huge('a', [3, 3])), huge('b', [3, 2])) });
    expect(thrown(g)).toMatchObject({ code: 'invalid-argument', message: expect.stringMatching(/MatMul/) });
  });

  test('several inputs or outputs, with their names; integers', () => {
    const [a, b] = [input('left', 'float32', [1, 2]), input('right', 'float32', [1, 2])];
    expect(thrown(graph([a, b], { sum: op.add(a, b) })).message).toMatch(/2 \(left, right\) and 1 \(sum\)/);
    expect(thrown(graph([a], { p: op.relu(a), q: op.neg(a) })).message).toMatch(/1 \(left\) and 2 \(p, q\)/);
    const tokens = input('tokens', 'int64', [1, 2]);
    expect(thrown(graph([tokens], { y: op.cast(tokens, 'float32') }))).toMatchObject({
      code: 'unsupported-type',
      message: expect.stringMatching(/"tokens" is int64/),
    });
    const [, indices] = emit(operators.get('MaxPool')!, [input('x', 'float32', [1, 1, 2])], {
      kernel_shape: [2],
    });
    const [x] = [indices!.node.inputs[0]!];
    expect(thrown(graph([x], { y: op.cast(indices!, 'float32') })).code).toBe('unsupported-op');
  });

  test('networks too large to write out, before memory is taken', () => {
    // 64 channels of 64 x 64 cells, from as many: 6.9e10 coefficients.
    const g = onInput([1, 64, 64, 64], (x) => op.relu(op.conv(x, weight(rng(1), [64, 64, 1, 1]))));
    const before = process.memoryUsage().arrayBuffers;
    const { code, message } = thrown(g);
    expect(code).toBe('unsupported-op');
    expect(message).toMatch(/Conv\(.*68719476736 coefficients.*512.0 GiB.*composition of norms/);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(LARGEST_NETWORK / 2);
    const wide = onInput([1, 1], (x) => op.expand(op.relu(x), [2 ** 14, 2 ** 14]));
    expect(thrown(wide).code).toBe('unsupported-op');
  });
});
