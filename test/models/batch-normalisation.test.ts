import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { call, constant, gradient, innerProduct, input, modelFrom, tensor } from '../../src/graph/index.ts';
import { lipschitzInterval } from '../../src/lipschitz/index.ts';
import {
  ACTIVATIONS,
  type Activation,
  modelGraph,
  plainNorm,
  twoLayer,
  twoLayerBatchNorm,
  type Weights,
  withStatistics,
} from '../../src/models/index.ts';
import { normal, rng, uniform } from '../../src/random/index.ts';
import { evaluate } from '../../src/runtime/index.ts';

function randomWeights(d: number, k: number, m: number, seed: number): Weights {
  const family = twoLayerBatchNorm(d, k, m);
  const shapes = { ...family.parameterShapes, ...family.statisticShapes };
  return Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => {
      const [key, size] = [rng(seed).split(name), shape.reduce((a, b) => a * b, 1)];
      const data = name.endsWith('variance') ? uniform(key, size, 0.5, 2) : normal(key, size);
      return [name, tensor('float64', shape, data)];
    }),
  );
}

/** f on the points, as it is used or as it is trained. */
async function valuesOf(
  [d, k, m]: readonly [number, number, number],
  weights: Weights,
  x: Float64Array,
  training: boolean,
): Promise<Float64Array> {
  const family = twoLayerBatchNorm(d, k, m);
  const points = input('x', 'float64', [x.length / d, d]);
  const values = Object.fromEntries(
    Object.entries(weights).map(([name, weight]) => [name, constant(weight)]),
  );
  const y = training ? family.forwardInTraining!(points, values).output : family.forward(points, values);
  return (await evaluate({ y }, { x })).y.data as Float64Array;
}

const sizes = fc.record({
  d: fc.integer({ min: 1, max: 5 }),
  k: fc.integer({ min: 1, max: 6 }),
  m: fc.integer({ min: 1, max: 3 }),
  seed: fc.nat(1000),
});

describe('twoLayerBatchNorm', () => {
  test('as it is used, it is the two-layer network with rows and biases rescaled by hand', async () => {
    await fc.assert(
      fc.asyncProperty(
        sizes,
        fc.constantFrom(...(Object.keys(ACTIVATIONS) as Activation[])),
        async ({ d, k, m, seed }, activation) => {
          const weights = randomWeights(d, k, m, seed);
          const of = (name: string) => weights[name]!.data as Float64Array;
          const slope = of('normalisation.gamma').map(
            (gamma, l) => gamma / Math.sqrt(of('normalisation.variance')[l]! + 1e-5),
          );
          const folded: Weights = {
            'layer1.weight': tensor(
              'float64',
              [k, d],
              of('layer1.weight').map((w, i) => w * slope[Math.floor(i / d)]!),
            ),
            'layer1.bias': tensor(
              'float64',
              [k],
              slope.map((s, l) => of('normalisation.beta')[l]! - s * of('normalisation.mean')[l]!),
            ),
            'layer2.weight': weights['layer2.weight']!,
            'layer2.bias': weights['layer2.bias']!,
          };
          const x = normal(rng(seed).split('x'), 3 * d);
          const values = async (family: ReturnType<typeof twoLayer>, w: Weights) =>
            (await evaluate({ y: modelGraph(family, w, 3).outputs.y! }, { x })).y.data as Float64Array;
          const expected = await values(twoLayer(d, k, m, activation), folded);
          const got = await values(twoLayerBatchNorm(d, k, m, activation), weights);
          got.forEach((value, i) => {
            expect(Math.abs(value - expected[i]!)).toBeLessThan(1e-9 * (1 + Math.abs(expected[i]!)));
          });
        },
      ),
      { numRuns: 15 },
    );
  });

  test('plainNorm is the least norm of the folded network over rescalings of its neurons, which leave it the same', () => {
    fc.assert(
      fc.property(sizes, ({ d, k, m, seed }) => {
        const weights = randomWeights(d, k, m, seed);
        const of = (name: string) => Array.from(weights[name]!.data as Float64Array);
        const [w, a, c] = [of('layer1.weight'), of('layer2.weight'), of('layer2.bias')];
        const [mean, variance] = [of('normalisation.mean'), of('normalisation.variance')];
        const beta = of('normalisation.beta');
        // The neuron scaled by t and its column by 1 / t: the norm at the best t of a fine grid.
        let squares = c.reduce((sum, one) => sum + one ** 2, 0);
        for (let l = 0; l < k; l++) {
          const slope = of('normalisation.gamma')[l]! / Math.sqrt(variance[l]! + 1e-5);
          const inner = w.slice(l * d, (l + 1) * d).map((one) => slope * one);
          const v = Math.hypot(...inner, beta[l]! - slope * mean[l]!);
          const column = Math.hypot(...a.filter((_, i) => i % k === l));
          const grid = Array.from({ length: 4001 }, (_, i) => Math.exp((i - 2000) / 250));
          squares += Math.min(...grid.map((t) => (t * v) ** 2 + (column / t) ** 2));
        }
        const least = Math.sqrt(squares);
        expect(plainNorm(weights)).toBeLessThanOrEqual(least * (1 + 1e-6));
        expect(plainNorm(weights)).toBeGreaterThan(least * (1 - 1e-4));
      }),
      { numRuns: 20 },
    );
  });

  test('bounds of its Lipschitz constant see through the normalisation', async () => {
    const [d, k] = [4, 6];
    const weights = randomWeights(d, k, 1, 8);
    const model = modelFrom('batch-norm', (batch) => modelGraph(twoLayerBatchNorm(d, k), weights, batch));
    const { lower, upper } = await lipschitzInterval(model, normal(rng(1), 20 * d), rng(2));
    // The largest gradient over many random points lies between any two true bounds' ends.
    const x = input('x', 'float64', [2000, d]);
    const y = call(model.forBatch(2000), { x }).y!;
    const slopes = await evaluate(
      { g: gradient(innerProduct(y, y), [x])[0]!, y },
      { x: normal(rng(3), 2000 * d) },
    );
    let largest = 0;
    for (let i = 0; i < 2000; i++) {
      const row = (slopes.g.data as Float64Array).subarray(i * d, (i + 1) * d);
      largest = Math.max(largest, Math.hypot(...row) / (2 * Math.abs(Number(slopes.y.data[i]!))));
    }
    expect(largest).toBeLessThanOrEqual(upper.value * (1 + 1e-9));
    expect(lower!.value).toBeLessThanOrEqual(upper.value);
    expect(lower!.value).toBeGreaterThan(0.9 * largest);
  });
});

