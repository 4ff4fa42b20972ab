import { describe, expect, test } from 'vitest';
import {
  abs,
  add,
  averagePool,
  batchNormalization,
  cast,
  clip,
  concat,
  constant,
  conv,
  convTranspose,
  div,
  einsum,
  elu,
  emit1,
  expand,
  flatten,
  gather,
  gatherElements,
  gemm,
  globalAveragePool,
  globalMaxPool,
  graph,
  input,
  int64s,
  leakyRelu,
  matMul,
  maximum,
  maxPool,
  minimum,
  mul,
  neg,
  operators,
  pad,
  parameter,
  prelu,
  reduceL1,
  reduceMax,
  reduceMean,
  reduceMin,
  reduceSum,
  relu,
  reshape,
  reverse,
  scatterElements,
  sigmoid,
  slice,
  softplus,
  split,
  squeeze,
  sub,
  tanh,
  tensor,
  tile,
  transpose,
  unsqueeze,
  type Value,
  where,
} from '../../../src/graph/index.ts';
import type { Network } from '../../../src/lipschitz/network/network.ts';
import { neuronCount } from '../../../src/lipschitz/network/network.ts';
import { readNetwork } from '../../../src/lipschitz/network/read.ts';
import { normal, rng } from '../../../src/random/index.ts';
import { disagreement, randomPoints } from './agreement.ts';

let made = 0;
/** Float32 weights: exact in float64, like those of a file. */
const weight = (shape: readonly number[], shift = 0, dtype: 'float32' | 'float64' = 'float32'): Value => {
  const size = shape.reduce((a, b) => a * b, 1);
  const name = `w${made++}`;
  return parameter(
    name,
    tensor(
      dtype,
      shape,
      Array.from(normal(rng(name), size), (v) => v + shift),
    ),
  );
};
const op = (name: string, inputs: readonly (Value | undefined)[], attributes = {}): Value =>
  emit1(operators.get(name)!, inputs, attributes);
const built = (shape: readonly number[], build: (x: Value) => Value) => {
  const x = input('x', 'float32', shape);
  return graph([x], { y: build(x) });
};
const constants = (shape: readonly number[], values: readonly number[]) =>
  constant(tensor('float32', shape, values));
const bools = (shape: readonly number[], values: readonly number[]) =>
  constant(tensor('bool', shape, values));

type Case = readonly [name: string, shape: readonly number[], build: (x: Value) => Value];

