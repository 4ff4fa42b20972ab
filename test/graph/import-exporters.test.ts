import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  constant,
  graph,
  importForBatch,
  nameOf,
  parameterCount,
  parameters,
  tensor,
  toFloat,
  vjp,
} from '../../src/graph/index.ts';
import { decodeModel } from '../../src/graph/onnx-file/index.ts';
import { agrees, distance, failure, fed, numbers, operatorsOf, run } from './agreement.ts';
import type { Parts } from './handmade.ts';
import {
  anyShape,
  attr,
  CODE,
  fileOf,
  floats,
  ints,
  node,
  port,
  raw,
  runDirectly,
  typed,
} from './handmade.ts';

const typedInt32 = (name: string, values: readonly number[]) =>
  raw(name, CODE.INT32, [values.length], new Int32Array(values));

interface Expected {
  readonly parameters: number;
  readonly shape: number[];
  readonly x: number[];
  readonly cotangent: number[];
  readonly outputShape: number[];
  readonly y: number[];
  readonly gradient: number[];
}
const folder = new URL('../fixtures/onnx/', import.meta.url);
const fixtures = readdirSync(folder)
  .filter((name) => name.endsWith('.onnx'))
  .map((name) => name.slice(0, -5));

describe('networks exported by PyTorch', () => {
  it.each(fixtures)('%s: outputs, input gradients and P are those of PyTorch', async (name) => {
    const file = new Uint8Array(readFileSync(new URL(`${name}.onnx`, folder)));
    const truth: Expected = JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8'));
    const single = importForBatch(decodeModel(file, name), truth.shape[0]!);
    // PyTorch has merged two batch normalisations of cnn-opset13 (4 and 6 channels) into its convolutions.
    const merged = name === 'cnn-opset13' ? 2 * (4 + 6) : 0;
    expect(parameterCount(single)).toBe(truth.parameters - merged);
    for (const dtype of ['float32', 'float64'] as const) {
      const g = toFloat(single, dtype);
      const y = g.outputs.y!;
      const [gradient] = vjp(
        [y],
        [constant(tensor(dtype, truth.outputShape, truth.cotangent))],
        [g.inputs[0]!],
      );
      const x = dtype === 'float32' ? Float32Array.from(truth.x) : Float64Array.from(truth.x);
      const result = await run(graph(g.inputs, { y, gradient: gradient! }), { x });
      // In float64 the constants of the file, such as 1/sqrt(d) and folded weights, are still rounded to float32.
      const tolerance = dtype === 'float32' ? 2e-6 : 1e-7;
      expect(distance(result.y!, truth.y), `y in ${dtype}`).toBeLessThan(tolerance);
      expect(distance(result.gradient!, truth.gradient), `gradient in ${dtype}`).toBeLessThan(tolerance);
    }
  });

  it.each(fixtures)(
    '%s: the same as ONNX Runtime on the original file, for other batch sizes',
    async (name) => {
      const file = new Uint8Array(readFileSync(new URL(`${name}.onnx`, folder)));
      const { shape } = JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8')) as Expected;
      for (const batch of [1, 5]) {
        const sizes = [batch, ...shape.slice(1)];
        await agrees(file, {
          x: fed(
            sizes.reduce((a, b) => a * b),
            sizes,
          ),
        });
      }
    },
  );

  it('folds the shape arithmetic of a vision transformer away', () => {
    const g = importForBatch(decodeModel(readFileSync(new URL('vit-opset12.onnx', folder))), 2);
    const ops = operatorsOf(g);
    for (const op of ['Shape', 'Gather', 'Where', 'Equal', 'Unsqueeze', 'Cast'])
      expect(ops.filter((name) => name === op).length, op).toBe(op === 'Gather' ? 1 : 0);
  });

  const reference = process.env.ROBUSTLAW_REFERENCE;
  it.skipIf(!reference)(
    'the MNIST network of VNN-COMP (set ROBUSTLAW_REFERENCE to the folder that holds vnncomp/)',
    async () => {
      const file = new Uint8Array(readFileSync(`${reference}/vnncomp/mnist-net_256x2.onnx`));
      const [x] = decodeModel(file).graph.inputs;
      const shape = x!.dimensions!.map((d) => (typeof d === 'number' ? d : 1));
      const g = await agrees(file, { [x!.name]: fed(784, shape) });
      expect(parameterCount(g)).toBe(784 * 256 + 256 + 256 * 256 + 256 + 256 * 10 + 10);
    },
  );
});

