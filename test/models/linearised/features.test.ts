import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  constant,
  gradient,
  importForBatch,
  input,
  modelFromOnnx,
  parameterCount,
  reduceSum,
  tensor,
} from '../../../src/graph/index.ts';
import { decodeModel } from '../../../src/graph/onnx-file/index.ts';
import { leastNorm, matrix, multiplyTransposed, singularValues } from '../../../src/linalg/index.ts';
import {
  ACTIVATIONS,
  type Activation,
  exportModel,
  type FeatureFamily,
  interpolate,
  modelGraph,
  randomFeatures,
  sensitivities,
  tangentFeatures,
  twoLayer,
} from '../../../src/models/index.ts';
import { normal, rng, signs } from '../../../src/random/index.ts';
import { evaluate } from '../../../src/runtime/index.ts';

/** phi, phi' and phi'' by hand. */
const JETS: Readonly<Record<string, readonly ((z: number) => number)[]>> = {
  tanh: [Math.tanh, (z) => 1 - Math.tanh(z) ** 2, (z) => -2 * Math.tanh(z) * (1 - Math.tanh(z) ** 2)],
  square: [(z) => z * z, (z) => 2 * z, () => 2],
  softplus: [
    (z) => Math.log1p(Math.exp(z)),
    (z) => 1 / (1 + Math.exp(-z)),
    (z) => Math.exp(-z) / (1 + Math.exp(-z)) ** 2,
  ],
};
const smooth = fc.constantFrom<Activation>('tanh', 'square', 'softplus');

interface Problem {
  readonly family: FeatureFamily;
  readonly activation: Activation;
  readonly tangents: boolean;
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly n: number;
  readonly d: number;
  readonly m: number;
}

/** Random problems with p between `least` n and `most` n features. */
const problems = (least: number, most: number) =>
  fc
    .record({
      tangents: fc.boolean(),
      activation: smooth,
      n: fc.integer({ min: 6, max: 14 }),
      d: fc.integer({ min: 5, max: 7 }),
      m: fc.integer({ min: 1, max: 3 }),
      ratio: fc.double({ min: least, max: most, noNaN: true }),
      seed: fc.nat(10_000),
    })
    .map(({ tangents, activation, n, d, m, ratio, seed }): Problem => {
      const key = rng(seed);
      const k = Math.max(1, Math.round((ratio * n) / (tangents ? d : 1)));
      const make = tangents ? tangentFeatures : randomFeatures;
      return {
        family: make(d, k, m, activation, key),
        activation,
        tangents,
        x: normal(key.split('x'), n * d),
        y: normal(key.split('y'), n * m),
        n,
        d,
        m,
      };
    });

/** Phi `[n, p]` by loops. */
function featureMatrix({ family, activation, tangents, n, d }: Problem, x: Float64Array) {
  const v = family.projection.data as Float64Array;
  const k = v.length / d;
  const [phi, slope] = JETS[activation]!;
  const rows = Array.from({ length: n }, (_, i) => {
    const point = [...x.subarray(i * d, (i + 1) * d)];
    return Array.from({ length: k }, (_, l) => {
      const z = point.reduce((sum, value, j) => sum + value * v[l * d + j]!, 0);
      return tangents ? point.map((value) => slope!(z) * value) : [phi!(z)];
    }).flat();
  });
  return matrix(n, family.features, Float64Array.from(rows.flat()));
}

const column = (y: Float64Array, m: number, j: number) => y.filter((_, i) => i % m === j);
const largest = (a: ArrayLike<number>) => Array.from(a).reduce((most, t) => Math.max(most, Math.abs(t)), 0);