/** Single operators on the input: their coefficients are weights or ones, without rounding. */
const EXACT: readonly Case[] = [
  ['Gemm', [1, 4], (x) => gemm(x, weight([4, 3]), {}, weight([3]))],
  ['Gemm transB', [1, 4], (x) => gemm(x, weight([3, 4]), { transB: 1 }, weight([1, 3]))],
  ['Gemm transA transB', [4, 2], (x) => gemm(x, weight([3, 4]), { transA: 1, transB: 1 }, weight([2, 1]))],
  ['Gemm, weight on the left', [4, 2], (x) => gemm(weight([3, 4]), x)],
  ['Gemm, weight on the left, transposed', [2, 4], (x) => gemm(weight([4, 3]), x, { transA: 1, transB: 1 })],
  ['Gemm alpha beta', [1, 4], (x) => gemm(x, weight([4, 3]), { alpha: 0.3, beta: -1.7 }, weight([3]))],
  ['Gemm, input as addend', [3, 2], (x) => gemm(weight([3, 4]), weight([4, 2]), { beta: 0.5 }, x)],
  ['MatMul', [1, 4], (x) => matMul(x, weight([4, 3]))],
  ['MatMul of tokens', [1, 5, 4], (x) => matMul(x, weight([4, 3]))],
  ['MatMul, weight on the left', [2, 4, 3], (x) => matMul(weight([5, 4]), x)],
  ['MatMul, batches broadcast', [2, 1, 3, 4], (x) => matMul(x, weight([3, 4, 2]))],
  ['MatMul of a vector', [4], (x) => matMul(x, weight([4, 3]))],
  ['MatMul with a vector', [2, 3, 4], (x) => matMul(x, weight([4]))],
  ['Einsum', [2, 3, 4], (x) => einsum('bij,kj->bki', [x, weight([5, 4])])],
  ['Einsum, weight first', [2, 3], (x) => einsum('hij,bj->bhi', [weight([2, 4, 3]), x])],
  ['Einsum with dots', [2, 3, 4], (x) => einsum('...i,io', [x, weight([4, 2])])],
  ['Einsum of one operand', [2, 3, 4], (x) => einsum('bij->ji', [x])],
  ['Einsum, diagonal', [3, 3, 2], (x) => einsum('iij->ji', [x])],
  ['Conv', [1, 2, 5, 6], (x) => conv(x, weight([3, 2, 3, 2]), weight([3]))],
  [
    'Conv, stride, pads, dilation, groups',
    [1, 4, 7, 6],
    (x) =>
      conv(x, weight([6, 2, 3, 2]), weight([6]), {
        strides: [2, 1],
        pads: [1, 0, 2, 3],
        dilations: [2, 3],
        group: 2,
      }),
  ],
  [
    'Conv SAME_UPPER',
    [1, 2, 6, 5],
    (x) => conv(x, weight([2, 2, 3, 4]), undefined, { auto_pad: 'SAME_UPPER', strides: [2, 2] }),
  ],
  [
    'Conv SAME_LOWER',
    [1, 2, 6, 5],
    (x) => conv(x, weight([2, 2, 2, 4]), undefined, { auto_pad: 'SAME_LOWER' }),
  ],
  ['Conv 1d', [1, 3, 8], (x) => conv(x, weight([2, 3, 3]), weight([2]), { pads: [1, 1] })],
  [
    'Conv 3d',
    [1, 2, 3, 4, 3],
    (x) => conv(x, weight([2, 2, 2, 2, 2]), undefined, { pads: [1, 0, 0, 0, 1, 0] }),
  ],
  [
    'Conv, depthwise, two images',
    [2, 3, 4, 4],
    (x) => conv(x, weight([6, 1, 2, 2]), weight([6]), { group: 3 }),
  ],
  ['ConvTranspose', [1, 2, 3, 4], (x) => convTranspose(x, weight([2, 3, 3, 2]), weight([3]))],
  [
    'ConvTranspose, all attributes',
    [1, 4, 3, 3],
    (x) =>
      convTranspose(x, weight([4, 3, 3, 2]), weight([6]), {
        strides: [2, 3],
        pads: [1, 0, 0, 1],
        dilations: [2, 1],
        output_padding: [1, 2],
        group: 2,
      }),
  ],
  [
    'ConvTranspose, output_shape',
    [1, 1, 3],
    (x) => convTranspose(x, weight([1, 2, 3]), undefined, { strides: [2], output_shape: [6] }),
  ],
  ['Add and Sub of constants', [2, 3], (x) => sub(weight([2, 1]), add(x, weight([3])))],
  ['Mul', [2, 3], (x) => mul(x, weight([3]))],
  ['Mul that stretches', [3, 1], (x) => mul(weight([2, 1, 4]), x)],
  ['Neg', [3], (x) => neg(x)],
  ['Identity', [3], (x) => op('Identity', [x])],
  ['Dropout', [3], (x) => op('Dropout', [x])],
  ['Cast of integers', [3], (x) => mul(x, cast(constant(tensor('int64', [3], [1, -2, 3])), 'float32'))],
  ['Cast', [3], (x) => cast(cast(x, 'float64'), 'float32')],
  ['Sum of three', [2, 3], (x) => op('Sum', [x, weight([3]), weight([2, 1])])],
  ['Flatten', [2, 3, 2], (x) => flatten(x)],
  ['Reshape, Squeeze, Unsqueeze', [2, 1, 3], (x) => unsqueeze(squeeze(reshape(x, [3, 1, 2]), [1]), [0, 3])],
  ['Transpose', [2, 3, 4], (x) => transpose(x, [2, 0, 1])],
  ['Transpose, reversed', [2, 3], (x) => op('Transpose', [x])],
  ['Concat', [2, 3], (x) => concat([x, weight([2, 2]), x], 1)],
  ['Concat along the first axis', [2, 3], (x) => concat([x, weight([1, 3])], -2)],
  ['Split', [2, 6], (x) => concat([...split(x, 1, [1, 3, 2])].reverse(), -1)],
  ['Slice', [4, 5], (x) => slice(x, [0, 1], [1, -4], [4, 5], [2, 1])],
  ['Slice backwards', [4, 5], (x) => reverse(slice(x, [1], [4], [-6], [-2]), 0)],
  ['Gather', [4, 3], (x) => gather(x, constant(tensor('int64', [2, 2], [0, -1, 2, 2])))],
  ['Gather along an inner axis', [2, 3, 2], (x) => gather(x, constant(tensor('int64', [], [-1])), 1)],
  ['GatherElements', [3, 2], (x) => gatherElements(x, constant(tensor('int64', [2, 2], [0, -1, 2, 1])), 0)],
  ['GatherND', [3, 2, 2], (x) => op('GatherND', [x, constant(tensor('int64', [2, 2], [2, -1, 0, 1]))])],
  [
    'GatherND with batch',
    [2, 3, 2],
    (x) => op('GatherND', [x, constant(tensor('int64', [2, 1], [2, 0]))], { batch_dims: 1 }),
  ],
  [
    'ScatterElements, adding',
    [2, 3],
    (x) => scatterElements(x, constant(tensor('int64', [2, 2], [0, -1, 2, 2])), weight([2, 2]), 1),
  ],
  [
    'ScatterElements, input as updates',
    [1, 2],
    (x) => op('ScatterElements', [weight([2, 3]), constant(tensor('int64', [1, 2], [1, 0])), x], { axis: 0 }),
  ],
  [
    'ScatterND',
    [2, 2],
    (x) => op('ScatterND', [weight([3, 2]), constant(tensor('int64', [2, 1], [2, 0])), x]),
  ],
  ['Pad', [2, 3], (x) => pad(x, [1, 0], [0, 2], 0.75)],
  ['Pad that crops', [4, 3], (x) => pad(x, [-1, 1], [-2, 0])],
  ...['reflect', 'edge', 'wrap'].map(
    (mode): Case => [`Pad, ${mode}`, [3, 4], (x) => op('Pad', [x, int64s([1, 2, 0, 3])], { mode })],
  ),
  ['Pad with axes', [2, 3], (x) => op('Pad', [x, int64s([1, 2]), constants([], [2]), int64s([-1])])],
  ['Expand', [3, 1], (x) => expand(x, [2, 3, 4])],
  ['Tile', [2, 3], (x) => tile(x, [2, 3])],
  [
    'Trilu',
    [3, 4],
    (x) => add(op('Trilu', [x, constant(tensor('int64', [], [1]))]), op('Trilu', [x], { upper: 0 })),
  ],
  ['Where', [2, 3], (x) => where(bools([2, 1], [1, 0]), x, weight([3]))],
  ['CumSum', [2, 4], (x) => op('CumSum', [x, constant(tensor('int64', [], [1]))])],
  [
    'CumSum, exclusive and reversed',
    [3, 2],
    (x) => op('CumSum', [x, constant(tensor('int64', [], [0]))], { exclusive: 1, reverse: 1 }),
  ],
  ['DepthToSpace', [1, 8, 2, 3], (x) => op('DepthToSpace', [x], { blocksize: 2 })],
  ['DepthToSpace CRD', [1, 8, 2, 3], (x) => op('DepthToSpace', [x], { blocksize: 2, mode: 'CRD' })],
  ['SpaceToDepth', [1, 2, 4, 6], (x) => op('SpaceToDepth', [x], { blocksize: 2 })],
  ['ReduceSum', [2, 3, 4], (x) => reduceSum(x, [0, -1])],
  ['ReduceSum, kept', [2, 3], (x) => reduceSum(x, undefined, true)],
  ['ReduceMean of four', [2, 4], (x) => reduceMean(x, [1])],
  ['AveragePool of four', [1, 2, 4, 4], (x) => averagePool(x, [2, 2], { strides: [2, 2] })],
  [
    'Resize, nearest',
    [1, 2, 2, 3],
    (x) =>
      op('Resize', [x, undefined, constants([4], [1, 1, 2, 3])], {
        mode: 'nearest',
        coordinate_transformation_mode: 'asymmetric',
        nearest_mode: 'floor',
      }),
  ],
];

