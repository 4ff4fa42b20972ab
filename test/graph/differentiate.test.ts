import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as g from '../../src/graph/index.ts';
import { rng } from '../../src/random/index.ts';
import { evaluate } from '../../src/runtime/index.ts';
import { discrepancy } from './finite-difference.ts';
import { mlp, residualCnn, visionTransformer, withGradientPenalty } from './networks.ts';
import { instances } from './ops/instances/index.ts';

describe('first and second derivatives agree with central differences, float32 with float64', () => {
  test.each(Object.keys(instances))('%s', async (name) => {
    for (const one of fc.sample(instances[name]!, { numRuns: 8, seed: 1 })) {
      const { first, second, float32 } = await discrepancy(one, rng(one.label));
      expect(first, `first derivative of ${one.label}`).toBeLessThan(1e-6);
      expect(second, `second derivative of ${one.label}`).toBeLessThan(1e-6);
      expect(float32, `float32 against float64 of ${one.label}`).toBeLessThan(1e-5);
    }
  });
});

describe('whole networks, by inputs and by weights', () => {
  const networks = [mlp, residualCnn, visionTransformer];
  test.each([...networks, ...networks.map(withGradientPenalty)].map((one) => [one.label, one] as const))(
    '%s',
    async (_label, one) => {
      // Small steps: a rectifier must not change sides in between.
      const { first, second, float32 } = await discrepancy(one, rng('networks'), 1e-5);
      expect(first).toBeLessThan(1e-6);
      expect(second).toBeLessThan(1e-5);
      expect(float32).toBeLessThan(1e-4);
    },
  );
});

describe('vjp', () => {
  const x = g.input('x', 'float64', [2]);
  const at = async (value: g.Value) => {
    // A derivative need not depend on x.
    const anchored = g.add(value, g.mul(x, 0));
    return (await evaluate({ anchored }, { x: Float64Array.of(3, -2) })).anchored.data;
  };

  test('is zero for what the outputs do not depend on', async () => {
    const y = g.input('y', 'float64', [3]);
    const [gy] = g.gradient(g.reduceSum(x), [y]);
    expect(gy!.shape).toEqual([3]);
    expect((await evaluate({ gy: gy! })).gy.data).toEqual(Float64Array.of(0, 0, 0));
  });

  test('adds up over all paths, also through an operator that takes one value twice', async () => {
    // d/dx (x x + x / x + max(x, x)) = 2 x + 0 + 1.
    const sum = g.add(g.add(g.mul(x, x), g.div(x, x)), g.maximum(x, x));
    expect(await at(g.gradient(g.reduceSum(sum), [x])[0]!)).toEqual(Float64Array.of(7, -3));
  });

  test('adds up where a decomposition takes one value twice', async () => {
    const slope = g.emit1(g.PRelu, [x, x]);
    // x for x > 0, x^2 otherwise.
    expect(await at(g.gradient(g.reduceSum(slope), [x])[0]!)).toEqual(Float64Array.of(1, -4));
  });

  test('by an intermediate value treats it as free, and by two nested ones gives each its own', async () => {
    const y = g.mul(x, 2);
    const z = g.mul(y, y);
    const [gy, gz, gx] = g.gradient(g.reduceSum(g.mul(z, 5)), [y, z, x]) as [g.Value, g.Value, g.Value];
    expect(await at(gy)).toEqual(Float64Array.of(60, -40));
    expect(await at(gz)).toEqual(Float64Array.of(5, 5));
    expect(await at(gx)).toEqual(Float64Array.of(120, -80));
  });

  test('weighs several outputs by their cotangents', async () => {
    const [a, b] = [g.exp(x), g.square(x)];
    const [gx] = g.vjp([a, b], [g.constant(g.tensor('float64', [2], [0, 0])), x], [x]);
    // <x, 2 x> elementwise.
    expect(await at(gx!)).toEqual(Float64Array.of(18, 8));
  });

  test('handles a node of which only some outputs are used', async () => {
    const [, second] = g.split(x, 0, [1, 1]);
    expect(await at(g.gradient(g.reduceSum(g.square(second!)), [x])[0]!)).toEqual(Float64Array.of(0, -4));
  });

  test('goes through thousands of layers without recursion', async () => {
    let y: g.Value = x;
    for (let i = 0; i < 4_000; i++) y = g.neg(y);
    const [gx] = g.gradient(g.reduceSum(y), [x]);
    expect(await at(gx!)).toEqual(Float64Array.of(1, 1));
  });

  test('says what does not fit', () => {
    expect(() => g.vjp([x], [g.scalar('float64', 1)], [x])).toThrow(/cotangent/);
    expect(() => g.vjp([x], [], [x])).toThrow(/cotangent/);
    expect(() => g.gradient(g.exp(x), [x])).toThrow(/scalar/);
    const orphan: g.Op = { name: 'Orphan', attributes: {}, infer: () => [{ dtype: 'float64', shape: [] }] };
    expect(() => g.gradient(g.emit1(orphan, [x]), [x])).toThrow(/Orphan has no derivative rule/);
    const extremal = g.emit1(g.ScatterElements, [x, g.int64s([0, 0]), x], { reduction: 'max' });
    expect(() => g.gradient(g.reduceSum(extremal), [x])).toThrow(/"add" or "none", not with "max"/);
  });
});
