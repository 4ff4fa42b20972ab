import { describe, expect, it } from 'vitest';
import {
  graph,
  type InputBounds,
  input,
  linear,
  type Model,
  modelFrom,
  parameter,
  reshape,
  type Shape,
  sizeOf,
  tensor,
} from '../../src/graph/index.ts';
import { guessPreprocessing, withPreprocessing } from '../../src/preprocessing/index.ts';

function network(shape: Shape, outputs = 2, bounds?: InputBounds): Model {
  const size = sizeOf(shape);
  const w = parameter('w', tensor('float32', [outputs, size], new Float32Array(outputs * size)));
  return modelFrom(
    'net',
    (batch) => {
      const x = input('x', 'float32', [batch, ...shape]);
      return graph([x], { y: linear(reshape(x, [batch, size]), w) });
    },
    bounds && { x: bounds },
  );
}

/** n points whose values run through `values` again and again. */
function data(shape: Shape, values: readonly number[]) {
  const x = Float32Array.from({ length: 3 * sizeOf(shape) }, (_, i) => values[i % values.length]!);
  return { x, shape: [3, ...shape] };
}
const BYTES = [0, 255, 17, 128];
const UNIT = [0, 1, 0.25];

describe('guessPreprocessing', () => {
  it('divides bytes by 255 where nothing is declared, and says both guesses with their options', () => {
    const { preprocessing, warnings } = guessPreprocessing(network([1, 28, 28]), data([28, 28], BYTES));
    expect(preprocessing).toEqual({ scale: 1 / 255, layout: 'nchw', range: [0, 255] });
    expect(warnings).toHaveLength(2);
    expect(warnings[0]).toMatch(
      /pixels are integers from 0 to 255 and are divided by 255; state it with --scale 1\/255 --range 0,1, or --scale 1 --range 0,255/,
    );
    expect(warnings[1]).toMatch(/--mean and --std/);
  });

  it('takes pixels in [0, 1] as they are, and says so', () => {
    const { preprocessing, warnings } = guessPreprocessing(network([784]), data([28, 28], UNIT));
    expect(preprocessing).toEqual({ scale: 1, layout: 'flat', range: [0, 1] });
    expect(warnings.join()).toMatch(/--scale 1 --range 0,1.*--mean and --std/s);
  });

  it('has nothing to guess where the bounds of the model are those of the data', () => {
    for (const [values, bounds] of [
      [BYTES, [0, 255]],
      [UNIT, [0, 1]],
      [
        [-2, 0, 3.5],
        [-3, 4],
      ],
    ] as const) {
      const found = guessPreprocessing(network([1, 8, 8], 2, bounds), data([8, 8], values));
      expect(found).toEqual({ preprocessing: { scale: 1, layout: 'nchw', range: bounds }, warnings: [] });
    }
  });

  it('forgives bounds a rounding error', () => {
    const found = guessPreprocessing(network([5], 2, [0, 2]), data([5], [-3e-8, 1, 2.0000001]));
    expect(found.warnings).toEqual([]);
  });

  it('maps pixels onto the bounds of the model', () => {
    const cases = [
      [BYTES, [0, 1], { scale: 1 / 255 }],
      [UNIT, [0, 255], { scale: 255 }],
      [BYTES, [-1, 1], { scale: 1 / 255, mean: [0.5], std: [0.5] }],
      [UNIT, [-1, 1], { scale: 1, mean: [0.5], std: [0.5] }],
    ] as const;
    for (const [values, bounds, expected] of cases) {
      const { preprocessing, warnings } = guessPreprocessing(network([64], 2, bounds), data([8, 8], values));
      expect(preprocessing).toEqual({
        ...expected,
        layout: 'flat',
        range: values === BYTES ? [0, 255] : [0, 1],
      });
      expect(warnings).toHaveLength(1);
      expect(warnings[0]).toMatch(/state it with --scale/);
      // Both ends of the data land on both ends of the bounds.
      const { scale, mean = [0], std = [1], range } = preprocessing;
      for (const k of [0, 1]) expect((scale * range[k]! - mean[0]!) / std[0]!).toBeCloseTo(bounds[k]!, 12);
    }
  });

  it('recovers the usual normalisation of MNIST from the bounds of normalised inputs', () => {
    const bounds = [-0.1307 / 0.3081, (1 - 0.1307) / 0.3081] as const;
    const { preprocessing } = guessPreprocessing(network([1, 28, 28], 10, bounds), data([28, 28], BYTES));
    expect(preprocessing.mean![0]).toBeCloseTo(0.1307, 12);
    expect(preprocessing.std![0]).toBeCloseTo(0.3081, 12);
  });

  it('warns of data outside of the bounds instead of clipping or scaling them', () => {
    const { preprocessing, warnings } = guessPreprocessing(network([5], 2, [0, 1]), data([5], [-7, 3]));
    expect(preprocessing).toEqual({ scale: 1, layout: 'flat', range: [-Infinity, Infinity] });
    expect(warnings[0]).toMatch(/lie in \[-7, 3\], outside of the bounds \[0,1\].*--scale.*--range/);
  });

  it.each<[string, InputBounds]>([
    ['NominalRange_0_255', [0, 255]],
    ['Normalized_0_1', [0, 1]],
    ['Normalized_1_1', [-1, 1]],
    ['NominalRange_16_235', [16, 235]],
  ])('follows the pixel range %s in the metadata', (value, bounds) => {
    const metadata = { 'Image.NominalPixelRange': value };
    const { preprocessing } = guessPreprocessing(network([3, 8, 8]), data([3, 8, 8], BYTES), metadata);
    const { scale, mean = [0], std = [1], range } = preprocessing;
    for (const k of [0, 1]) expect((scale * range[k]! - mean[0]!) / std[0]!).toBeCloseTo(bounds[k]!, 10);
  });

  it('warns of a pixel range it does not know and of channels in another order', () => {
    const metadata = { 'Image.NominalPixelRange': 'Odd', 'Image.BitmapPixelFormat': 'Bgr8' };
    const { warnings } = guessPreprocessing(network([3, 8, 8]), data([3, 8, 8], BYTES), metadata);
    expect(warnings.join('\n')).toMatch(/"Odd", which is not known/);
    expect(warnings.join('\n')).toMatch(/"Bgr8": it takes blue before red/);
  });

  it('follows mean and standard deviation in the metadata', () => {
    for (const [mean, std] of [
      ['[0.1, 0.2, 0.3]', '[0.4, 0.5, 0.6]'],
      ['0.1, 0.2, 0.3', '(0.4 0.5 0.6)'],
    ] as const) {
      const metadata = { image_mean: mean, image_std: std };
      const { preprocessing, warnings } = guessPreprocessing(
        network([8, 8, 3]),
        data([3, 8, 8], BYTES),
        metadata,
      );
      expect(preprocessing).toEqual({
        scale: 1 / 255,
        mean: [0.1, 0.2, 0.3],
        std: [0.4, 0.5, 0.6],
        layout: 'nhwc',
        range: [0, 255],
      });
      expect(warnings.join('\n')).toMatch(/axes of the data, \[3, 8, 8\].*--layout nhwc/);
      expect(warnings.join('\n')).toMatch(/--scale 1\/255 --range 0,1 --mean 0.1,0.2,0.3 --std 0.4,0.5,0.6/);
    }
  });

  it('does not follow statistics that fit no channel, and says so', () => {
    const metadata = { mean: '1, 2', std: '1, 2' };
    const { preprocessing, warnings } = guessPreprocessing(
      network([3, 8, 8]),
      data([3, 8, 8], UNIT),
      metadata,
    );
    expect(preprocessing.mean).toBeUndefined();
    expect(warnings.join('\n')).toMatch(/mean \(1,2\).*do not fit its channels.*--mean and --std/);
  });

  it('does not normalise twice', () => {
    const metadata = { mean: '0.5', std: '0.5' };
    const { preprocessing, warnings } = guessPreprocessing(
      network([3, 8, 8]),
      data([3, 8, 8], [-1, 1, 0.3]),
      metadata,
    );
    expect(preprocessing.mean).toBeUndefined();
    expect(warnings.join()).toMatch(/taken to be normalised already/);
  });

  it('takes a model of colour images with 1000 outputs for one of ImageNet', () => {
    const { preprocessing, warnings } = guessPreprocessing(
      network([3, 64, 64], 1000),
      data([3, 64, 64], BYTES),
    );
    expect(preprocessing).toMatchObject({
      scale: 1 / 255,
      mean: [0.485, 0.456, 0.406],
      std: [0.229, 0.224, 0.225],
    });
    expect(warnings[0]).toMatch(/taken for one of ImageNet.*--mean 0.485,0.456,0.406/);
  });

  it('leaves a table alone: small integers are counts there', () => {
    const { preprocessing, warnings } = guessPreprocessing(network([4]), data([4], [0, 200, 3]));
    expect(preprocessing).toEqual({ scale: 1, layout: 'flat', range: [-Infinity, Infinity] });
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/lie in \[0, 200\].*--range LOW,HIGH/);
  });

  it('doubts bytes that stay small', () => {
    const { warnings } = guessPreprocessing(network([64]), data([8, 8], [0, 16, 4]));
    expect(warnings[0]).toMatch(/largest of the pixels is 16.*--scale 1\/16 --range 0,1$/);
  });

  it('warns where an order of colours is assumed', () => {
    const flat = guessPreprocessing(network([192]), data([3, 8, 8], UNIT));
    expect(flat.preprocessing.layout).toBe('flat');
    expect(flat.warnings[0]).toMatch(/192 values in a row.*\[3, 8, 8\].*--layout/);
    const image = guessPreprocessing(network([3, 8, 8]), data([192], UNIT));
    expect(image.warnings[0]).toMatch(/192 values in a row.*order of the model/);
  });

  it.each<[Shape, Shape]>([
    [
      [28, 28],
      [1, 28, 28],
    ],
    [[28, 28], [784]],
    [
      [28, 28],
      [28, 28, 1],
    ],
    [
      [1, 28, 28],
      [28, 28, 1],
    ],
    [
      [3, 8, 8],
      [8, 8, 3],
    ],
    [
      [8, 8, 3],
      [3, 8, 8],
    ],
    [[3, 8, 8], [192]],
    [[192], [3, 8, 8]],
    [[7], [7]],
    [[1], [1]],
  ])('always gives what can be composed: %j for %j', (point, taken) => {
    const dataset = data(point, BYTES);
    const model = network(taken);
    const { preprocessing } = guessPreprocessing(model, dataset);
    expect(withPreprocessing(model, preprocessing, dataset.shape).inputs[0]!.shape.slice(1)).toEqual(point);
  });
});