/** Operators that merge, divide or take roots: small errors, stated. */
const ROUNDED: readonly Case[] = [
  ['Div', [2, 3], (x) => div(x, weight([3], 3))],
  ['Div by powers of two', [2], (x) => div(x, constants([2], [4, -0.5]))],
  ['Mean', [2, 3], (x) => op('Mean', [x, weight([3]), x])],
  [
    'BatchNormalization',
    [1, 3, 2, 2],
    (x) => batchNormalization(x, weight([3]), weight([3]), weight([3]), abs32([3])),
  ],
  [
    'BatchNormalization without spatial axes',
    [2, 3],
    (x) => batchNormalization(x, weight([3]), weight([3]), weight([3]), abs32([3]), 1e-3),
  ],
  [
    'batch normalisation in parts',
    [1, 3],
    (x) => mul(sub(x, weight([3])), div(weight([3]), op('Sqrt', [add(abs32([3]), 1e-3)]))),
  ],
  ['ReduceMean', [3, 5], (x) => reduceMean(x)],
  ['GlobalAveragePool', [1, 2, 3, 3], (x) => globalAveragePool(x)],
  ['AveragePool', [1, 2, 5, 5], (x) => averagePool(x, [3, 2], { strides: [2, 1], pads: [1, 1, 1, 0] })],
  [
    'AveragePool counting padding',
    [1, 1, 5, 5],
    (x) => averagePool(x, [3, 3], { strides: [2, 2], pads: [1, 1, 1, 1], count_include_pad: 1 }),
  ],
  ['AveragePool, ceil_mode', [1, 1, 6, 5], (x) => averagePool(x, [3, 3], { strides: [2, 2], ceil_mode: 1 })],
  [
    'two Gemms',
    [1, 4],
    (x) => gemm(gemm(x, weight([4, 5]), {}, weight([5])), weight([5, 3]), {}, weight([3])),
  ],
  [
    'Conv and BatchNormalization',
    [1, 2, 4, 4],
    (x) =>
      batchNormalization(
        conv(x, weight([3, 2, 3, 3]), weight([3])),
        weight([3]),
        weight([3]),
        weight([3]),
        abs32([3]),
      ),
  ],
  [
    'Resize, linear',
    [1, 1, 3, 4],
    (x) => op('Resize', [x, undefined, constants([4], [1, 1, 2.5, 1.7])], { mode: 'linear' }),
  ],
  [
    'Resize, cubic',
    [1, 1, 4, 4],
    (x) => op('Resize', [x, undefined, undefined, int64s([1, 1, 6, 7])], { mode: 'cubic' }),
  ],
  [
    'Resize, align_corners',
    [1, 1, 3, 3],
    (x) =>
      op('Resize', [x, undefined, undefined, int64s([1, 1, 5, 6])], {
        mode: 'linear',
        coordinate_transformation_mode: 'align_corners',
      }),
  ],
];
const abs32 = (shape: readonly number[]): Value => {
  const t = weight(shape).node.attributes.value as { data: Float32Array };
  return constants(
    shape,
    Array.from(t.data, (v) => Math.abs(v) + 0.1),
  );
};

