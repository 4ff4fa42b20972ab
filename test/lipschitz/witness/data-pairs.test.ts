import { describe, expect, test } from 'vitest';
import { graph, input, modelFrom, mul, reduceSum, square } from '../../../src/graph/index.ts';
import type { Norm } from '../../../src/guarantee/index.ts';
import { steepestDataPair } from '../../../src/lipschitz/index.ts';
import { normal, rng } from '../../../src/random/index.ts';
import { evaluate, modelOf, randomWeights } from '../networks.ts';

const size = (v: readonly number[], norm: Norm) =>
  norm === 'l1'
    ? v.reduce((s, t) => s + Math.abs(t), 0)
    : norm === 'l2'
      ? Math.hypot(...v)
      : v.reduce((s, t) => Math.max(s, Math.abs(t)), 0);

/** max over all pairs, with loops. */
function steepest(
  widths: readonly number[],
  weights: ReturnType<typeof randomWeights>,
  x: Float64Array,
  norm: Norm,
) {
  const d = widths[0]!;
  const rows = Array.from({ length: x.length / d }, (_, i) => Array.from(x.subarray(i * d, (i + 1) * d)));
  const values = rows.map((row) => evaluate(widths, weights, row));
  let best = 0;
  for (const [i, a] of rows.entries()) {
    for (const [j, b] of rows.slice(0, i).entries()) {
      const apart = size(
        a.map((v, k) => v - b[k]!),
        norm,
      );
      if (apart > 0)
        best = Math.max(
          best,
          size(
            values[i]!.map((v, k) => v - values[j]![k]!),
            norm,
          ) / apart,
        );
    }
  }
  return best;
}

describe('the steepest pair', () => {
  test.each(['l1', 'l2', 'linf'] as const)('of all pairs by loops, in %s, at every scale', async (norm) => {
    for (const [seed, scale] of [1, 1e-150, 1e150].entries()) {
      const widths = [70, 5, 3];
      const weights = randomWeights(widths, rng(seed), false);
      const points = normal(rng(seed).split('x'), 40 * 70);
      // Duplicates prove nothing and break nothing.
      points.copyWithin(70, 0, 70);
      const exact = steepest(widths, weights, points, norm);
      const found = await steepestDataPair(
        modelOf(widths, weights, false),
        points.map((v) => v * scale),
        rng(1),
        norm,
      );
      expect(found!.value / exact).toBeCloseTo(1, 9);
      expect(found!.value).toBeLessThanOrEqual(exact * (1 + 1e-13));
      expect(found!.method).toBe('steepest pair of the data');
    }
  });

  test('of the points inside the domain only', async () => {
    // |x|^2 / 2 on the line: the quotient of a pair is |a + b| / 2.
    const model = modelFrom('square', (batch) => {
      const x = input('x', 'float64', [batch, 1]);
      return graph([x], { y: mul(reduceSum(square(x), [1], true), 0.5) });
    });
    const points = Float64Array.of(-9, -1, 0.5, 2, 10);
    const box = { kind: 'box' as const, lower: Float64Array.of(-2), upper: Float64Array.of(3) };
    expect((await steepestDataPair(model, points, rng(1), 'l2', box))!.value).toBeCloseTo(1.25, 12);
    expect((await steepestDataPair(model, points, rng(1)))!.value).toBeCloseTo(6, 12);
  });

  test('of too many points for all pairs: at least that of a close pair that neighbours find', async () => {
    const widths = [2, 6, 1];
    const weights = randomWeights(widths, rng(4));
    const points = normal(rng(5), 2 * 5000);
    const found = await steepestDataPair(modelOf(widths, weights), points, rng(1));
    expect(found!.value).toBeGreaterThan(0.95 * steepest(widths, weights, points.slice(0, 2 * 1000), 'l2'));
  });

  test('there is none without two different points', async () => {
    const model = modelOf([2, 3, 1], randomWeights([2, 3, 1], rng(1)));
    expect(await steepestDataPair(model, new Float64Array(0), rng(1))).toBeUndefined();
    expect(await steepestDataPair(model, Float64Array.of(1, 2), rng(1))).toBeUndefined();
    expect(await steepestDataPair(model, Float64Array.of(1, 2, 1, 2), rng(1))).toBeUndefined();
    await expect(steepestDataPair(model, Float64Array.of(1, 2, 1), rng(1))).rejects.toThrow(
      'a multiple of 2',
    );
  });
});
