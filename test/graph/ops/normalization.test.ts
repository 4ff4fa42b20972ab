import { describe, expect, test } from 'vitest';
import * as g from '../../../src/graph/index.ts';
import { normal, rng } from '../../../src/random/index.ts';
import { evaluate } from '../../../src/runtime/index.ts';

const values = (name: string, n: number) => normal(rng('normalisation').split(name), n);
const vector = (...numbers: number[]) => g.constant(g.tensor('float64', [numbers.length], numbers));

/** (x - mean) / sqrt(variance + epsilon) of a list, in plain arithmetic. */
function standardised(list: readonly number[], epsilon: number): number[] {
  const mean = list.reduce((a, b) => a + b) / list.length;
  const variance = list.reduce((a, b) => a + (b - mean) ** 2, 0) / list.length;
  return list.map((x) => (x - mean) / Math.sqrt(variance + epsilon));
}

function expectClose(got: ArrayLike<number | bigint>, want: readonly number[], digits = 13): void {
  expect(got.length).toBe(want.length);
  want.forEach((value, i) => {
    expect(Number(got[i])).toBeCloseTo(value, digits);
  });
}

describe('normalisation agrees with its formula', () => {
  const data = values('x', 2 * 4 * 3);
  const x = g.constant(g.tensor('float64', [2, 4, 3], data));
  /** Consecutive parts of the data. */
  const parts = (length: number) =>
    Array.from({ length: data.length / length }, (_, i) => [...data.slice(i * length, (i + 1) * length)]);

  test('layer normalisation over the last axis, and over two', async () => {
    const one = vector(2, -1, 0.5);
    const two = g.constant(g.tensor('float64', [4, 3], new Array(12).fill(1)));
    const y = await evaluate({
      last: g.layerNormalization(x, one, vector(1, 2, 3), -1, 0.25),
      both: g.layerNormalization(x, two, undefined, 1),
    });
    expectClose(
      y.last.data,
      parts(3).flatMap((row) => standardised(row, 0.25).map((v, i) => v * [2, -1, 0.5][i]! + i + 1)),
    );
    expectClose(
      y.both.data,
      parts(12).flatMap((block) => standardised(block, Math.fround(1e-5))),
    );
  });

  test('layer normalisation gives the mean and the reciprocal deviation it used', async () => {
    const narrow = g.constant(g.tensor('float32', [2, 4, 3], data));
    const scale = g.constant(g.tensor('float32', [3], [1, 1, 1]));
    const [, mean, deviation] = g.emit(g.LayerNormalization, [narrow, scale], { axis: -1, epsilon: 0.5 });
    const y = await evaluate({ mean: mean!, deviation: deviation! });
    const means = parts(3).map((row) => row.reduce((a, b) => a + b) / 3);
    expectClose(y.mean.data, means, 6);
    expectClose(
      y.deviation.data,
      parts(3).map((row, i) => 1 / Math.sqrt(row.reduce((a, b) => a + (b - means[i]!) ** 2, 0) / 3 + 0.5)),
      6,
    );
  });

  test('instance and group normalisation, scale and bias per channel and per group', async () => {
    const [scale, bias] = [vector(1, 2, 3, 4), vector(0, 1, 0, -1)];
    const affine = (v: number, channel: number) => v * (channel + 1) + [0, 1, 0, -1][channel]!;
    const y = await evaluate({
      instance: g.instanceNormalization(x, scale, bias, 0.5),
      perChannel: g.groupNormalization(x, 2, scale, bias, 0.5),
      perGroup: g.groupNormalization(x, 2, vector(1, 2), vector(0, 1), 0.5),
    });
    expectClose(
      y.instance.data,
      parts(3).flatMap((row, i) => standardised(row, 0.5).map((v) => affine(v, i % 4))),
    );
    const groups = parts(6).flatMap((block) => standardised(block, 0.5));
    expectClose(
      y.perChannel.data,
      groups.map((v, i) => affine(v, Math.floor(i / 3) % 4)),
    );
    expectClose(
      y.perGroup.data,
      groups.map((v, i) => (Math.floor(i / 6) % 2 === 0 ? v : 2 * v + 1)),
    );
  });

  test('batch normalisation with running statistics', async () => {
    const y = await evaluate({
      y: g.batchNormalization(
        x,
        vector(1, 2, 3, 4),
        vector(0, 0, 1, 1),
        vector(1, 0, 1, 0),
        vector(4, 1, 9, 0),
        1,
      ),
    });
    const variances = [4, 1, 9, 0];
    expectClose(
      y.y.data,
      [...data].map((v, i) => {
        const c = Math.floor(i / 3) % 4;
        return ((v - [1, 0, 1, 0][c]!) / Math.sqrt(variances[c]! + 1)) * (c + 1) + [0, 0, 1, 1][c]!;
      }),
    );
  });

  test('a constant row is normalised to zero with a finite derivative', async () => {
    const row = g.input('row', 'float64', [1, 3]);
    const y = g.layerNormalization(row, vector(1, 1, 1));
    const [slope] = g.gradient(g.innerProduct(y, vector(1, 2, 4)), [row]);
    const out = await evaluate({ y, slope: slope! }, { row: Float64Array.of(7, 7, 7) });
    expect(out.y.data).toEqual(new Float64Array(3));
    // (w - mean w) / sqrt(epsilon), epsilon = 1e-5 in float32.
    expectClose(
      out.slope.data,
      [1, 2, 4].map((w) => (w - 7 / 3) / Math.sqrt(Math.fround(1e-5))),
      9,
    );
  });
});

describe('training modes are refused', () => {
  const x = g.input('x', 'float32', [2, 3]);
  const three = g.input('v', 'float32', [3]);
  test('BatchNormalization', () => {
    expect(() => g.emit(g.BatchNormalization, [x, three, three, three, three], { training_mode: 1 })).toThrow(
      /inference mode/,
    );
  });
  test('Dropout', () => {
    const flag = (value: number) => g.constant(g.tensor('bool', [], [value]));
    expect(() => g.emit(g.Dropout, [x, undefined, flag(1)])).toThrow(/inference mode/);
    expect(g.emit(g.Dropout, [x, undefined, flag(0)])[0]!.shape).toEqual([2, 3]);
  });
  test('wrong numbers of channels', () => {
    expect(() => g.batchNormalization(x, three, three, three, g.input('w', 'float32', [2]))).toThrow(
      /variance is \[2\]; expected \[3\]/,
    );
    expect(() => g.groupNormalization(g.input('x', 'float32', [1, 3, 2]), 2, three, three)).toThrow(
      /num_groups 2 does not divide 3/,
    );
  });
});