const formsOf = ({ blocks, output }: Network) => [...blocks.map((b) => b.preactivation), output];

describe('affine operators', () => {
  test.each(EXACT)(
    '%s: as the engine computes it, without rounding in the coefficients',
    async (_, shape, build) => {
      const g = built(shape, build);
      const network = readNetwork(g);
      expect(network.blocks.length).toBe(0);
      expect(network.output.coefficientError).toBe(0);
      expect(await disagreement(g, network)).toBeLessThan(1e-13);
      // After an activation, too: coefficients over a block that is not the input.
      const after = built(shape, (x) => build(tanh(x)));
      expect(readNetwork(after).output.coefficientError).toBe(0);
      expect(await disagreement(after)).toBeLessThan(1e-13);
    },
  );

  test.each(ROUNDED)('%s: as the engine computes it', async (_, shape, build) => {
    const g = built(shape, build);
    const network = readNetwork(g);
    expect(network.output.coefficientError).toBeLessThan(1e-12);
    expect(await disagreement(g, network)).toBeLessThan(1e-12);
    expect(await disagreement(built(shape, (x) => build(tanh(x))))).toBeLessThan(1e-12);
  });
});

const MAXIMA: readonly (readonly [...Case, neurons: number])[] = [
  ['Max with a constant', [2, 3], (x) => maximum(x, weight([3])), 6],
  ['Min with a constant', [2, 3], (x) => minimum(weight([3]), x), 6],
  ['Max of three', [4], (x) => op('Max', [x, neg(x), mul(x, 0.5)]), 8],
  ['Min of computed values', [1, 3], (x) => minimum(matMul(x, weight([3, 3])), x), 3],
  ['Max that stretches', [3, 1], (x) => maximum(x, reshape(x, [1, 3])), 6],
  ['Clip from below', [5], (x) => clip(x, -0.25), 5],
  ['Clip from above', [5], (x) => clip(x, undefined, 0.25), 5],
  ['Clip without bounds', [5], (x) => op('Clip', [x]), 0],
  ['ReduceMax', [3, 5], (x) => reduceMax(x, [1]), 12],
  ['ReduceMin, all axes', [2, 3], (x) => reduceMin(x), 5],
  ['GlobalMaxPool', [1, 2, 2, 3], (x) => globalMaxPool(x), 10],
  ['MaxPool in tiles', [1, 2, 4, 6], (x) => maxPool(x, [2, 2], { strides: [2, 2] }), 36],
  [
    'MaxPool, overlapping and padded',
    [1, 1, 5, 5],
    (x) => maxPool(x, [3, 3], { strides: [2, 2], pads: [1, 1, 1, 1] }),
    32,
  ],
  ['MaxPool, dilated', [1, 1, 6, 5], (x) => maxPool(x, [2, 2], { dilations: [2, 3] }), 28],
  ['MaxPool, ceil_mode', [1, 1, 5, 6], (x) => maxPool(x, [2, 3], { strides: [2, 2], ceil_mode: 1 }), 27],
  ['MaxPool 1d SAME', [1, 2, 5], (x) => maxPool(x, [2], { auto_pad: 'SAME_UPPER' }), 8],
  ['constants among the operands', [3], (x) => op('Max', [constants([1], [1]), x, constants([1], [2])]), 3],
];