describe('interpolate', () => {
  test('with p >= n it finds the shortest theta that fits, computed from the features themselves', async () => {
    await fc.assert(
      fc.asyncProperty(problems(1.5, 6), async (problem) => {
        const { family, x, y, m } = problem;
        fc.pre(family.features >= problem.n + 2);
        const found = await interpolate(family, x, y).catch((error) => {
          // Squares of few points in few dimensions can be dependent; that is another test.
          expect(String(error)).toContain('linearly dependent');
          return undefined;
        });
        fc.pre(found !== undefined && found.condition < 1e8);
        const theta = found!.weights.theta!.data as Float64Array;
        const phi = featureMatrix(problem, x);
        for (let j = 0; j < m; j++) {
          const expected = leastNorm(phi, column(y, m, j));
          const ours = theta.subarray(j * family.features, (j + 1) * family.features);
          const error = largest(ours.map((t, i) => t - expected[i]!));
          expect(error).toBeLessThan(1e-13 * found!.condition * largest(expected) + 1e-12);
        }
        expect(found!.maxError).toBeLessThan(1e-14 * found!.condition * largest(y) + 1e-11);
      }),
      { numRuns: 40 },
    );
  });

  test('with p < n the residual is orthogonal to every feature, and is what maxError says', async () => {
    await fc.assert(
      fc.asyncProperty(problems(0.2, 0.8), async (problem) => {
        const { family, x, y, n, m } = problem;
        fc.pre(family.features < n);
        const found = await interpolate(family, x, y).catch(() => undefined);
        fc.pre(found !== undefined && found.condition < 1e8);
        const theta = matrix(m, family.features, (found!.weights.theta!.data as Float64Array).slice());
        const phi = featureMatrix(problem, x);
        const fitted = multiplyTransposed(phi, theta).data;
        const residual = fitted.map((value, i) => value - y[i]!);
        expect(found!.maxError).toBeCloseTo(largest(residual), 9);
        for (let j = 0; j < m; j++) {
          const r = column(residual, m, j);
          for (let f = 0; f < family.features; f++) {
            const product = r.reduce((sum, t, i) => sum + t * phi.data[i * family.features + f]!, 0);
            expect(Math.abs(product)).toBeLessThan(1e-8 * (1 + largest(phi.data)) * (1 + largest(y)));
          }
        }
      }),
      { numRuns: 25 },
    );
  });

  test('sums over several parts of the neurons what one part gives', async () => {
    // 2^22 / n neurons at once: 4096 neurons on 1100 points are two parts.
    const [n, d, k] = [1100, 40, 4096];
    const family = randomFeatures(d, k, 1, 'tanh', rng(1));
    const x = normal(rng(2), n * d);
    const v = family.projection.data as Float64Array;
    // Labels that are a sum of three features: theta fits them, and is no longer than the one they are made with.
    const feature = (i: number, l: number) => {
      let z = 0;
      for (let j = 0; j < d; j++) z += x[i * d + j]! * v[l * d + j]!;
      return Math.tanh(z);
    };
    const y = Float64Array.from({ length: n }, (_, i) => feature(i, 0) + feature(i, 1907) + feature(i, 4095));
    const { maxError, weights } = await interpolate(family, x, y);
    expect(maxError).toBeLessThan(1e-9);
    const theta = weights.theta!.data as Float64Array;
    expect(Math.hypot(...theta)).toBeLessThan(Math.sqrt(3));
    // The part of the three features in the span of all points is most of it.
    for (const l of [0, 1907, 4095])
      expect(theta[l]).toBe(largest(theta.subarray(l - 5 < 0 ? 0 : l - 5, l + 6)));
  });

  test('the condition is that of the kernel, within the reach of power iterations', async () => {
    const [n, d] = [12, 6];
    const family = randomFeatures(d, 40, 1, 'tanh', rng(4));
    const x = normal(rng(5), n * d);
    const problem: Problem = { family, activation: 'tanh', tangents: false, x, y: x, n, d, m: 1 };
    const phi = featureMatrix(problem, x);
    const values = singularValues(phi);
    const { condition } = await interpolate(family, x, normal(rng(6), n));
    const exact = (Math.max(...values) / Math.min(...values)) ** 2;
    expect(condition).toBeLessThanOrEqual(exact * (1 + 1e-9));
    expect(condition).toBeGreaterThan(0.8 * exact);
  });

  test('one point and one dimension', async () => {
    const family = tangentFeatures(1, 1, 1, 'tanh', rng(1));
    const { maxError } = await interpolate(family, new Float64Array([0.5]), new Float64Array([3]));
    expect(maxError).toBeLessThan(1e-14);
  });

  test('says what is wrong with the data', async () => {
    const family = randomFeatures(3, 10, 1, 'tanh', rng(1));
    const x = normal(rng(1), 6);
    const fitTo = (points: Float64Array, labels: Float64Array) => interpolate(family, points, labels);
    await expect(fitTo(new Float64Array(0), new Float64Array(0))).rejects.toThrow(
      'invalid number of points: 0',
    );
    await expect(fitTo(x, new Float64Array(3))).rejects.toThrow('6 numbers in x and 3 in y');
    await expect(fitTo(x.slice(0, 5), new Float64Array(2))).rejects.toThrow('5 numbers in x');
    await expect(fitTo(x, Float64Array.from([1, Number.NaN]))).rejects.toThrow('invalid entry 1 of y: NaN');
    const twice = Float64Array.from([1, 2, 3, 1, 2, 3]);
    await expect(fitTo(twice, Float64Array.from([1, -1]))).rejects.toThrow('linearly dependent');
    // Even activations cannot tell opposite points apart.
    const even = tangentFeatures(3, 10, 1, 'square', rng(1));
    const opposite = Float64Array.from([1, 2, 3, -1, -2, -3]);
    await expect(interpolate(even, opposite, Float64Array.from([1, -1]))).rejects.toThrow(
      'equal or opposite',
    );
    await expect(fitTo(new Float64Array(6), Float64Array.from([1, 2]))).rejects.toThrow('linearly dependent');
  });
});

