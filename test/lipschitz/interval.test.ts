import { describe, expect, test } from 'vitest';
import {
  constant,
  div,
  gemm,
  graph,
  input,
  linear,
  modelFrom,
  parameter,
  sigmoid,
  type Tensor,
  tensor,
  toFloat,
} from '../../src/graph/index.ts';
import type { Norm } from '../../src/guarantee/index.ts';
import { singularValues } from '../../src/linalg/index.ts';
import {
  compositionBound,
  lipschitzInterval,
  recheck,
  SEMIDEFINITE,
  twoLayerBound,
  upperBounds,
  witnessedLowerBound,
} from '../../src/lipschitz/index.ts';
import type { Weights } from '../../src/models/index.ts';
import { integers, normal, rng, sphere } from '../../src/random/index.ts';
import {
  euclidean,
  evaluate,
  lipschitzOnLine,
  modelOf,
  networkOf,
  randomWeights,
  steepestPattern,
} from './networks.ts';

const NORMS: readonly Norm[] = ['l1', 'l2', 'linf'];
const none = new Float64Array(0);
const mapped = (weights: Weights, f: (v: number, name: string) => number): Weights =>
  Object.fromEntries(
    Object.entries(weights).map(([name, { dtype, shape, data }]) => [
      name,
      tensor(
        dtype,
        shape,
        Float64Array.from(data as Float64Array, (v) => f(v, name)),
      ),
    ]),
  );