describe('maxima', () => {
  test.each(MAXIMA)('%s', async (_, shape, build, neurons) => {
    const g = built(shape, build);
    const network = readNetwork(g);
    expect(neuronCount(network)).toBe(neurons);
    expect(await disagreement(g, network)).toBeLessThan(1e-13);
    expect(await disagreement(built(shape, (x) => build(sigmoid(x))))).toBeLessThan(1e-13);
  });
});

const ACTIVATIONS: readonly Case[] = [
  ['Relu', [4], relu],
  ['LeakyRelu', [4], (x) => leakyRelu(x, 0.1)],
  ['Elu', [4], (x) => elu(x, 0.5)],
  ['Softplus', [4], softplus],
  ['ReduceL1', [2, 3], (x) => reduceL1(x, [1])],
  ['Abs', [4], abs],
  ['Clip', [4], (x) => clip(x, -0.5, 0.75)],
  ['PRelu per channel', [1, 3, 2, 2], (x) => prelu(x, weight([3, 1, 1]))],
  ['PRelu with one slope', [1, 3], (x) => prelu(x, weight([1]))],
  ...['Gelu', 'Mish', 'HardSwish', 'HardSigmoid', 'Selu', 'Celu', 'Softsign', 'Erf', 'Atan'].map(
    (name): Case => [name, [6], (x) => op(name, [x])],
  ),
];

describe('activations', () => {
  test.each(ACTIVATIONS)('%s: one block', async (_, shape, build) => {
    const g = built(shape, (x) => mul(build(mul(x, 0.7)), 1.5));
    const network = readNetwork(g);
    expect(network.blocks.length).toBe(1);
    expect(formsOf(network).map((form) => form.terms.size)).toEqual([1, 1]);
    expect(await disagreement(g, network, randomPoints(g, 2))).toBeLessThan(1e-12);
  });
});
