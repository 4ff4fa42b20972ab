import { describe, expect, test } from 'vitest';
import type { Norm } from '../../../src/guarantee/index.ts';
import { uniformIn } from '../../../src/lipschitz/witness/sampling.ts';
import { rng } from '../../../src/random/index.ts';

const size = (v: Float64Array, norm: Norm) =>
  norm === 'l1'
    ? v.reduce((s, t) => s + Math.abs(t), 0)
    : norm === 'l2'
      ? Math.hypot(...v)
      : v.reduce((s, t) => Math.max(s, Math.abs(t)), 0);

describe.each(['l1', 'l2', 'linf'] as const)('uniform in the %s ball', (norm) => {
  test.each([1, 2, 3, 8])('radii and coordinates have their laws, d = %i', (d) => {
    const n = 20_000;
    const points = uniformIn(
      { kind: 'ball', norm, centre: new Float64Array(d).fill(2), radius: 3 },
      n,
      rng(d),
    );
    const rows = Array.from({ length: n }, (_, i) =>
      points.subarray(i * d, (i + 1) * d).map((v) => (v - 2) / 3),
    );
    // A share r^d of the volume lies within radius r: (|x|)^d is uniform; Kolmogorov distance below 1.95 / sqrt(n) with
    // probability 0.999.
    const shares = rows.map((v) => size(v, norm) ** d).sort((a, b) => a - b);
    const apart = Math.max(...shares.map((u, i) => Math.max(u - i / n, (i + 1) / n - u)));
    expect(apart).toBeLessThan(1.95 / Math.sqrt(n));
    // E x_j^2: 2 / ((d + 1)(d + 2)), 1 / (d + 2), 1 / 3.
    const second = { l1: 2 / ((d + 1) * (d + 2)), l2: 1 / (d + 2), linf: 1 / 3 }[norm];
    for (let j = 0; j < d; j++) {
      const mean = rows.reduce((s, v) => s + v[j]!, 0) / n;
      const square = rows.reduce((s, v) => s + v[j]! ** 2, 0) / n;
      expect(Math.abs(mean)).toBeLessThan(5 * Math.sqrt(second / n));
      expect(square / second).toBeGreaterThan(0.93);
      expect(square / second).toBeLessThan(1.07);
    }
    // Signs are fair and independent: every orthant gets its share.
    if (d <= 3) {
      const counts = new Map<string, number>();
      for (const v of rows) {
        const orthant = [...v].map((t) => (t > 0 ? '+' : '-')).join('');
        counts.set(orthant, (counts.get(orthant) ?? 0) + 1);
      }
      for (const count of counts.values()) expect(Math.abs((count * 2 ** d) / n - 1)).toBeLessThan(0.12);
    }
  });

  test('the same key gives the same points, and they lie inside but for rounding', () => {
    const region = { kind: 'ball' as const, norm, centre: Float64Array.of(1, 2), radius: 0.5 };
    const points = uniformIn(region, 50, rng(1));
    expect(uniformIn(region, 50, rng(1))).toEqual(points);
    for (let i = 0; i < 50; i++)
      expect(
        size(
          points.subarray(2 * i, 2 * i + 2).map((v, j) => v - 1 - j),
          norm,
        ),
      ).toBeLessThanOrEqual(0.5 + 1e-15);
  });
});

test('uniform in a box, sides of length zero included', () => {
  const points = uniformIn(
    { kind: 'box', lower: Float64Array.of(-1, 5), upper: Float64Array.of(3, 5) },
    4000,
    rng(1),
  );
  const first = points.filter((_, i) => i % 2 === 0);
  expect(points.filter((_, i) => i % 2 === 1).every((v) => v === 5)).toBe(true);
  expect(Math.min(...first)).toBeGreaterThanOrEqual(-1);
  expect(Math.max(...first)).toBeLessThanOrEqual(3);
  expect(first.reduce((a, b) => a + b) / 4000).toBeCloseTo(1, 0);
  expect(first.filter((v) => v < 0).length / 4000).toBeCloseTo(0.25, 1);
});

test('unbounded regions have no uniform law', () => {
  expect(() => uniformIn({ kind: 'global' }, 1, rng(1))).toThrow('a bounded box or a ball');
  const half = { kind: 'box' as const, lower: Float64Array.of(0), upper: Float64Array.of(Infinity) };
  expect(() => uniformIn(half, 1, rng(1))).toThrow('a bounded box or a ball');
});
