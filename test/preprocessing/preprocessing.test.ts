import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RobustlawError } from '../../src/errors.ts';
import {
  BATCH,
  conv,
  encodeModel,
  gradient,
  graph,
  input,
  linear,
  type Model,
  modelFrom,
  modelFromOnnx,
  parameter,
  reduceSum,
  relu,
  reshape,
  type Shape,
  sizeOf,
  tensor,
} from '../../src/graph/index.ts';
import { decodeModel } from '../../src/graph/onnx-file/index.ts';
import { type Layout, type Preprocessing, withPreprocessing } from '../../src/preprocessing/index.ts';
import { normal, rng } from '../../src/random/index.ts';
import { compile } from '../../src/runtime/index.ts';

const OUTPUTS = 3;
const weights = (size: number) => normal(rng('weights'), OUTPUTS * size);

/** y = relu(W x) with x of any shape, a sum over the entries in the order in which the network sees them. */
function network(shape: Shape, dtype: 'float32' | 'float64' = 'float64'): Model {
  const size = sizeOf(shape);
  const w = parameter('w', tensor(dtype, [OUTPUTS, size], weights(size)));
  return modelFrom('net', (batch) => {
    const x = input('x', dtype, [batch, ...shape]);
    return graph([x], { y: relu(linear(reshape(x, [batch, size]), w)) });
  });
}

async function run(model: Model, points: Float64Array, batch: number): Promise<ArrayLike<number>> {
  const program = await compile(model.forBatch(batch));
  try {
    const dtype = model.inputs[0]!.dtype;
    const fed = dtype === 'float64' ? points : Float32Array.from(points);
    return (await program.run({ x: fed })).y as Float64Array;
  } finally {
    await program.dispose();
  }
}

/** relu(W z) for each row by plain loops, where z[k] = value(row, k) is what the network must see at its entry k. */
function byHand(rows: number, size: number, value: (row: number, k: number) => number): number[] {
  const w = weights(size);
  return Array.from({ length: rows * OUTPUTS }, (_, i) => {
    const [row, output] = [Math.floor(i / OUTPUTS), i % OUTPUTS];
    let sum = 0;
    for (let k = 0; k < size; k++) sum += w[output * size + k]! * value(row, k);
    return Math.max(0, sum);
  });
}

function expectClose(found: ArrayLike<number>, expected: readonly number[], tolerance = 1e-12): void {
  expect(found.length).toBe(expected.length);
  const scale = Math.max(1, ...expected.map(Math.abs));
  for (let i = 0; i < expected.length; i++)
    expect(Math.abs(found[i]! - expected[i]!) / scale).toBeLessThan(tolerance);
}