describe('the families', () => {
  test('P counts theta alone; the projection is fixed and counted beside it', () => {
    fc.assert(
      fc.property(problems(0.3, 4), ({ family, tangents, d, m }) => {
        const k = family.projection.shape[0]!;
        expect(family.parameterCount).toBe(tangents ? m * k * d : m * k);
        expect(family.fixedParameters).toBe(k * d);
        const g = modelGraph(family, family.initialise(rng(1), 'float64'), 2);
        expect(parameterCount(g)).toBe(family.parameterCount);
        const read = modelFromOnnx(decodeModel(exportModel(family, family.initialise(rng(1)))));
        expect(read.parameterCount).toBe(family.parameterCount);
      }),
      { numRuns: 20 },
    );
  });

  test('tangent features are the gradient of a two-layer network with output weights one by its first layer', async () => {
    const [d, k] = [4, 5];
    for (const activation of ['tanh', 'gelu', 'square'] as const) {
      const family = tangentFeatures(d, k, 1, activation, rng(3));
      const x = input('x', 'float64', [1, d]);
      const v = input('v', 'float64', [k, d]);
      const network = twoLayer(d, k, 1, activation, false);
      const ones = constant(tensor('float64', [1, k], new Float64Array(k).fill(1)));
      const y = network.forward(x, { 'layer1.weight': v, 'layer2.weight': ones });
      const feeds = { x: normal(rng(4), d), v: family.projection.data as Float64Array };
      const { slope } = await evaluate({ slope: gradient(reduceSum(y), [v])[0]! }, feeds);
      const z = family.hidden(
        constant(
          tensor('float64', [1, k], multiplyTransposed(matrix(1, d, feeds.x), matrix(k, d, feeds.v)).data),
        ),
      );
      const { features } = await evaluate({ features: family.featuresOf(z, x) }, { x: feeds.x });
      (features.data as Float64Array).forEach((value, i) => {
        expect(value).toBeCloseTo(Number(slope.data[i]), 12);
      });
    }
  });

  test('the fitted function leaves as a file and comes back with the same values', async () => {
    await fc.assert(
      fc.asyncProperty(problems(2, 3), async ({ family, d, m }) => {
        const theta = family.parameterShapes.theta!;
        const weights = {
          theta: tensor('float64', theta, normal(rng(7), family.parameterCount)),
        };
        const points = normal(rng(8), 3 * d);
        const ours = await evaluate({ y: modelGraph(family, weights, 3).outputs.y! }, { x: points });
        const read = importForBatch(decodeModel(exportModel(family, weights)), 3);
        const theirs = await evaluate({ y: read.outputs.y! }, { x: points });
        expect(theirs.y.shape).toEqual([3, m]);
        expect(theirs.y.data).toEqual(ours.y.data);
      }),
      { numRuns: 5 },
    );
  });

  test('the projection is a function of the key with variance 1 / radius^2', () => {
    const family = randomFeatures(50, 400, 1, 'tanh', rng(1), 3);
    const entries = family.projection.data as Float64Array;
    const variance = entries.reduce((sum, v) => sum + v * v, 0) / entries.length;
    // Four standard errors of the variance of 20,000 normals.
    expect(Math.abs(variance * 9 - 1)).toBeLessThan(4 * Math.sqrt(2 / entries.length));
    expect(randomFeatures(50, 400, 1, 'tanh', rng(1), 3).projection).toEqual(family.projection);
    expect(randomFeatures(50, 400, 1, 'tanh', rng(2), 3).projection).not.toEqual(family.projection);
  });

  test('refuses kinked activations for tangent features, and impossible sizes', () => {
    for (const [name, { smooth }] of Object.entries(ACTIVATIONS)) {
      const make = () => tangentFeatures(3, 4, 1, name as Activation, rng(1));
      if (smooth) expect(make).not.toThrow();
      else expect(make).toThrow(`invalid activation of tangent features: "${name}"`);
    }
    expect(() => randomFeatures(3, 0, 1, 'tanh', rng(1))).toThrow('invalid neurons: 0');
    expect(() => randomFeatures(3, 4, 0, 'tanh', rng(1))).toThrow('invalid outputs: 0');
    expect(() => randomFeatures(3, 4, 1, 'tanh', rng(1), 0)).toThrow('invalid radius: 0');
    expect(() => randomFeatures(3, 4, 1, 'tanh', rng(1), Number.NaN)).toThrow('invalid radius: NaN');
  });
});

