import { describe, expect, test } from 'vitest';
import type { Value } from '../../../src/graph/index.ts';
import * as g from '../../../src/graph/index.ts';
import { evaluate } from '../../../src/runtime/index.ts';

/** Values, first and second derivatives of an elementwise function at the given points, in float64. */
async function jet(f: (x: Value) => Value, points: readonly number[]) {
  const x = g.input('x', 'float64', [points.length]);
  const y = f(x);
  const [first] = g.gradient(g.reduceSum(y), [x]);
  const [second] = g.gradient(g.reduceSum(first!), [x]);
  const anchored = (value: Value) => g.where(g.equal(x, x), value, value);
  const out = await evaluate(
    { y, first: anchored(first!), second: anchored(second!) },
    { x: Float64Array.from(points) },
  );
  const numbers = ({ data }: g.Tensor) => data as Float64Array;
  return { y: numbers(out.y), first: numbers(out.first), second: numbers(out.second) };
}

describe('at kinks and extremes', () => {
  test('softplus: derivative 1/2 at 0, no overflow and no cancellation far out', async () => {
    const { y, first, second } = await jet(g.softplus, [0, 1000, -1000, -40]);
    expect(y).toEqual(Float64Array.of(Math.LN2, 1000, 0, Math.log1p(Math.exp(-40))));
    expect([...first].slice(0, 3)).toEqual([0.5, 1, 0]);
    expect(Number(first[3])).toBeCloseTo(0, 15);
    expect([...second].slice(0, 3)).toEqual([0.25, 0, 0]);
  });

  test('gelu: identity and zero far out, with both formulas', async () => {
    for (const form of ['none', 'tanh'] as const) {
      const { y, first, second } = await jet((x) => g.gelu(x, form), [50, -50, 0, 1e6, -1e6]);
      expect([...y].map(Math.abs)).toEqual([50, 0, 0, 1e6, 0]);
      expect([...first].map(Math.abs)).toEqual([1, 0, 0.5, 1, 0]);
      expect([...second].map(Math.abs).filter((_, i) => i !== 2)).toEqual([0, 0, 0, 0]);
      // gelu''(0) = 2 phi(0) = sqrt(2 / pi) for both.
      expect(second[2]).toBeCloseTo(Math.sqrt(2 / Math.PI), 14);
    }
  });

  test('elu, celu and selu: second derivative e^x below 0 and none above, no overflow in the branch not taken', async () => {
    const points = [-1, -30, 2, 800, -800];
    const elu = await jet((x) => g.elu(x, 2), points);
    expect(elu.second[0]).toBeCloseTo(2 * Math.exp(-1), 14);
    expect(Number(elu.second[1]) / (2 * Math.exp(-30))).toBeCloseTo(1, 12);
    expect([...elu.second].slice(2)).toEqual([0, 0, 0]);
    expect([...elu.first].slice(2)).toEqual([1, 1, 0]);
    const celu = await jet((x) => g.celu(x, 2), points);
    expect(celu.second[0]).toBeCloseTo(Math.exp(-0.5) / 2, 14);
    // The fixed point of self-normalising networks (Klambauer et al. 2017): slope lambda above 0.
    const selu = await jet(g.selu, points);
    expect(selu.first[2]).toBeCloseTo(1.0507009873554805, 7);
    expect(selu.y[4]).toBeCloseTo(-1.7580993408473766, 6);
  });

  test('relu, leaky relu, abs and sign have the derivatives at 0 that their rules name', async () => {
    expect((await jet(g.relu, [0])).first).toEqual(Float64Array.of(0));
    expect((await jet((x) => g.leakyRelu(x, 0.25), [0, -2, 2])).first).toEqual(
      Float64Array.of(0.25, 0.25, 1),
    );
    expect((await jet(g.abs, [0, -3])).first).toEqual(Float64Array.of(0, -1));
    expect((await jet(g.softsign, [0, 3])).first).toEqual(Float64Array.of(1, 1 / 16));
  });

  test('clip passes the cotangent at its bounds, and gives it to the bound beyond', async () => {
    expect((await jet((x) => g.clip(x, -1, 2), [-1, 2, -3, 3, 0])).first).toEqual(
      Float64Array.of(1, 1, 0, 0, 1),
    );
    const [x, low, high] = ['x', 'low', 'high'].map((name) =>
      g.input(name, 'float64', name === 'x' ? [5] : []),
    ) as [Value, Value, Value];
    const y = g.emit1(g.Clip, [x, low, high]);
    const [gx, glow, ghigh] = g.gradient(g.reduceSum(y), [x, low, high]) as [Value, Value, Value];
    const feeds = (a: number, b: number) => ({
      x: Float64Array.of(-5, -1, 0, 2, 9),
      low: Float64Array.of(a),
      high: Float64Array.of(b),
    });
    const proper = await evaluate({ y, gx, glow, ghigh }, feeds(-1, 2));
    expect(proper.gx.data).toEqual(Float64Array.of(0, 1, 1, 1, 0));
    expect([proper.glow.data[0], proper.ghigh.data[0]]).toEqual([1, 1]);
    // Contradictory bounds: the result is the upper one everywhere.
    const contradictory = await evaluate({ y, glow, ghigh }, feeds(3, 1));
    expect(contradictory.y.data).toEqual(new Float64Array(5).fill(1));
    expect([contradictory.glow.data[0], contradictory.ghigh.data[0]]).toEqual([0, 5]);
  });

  test('powers: no NaN where the base or the exponent is 0', async () => {
    expect((await jet((x) => g.pow(x, 2), [0, -3])).first).toEqual(Float64Array.of(0, -6));
    expect((await jet((x) => g.pow(x, 0), [0, 2])).first).toEqual(Float64Array.of(0, 0));
    expect((await jet((x) => g.pow(x, 1), [0])).first).toEqual(Float64Array.of(1));
    // With the exponent as data: d/dy x^y = x^y log x, and 0 at x = 0.
    const y = g.input('y', 'float64', [3]);
    const x = g.constant(g.tensor('float64', [3], [0, 2, 0]));
    const [gy] = g.gradient(g.reduceSum(g.pow(x, y)), [y]);
    const { slope } = await evaluate({ slope: gy! }, { y: Float64Array.of(2, 3, 1) });
    expect(slope.data[0]).toBe(0);
    expect(slope.data[1]).toBeCloseTo(8 * Math.LN2, 13);
    expect(slope.data[2]).toBe(0);
  });

  test('the Euclidean norm has the subgradient 0 at 0', async () => {
    expect((await jet((x) => g.reduceL2(x), [0, 0])).first).toEqual(Float64Array.of(0, 0));
    const { first } = await jet((x) => g.reduceL2(x), [3, 4]);
    expect(Math.hypot(Number(first[0]) - 0.6, Number(first[1]) - 0.8)).toBeLessThan(1e-15);
  });
});