const plain = (layout: Layout): Preprocessing => ({ scale: 1, layout, range: [0, 1] });
const errorOf = (action: () => unknown): RobustlawError => {
  try {
    action();
  } catch (error) {
    if (error instanceof RobustlawError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
};

describe('withPreprocessing', () => {
  const sides = fc.integer({ min: 5, max: 7 });
  const image = fc.record({
    channels: fc.constantFrom(1, 2, 3, 4),
    height: sides,
    width: sides,
    rows: fc.integer({ min: 1, max: 3 }),
    seed: fc.integer(),
    scale: fc.constantFrom(1, 1 / 255, 0.37, -2),
    perChannel: fc.boolean(),
    dataFirst: fc.boolean(),
    modelFirst: fc.boolean(),
    modelFlat: fc.boolean(),
  });

  it('equals scaling, normalising and reordering by hand, for every layout of data and model', async () => {
    await fc.assert(
      fc.asyncProperty(image, async (given) => {
        const { channels: c, height: h, width: w, rows, seed, scale, perChannel } = given;
        const point = given.dataFirst ? [c, h, w] : [h, w, c];
        const taken = given.modelFlat ? [c * h * w] : given.modelFirst ? [c, h, w] : [h, w, c];
        const many = perChannel ? c : 1;
        const mean = normal(rng(seed).split('mean'), many);
        const std = normal(rng(seed).split('std'), many).map((value) => 0.5 + Math.abs(value));
        const layout = given.modelFirst ? 'nchw' : 'nhwc';
        const preprocessing = { scale, mean: [...mean], std: [...std], layout, range: [0, 1] } as const;
        const model = withPreprocessing(network(taken), preprocessing, [rows, ...point]);
        const x = normal(rng(seed).split('x'), rows * c * h * w);
        const at = (row: number, channel: number, i: number, j: number) =>
          x[row * c * h * w + (given.dataFirst ? (channel * h + i) * w + j : (i * w + j) * c + channel)]!;
        const expected = byHand(rows, c * h * w, (row, k) => {
          const [channel, i, j] = given.modelFirst
            ? [Math.floor(k / (h * w)), Math.floor(k / w) % h, k % w]
            : [k % c, Math.floor(k / (w * c)), Math.floor(k / c) % w];
          const value = scale * at(row, channel, i, j);
          return (value - mean[perChannel ? channel : 0]!) / std[perChannel ? channel : 0]!;
        });
        expectClose(await run(model, x, rows), expected);
      }),
      { numRuns: 40 },
    );
  });

  it.each<[Shape, Shape, Layout]>([
    [[28, 28], [1, 28, 28], 'nchw'],
    [[28, 28], [784], 'flat'],
    [[28, 28], [784], 'nchw'],
    [[28, 28], [28, 28, 1], 'nhwc'],
    [[28, 28], [1, 28, 28], 'flat'],
    [[1, 28, 28], [28, 28], 'nchw'],
    [[1, 28, 28], [28, 28, 1], 'nhwc'],
    [[28, 28, 1], [1, 28, 28], 'nchw'],
    [[784], [1, 28, 28], 'nchw'],
    [[784], [28, 28, 1], 'nhwc'],
    [[1, 1, 784], [784], 'flat'],
    [[5], [5], 'flat'],
    [[1], [1, 1, 1], 'nchw'],
    [[2, 3, 4, 5], [120], 'flat'],
    [[2, 3, 4, 5], [2, 3, 4, 5], 'nchw'],
  ])('keeps the order of the values from %j to %j (%s)', async (point, taken, layout) => {
    const model = withPreprocessing(network(taken), plain(layout), [2, ...point]);
    expect(model.inputs[0]!.shape).toEqual([BATCH, ...point]);
    const size = sizeOf(point);
    const x = normal(rng('order'), 2 * size);
    expectClose(
      await run(model, x, 2),
      byHand(2, size, (row, k) => x[row * size + k]!),
    );
  });

  it('scales and standardises a table, one number per feature', async () => {
    const preprocessing: Preprocessing = {
      scale: 2,
      mean: [1, 2, 3],
      std: [4, 5, 6],
      layout: 'flat',
      range: [-Infinity, Infinity],
    };
    const model = withPreprocessing(network([3]), preprocessing, [9, 3]);
    expect(model.bounds).toEqual({});
    const x = Float64Array.of(0.5, -1, 2);
    expectClose(
      await run(model, x, 1),
      byHand(1, 3, (_, k) => (2 * x[k]! - preprocessing.mean![k]!) / preprocessing.std![k]!),
    );
  });

  it('divides bytes by 255 in float32 as ToTensor and Normalize of torchvision do, bit for bit', async () => {
    const identity = modelFrom('identity', (batch) => {
      const x = input('x', 'float32', [batch, 1, 16, 16]);
      return graph([x], { y: x });
    });
    const bytes = Float64Array.from({ length: 256 }, (_, i) => i);
    const preprocessing: Preprocessing = {
      scale: 1 / 255,
      mean: [0.1307],
      std: [0.3081],
      layout: 'nchw',
      range: [0, 255],
    };
    const model = withPreprocessing(identity, preprocessing, [1, 16, 16]);
    const f = Math.fround;
    const expected = bytes.map((value) => f(f(f(value / 255) - f(0.1307)) / f(0.3081)));
    expect([...Float64Array.from(await run(model, bytes, 1))]).toEqual([...expected]);
  });

  it('keeps parameters and P, records bounds and says what was done', () => {
    const before = network([1, 4, 4]);
    const preprocessing: Preprocessing = {
      scale: 1 / 255,
      mean: [0.5],
      std: [0.25],
      layout: 'nchw',
      range: [0, 255],
    };
    const model = withPreprocessing(before, preprocessing, [7, 4, 4]);
    expect(model.parameterCount).toBe(before.parameterCount);
    expect(model.parameters).toEqual(before.parameters);
    expect(model.bounds).toEqual({ x: [0, 255] });
    expect(model.notes).toEqual([
      'inputs are points of the data, [4, 4] in [0, 255]: divided by 255, minus the mean 0.5, divided by the standard deviation 0.25, reshaped to [1, 4, 4]',
    ]);
    expect(withPreprocessing(network([4]), plain('flat'), [1, 4]).notes).toEqual([
      'inputs are points of the data, [4] in [0, 1], as the network takes them',
    ]);
  });

  it('lets gradients through: the chain rule by hand', async () => {
    const [c, h, w] = [3, 5, 6];
    const std = [0.5, 2, 4];
    const model = withPreprocessing(
      modelFrom('linear', (batch) => {
        const x = input('x', 'float64', [batch, h, w, c]);
        const weight = parameter(
          'w',
          tensor('float64', [1, c * h * w], weights(c * h * w).subarray(0, c * h * w)),
        );
        return graph([x], { y: linear(reshape(x, [batch, c * h * w]), weight) });
      }),
      { scale: 1 / 255, mean: [1, 2, 3], std, layout: 'nhwc', range: [0, 255] },
      [1, c, h, w],
    );
    const one = model.forBatch(1);
    const [slope] = gradient(reduceSum(one.outputs.y!), one.inputs);
    const program = await compile(graph(one.inputs, { slope: slope! }));
    const found = (await program.run({ x: new Float64Array(c * h * w) })).slope as Float64Array;
    await program.dispose();
    const all = weights(c * h * w);
    const expected = Array.from({ length: c * h * w }, (_, k) => {
      const [channel, i, j] = [Math.floor(k / (h * w)), Math.floor(k / w) % h, k % w];
      return all[(i * w + j) * c + channel]! / 255 / std[channel]!;
    });
    expectClose(found, expected);
  });

  it('is written and read back as the same function with the same P and bounds', async () => {
    const preprocessing: Preprocessing = {
      scale: 1 / 255,
      mean: [0.1, 0.2, 0.3],
      std: [1, 2, 3],
      layout: 'nhwc',
      range: [0, 255],
    };
    const composed = withPreprocessing(network([5, 6, 3]), preprocessing, [1, 3, 5, 6]);
    const again = modelFromOnnx(decodeModel(encodeModel(composed), 'net'));
    expect(again.parameterCount).toBe(composed.parameterCount);
    expect(again.bounds).toEqual(composed.bounds);
    expect(again.inputs).toEqual(composed.inputs);
    const x = normal(rng('again'), 4 * 90).map((value) => 100 * Math.abs(value));
    expectClose(await run(again, x, 4), Array.from(await run(composed, x, 4)));
  });

  it('works in front of a convolution of fixed batch 1', async () => {
    const w = parameter('w', tensor('float32', [2, 1, 3, 3], normal(rng('w'), 18)));
    const free = modelFrom('cnn', (batch) => {
      const x = input('x', 'float32', [batch, 1, 5, 5]);
      return graph([x], { y: reduceSum(conv(x, w), [2, 3], false) });
    });
    const fixed: Model = {
      ...free,
      fixedBatch: 1,
      inputs: [{ ...free.inputs[0]!, shape: [1, 1, 5, 5] }],
    };
    const model = withPreprocessing(fixed, plain('nchw'), [10, 5, 5]);
    expect(model.fixedBatch).toBe(1);
    expect(model.inputs[0]!.shape).toEqual([1, 5, 5]);
    const x = normal(rng('x'), 25);
    expect(Array.from(await run(model, x, 1))).toEqual(Array.from(await run(free, x, 1)));
  });

  it.each<[string, Shape, Shape, Layout, RegExp]>([
    [
      'the other layout',
      [3, 8, 8],
      [8, 8, 3],
      'nchw',
      /points of shape \[3, 8, 8\], the model "net" takes \[8, 8, 3\].*--layout nhwc would/,
    ],
    ['the other size', [3, 32, 32], [3, 28, 28], 'nchw', /--resize 28x28 would/],
    ['the other colours', [3, 8, 8], [1, 8, 8], 'nchw', /--color gray would/],
    ['gray images for a model of colours', [8, 8], [3, 8, 8], 'nchw', /--color rgb would/],
    ['both', [32, 32], [3, 28, 28], 'nchw', /--color rgb with --resize 28x28 would/],
    ['a table of another width', [5], [4], 'flat', /5 values per point, the model takes 4/],
    ['axes that are joined', [3, 5, 5], [3, 25], 'flat', /order that is not known/],
    ['an order nobody knows', [4, 6], [6, 4], 'nchw', /order that is not known/],
  ])('refuses %s and says what would fit', (_, point, taken, layout, message) => {
    const error = errorOf(() => withPreprocessing(network(taken), plain(layout), [10, ...point]));
    expect(error.code).toBe('shape-mismatch');
    expect(error.message).toMatch(message);
  });

  it.each<[Partial<Preprocessing>, RegExp]>([
    [{ scale: 0 }, /scale: 0/],
    [{ scale: Number.NaN }, /scale: NaN/],
    [{ mean: [Number.NaN] }, /mean: NaN/],
    [{ mean: [] }, /mean: "\[\]"/],
    [{ std: [0] }, /std: 0/],
    [{ std: [] }, /std: "\[\]"/],
    [{ std: [-1] }, /std: -1/],
    [{ range: [1, 0] }, /range: "\[1,0\]"/],
    [{ range: [Number.NaN, 0] }, /range/],
    [{ layout: 'chw' as Layout }, /layout: "chw"; expected nchw, nhwc, flat/],
    [{ mean: [1, 2] }, /mean has 2 numbers.*no channel axis of that length/],
  ])('refuses %j', (change, message) => {
    const error = errorOf(() =>
      withPreprocessing(network([3, 5, 5]), { ...plain('nchw'), ...change }, [1, 3, 5, 5]),
    );
    expect(error.message).toMatch(message);
  });
});
