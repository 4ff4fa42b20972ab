import { describe, expect, test } from 'vitest';
import type { Value } from '../../../src/graph/index.ts';
import * as g from '../../../src/graph/index.ts';
import { evaluate } from '../../../src/runtime/index.ts';

/** Pooled values and the derivative of their sum, of one channel given row by row. */
async function pooled(rows: readonly (readonly number[])[], pool: (x: Value) => Value) {
  const shape = [1, 1, rows.length, rows[0]!.length];
  const x = g.input('x', 'float64', shape);
  const y = pool(x);
  const [slope] = g.gradient(g.reduceSum(y), [x]);
  const anchored = g.add(slope!, g.mul(x, 0));
  const out = await evaluate({ y, slope: anchored }, { x: Float64Array.from(rows.flat()) });
  return { y: [...out.y.data], shape: y.shape, slope: [...out.slope.data] };
}

const grid = [
  [1, 2, 3, 4, 5],
  [6, 7, 8, 9, 10],
  [11, 12, 13, 14, 15],
  [16, 17, 18, 19, 20],
  [21, 22, 23, 24, 25],
];

describe('the examples of the ONNX specification', () => {
  test('maxpool_2d_precomputed_pads', async () => {
    const { y } = await pooled(grid, (x) => g.maxPool(x, [5, 5], { pads: [2, 2, 2, 2] }));
    const rows = [13, 14, 15, 15, 15];
    expect(y).toEqual([rows, rows.map((n) => n + 5), ...[0, 0, 0].map(() => rows.map((n) => n + 10))].flat());
  });

  test('maxpool_2d_ceil and averagepool_2d_ceil', async () => {
    const square = grid.slice(0, 4).map((_, i) => [1, 2, 3, 4].map((n) => 4 * i + n));
    const attributes = { strides: [2, 2], ceil_mode: 1 };
    expect((await pooled(square, (x) => g.maxPool(x, [3, 3], attributes))).y).toEqual([11, 12, 15, 16]);
    expect((await pooled(square, (x) => g.averagePool(x, [3, 3], attributes))).y).toEqual([6, 7.5, 12, 13.5]);
  });

  test('averagepool_2d_precomputed_pads, without and with the padding counted', async () => {
    const attributes = { pads: [2, 2, 2, 2] };
    const without = await pooled(grid, (x) => g.averagePool(x, [5, 5], attributes));
    expect(without.y.slice(0, 5)).toEqual([7, 7.5, 8, 8.5, 9]);
    const counted = await pooled(grid, (x) =>
      g.averagePool(x, [5, 5], { ...attributes, count_include_pad: 1 }),
    );
    [2.52, 3.6, 4.8, 4.08, 3.24].forEach((value, i) => {
      expect(counted.y[i]).toBeCloseTo(value, 13);
    });
  });

  test('averagepool_2d_precomputed_same_upper', async () => {
    const { y } = await pooled(grid, (x) =>
      g.averagePool(x, [3, 3], { strides: [2, 2], auto_pad: 'SAME_UPPER' }),
    );
    expect(y).toEqual([4, 5.5, 7, 11.5, 13, 14.5, 19, 20.5, 22]);
  });
});

describe('ties', () => {
  test('are shared equally among the cells of a tile', async () => {
    const rows = [
      [3, 3, 0, 1, 9],
      [3, 1, 1, 1, 9],
    ];
    const { slope } = await pooled(rows, (x) => g.maxPool(x, [2, 2], { strides: [2, 2] }));
    const third = 1 / 3;
    // The last column belongs to no tile.
    expect(slope).toEqual([third, third, 0, third, 0, third, 0, third, third, 0]);
  });

  test('go to the first cell where windows overlap', async () => {
    const { slope } = await pooled([[2, 2, 2]], (x) => g.maxPool(x, [1, 2]));
    expect(slope).toEqual([1, 1, 0]);
  });

  test('an infinite cell takes the cotangent of its own tile and disturbs no other', async () => {
    const rows = [
      [Infinity, 0, 1, 2],
      [-Infinity, 0, 3, 4],
    ];
    const x = g.input('x', 'float64', [1, 1, 2, 4]);
    const [slope] = g.gradient(g.reduceSum(g.maxPool(x, [2, 2], { strides: [2, 2] })), [x]);
    const out = await evaluate({ slope: slope! }, { x: Float64Array.from(rows.flat()) });
    expect([...out.slope.data]).toEqual([1, 0, 0, 0, 0, 0, 0, 1]);
  });

  test('every window gives away exactly its cotangent, ties or not', async () => {
    const rows = [
      [0, 0, 1, 1],
      [0, 0, 1, 2],
      [5, 5, 5, 5],
      [5, 5, 5, 5],
    ];
    for (const attributes of [{ strides: [2, 2] }, {}, { pads: [1, 1, 1, 1] }]) {
      const { slope, y } = await pooled(rows, (x) => g.maxPool(x, [2, 2], attributes));
      expect(slope.reduce<number>((a, b) => a + Number(b), 0)).toBeCloseTo(y.length, 12);
    }
  });
});

test('global pooling is the mean and the maximum over all cells', async () => {
  const mean = await pooled(grid, g.globalAveragePool);
  expect(mean.shape).toEqual([1, 1, 1, 1]);
  expect(mean.y).toEqual([13]);
  expect(mean.slope).toEqual(new Array(25).fill(0.04));
  const max = await pooled(grid, g.globalMaxPool);
  expect(max.y).toEqual([25]);
  expect(max.slope).toEqual([...new Array(24).fill(0), 1]);
});

test('a window that does not fit, or that is not given, is named', () => {
  const x = g.input('x', 'float32', [1, 1, 3, 3]);
  expect(() => g.maxPool(x, [4, 1])).toThrow(/MaxPool.*window of 4 cells/);
  expect(() => g.averagePool(x, [2])).toThrow(/AveragePool.*kernel \[2\]; expected 2 integers/);
  expect(() => g.maxPool(g.input('x', 'float32', [3, 3]), [1])).toThrow(/rank 2/);
});