describe('softmax', () => {
  test('does not overflow, and keeps masked entries at zero with zero derivative', async () => {
    const f = (x: Value) => g.reduceSum(g.mul(g.softmax(x), g.constant(g.tensor('float64', [3], [1, 2, 3]))));
    const { first } = await jet(f, [1000, 1000, -1e30]);
    // p = (1/2, 1/2, 0), slope p_i (w_i - 3/2).
    expect(first).toEqual(Float64Array.of(-0.25, 0.25, 0));
  });

  test('logSoftmax stays finite far from the top, with slope 1 - p', async () => {
    const f = (x: Value) => g.slice(g.logSoftmax(x), [0], [0], [1]);
    const { y, first } = await jet(f, [-800, 0, 0]);
    expect(y[0]).toBeCloseTo(-800 - Math.LN2, 10);
    expect(first).toEqual(Float64Array.of(1, -0.5, -0.5));
  });

  test('reduceLogSumExp has the softmax as its gradient', async () => {
    const { y, first, second } = await jet((x) => g.reduceLogSumExp(x), [1000, 1000, -1e30]);
    expect(y[0]).toBeCloseTo(1000 + Math.LN2, 10);
    expect(first).toEqual(Float64Array.of(0.5, 0.5, 0));
    expect([...second].every((s) => Math.abs(Number(s)) < 1e-15)).toBe(true);
  });
});