describe('sensitivities', () => {
  test('are radius times the norm of the Jacobian: by hand with phi and phi twice differentiated, and by differences', async () => {
    await fc.assert(
      fc.asyncProperty(problems(1, 4), async (problem) => {
        const { family, activation, tangents, d, m } = problem;
        const theta = normal(rng(1), family.parameterCount);
        const weights = { theta: tensor('float64', family.parameterShapes.theta!, theta) };
        const z = normal(rng(2), 2 * d);
        const [own, scaled] = [undefined, 0.7].map((radius) =>
          sensitivities((batch) => modelGraph(family, weights, batch), z, radius),
        );
        const v = family.projection.data as Float64Array;
        const k = v.length / d;
        const [, first, second] = JETS[activation]!;
        const jacobian = (point: Float64Array, j: number) =>
          Float64Array.from({ length: d }, (_, c) => {
            let sum = 0;
            for (let l = 0; l < k; l++) {
              const row = v.subarray(l * d, (l + 1) * d);
              const s = row.reduce((t, value, i) => t + value * point[i]!, 0);
              if (!tangents) sum += theta[j * k + l]! * first!(s) * row[c]!;
              else {
                const t = theta.subarray((j * k + l) * d, (j * k + l + 1) * d);
                const along = t.reduce((total, value, i) => total + value * point[i]!, 0);
                sum += second!(s) * along * row[c]! + first!(s) * t[c]!;
              }
            }
            return sum;
          });
        const ours = await own!;
        for (let i = 0; i < 2; i++) {
          const point = z.subarray(i * d, (i + 1) * d);
          const norm = Math.hypot(...Array.from({ length: m }, (_, j) => [...jacobian(point, j)]).flat());
          expect(ours[i]! / (Math.sqrt(d) * norm)).toBeCloseTo(1, 10);
          expect((await scaled!)[i]! / (0.7 * norm)).toBeCloseTo(1, 10);
        }
        // Central differences of the values along every axis, at the first point.
        const h = 1e-5;
        const moved = Float64Array.from({ length: 2 * d * d }, (_, i) => {
          const [row, c] = [Math.floor(i / d), i % d];
          return z[c]! + (row % d === c ? (row < d ? h : -h) : 0);
        });
        const values = (await evaluate({ y: modelGraph(family, weights, 2 * d).outputs.y! }, { x: moved })).y
          .data as Float64Array;
        const slopes = Array.from({ length: d * m }, (_, i) => (values[i]! - values[d * m + i]!) / (2 * h));
        expect(ours[0]! / (Math.sqrt(d) * Math.hypot(...slopes))).toBeCloseTo(1, 5);
      }),
      { numRuns: 10 },
    );
  });

  test('of a linear model is |w| everywhere', async () => {
    const linear = twoLayer(2, 1, 1, 'relu', false);
    const weights = {
      'layer1.weight': tensor('float64', [1, 2], [3, 4]),
      'layer2.weight': tensor('float64', [1, 1], [2]),
    };
    const s = await sensitivities(
      (batch) => modelGraph(linear, weights, batch),
      Float64Array.from([1, 1, -1, -1]),
      1,
    );
    expect([...s]).toEqual([10, 0]);
  });

  test('says what is wrong with the points', async () => {
    const family = randomFeatures(3, 4, 1, 'tanh', rng(1));
    const model = (batch: number) => modelGraph(family, family.initialise(rng(1), 'float64'), batch);
    await expect(sensitivities(model, new Float64Array(0))).rejects.toThrow('invalid number of points: 0');
    await expect(sensitivities(model, new Float64Array(4))).rejects.toThrow('4 numbers are not points of 3');
    await expect(sensitivities(model, new Float64Array(3), -1)).rejects.toThrow('invalid radius: -1');
  });
});