describe('exact cases', () => {
  test('a linear function with one output: the dual norm of its weights, in every norm', async () => {
    for (const d of [1, 2, 17]) {
      const weights = randomWeights([d, 1], rng(d));
      const w = Array.from(weights['layer1.weight']!.data as Float64Array);
      const exact = {
        l1: Math.max(...w.map(Math.abs)),
        l2: euclidean(w),
        linf: w.reduce((sum, v) => sum + Math.abs(v), 0),
      };
      for (const norm of NORMS) {
        const { lower, upper } = await lipschitzInterval(modelOf([d, 1], weights), none, rng(1), norm);
        expect(lower.value / exact[norm]).toBeCloseTo(1, 9);
        expect(lower.value).toBeLessThanOrEqual(exact[norm] * (1 + 1e-15));
        expect(upper.value / exact[norm]).toBeCloseTo(1, 9);
        expect(upper.value).toBeGreaterThanOrEqual(exact[norm] * (1 - 1e-15));
      }
    }
  });

  test('a linear map: largest singular value, column sum, row sum', async () => {
    const weights = randomWeights([6, 4], rng(3));
    const data = weights['layer1.weight']!.data as Float64Array;
    const entry = (i: number, j: number) => Math.abs(data[i * 6 + j]!);
    const sums = (outer: number, inner: number, at: (o: number, i: number) => number) =>
      Math.max(
        ...Array.from({ length: outer }, (_, o) =>
          Array.from({ length: inner }, (_, i) => at(o, i)).reduce((a, b) => a + b),
        ),
      );
    const exact = {
      l1: sums(6, 4, (j, i) => entry(i, j)),
      l2: singularValues({ rows: 4, columns: 6, data })[0]!,
      linf: sums(4, 6, entry),
    };
    for (const norm of NORMS) {
      const { lower, upper } = await lipschitzInterval(modelOf([6, 4], weights), none, rng(1), norm);
      expect(lower.value / exact[norm]).toBeCloseTo(1, 6);
      expect(upper.value / exact[norm]).toBeCloseTo(1, 9);
    }
  });

  test('two linear maps in a row: the ascent attains the norm of their product, below the product of norms', async () => {
    const a = parameter('a', tensor('float64', [5, 7], normal(rng(1), 35)));
    const b = parameter('b', tensor('float64', [3, 5], normal(rng(2), 15)));
    const model = modelFrom('two linear maps', (batch) => {
      const x = input('x', 'float64', [batch, 7]);
      return graph([x], { y: linear(linear(x, a), b) });
    });
    const entry = (t: Tensor, i: number) => (t.data as Float64Array)[i]!;
    const [ta, tb] = [a, b].map((v) => v.node.attributes.value as Tensor) as [Tensor, Tensor];
    const product = Float64Array.from({ length: 21 }, (_, p) => {
      const [i, j] = [Math.floor(p / 7), p % 7];
      return [0, 1, 2, 3, 4].reduce((sum, k) => sum + entry(tb, i * 5 + k) * entry(ta, k * 7 + j), 0);
    });
    const exact = singularValues({ rows: 3, columns: 7, data: product })[0]!;
    const { lower, upper } = await lipschitzInterval(model, none, rng(1));
    expect(lower.value / exact).toBeCloseTo(1, 6);
    expect(upper.value).toBeGreaterThan(exact);
  });

  test('a product of known factors: spectral norms, scales and slopes', () => {
    // diag(3, 4) has norm 4; the sigmoid halves twice; division by -0.5 doubles; |[1, 1]| = sqrt 2.
    const w = constant(tensor('float64', [2, 2], [3, 0, 0, 4]));
    const x = input('x', 'float64', [1, 2]);
    const y = linear(div(sigmoid(linear(x, w)), -0.5), constant(tensor('float64', [1, 2], [1, 1])));
    const g = graph([x], { y });
    expect(compositionBound(g).value).toBeCloseTo(4 * 0.25 * 2 * Math.SQRT2, 12);
    expect(compositionBound(g, 'linf').value).toBeCloseTo(4 * 0.25 * 2 * 2, 12);
    expect(compositionBound(g, 'l1').value).toBeCloseTo(4 * 0.25 * 2 * 1, 12);
    expect(compositionBound(g).method).toBe('product of spectral norms');
  });

  test('weights >= 0 and no biases: the norm of the product of all matrices', async () => {
    for (const [seed, widths] of [
      [6, 8, 1],
      [5, 7, 6, 1],
      [4, 6, 5, 6, 2],
    ].entries()) {
      const weights = mapped(randomWeights(widths, rng(seed), false), Math.abs);
      const product = widths.slice(1).reduce<{ rows: number; data: number[] }>(
        (p, rows, i) => {
          const w = weights[`layer${i + 1}.weight`]!.data as Float64Array;
          const d = widths[0]!;
          return {
            rows,
            data: Array.from({ length: rows * d }, (_, at) => {
              const [r, c] = [Math.floor(at / d), at % d];
              return Array.from({ length: p.rows }, (_, k) => w[r * p.rows + k]! * p.data[k * d + c]!).reduce(
                (x, y) => x + y,
              );
            }),
          };
        },
        {
          rows: widths[0]!,
          data: Array.from({ length: widths[0]! ** 2 }, (_, i) => (i % (widths[0]! + 1) === 0 ? 1 : 0)),
        },
      );
      const exact = singularValues({
        rows: product.rows,
        columns: widths[0]!,
        data: Float64Array.from(product.data),
      })[0]!;
      const { lower, upper, uppers } = await lipschitzInterval(modelOf(widths, weights, false), none, rng(9));
      expect(lower.value / exact).toBeCloseTo(1, 6);
      expect(upper.value).toBeGreaterThanOrEqual(exact);
      // With one output and one hidden layer the relaxation is tight here: all signs are +1.
      if (widths.length === 3) expect(uppers[1]!.value / exact).toBeCloseTo(1, 6);
    }
  });

  test('networks on the real line: the largest slope between breakpoints', async () => {
    let attained = 0;
    const cases = 80;
    for (let seed = 0; seed < cases; seed++) {
      const k = 1 + integers(rng(seed).split('k'), 1, 0, 10)[0]!;
      const widths = [1, ...new Array(1 + (seed % 3)).fill(k), 1];
      const weights = randomWeights(widths, rng(seed));
      const exact = lipschitzOnLine(widths, weights);
      const { lower, uppers } = await lipschitzInterval(modelOf(widths, weights), none, rng(seed));
      expect(lower.value).toBeLessThanOrEqual(exact * (1 + 1e-12));
      for (const upper of uppers) expect(upper.value).toBeGreaterThanOrEqual(exact * (1 - 1e-12));
      if (exact > 0) expect(lower.value / exact).toBeGreaterThan(0.95);
      if (lower.value >= exact * (1 - 1e-6)) attained++;
    }
    expect(attained).toBeGreaterThanOrEqual(0.95 * cases);
  });

  test('no more neurons than dimensions: every pattern occurs, so the steepest of all 2^k is the constant', async () => {
    for (let seed = 0; seed < 25; seed++) {
      const k = 1 + (seed % 8);
      const d = k + (seed % 3);
      const weights = randomWeights([d, k, 1], rng(seed));
      const exact = steepestPattern(weights, euclidean);
      const model = modelOf([d, k, 1], weights);
      const { lower, uppers } = await lipschitzInterval(model, sphere(rng(seed), 10, d), rng(seed));
      expect(lower.value).toBeLessThanOrEqual(exact * (1 + 1e-12));
      expect(lower.value / exact).toBeGreaterThan(1 - 1e-6);
      for (const upper of uppers) expect(upper.value).toBeGreaterThanOrEqual(exact * (1 - 1e-12));
      const inLinf = await witnessedLowerBound(model, none, rng(seed), 'linf');
      const dualExact = steepestPattern(weights, (v) => v.reduce((sum, t) => sum + Math.abs(t), 0));
      expect(inLinf.value).toBeLessThanOrEqual(dualExact * (1 + 1e-12));
      expect(inLinf.value / dualExact).toBeGreaterThan(0.9);
    }
  });
});

