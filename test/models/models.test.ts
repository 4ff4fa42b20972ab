import fc from 'fast-check';
import * as ort from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import { parameterCount, parameters, tensor } from '../../src/graph/index.ts';
import { exportModel, mlp, modelGraph, twoLayer, type Weights } from '../../src/models/index.ts';
import { normal, rng } from '../../src/random/index.ts';
import { compile } from '../../src/runtime/index.ts';

/** The network written out with loops. */
function forward(widths: readonly number[], weights: Weights, x: ArrayLike<number>): number[] {
  let h = Array.from(x);
  for (let i = 1; i < widths.length; i++) {
    const w = weights[`layer${i}.weight`]!.data as ArrayLike<number>;
    const b = weights[`layer${i}.bias`]?.data as ArrayLike<number> | undefined;
    const z = Array.from({ length: widths[i]! }, (_, r) =>
      h.reduce((sum, value, c) => sum + w[r * h.length + c]! * value, b?.[r] ?? 0),
    );
    h = i < widths.length - 1 ? z.map((v) => Math.max(0, v)) : z;
  }
  return h;
}

/** Weights with nonzero biases. */
function randomWeights(widths: readonly number[], bias: boolean, seed: number): Weights {
  const family = mlp(widths, 'relu', bias);
  return Object.fromEntries(
    Object.entries(family.parameterShapes).map(([name, shape]) => {
      const size = shape.reduce((a, b) => a * b, 1);
      return [name, tensor('float64', shape, normal(rng(seed).split(name), size))];
    }),
  );
}

const widthsArbitrary = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 2, maxLength: 5 });

describe('mlp', () => {
  test('P in closed form equals the count over the graph, which equals a sum over layers', () => {
    fc.assert(
      fc.property(widthsArbitrary, fc.boolean(), (widths, bias) => {
        const family = mlp(widths, 'relu', bias);
        const g = modelGraph(family, family.initialise(rng(1)), 3);
        expect(family.parameterCount).toBe(parameterCount(g));
        const entries = parameters(g).reduce((sum, p) => sum + p.shape.reduce((a, b) => a * b, 1), 0);
        expect(entries).toBe(family.parameterCount);
        expect(parameters(g)).toHaveLength((widths.length - 1) * (bias ? 2 : 1));
      }),
    );
  });

  test('two layers have P = k(d + 1) + (k + 1)', () => {
    for (const [d, k] of [
      [1, 1],
      [1000, 100],
      [784, 1024],
    ] as const) {
      expect(twoLayer(d, k).parameterCount).toBe(k * (d + 1) + (k + 1));
      expect(twoLayer(d, k, 1, 'relu', false).parameterCount).toBe(k * (d + 1));
    }
  });

  test('the forward pass equals loops over neurons', async () => {
    await fc.assert(
      fc.asyncProperty(widthsArbitrary, fc.boolean(), fc.nat(1000), async (widths, bias, seed) => {
        const weights = randomWeights(widths, bias, seed);
        const x = normal(rng(seed).split('x'), 2 * widths[0]!);
        const program = await compile(modelGraph(mlp(widths, 'relu', bias), weights, 2));
        const { y } = await program.run({ x });
        await program.dispose();
        const expected = [0, 1].flatMap((i) =>
          forward(widths, weights, x.subarray(i * widths[0]!, (i + 1) * widths[0]!)),
        );
        for (const [i, value] of expected.entries()) expect(y![i]).toBeCloseTo(value, 9);
      }),
      { numRuns: 30 },
    );
  });

  test('initial weights have variance 2 / fan-in behind a ReLU, 1 / fan-in in the last layer, zero biases', () => {
    const weights = mlp([200, 400, 300]).initialise(rng(5), 'float64');
    const moments = (name: string) => {
      const data = weights[name]!.data as Float64Array;
      const mean = data.reduce((a, b) => a + b, 0) / data.length;
      return { mean, variance: data.reduce((a, b) => a + (b - mean) ** 2, 0) / data.length, n: data.length };
    };
    for (const [name, variance] of [
      ['layer1.weight', 2 / 200],
      ['layer2.weight', 1 / 400],
    ] as const) {
      const m = moments(name);
      // Four standard errors of mean and variance of m.n normals.
      expect(Math.abs(m.mean)).toBeLessThan(4 * Math.sqrt(variance / m.n));
      expect(Math.abs(m.variance / variance - 1)).toBeLessThan(4 * Math.sqrt(2 / m.n));
    }
    expect([...(weights['layer1.bias']!.data as Float64Array)].every((b) => b === 0)).toBe(true);
  });

  test('initial weights are a function of the key and differ between keys and layers', () => {
    const family = mlp([4, 4, 4]);
    const a = family.initialise(rng(1));
    expect(family.initialise(rng(1))).toEqual(a);
    expect(family.initialise(rng(2))).not.toEqual(a);
    expect([...(a['layer1.weight']!.data as Float32Array)]).not.toEqual(
      [...(a['layer2.weight']!.data as Float32Array)].map((v) => v * Math.SQRT2),
    );
  });

  test('says what is wrong with widths and weights', () => {
    expect(() => mlp([3])).toThrow('invalid widths: "[3]"; expected [inputs, ...hidden layers, outputs]');
    expect(() => twoLayer(3, 0)).toThrow('invalid width: 0');
    const family = twoLayer(3, 2);
    const { 'layer1.bias': _, ...missing } = family.initialise(rng(1));
    expect(() => modelGraph(family, missing, 1)).toThrow('"layer1.bias" of relu-mlp-3-2-1 is missing');
    expect(() => modelGraph(family, twoLayer(4, 2).initialise(rng(1)), 1)).toThrow(
      '"layer1.weight" of relu-mlp-3-2-1 is float32 [2, 4]; expected shape [2,3]',
    );
  });
});

describe('exportModel', () => {
  test.each(['float32', 'float64'] as const)(
    'a %s file runs in ONNX Runtime for any batch and gives the same numbers',
    async (dtype) => {
      const widths = [5, 7, 2];
      const family = mlp(widths);
      const weights = family.initialise(rng(3), dtype);
      const session = await ort.InferenceSession.create(exportModel(family, weights, { seed: '3' }));
      for (const batch of [1, 4]) {
        const x = normal(rng(batch), batch * 5);
        const data = dtype === 'float32' ? Float32Array.from(x) : x;
        const { y } = await session.run({ x: new ort.Tensor(dtype, data as Float32Array, [batch, 5]) });
        expect(y!.dims).toEqual([batch, 2]);
        for (let i = 0; i < batch; i++) {
          const expected = forward(widths, weights, data.subarray(5 * i, 5 * i + 5));
          for (const [j, value] of expected.entries())
            expect(y!.data[2 * i + j]).toBeCloseTo(value, dtype === 'float32' ? 5 : 12);
        }
      }
      await session.release();
    },
  );
});
