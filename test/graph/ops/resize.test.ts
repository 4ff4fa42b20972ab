import { describe, expect, test } from 'vitest';
import type { Attributes, FloatType } from '../../../src/graph/index.ts';
import * as g from '../../../src/graph/index.ts';
import { evaluate } from '../../../src/runtime/index.ts';

const counting = (n: number) => Array.from({ length: n }, (_, i) => i + 1);

/** An image of one channel, counting from 1, resized by scales. */
async function resized(
  dtype: FloatType,
  side: readonly [number, number],
  scales: readonly number[],
  attributes: Attributes,
) {
  const shape = [1, 1, ...side];
  const x = g.constant(g.tensor(dtype, shape, counting(side[0] * side[1])));
  const by = g.constant(g.tensor('float32', [4], [1, 1, ...scales]));
  const { y } = await evaluate({ y: g.emit1(g.Resize, [x, undefined, by], attributes) });
  return { shape: y.shape.slice(2), data: [...y.data].map(Number) };
}

// First rows of the examples of the ONNX specification.
const examples: readonly (readonly [
  string,
  readonly [number, number],
  readonly number[],
  Attributes,
  readonly number[],
])[] = [
  ['resize_upsample_scales_nearest', [2, 2], [2, 3], { mode: 'nearest' }, [1, 1, 1, 2, 2, 2]],
  ['resize_upsample_scales_linear', [2, 2], [2, 2], { mode: 'linear' }, [1, 1.25, 1.75, 2]],
  [
    'resize_upsample_scales_linear_align_corners',
    [2, 2],
    [2, 2],
    { mode: 'linear', coordinate_transformation_mode: 'align_corners' },
    [1, 4 / 3, 5 / 3, 2],
  ],
  [
    'resize_upsample_scales_cubic',
    [4, 4],
    [2, 2],
    { mode: 'cubic' },
    [0.47265625, 0.76953125, 1.24609375, 1.875, 2.28125, 2.91015625, 3.38671875, 3.68359375],
  ],
  ['resize_downsample_scales_nearest', [2, 4], [0.6, 0.6], { mode: 'nearest' }, [1, 3]],
  [
    'resize_downsample_scales_cubic',
    [4, 4],
    [0.8, 0.8],
    { mode: 'cubic' },
    [1.47119141, 2.78125, 4.08251953],
  ],
];

describe.each(['float32', 'float64'] as const)('Resize in %s', (dtype) => {
  test.each(examples)('%s', async (_name, side, scales, attributes, row) => {
    const { shape, data } = await resized(dtype, side, scales, attributes);
    expect(shape).toEqual(side.map((n, i) => Math.floor(n * scales[i]!)));
    row.forEach((value, i) => {
      expect(data[i]).toBeCloseTo(value, 5);
    });
  });

  test('cubic and linear interpolation reproduce a constant and keep the sum of the cotangent', async () => {
    for (const mode of ['linear', 'cubic']) {
      const x = g.input('x', dtype, [1, 1, 5, 4]);
      const scales = g.constant(g.tensor('float32', [4], [1, 1, 1.7, 2.3]));
      const y = g.emit1(g.Resize, [x, undefined, scales], { mode });
      const [slope] = g.gradient(g.reduceSum(y), [x]);
      const ones = dtype === 'float32' ? new Float32Array(20).fill(1) : new Float64Array(20).fill(1);
      const out = await evaluate(
        { y, total: g.add(g.reduceSum(slope!), g.mul(g.reduceSum(x), 0)) },
        { x: ones },
      );
      for (const value of out.y.data) expect(Number(value)).toBeCloseTo(1, 5);
      expect(Number(out.total.data[0])).toBeCloseTo(g.sizeOf(y.shape), 3);
    }
  });
});

test('what Resize cannot do is named', () => {
  const x = g.input('x', 'float32', [1, 1, 4, 4]);
  const by = (...scales: number[]) => g.constant(g.tensor('float32', [scales.length], scales));
  const resize = (attributes: Attributes, ...scales: number[]) =>
    g.emit1(g.Resize, [x, undefined, by(...scales)], attributes);
  expect(() => resize({ antialias: 1 }, 1, 1, 2, 2)).toThrow(/antialias/);
  expect(() => g.gradient(g.reduceSum(resize({ mode: 'lanczos' }, 1, 1, 2, 2)), [x])).toThrow(
    /mode "lanczos"/,
  );
  expect(() => resize({}, 2, 2)).toThrow(/expected 4 positive numbers/);
  expect(() => resize({}, 1, 1, 0, 2)).toThrow(/expected 4 positive numbers/);
});