describe('the semidefinite bound', () => {
  test('lies between the steepest of all patterns and sqrt(pi/2) times it, and below the product of norms', () => {
    for (let seed = 0; seed < 40; seed++) {
      const [d, k] = [1 + (seed % 6), 1 + (seed % 10)];
      const weights = randomWeights([d, k, 1], rng(seed));
      const largest = steepestPattern(weights, euclidean);
      const g = networkOf([d, k, 1], weights);
      const bound = twoLayerBound(g);
      expect(bound.value).toBeGreaterThanOrEqual(largest * (1 - 1e-13));
      expect(bound.value).toBeLessThanOrEqual(largest * Math.sqrt(Math.PI / 2) * (1 + 1e-3));
      expect(bound.method).toBe(SEMIDEFINITE);
    }
  });

  test('is not looser than the product of norms on wide networks', () => {
    const weights = randomWeights([40, 120, 1], rng(5));
    const g = networkOf([40, 120, 1], weights);
    expect(twoLayerBound(g).value).toBeLessThan(0.9 * compositionBound(g).value);
  });
});

describe('invariants', () => {
  test('lower <= upper on 200 random networks of depth 1 to 4, in every norm, and other quotients stay below', async () => {
    for (let seed = 0; seed < 200; seed++) {
      const key = rng('invariants').split(seed);
      const depth = 1 + (seed % 4);
      const widths = [...integers(key.split('widths'), depth, 1, 13), seed % 5 === 0 ? 3 : 1];
      const weights = randomWeights(widths, key, true, seed % 2 === 0 ? 'float32' : 'float64');
      const norm = NORMS[seed % 3]!;
      const d = widths[0]!;
      const g = networkOf(widths, weights);
      const model = modelOf(widths, weights);
      const starts = sphere(key.split('x'), 6, d);
      const { lower, upper, uppers } = await lipschitzInterval(model, starts, key, norm);
      expect(lower.value).toBeLessThanOrEqual(upper.value);
      expect(upper.value).toBe(Math.min(...uppers.map((u) => u.value)));
      expect(recheck(lower.witness, g, norm).value).toBe(lower.value);
      const points = normal(key.split('pairs'), 20 * d);
      const size = {
        l1: (v: number[]) => v.reduce((s, t) => s + Math.abs(t), 0),
        l2: euclidean,
        linf: (v: number[]) => Math.max(...v.map(Math.abs)),
      }[norm];
      for (let i = 0; i < 10; i++) {
        const a = points.subarray(2 * i * d, (2 * i + 1) * d);
        const b = points.subarray((2 * i + 1) * d, (2 * i + 2) * d);
        const [fa, fb] = [evaluate(widths, weights, a), evaluate(widths, weights, b)];
        const rise = size(fa.map((v, j) => v - fb[j]!));
        expect(rise).toBeLessThanOrEqual(
          upper.value * size(Array.from(a, (v, j) => v - b[j]!)) * (1 + 1e-12),
        );
      }
    }
  }, 300_000);

  test('scaling the last layer by a power of two scales both ends', async () => {
    const widths = [5, 8, 1];
    const weights = randomWeights(widths, rng(4), false);
    const base = await lipschitzInterval(modelOf(widths, weights, false), none, rng(1));
    for (const exponent of [-300, -60, 60, 300]) {
      const scaled = mapped(weights, (v, name) => (name === 'layer2.weight' ? v * 2 ** exponent : v));
      const interval = await lipschitzInterval(modelOf(widths, scaled, false), none, rng(1));
      expect(interval.lower.value / 2 ** exponent / base.lower.value).toBeCloseTo(1, 6);
      expect(interval.upper.value / 2 ** exponent / base.upper.value).toBeCloseTo(1, 6);
    }
  });

  test('a float32 network and its float64 copy have the same constants', async () => {
    const widths = [6, 9, 1];
    const weights = randomWeights(widths, rng(8), true, 'float32');
    const starts = sphere(rng(2), 20, 6);
    const single = await lipschitzInterval(modelOf(widths, weights), Float32Array.from(starts), rng(1));
    const double = await lipschitzInterval(
      modelFrom('copy', (batch) => toFloat(networkOf(widths, weights, true, batch), 'float64')),
      Float64Array.from(Float32Array.from(starts)),
      rng(1),
    );
    expect(single).toEqual(double);
  });

  test('the same key gives the same interval', async () => {
    const widths = [4, 9, 7, 1];
    const model = modelOf(widths, randomWeights(widths, rng(8)));
    const starts = sphere(rng(2), 20, 4);
    expect(await lipschitzInterval(model, starts, rng(1))).toEqual(
      await lipschitzInterval(model, starts, rng(1)),
    );
  });

  test('a constant network has lower bound 0 and an upper bound >= 0', async () => {
    const weights = mapped(randomWeights([3, 4, 1], rng(1)), (v, name) => (name === 'layer2.weight' ? 0 : v));
    const { lower, upper } = await lipschitzInterval(modelOf([3, 4, 1], weights), none, rng(1));
    expect(lower.value).toBe(0);
    expect(upper.value).toBeGreaterThanOrEqual(0);
    expect(upper.value).toBeLessThan(1e-300);
  });

  test('weights whose products overflow leave an honest interval', async () => {
    for (const widths of [
      [3, 4, 1],
      [1, 2, 2, 1],
    ]) {
      const weights = mapped(randomWeights(widths, rng(1)), (v) => v * 1e200);
      const { lower, upper } = await lipschitzInterval(modelOf(widths, weights), none, rng(1));
      expect(upper.value).toBe(Number.POSITIVE_INFINITY);
      expect(lower.value).toBeGreaterThanOrEqual(0);
    }
  });

  test('duplicate neurons and duplicate starts', async () => {
    const weights = randomWeights([3, 4, 1], rng(1));
    const w = weights['layer1.weight']!.data as Float64Array;
    const doubled: Weights = {
      ...weights,
      'layer1.weight': tensor('float64', [4, 3], [...w.subarray(0, 6), ...w.subarray(0, 6)]),
      'layer1.bias': tensor('float64', [4], [0.1, -0.2, 0.1, -0.2]),
    };
    const point = normal(rng(3), 3);
    const starts = Float64Array.of(...point, ...point, ...point);
    const { lower, upper } = await lipschitzInterval(modelOf([3, 4, 1], doubled), starts, rng(1));
    expect(lower.value).toBeGreaterThan(0.5 * upper.value);
    expect(lower.value).toBeLessThanOrEqual(steepestPattern(doubled, euclidean) * (1 + 1e-12));
  });
});

