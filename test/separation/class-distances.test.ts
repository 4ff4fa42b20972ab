// Distances between classes against brute force, closed forms, and the published value for MNIST.
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { openDataset } from '../../src/data/index.ts';
import type { Norm } from '../../src/guarantee/index.ts';
import { integers, normal, rng } from '../../src/random/index.ts';
import { classDistances, robustMemorizerScaling, robustnessRatio } from '../../src/separation/index.ts';

const NORMS: readonly Norm[] = ['l1', 'l2', 'linf'];

function distance(norm: Norm, x: ArrayLike<number>, d: number, i: number, j: number): number {
  const size = Array.from({ length: d }, (_, k) => Math.abs(x[i * d + k]! - x[j * d + k]!));
  if (norm === 'l1') return size.reduce((sum, value) => sum + value, 0);
  return norm === 'l2' ? Math.hypot(...size) : Math.max(...size);
}

/** For each row the distance to the nearest row of another class. */
function brute(norm: Norm, x: ArrayLike<number>, d: number, classes: ArrayLike<number>): number[] {
  return Array.from({ length: classes.length }, (_, i) => {
    let best = Infinity;
    for (let j = 0; j < classes.length; j++)
      if (classes[j] !== classes[i]) best = Math.min(best, distance(norm, x, d, i, j));
    return best;
  });
}

function measure(x: ArrayLike<number>, d: number, classes: ArrayLike<number>, stop = () => false) {
  return classDistances(x, d, classes, NORMS, rng('test'), stop, () => {});
}

test('agrees with brute force in all norms, at every scale and offset', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 2, max: 40 }),
      fc.integer({ min: 1, max: 12 }),
      fc.constantFrom(1, 1e-150, 1e150, 255),
      fc.constantFrom(0, 1e3),
      fc.boolean(),
      fc.integer({ min: 0, max: 1e6 }),
      async (n, d, scale, offset, coarse, seed) => {
        const x = normal(rng(seed), n * d).map(
          (value) => scale * ((coarse ? Math.round(2 * value) : value) + offset),
        );
        const classes = integers(rng(seed).split('classes'), n, 0, 3);
        classes[0] = 0;
        classes[1] = 1;
        for (const found of await measure(x, d, classes)) {
          const { norm, closest, distances, sample, nearest, exhaustive } = found;
          const expected = brute(norm, x, d, classes);
          expect([exhaustive, sample.length]).toEqual([true, n]);
          for (let i = 0; i < n; i++) {
            expect(distances[i]!).toBeLessThanOrEqual(expected[i]! * (1 + 1e-12));
            expect(distances[i]!).toBeGreaterThanOrEqual(expected[i]! * (1 - 1e-12));
            // What is named attains it.
            const there = distance(norm, x, d, i, nearest[i]!);
            expect(Math.abs(there - expected[i]!)).toBeLessThanOrEqual(1e-12 * expected[i]!);
            expect(classes[nearest[i]!]).not.toBe(classes[i]);
          }
          const least = Math.min(...expected);
          expect(Math.abs(closest.distance - least)).toBeLessThanOrEqual(1e-12 * least);
          expect(classes[closest.first]).not.toBe(classes[closest.second]);
          expect(closest.first).toBeLessThan(closest.second);
        }
      },
    ),
    { numRuns: 60 },
  );
});

test('more rows than are sampled: the closest pair is found among all, wherever it is', async () => {
  const [n, d] = [3000, 6];
  const x = normal(rng('large'), n * d);
  const classes = Int32Array.from({ length: n }, (_, i) => i % 7);
  // Closer than any chance pair, in rows that are drawn for no particular reason.
  for (let k = 0; k < d; k++) x[2321 * d + k] = x[1234 * d + k]! + (k === 2 ? 1e-7 : 0);
  classes[2321] = 1;
  classes[1234] = 5;
  for (const { norm, closest, exhaustive, compared, sample, distances } of await measure(x, d, classes)) {
    expect([exhaustive, compared]).toEqual([true, n]);
    expect(closest).toEqual({ first: 1234, second: 2321, distance: expect.closeTo(1e-7, 12) });
    expect(sample.length).toBe(2048);
    expect(Array.from(sample)).toEqual(Array.from(new Set(sample)).sort((a, b) => a - b));
    // Each row of the sample is compared with all.
    for (const at of [0, 1000, 2047]) {
      const row = sample[at]!;
      let best = Infinity;
      for (let j = 0; j < n; j++)
        if (classes[j] !== classes[row]) best = Math.min(best, distance(norm, x, d, row, j));
      expect(distances[at]).toBeCloseTo(best, 12);
    }
  }
});

test('clusters far below the rounding of float32 products are told apart', async () => {
  // Two points at distance 1e-9 and two at 2e-9, 1e6 away from each other: float32 sees neither.
  const x = Float64Array.of(0, 0, 1e-9, 0, 1e6, 0, 1e6 + 2 ** -28, 0);
  for (const { closest } of await measure(x, 2, [0, 1, 0, 1])) {
    expect(closest).toEqual({ first: 0, second: 1, distance: 1e-9 });
  }
});