test('even tangent features become robust with P, tangent features of an odd activation and random features do not', async () => {
  // Bombari, Kiyani and Mondelli 2023: N points N(0, I_d), random labels; means over fresh points and three draws.
  const [n, d] = [80, 80];
  const mean = (a: Float64Array) => a.reduce((sum, t) => sum + t, 0) / a.length;
  const sensitivity = async (make: typeof randomFeatures, activation: Activation, k: number) => {
    let total = 0;
    for (const seed of [1, 2, 3]) {
      const key = rng(seed);
      const family = make(d, k, 1, activation, key);
      const { weights } = await interpolate(family, normal(key.split('x'), n * d), signs(key.split('y'), n));
      const fresh = normal(key.split('z'), 100 * d);
      total += mean(await sensitivities((batch) => modelGraph(family, weights, batch), fresh)) / 3;
    }
    return total;
  };
  const [few, many] = [16, 128];
  const evenFall =
    (await sensitivity(tangentFeatures, 'square', many)) /
    (await sensitivity(tangentFeatures, 'square', few));
  const oddFall =
    (await sensitivity(tangentFeatures, 'tanh', many)) / (await sensitivity(tangentFeatures, 'tanh', few));
  const random = await sensitivity(randomFeatures, 'tanh', 20 * n);
  const randomFall = (await sensitivity(randomFeatures, 'tanh', 80 * n)) / random;
  // sqrt(P) has grown by 2.8: even falls along, the others by little.
  expect(evenFall).toBeLessThan(0.65);
  expect(oddFall).toBeGreaterThan(0.8);
  expect(randomFall).toBeGreaterThan(0.9);
  expect(random).toBeGreaterThan(2 * (await sensitivity(tangentFeatures, 'square', many)));
});