describe('bad input', () => {
  test('weights that are no numbers', async () => {
    const weights = mapped(randomWeights([3, 4, 1], rng(1)), (v, name) =>
      name === 'layer1.weight' ? Number.NaN : v,
    );
    const g = networkOf([3, 4, 1], weights);
    expect(() => upperBounds(g)).toThrow('a finite number');
    await expect(witnessedLowerBound(modelOf([3, 4, 1], weights), none, rng(1))).rejects.toThrow(
      'a finite number',
    );
  });

  test('starts that do not fit or are no numbers', async () => {
    const model = modelOf([3, 4, 1], randomWeights([3, 4, 1], rng(1)));
    await expect(witnessedLowerBound(model, new Float64Array(4), rng(1))).rejects.toThrow(
      'invalid number of coordinates of the starts: 4; expected a multiple of 3',
    );
    await expect(witnessedLowerBound(model, Float64Array.of(1, Number.NaN, 2), rng(1))).rejects.toThrow(
      'finite coordinates',
    );
  });

  test('a network that is no two-layer one has no semidefinite bound', () => {
    const g = networkOf([3, 4, 4, 1], randomWeights([3, 4, 4, 1], rng(1)));
    expect(() => twoLayerBound(g)).toThrow('use compositionBound');
    expect(upperBounds(g)).toHaveLength(1);
    const x = input('x', 'float64', [2, 3]);
    const w = parameter('w', tensor('float64', [3, 3], normal(rng(1), 9)));
    expect(() => compositionBound(graph([x], { y: gemm(x, x, { transB: 1 }), z: gemm(x, w) }))).toThrow(
      'one input and one output',
    );
  });
});
