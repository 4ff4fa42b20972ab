import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { conv, input, tensor } from '../../src/graph/index.ts';
import { matrix, singularValues } from '../../src/linalg/index.ts';
import { cnn, mlp, modelGraph, type Weights } from '../../src/models/index.ts';
import { normal, rng, signs } from '../../src/random/index.ts';
import { compile, evaluate } from '../../src/runtime/index.ts';
import { adam, constantRate, plain, spectralNorm, squaredLoss, train } from '../../src/training/index.ts';

const weight = (shape: readonly number[], seed: number, scale = 1) =>
  tensor(
    'float64',
    shape,
    normal(
      rng(seed),
      shape.reduce((a, b) => a * b, 1),
    ).map((z) => z * scale),
  );

async function applied(bound: number, shape: readonly number[], data: Float64Array): Promise<Float64Array> {
  const w = input('w', 'float64', shape);
  return (await evaluate({ out: spectralNorm(bound).apply(w) }, { w: data })).out.data as Float64Array;
}

const norm = (rows: number, data: ArrayLike<number>) =>
  Math.max(...singularValues(matrix(rows, data.length / rows, Float64Array.from(data))));

describe('in the graph', () => {
  test('matrices of larger norm are scaled to within 1 % below the bound, others stay', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 1e6 }),
        fc.integer({ min: 1, max: 30 }),
        fc.integer({ min: 1, max: 30 }),
        fc.constantFrom(1e-60, 1e-3, 1, 1e70),
        async (seed, rows, columns, scale) => {
          const data = weight([rows, columns], seed, scale).data as Float64Array;
          const before = norm(rows, data);
          const bound = before / 3;
          const after = await applied(bound, [rows, columns], data);
          expect(norm(rows, after) / bound).toBeLessThanOrEqual(1 + 1e-9);
          expect(norm(rows, after) / bound).toBeGreaterThanOrEqual(1 / 1.0101);
          after.forEach((v, i) => {
            expect(v / after[0]!).toBeCloseTo(data[i]! / data[0]!, 8);
          });
          expect(await applied(before * 1.011, [rows, columns], data)).toEqual(data);
        },
      ),
      { numRuns: 15 },
    );
  });

  test('zero, one column, and biases', async () => {
    expect(await applied(1, [3, 2], new Float64Array(6))).toEqual(new Float64Array(6));
    const column = await applied(1, [2, 1], Float64Array.of(3, 4));
    expect([...column]).toEqual([expect.closeTo(0.6, 12), expect.closeTo(0.8, 12)]);
    expect(await applied(1, [2], Float64Array.of(30, 40))).toEqual(Float64Array.of(30, 40));
  });
});

test('a kernel within the bound is a convolution within it, with any stride and padding', async () => {
  const shape = [3, 2, 3, 3];
  const { k } = spectralNorm(1).certify({ k: weight(shape, 4, 2) });
  for (const stride of [1, 2]) {
    // The convolution as a matrix: one column per entry of the image.
    const pixels = 2 * 6 * 6;
    const x = input('x', 'float64', [pixels, 2, 6, 6]);
    const w = input('w', 'float64', shape);
    const y = conv(x, w, undefined, { pads: [1, 1, 1, 1], strides: [stride, stride] });
    const unit = Float64Array.from({ length: pixels * pixels }, (_, i) => (i % (pixels + 1) === 0 ? 1 : 0));
    const { y: columns } = await evaluate({ y }, { x: unit, w: k!.data });
    const size = norm(pixels, columns.data as Float64Array);
    expect(size).toBeLessThanOrEqual(1 + 1e-12);
    expect(size).toBeGreaterThan(0.2);
  }
});

test('certified weights are within the bound, and keep their bits where they were', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1e6 }), fc.constantFrom(1, 1e-3, 7), (seed, bound) => {
      const single = (t: ReturnType<typeof weight>) => tensor('float32', t.shape, t.data);
      const weights: Weights = {
        large: single(weight([8, 5], seed, 3 * bound)),
        small: single(weight([4, 6], seed, 0.01 * bound)),
        bias: single(weight([8], seed, 100)),
      };
      const certified = spectralNorm(bound).certify(weights);
      expect(norm(8, certified.large!.data as Float32Array)).toBeLessThanOrEqual(bound);
      expect(norm(8, certified.large!.data as Float32Array)).toBeGreaterThan(bound * (1 - 1e-5));
      expect(certified.small).toEqual(weights.small);
      expect(certified.bias).toEqual(weights.bias);
      expect(spectralNorm(bound).certify(certified).large!.data).toEqual(certified.large!.data);
    }),
    { numRuns: 20 },
  );
});

test('a network trained under the constraint changes no faster than the inputs', async () => {
  const [n, d] = [40, 10];
  const x = normal(rng(1), n * d).map((z) => 3 * z);
  const family = mlp([d, 20, 15, 1]);
  const samples = { x, shape: [n, d], y: signs(rng(2), n) };
  const plan = {
    family,
    objective: plain(squaredLoss),
    optimiser: adam(),
    constraint: spectralNorm(1),
    learningRate: constantRate(0.02),
    steps: 120,
    stop: [],
  };
  const result = await train(plan, samples, rng(3));
  for (const [name, w] of Object.entries(result.weights)) {
    if (name.endsWith('weight'))
      expect(norm(w.shape[0]!, w.data as Float32Array), name).toBeLessThanOrEqual(1);
  }
  // The constraint binds: without it the network fits better, and is steeper.
  const free = await train({ ...plan, constraint: undefined as never }, samples, rng(3));
  expect(free.measures.meanSquaredError).toBeLessThan(result.measures.meanSquaredError / 2);
  expect(result.losses.at(-1)).toBeLessThan(result.losses[0]! * 0.9);

  const program = await compile(modelGraph(family, result.weights, n));
  const at = async (points: Float64Array) =>
    (await program.run({ x: Float32Array.from(points) })).y as Float32Array;
  const [there, values] = [x.map((v, i) => v + normal(rng(4), n * d)[i]!), await at(x)];
  const other = await at(there);
  values.forEach((v, i) => {
    const step = Math.hypot(...there.subarray(i * d, i * d + d).map((t, j) => t - x[i * d + j]!));
    expect(Math.abs(v - other[i]!)).toBeLessThanOrEqual(step * (1 + 1e-5));
  });
  // The measures are those of the certified weights.
  const squares = values.reduce((sum, v, i) => sum + (v - samples.y[i]!) ** 2, 0) / n;
  expect(result.measures.meanSquaredError).toBeCloseTo(squares, 6);
  await program.dispose();
});

test('no step at all still gives certified weights, of kernels too', async () => {
  const family = cnn([1, 6, 6], [3], 5, 2);
  const { weights } = await train(
    {
      family,
      objective: plain(squaredLoss),
      optimiser: adam(),
      constraint: spectralNorm(0.5),
      learningRate: constantRate(1),
      steps: 0,
      stop: [],
    },
    { x: new Float64Array(36).fill(1), shape: [1, 1, 6, 6], y: Float64Array.of(1, 0) },
    rng(1),
  );
  for (const w of Object.values(weights).filter(({ shape }) => shape.length >= 2)) {
    const positions = w.shape.slice(2).reduce((a, b) => a * b, 1);
    expect(norm(w.shape[0]!, w.data as Float32Array) * Math.sqrt(positions)).toBeLessThanOrEqual(0.5);
  }
  expect(() => spectralNorm(0)).toThrow('invalid spectral norm: 0');
});