describe('withStatistics', () => {
  test('use and training on the whole data set then agree, point by point', async () => {
    await fc.assert(
      fc.asyncProperty(sizes, fc.integer({ min: 2, max: 30 }), async ({ d, k, m, seed }, n) => {
        const weights = randomWeights(d, k, m, seed);
        const x = normal(rng(seed).split('x'), n * d);
        const set = await withStatistics(twoLayerBatchNorm(d, k, m), weights, x);
        const trained = await valuesOf([d, k, m], weights, x, true);
        const used = await valuesOf([d, k, m], set, x, false);
        const size = Math.max(1, ...trained.map(Math.abs));
        used.forEach((value, i) => {
          expect(Math.abs(value - trained[i]!) / size).toBeLessThan(1e-9);
        });
      }),
      { numRuns: 15 },
    );
  });

  test('parts of a large data set are pooled to mean and variance of the whole', async () => {
    const [d, k, n] = [3, 2, 2500];
    const weights = randomWeights(d, k, 1, 4);
    // Far from zero, where sums of squares would cancel.
    const x = normal(rng(9), n * d).map((z) => 1000 + z);
    const set = await withStatistics(twoLayerBatchNorm(d, k), weights, x);
    const w = weights['layer1.weight']!.data as Float64Array;
    for (let l = 0; l < k; l++) {
      const z = Array.from({ length: n }, (_, i) =>
        [0, 1, 2].reduce((sum, j) => sum + w[l * d + j]! * x[i * d + j]!, 0),
      );
      const mean = z.reduce((a, b) => a + b, 0) / n;
      const variance = z.reduce((a, b) => a + (b - mean) ** 2, 0) / n;
      expect(Number(set['normalisation.mean']!.data[l]) / mean).toBeCloseTo(1, 12);
      expect(Number(set['normalisation.variance']!.data[l]) / variance).toBeCloseTo(1, 9);
    }
  });

  test('constant points have variance zero and finite values', async () => {
    const weights = randomWeights(2, 3, 1, 1);
    const x = new Float64Array(8).fill(0.7);
    const set = await withStatistics(twoLayerBatchNorm(2, 3), weights, x);
    for (const v of set['normalisation.variance']!.data as Float64Array) expect(v).toBeLessThan(1e-25);
    const values = await valuesOf([2, 3, 1], set, x, false);
    expect(values.every(Number.isFinite)).toBe(true);
  });

  test('keeps the type of the weights, and leaves weights without statistics as they are', async () => {
    const family = twoLayerBatchNorm(2, 3);
    const single = family.initialise(rng(1));
    const set = await withStatistics(family, single, Float32Array.from([1, 2, 3, 4]));
    expect(set['normalisation.mean']!.dtype).toBe('float32');
    const plain = twoLayer(2, 3).initialise(rng(1));
    expect(await withStatistics(twoLayer(2, 3), plain, new Float64Array(2))).toBe(plain);
  });

  test('says what is wrong with the points', async () => {
    const family = twoLayerBatchNorm(2, 3);
    const weights = family.initialise(rng(1));
    await expect(withStatistics(family, weights, new Float64Array(2))).rejects.toThrow(
      'expected an integer >= 2',
    );
    await expect(withStatistics(family, weights, new Float64Array(0))).rejects.toThrow(
      'expected an integer >= 2',
    );
    await expect(withStatistics(family, weights, new Float64Array(5))).rejects.toThrow(
      '5 numbers are not points of 2 numbers each',
    );
    const x = input('x', 'float32', [1, 2]);
    const values = Object.fromEntries(
      Object.entries(weights).map(([name, { shape }]) => [name, input(name, 'float32', shape)]),
    );
    expect(() => family.forwardInTraining!(x, values)).toThrow('invalid batch size: 1; expected at least 2');
  });
});