describe('the patterns of other exporters', () => {
  it('Keras by tf2onnx: images as NHWC, transposed around convolutions, flattened by a computed shape', async () => {
    const file = fileOf({
      opset: 13,
      inputs: [port('image', ['unk__7', 6, 6, 2])],
      outputs: [port('dense', ['unk__8', 3])],
      initializers: [
        floats('kernel', [4, 2, 3, 3], [...numbers(72)]),
        floats('bias', [4], [...numbers(4, 2)]),
        floats('dense/kernel', [4, 3], [...numbers(12, 3)]),
        floats('dense/bias', [3], [...numbers(3, 4)]),
        ints('minus_one', [-1]),
        ints('starts', [0]),
        ints('ends', [1]),
        typedInt32('channels', [4]),
      ],
      nodes: [
        node('Transpose', 'image', 'nchw', { perm: attr.ints([0, 3, 1, 2]) }),
        node('Conv', 'nchw kernel bias', 'conv', {
          auto_pad: attr.string('SAME_UPPER'),
          dilations: attr.ints([1, 1]),
          group: attr.int(1),
          kernel_shape: attr.ints([3, 3]),
          strides: attr.ints([2, 2]),
        }),
        node('Relu', 'conv', 'relu'),
        node('Transpose', 'relu', 'nhwc', { perm: attr.ints([0, 2, 3, 1]) }),
        node('ReduceMean', 'nhwc', 'pooled', { axes: attr.ints([1, 2]), keepdims: attr.int(0) }),
        node('Shape', 'pooled', 'shape'),
        node('Cast', 'shape', 'shape32', { to: attr.int(CODE.INT32) }),
        node('Slice', 'shape32 starts ends', 'rows'),
        node('Concat', 'rows channels', 'flat32', { axis: attr.int(0) }),
        node('Cast', 'flat32', 'flat', { to: attr.int(CODE.INT64) }),
        node('Reshape', 'pooled flat', 'features'),
        node('MatMul', 'features dense/kernel', 'product'),
        node('Add', 'product dense/bias', 'logits'),
        node('Softmax', 'logits', 'dense', { axis: attr.int(1) }),
      ],
    });
    const g = await agrees(file, { image: fed(3 * 72, [3, 6, 6, 2]) });
    expect(parameterCount(g)).toBe(72 + 4 + 12 + 3);
    expect(g.outputs.dense!.shape).toStrictEqual([3, 3]);
  });

  it('Keras attention: Einsum in all the forms it takes', async () => {
    const equations: [string, number[], number[]?][] = [
      ['abc,cde->abde', [2, 3, 4], [4, 2, 5]],
      ['aecd,abcd->acbe', [2, 3, 4, 5], [2, 6, 4, 5]],
      ['acbe,aecd->abcd', [2, 4, 6, 3], [2, 3, 4, 5]],
      ['abcd,cde->abe', [2, 3, 4, 5], [4, 5, 6]],
      ['i,j->ij', [3], [4]],
      ['ij,ij->', [3, 4], [3, 4]],
      ['ij,kj', [3, 4], [5, 4]],
      ['ij->ji', [3, 4]],
      ['ijk->j', [3, 4, 2]],
      ['bhi, bhj -> bh', [2, 3, 4], [2, 3, 5]],
    ];
    for (const [equation, a, b] of equations) {
      const inputs = b ? [port('a', a), port('b', b)] : [port('a', a)];
      const file = fileOf({
        inputs,
        nodes: [node('Einsum', b ? 'a b' : 'a', 'y', { equation: attr.string(equation) })],
      });
      const size = (shape: readonly number[]) => shape.reduce((p, q) => p * q);
      await agrees(file, { a: fed(size(a), a), ...(b && { b: fed(size(b), b, 2) }) });
    }
  });

  /** MLPClassifier as skl2onnx writes it: probabilities as an array, a label found by ArgMax, a list of maps. */
  const classifier = (binary: boolean): Parts => ({
    opset: 15,
    ml: 1,
    inputs: [port('X', [null, 4])],
    outputs: [anyShape('label', CODE.INT64), port('probabilities', [null, 3])],
    initializers: [
      floats('coefficient', [4, 5], [...numbers(20)]),
      floats('intercepts', [1, 5], [...numbers(5, 2)]),
      floats('coefficient1', [5, binary ? 1 : 3], [...numbers(binary ? 5 : 15, 3)]),
      floats('intercepts1', [1, binary ? 1 : 3], [...numbers(binary ? 1 : 3, 4)]),
      floats('unity', [], [1]),
      ints('classes', [10, 20, 30]),
      ints('shape_tensor', [-1]),
    ],
    nodes: [
      node('Cast', 'X', 'cast_input', { to: attr.int(1) }),
      node('MatMul', 'cast_input coefficient', 'mul_result'),
      node('Add', 'mul_result intercepts', 'add_result'),
      node('Relu', 'add_result', 'next_activations'),
      node('MatMul', 'next_activations coefficient1', 'mul_result1'),
      node('Add', 'mul_result1 intercepts1', 'add_result1'),
      ...(binary
        ? [
            node('Sigmoid', 'add_result1', 'positive'),
            node('Sub', 'unity positive', 'negative'),
            node('Concat', 'negative positive', 'probabilities', { axis: attr.int(1) }),
          ]
        : [node('Softmax', 'add_result1', 'probabilities', { axis: attr.int(1) })]),
      node(
        'ArgMax',
        'probabilities',
        'argmax',
        { axis: attr.int(1), keepdims: attr.int(1) },
        { name: 'argmax' },
      ),
      node('ArrayFeatureExtractor', 'classes argmax', 'extracted', {}, { domain: 'ai.onnx.ml' }),
      node('Reshape', 'extracted shape_tensor', 'label'),
    ],
  });

  it.each([false, true])(
    'scikit-learn by skl2onnx: probabilities and labels (binary: %s)',
    async (binary) => {
      const file = fileOf(classifier(binary));
      await agrees(file, { X: fed(12, [3, 4]) });
      const g = await agrees(file, { X: fed(12, [3, 4]) }, ['probabilities']);
      expect(Object.keys(g.outputs)).toStrictEqual(['probabilities']);
    },
  );

  it('scikit-learn with labels that are words: the probabilities, without the labels', async () => {
    const parts = classifier(false);
    const words = ['cat', 'dog', 'owl'].map((word) => new TextEncoder().encode(word));
    const classes = { ...typed('classes', CODE.STRING, [3], []), stringData: words };
    const file = fileOf({
      ...parts,
      outputs: [anyShape('label', CODE.STRING), port('probabilities', [null, 3])],
      initializers: [...parts.initializers!.filter((t) => t.name !== 'classes'), classes],
    });
    await agrees(file, { X: fed(12, [3, 4]) }, ['probabilities']);
    const error = failure(() => importForBatch(decodeModel(file, 'clf.onnx'), 3));
    expect(error.code).toBe('unsupported-type');
    expect(error.message).toMatch(/clf\.onnx: the initializer "classes" is string/);
  });

  it('scikit-learn linear models in the domain ai.onnx.ml', async () => {
    const linear = {
      coefficients: attr.floats([...numbers(8)]),
      intercepts: attr.floats([...numbers(2, 5)]),
    };
    const domain = { domain: 'ai.onnx.ml' };
    const regressor = fileOf({
      ml: 1,
      inputs: [port('X', ['n', 4])],
      nodes: [
        node(
          'Scaler',
          'X',
          'scaled',
          { offset: attr.floats([1, 2, 3, 4]), scale: attr.floats([0.5, 1, 2, 4]) },
          domain,
        ),
        node(
          'LinearRegressor',
          'scaled',
          'y',
          { ...linear, targets: attr.int(2) },
          { ...domain, name: 'fit' },
        ),
      ],
    });
    const g = await agrees(regressor, { X: fed(12, [3, 4]) });
    expect(parameters(g).map(nameOf)).toStrictEqual(['fit.coefficients', 'fit.intercepts']);
    expect(parameterCount(g)).toBe(10);

    for (const transform of ['NONE', 'LOGISTIC', 'SOFTMAX']) {
      for (const norm of ['L1', 'L2', 'MAX']) {
        const file = fileOf({
          ml: 1,
          inputs: [port('X', ['n', 4])],
          outputs: [anyShape('label', CODE.INT64), anyShape('y')],
          nodes: [
            node(
              'LinearClassifier',
              'X',
              'label scores',
              {
                ...linear,
                classlabels_ints: attr.ints([0, 1]),
                multi_class: attr.int(1),
                post_transform: attr.string(transform),
              },
              domain,
            ),
            node('Normalizer', 'scores', 'y', { norm: attr.string(norm) }, domain),
          ],
        });
        await agrees(file, { X: fed(12, [3, 4]) }, ['y']);
      }
    }
  });

  it('ZipMap is read as the array it wraps', async () => {
    const softmax = node('Softmax', 'X', 'p', { axis: attr.int(1) });
    const zipMap = node(
      'ZipMap',
      'p',
      'y',
      { classlabels_int64s: attr.ints([0, 1]) },
      { domain: 'ai.onnx.ml' },
    );
    const inputs = [port('X', ['n', 2])];
    const file = fileOf({ ml: 1, inputs, nodes: [softmax, zipMap] });
    const bare = fileOf({ inputs, nodes: [softmax], outputs: [anyShape('p')] });
    const direct = await runDirectly(bare, { X: fed(4, [2, 2]) });
    const g = importForBatch(decodeModel(file), 2);
    expect(distance((await run(g, { X: numbers(4) })).y!, direct.p!.data)).toBeLessThan(1e-6);
  });

  it('weights in Constant nodes count as parameters, numbers of formulas do not', async () => {
    const file = fileOf({
      inputs: [port('x', [2, 3])],
      nodes: [
        node('Constant', '', 'W', { value: attr.tensor(floats('', [3, 4], [...numbers(12)])) }),
        node('Constant', '', 'half', { value_float: attr.float(0.5) }),
        node('MatMul', 'x W', 'h'),
        node('Mul', 'h half', 'y'),
      ],
    });
    const g = await agrees(file, { x: fed(6, [2, 3]) });
    expect(parameters(g).map(nameOf)).toStrictEqual(['W']);
    expect(parameterCount(g)).toBe(12);
  });

  it('a weight used twice counts once, its zeros count; statistics and bounds do not count', async () => {
    const file = fileOf({
      inputs: [port('x', [2, 3])],
      initializers: [
        floats('W', [3, 3], [1, 0, 0, 0, 1, 0, 0, 0, 0.5]),
        floats('scale', [3], [1, 2, 3]),
        floats('shift', [3], [1, 2, 3]),
        floats('mean', [3], [0.1, 0.2, 0.3]),
        floats('variance', [3], [1, 2, 3]),
        floats('low', [], [-0.5]),
        floats('high', [], [6]),
      ],
      nodes: [
        node('MatMul', 'x W', 'a'),
        node('MatMul', 'a W', 'b'),
        node('BatchNormalization', 'b scale shift mean variance', 'c'),
        node('Clip', 'c low high', 'y'),
      ],
    });
    const g = await agrees(file, { x: fed(6, [2, 3]) });
    expect(parameters(g).map(nameOf)).toStrictEqual(['W', 'scale', 'shift']);
    expect(parameterCount(g)).toBe(9 + 3 + 3);
  });
});
