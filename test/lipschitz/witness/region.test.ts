import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Norm } from '../../../src/guarantee/index.ts';
import { chord, contains, project, type Region, regionOf } from '../../../src/lipschitz/witness/region.ts';
import { normal, rng } from '../../../src/random/index.ts';

const NORMS: readonly Norm[] = ['l1', 'l2', 'linf'];
const ball = (norm: Norm, centre: readonly number[], radius: number): Region => ({
  kind: 'ball',
  norm,
  centre: Float64Array.from(centre),
  radius,
});
const box = (lower: readonly number[], upper: readonly number[]): Region => ({
  kind: 'box',
  lower: Float64Array.from(lower),
  upper: Float64Array.from(upper),
});
const size = (v: readonly number[], norm: Norm) =>
  norm === 'l1'
    ? v.reduce((s, t) => s + Math.abs(t), 0)
    : norm === 'l2'
      ? Math.hypot(...v)
      : Math.max(...v.map(Math.abs));

describe('membership is exact', () => {
  test('points on, just inside and just outside of the boundary', () => {
    // 3-4-5: exactly on the sphere; and one unit in the last place further out.
    expect(contains(ball('l2', [0, 0], 5), Float64Array.of(3, 4))).toBe(true);
    expect(contains(ball('l2', [0, 0], 5), Float64Array.of(3, 4 + 2 ** -50))).toBe(false);
    expect(contains(ball('l2', [0, 0], 5), Float64Array.of(3, 4 - 2 ** -51))).toBe(true);
    expect(contains(ball('l1', [0, 0], 1), Float64Array.of(0.25, -0.75))).toBe(true);
    // 0.1 + 0.2 > 0.3 for the float64 numbers themselves.
    expect(contains(ball('l1', [0, 0], 0.3), Float64Array.of(0.1, 0.2))).toBe(false);
    expect(contains(ball('linf', [0.1, 0], 0.2), Float64Array.of(0.3, 0))).toBe(true);
    expect(contains(ball('linf', [0.1, 0], 0.2), Float64Array.of(0.30000000000000004, 0))).toBe(false);
    expect(contains(box([0, 0], [1, 1]), Float64Array.of(1, 0))).toBe(true);
    expect(contains(box([0, 0], [1, 1]), Float64Array.of(1 + 2 ** -52, 0))).toBe(false);
    expect(contains(ball('l2', [1e150, 0], 1e150), Float64Array.of(0, 0))).toBe(true);
    expect(contains(ball('l2', [1e-170, 0], 1e-170), Float64Array.of(0, 1e-180))).toBe(false);
    expect(contains({ kind: 'global' }, Float64Array.of(1e308))).toBe(true);
  });

  test('agrees with integer arithmetic on small multiples of a power of two', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -40, max: 40 }), { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 0, max: 60 }),
        fc.constantFrom(...NORMS),
        fc.integer({ min: -300, max: 300 }),
        (v, r, norm, exponent) => {
          const unit = 2 ** exponent;
          const inside = norm === 'l2' ? v.reduce((s, t) => s + t * t, 0) <= r * r : size(v, norm) <= r;
          const region = ball(
            norm,
            v.map(() => unit),
            r * unit,
          );
          expect(
            contains(
              region,
              Float64Array.from(v, (t) => (t + 1) * unit),
            ),
          ).toBe(inside);
        },
      ),
    );
  });
});