test('grids have their closed forms', async () => {
  // Corners of a cube of side a by parity: neighbours along an edge differ, at distance a in every norm.
  const [d, a] = [6, 0.3];
  const n = 2 ** d;
  const x = Float64Array.from({ length: n * d }, (_, at) => (((at / d) >> (at % d)) & 1 ? a : 0));
  const parity = Array.from(
    { length: n },
    (_, i) => Array.from({ length: d }, (_, k) => (i >> k) & 1).reduce((sum, bit) => sum + bit, 0) % 2,
  );
  for (const { distances, closest } of await measure(x, d, parity)) {
    expect(new Set(distances)).toEqual(new Set([a]));
    expect(closest.distance).toBe(a);
  }
  // All ones against all zeros: a d, a sqrt(d), a.
  const ends = Float64Array.from({ length: 2 * d }, (_, at) => (at < d ? 0 : a));
  const found = await measure(ends, d, [0, 1]);
  expect(found.map(({ closest }) => closest.distance / a)).toEqual([
    expect.closeTo(d, 12),
    expect.closeTo(Math.sqrt(d), 12),
    1,
  ]);
});

describe('edges', () => {
  it('equal points of different classes are at distance 0', async () => {
    for (const { closest, distances } of await measure([3, 3, 5, 5, 3, 3], 2, [0, 0, 1])) {
      expect(closest).toEqual({ first: 0, second: 2, distance: 0 });
      expect(distances[0]).toBe(0);
    }
  });

  it('points that are all equal', async () => {
    for (const { distances, closest } of await measure(new Float64Array(12).fill(4), 3, [0, 1, 0, 2])) {
      expect(closest.distance).toBe(0);
      expect(Array.from(distances)).toEqual([0, 0, 0, 0]);
    }
  });

  it('constant features do nothing', async () => {
    for (const { closest } of await measure([7, 0, 7, 2], 2, [0, 1])) expect(closest.distance).toBe(2);
  });

  it('two rows, one feature', async () => {
    for (const { closest } of await measure([1, 4], 1, [0, 1]))
      expect(closest).toEqual({ first: 0, second: 1, distance: 3 });
  });

  it('one class is refused, and what is not finite is named', async () => {
    await expect(measure([1, 2], 1, [4, 4])).rejects.toThrow(/at least two classes/);
    await expect(measure([1, Number.NaN, 3, 4], 2, [0, 1])).rejects.toThrow(/feature 1 of row 0/);
  });

  it('a search that is ended says how far it came, and what it has is a distance of the data', async () => {
    const [n, d] = [3000, 3];
    const x = normal(rng('stop'), n * d);
    const classes = Int32Array.from({ length: n }, (_, i) => i % 2);
    for (const found of await measure(x, d, classes, () => true)) {
      const { norm, exhaustive, compared, sample, closest } = found;
      expect([exhaustive, compared, sample.length]).toEqual([false, 256, 256]);
      expect(closest.distance).toBeCloseTo(distance(norm, x, d, closest.first, closest.second), 12);
    }
  });

  it('the same seed gives the same result', async () => {
    const x = normal(rng('same'), 300 * 4);
    const classes = Int32Array.from({ length: 300 }, (_, i) => i % 3);
    expect(await measure(x, 4, classes)).toEqual(await measure(x, 4, classes));
  });
});

describe('the robustness ratio', () => {
  it('is 1 where balls touch', () => {
    expect(robustnessRatio(0.5, 1)).toBe(1);
    expect(robustnessRatio(0.3, 0.737)).toBeCloseTo(0.814, 3);
    expect(robustnessRatio(0, 2)).toBe(0);
    expect(() => robustnessRatio(1, 0)).toThrow(/least distance/);
    expect(() => robustnessRatio(-1, 1)).toThrow(/radius/);
  });

  it('asks for sqrt(n) parameters to memorize, and for min(n, d) d near ratio 1', () => {
    expect(robustMemorizerScaling(400, 10, 0)).toBe(20);
    const [n, d] = [1e5, 100];
    // At rho^2 = 1 - 1/d the root has reached sqrt(n d).
    const ratio = Math.sqrt(1 - 1 / d);
    expect(robustMemorizerScaling(n, d, ratio)).toBeCloseTo((1 - 1 / d) * d * d + Math.sqrt(n * d), 6);
    expect(robustMemorizerScaling(n, d, 1 - 1e-9)).toBeCloseTo(d * d + Math.sqrt(n * d), 2);
    expect(() => robustMemorizerScaling(n, d, 1)).toThrow(/robustness ratio/);
  });
});

const mnist = process.env.ROBUSTLAW_MNIST;
describe.skipIf(mnist === undefined)('MNIST (skipped unless ROBUSTLAW_MNIST names its folder)', () => {
  it('has l-infinity separation 0.737 (Yang et al. 2020, table 1)', { timeout: 300_000 }, async () => {
    const { x, y } = await openDataset(mnist!, { split: 'train' });
    const [found] = await classDistances(
      x.map((value) => value / 255),
      784,
      y,
      ['linf'],
      rng(0),
      () => false,
      () => {},
    );
    expect(found!.exhaustive).toBe(true);
    expect(found!.closest.distance).toBeCloseTo(0.737, 3);
  });
});
