import { describe, expect, test } from 'vitest';
import {
  constant,
  graph,
  input,
  linear,
  modelFrom,
  mul,
  reduceSum,
  square,
  tensor,
  type Value,
} from '../../../src/graph/index.ts';
import { clever } from '../../../src/lipschitz/index.ts';
import { locationOf } from '../../../src/lipschitz/witness/clever.ts';
import { normal, rng, uniform } from '../../../src/random/index.ts';

const modelOn = (d: number, build: (x: Value) => Value) =>
  modelFrom('test', (batch) => {
    const x = input('x', 'float64', [batch, d]);
    return graph([x], { y: build(x) });
  });
const ballAt = (centre: readonly number[], radius: number, norm: 'l1' | 'l2' | 'linf') => ({
  kind: 'ball' as const,
  centre: Float64Array.from(centre),
  radius,
  norm,
});

describe('known constants', () => {
  test('a linear function: exact in every norm, and for the margin of two outputs', async () => {
    const w = constant(tensor('float64', [2, 3], [1, -2, 2, 0, 3, -1]));
    const model = modelOn(3, (x) => linear(x, w));
    const at = ballAt([0, 1, 2], 0.3, 'l2');
    // Column sums 1, 5, 3; row sums 5, 4; W W^T = [[9, -8], [-8, 10]].
    const exact = { l1: 5, l2: Math.sqrt((19 + Math.sqrt(1 + 4 * 64)) / 2), linf: 5 };
    for (const norm of ['l1', 'l2', 'linf'] as const) {
      const { value, interval, kind, fit } = await clever(model, norm, at, rng(1), undefined, 10, 8);
      expect(kind).toBe('estimate');
      expect(value).toBeCloseTo(exact[norm], 9);
      expect(interval[0]).toBeCloseTo(exact[norm], 9);
      expect(interval[1]).toBeLessThan(exact[norm] * (1 + 1e-6));
      expect(fit === undefined || fit.location - value < 1e-9).toBe(true);
    }
    // (1, -5, 3): dual norms 5, sqrt 35, 9.
    const margin = Float64Array.of(1, -1);
    expect((await clever(model, 'l1', at, rng(1), margin, 10, 8)).value).toBeCloseTo(5, 9);
    expect((await clever(model, 'l2', at, rng(1), margin, 10, 8)).value).toBeCloseTo(Math.sqrt(35), 9);
    expect((await clever(model, 'linf', at, rng(1), margin, 10, 8)).value).toBeCloseTo(9, 9);
  });

  test('|x|^2 / 2: gradients of length |x|, largest |c| + r; the estimate is close and reproducible', async () => {
    const model = modelOn(2, (x) => mul(reduceSum(square(x), [1], true), 0.5));
    const at = ballAt([3, 4], 1, 'l2');
    const first = await clever(model, 'l2', at, rng(7));
    expect(first.maxima.every((v) => v <= 6)).toBe(true);
    expect(Math.abs(first.value - 6)).toBeLessThan(0.05);
    expect(first.interval[0]).toBeLessThanOrEqual(6);
    expect(first.interval[1]).toBeGreaterThanOrEqual(5.99);
    expect(first.pValue).toBeGreaterThan(0.001);
    expect(await clever(model, 'l2', at, rng(7))).toEqual(first);
    expect((await clever(model, 'l2', at, rng(8))).value).not.toBe(first.value);
  });

  test('a box, and batches of points too large to be held at once', async () => {
    const model = modelOn(20_000, (x) => mul(reduceSum(square(x), [1], true), 0.5));
    const box = {
      kind: 'box' as const,
      lower: new Float64Array(20_000),
      upper: new Float64Array(20_000).fill(1),
    };
    const { value, maxima } = await clever(model, 'l1', box, rng(1), undefined, 10, 60);
    // The dual norm is the largest coordinate: close to 1 among so many.
    expect(maxima.every((v) => v <= 1 && v > 0.9999)).toBe(true);
    expect(value).toBeGreaterThan(0.9999);
    expect(value).toBeLessThan(1.001);
  });
});

describe('the location of maxima', () => {
  test('its interval covers the true location about as often as it says', () => {
    let covered = 0;
    for (let seed = 0; seed < 12; seed++) {
      const maxima = uniform(rng(seed), 50).map((u) => 10 - (-Math.log1p(-u)) ** (1 / 3));
      const { interval, value } = locationOf(maxima, rng(seed));
      expect(interval[0]).toBeGreaterThanOrEqual(Math.max(...maxima));
      expect(value).toBeGreaterThan(Math.max(...maxima));
      if (interval[0] <= 10 && 10 <= interval[1]) covered++;
    }
    expect(covered / 12).toBeGreaterThan(0.75);
  });

  test('the p-value is about uniform for the right law and small for a wrong one', () => {
    const right = Array.from(
      { length: 16 },
      (_, seed) =>
        locationOf(
          uniform(rng(seed).split('w'), 60).map((u) => 10 - (-Math.log1p(-u)) ** (1 / 3)),
          rng(seed),
        ).pValue!,
    );
    expect(right.filter((p) => p < 0.05).length).toBeLessThanOrEqual(4);
    expect(right.filter((p) => p > 0.5).length).toBeGreaterThanOrEqual(4);
    // Two clusters far apart.
    const wrong = normal(rng(1), 60).map((z, i) => (i % 2 === 0 ? 10 : 20) - 0.01 * Math.abs(z));
    expect(locationOf(wrong, rng(1)).pValue).toBeLessThan(0.02);
  });
});

test('bad input', async () => {
  const model = modelOn(2, (x) => reduceSum(x, [1], true));
  await expect(clever(model, 'l2', { kind: 'global' }, rng(1))).rejects.toThrow('a bounded box or a ball');
  const at = ballAt([0, 0], 1, 'l2');
  await expect(clever(model, 'l2', at, rng(1), Float64Array.of(1, 2))).rejects.toThrow(
    'the direction has 2 coordinates; the model has 1 outputs',
  );
  await expect(clever(model, 'l2', at, rng(1), undefined, 3)).rejects.toThrow('batches');
});