describe('projection', () => {
  test('lies inside at every scale, and is the nearest point', () => {
    for (const norm of NORMS) {
      for (const scale of [1e-150, 1e-3, 1, 1e3, 1e150]) {
        for (let seed = 0; seed < 40; seed++) {
          const d = 1 + (seed % 7);
          const centre = normal(rng(seed).split('c'), d).map((v) => v * scale);
          const x = normal(rng(seed).split('x'), d).map((v, i) => centre[i]! + 3 * v * scale);
          const region = ball(norm, [...centre], (0.1 + (seed % 5)) * scale);
          const p = project(region, x);
          expect(contains(region, p)).toBe(true);
          if (contains(region, x)) expect(p).toEqual(x);
          // For a convex set, p is nearest to x exactly if <x - p, y - p> <= 0 for all y inside.
          const outward = [...x].map((v, i) => (v - p[i]!) / scale);
          const others = Array.from({ length: 20 }, (_, i) =>
            project(
              region,
              normal(rng(seed).split(i), d).map((v, j) => centre[j]! + 10 * v * scale),
            ),
          );
          if (norm === 'linf') continue;
          for (const y of others) {
            const inner = outward.reduce((s, v, i) => s + (v * (y[i]! - p[i]!)) / scale, 0);
            expect(inner).toBeLessThanOrEqual(1e-9 * (1 + Math.hypot(...outward)));
          }
        }
      }
    }
  });

  test('onto boxes and linf balls is clipping; onto a point, the point', () => {
    expect(project(box([-1, 0], [1, Infinity]), Float64Array.of(3, -2))).toEqual(Float64Array.of(1, 0));
    expect(project(ball('linf', [0, 10], 1), Float64Array.of(3, 10.5))[1]).toBeCloseTo(10.5, 12);
    for (const norm of NORMS)
      expect(project(ball(norm, [2, 3], 0), Float64Array.of(7, 7))).toEqual(Float64Array.of(2, 3));
  });

  test('of a ball that is thin beside its centre is a point of float64 inside', () => {
    const region = ball('l2', [1e16, 1e16], 3);
    const p = project(region, Float64Array.of(1e16 + 100, 1e16 - 100));
    expect(contains(region, p)).toBe(true);
  });
});

test('chords end on the boundary', () => {
  for (const region of [
    ball('l1', [1, -2, 0.5], 2),
    ball('l2', [1, -2, 0.5], 2),
    ball('linf', [1, -2, 0.5], 2),
    box([0, -3, 0], [2, 1, Infinity]),
  ]) {
    for (let seed = 0; seed < 30; seed++) {
      const x = project(region, normal(rng(seed), 3));
      const v = normal(rng(seed).split('v'), 3);
      if (seed % 3 === 0) v[seed % 2] = 0;
      const [from, to] = chord(region, x, v);
      const at = (t: number) => x.map((p, i) => p + t * v[i]!);
      expect(from).toBeLessThanOrEqual(0);
      expect(to).toBeGreaterThanOrEqual(0);
      for (const share of [0.01, 0.5, 0.99]) {
        // On the boundary the last bits of a point may lie outside; they are projected away.
        for (const end of [from, to].filter((t) => Number.isFinite(t))) {
          const point = at(end * share);
          const moved = project(region, point).map((p, i) => p - point[i]!);
          expect(Math.hypot(...moved)).toBeLessThan(1e-12);
        }
      }
      if (Number.isFinite(to)) expect(contains(region, at(to + 1e-6))).toBe(false);
      if (Number.isFinite(from)) expect(contains(region, at(from - 1e-6))).toBe(false);
    }
  }
});

test('regions that make no sense are refused', () => {
  expect(() => regionOf({ kind: 'sphere' }, 2)).toThrow('use a ball or a box');
  expect(() => regionOf(ball('l2', [0], 1), 2)).toThrow('the ball has 1 coordinates; the network takes 2');
  expect(() => regionOf(ball('l2', [0, 0], Number.NaN), 2)).toThrow('invalid radius: NaN');
  expect(() => regionOf(ball('l2', [0, Number.NaN], 1), 2)).toThrow('centre of the ball');
  expect(() => regionOf(box([0, 2], [1, 1]), 2)).toThrow(
    'invalid side 1 of the box: "[2, 1]"; expected lower <= upper',
  );
  expect(() => regionOf(box([0, 2], [1]), 2)).toThrow('the box has 1 coordinates');
});
