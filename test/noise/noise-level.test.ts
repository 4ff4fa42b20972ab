// The noise of labels against simulations whose noise is known: intervals cover it as often as they say, and formulas are what they average to.
import { expect, test } from 'vitest';
import { oneHot } from '../../src/attacks/index.ts';
import {
  givenFlips,
  givenVariance,
  noiseOfDuplicates,
  noiseOfFlips,
  noiseOfNeighbours,
} from '../../src/noise/index.ts';
import { binomialInterval, groupedInterval } from '../../src/numeric/index.ts';
import { integers, normal, rng, uniform } from '../../src/random/index.ts';
import { nearestNeighbours } from '../../src/separation/index.ts';

/** Class 0 left of 0, class 1 right of it, and each label flipped with probability q to one of the other classes. */
function flippedLabels(
  x: Float64Array,
  features: number,
  q: number,
  classes: number,
  seed: string,
): Float64Array {
  const n = x.length / features;
  const u = uniform(rng(seed).split('u'), n);
  const shift = integers(rng(seed).split('s'), n, 1, classes);
  return Float64Array.from({ length: n }, (_, i) => {
    const clean = x[i * features]! > 0 ? 1 : 0;
    return u[i]! < q ? (clean + shift[i]!) % classes : clean;
  });
}

test.each([
  [0.05, 10],
  [0.3, 2],
  [0.9, 10],
])('sigma^2 of flips with q = %d among %i classes is the mean squared error of p itself', (q, classes) => {
  const n = 200_000;
  const u = uniform(rng('mc'), n);
  const shift = integers(rng('mc s'), n, 1, classes);
  let sum = 0;
  for (let i = 0; i < n; i++) {
    const label = u[i]! < q ? shift[i]! : 0;
    for (let k = 0; k < classes; k++) {
      const p = k === 0 ? 1 - q : q / (classes - 1);
      sum += (p - (k === label ? 1 : 0)) ** 2;
    }
  }
  expect(givenFlips(q, classes).level.value).toBeCloseTo(sum / n, 2);
});

test('flips: ends of the range', () => {
  expect(givenFlips(0, 10).level.value).toBe(0);
  expect(givenFlips(0.9, 10).level.value).toBeCloseTo(0.9, 12);
  expect(givenFlips(0.5, 2).level.value).toBe(0.5);
  expect(givenFlips(1e-18, 3).level.value).toBeCloseTo(2e-18, 25);
  expect(() => givenFlips(1.1, 2)).toThrow(/flip probability/);
  expect(() => givenVariance(-1)).toThrow(/noise variance/);
  expect(noiseOfFlips(0, 50, 3).level.interval[0]).toBe(0);
  expect(noiseOfFlips(50, 50, 3).level.interval[1]).toBeLessThanOrEqual(2 / 3);
});

test('Clopper-Pearson: published interval, and exact tail probabilities', () => {
  // 4 of 20 (Agresti and Coull 1998 and many tables).
  const [low, high] = binomialInterval(4, 20, 0.95);
  expect(low).toBeCloseTo(0.0573, 4);
  expect(high).toBeCloseTo(0.4366, 4);
  expect(binomialInterval(0, 10, 0.95)[1]).toBeCloseTo(1 - 0.025 ** 0.1, 12);
  expect(binomialInterval(10, 10, 0.95)).toEqual([expect.closeTo(0.025 ** 0.1, 12), 1]);
  const tail = (p: number) =>
    [0, 1, 2, 3, 4].reduce((sum, k) => sum + choose(20, k) * p ** k * (1 - p) ** (20 - k), 0);
  expect(tail(high)).toBeCloseTo(0.025, 10);
});

function choose(n: number, k: number): number {
  return k === 0 ? 1 : (choose(n - 1, k - 1) * n) / k;
}

test('trials that come in identical pairs count once', () => {
  const outcomes = Array.from({ length: 100 }, (_, i) => (i < 50 ? 1 : 0));
  const pairs = outcomes.map((_, i) => Math.floor(i / 2));
  const alone = outcomes.map((_, i) => i);
  const [a, b] = [groupedInterval(outcomes, pairs, 0.95), groupedInterval(outcomes, alone, 0.95)];
  expect(a).toEqual(binomialInterval(25, 50, 0.95));
  expect(b).toEqual(binomialInterval(50, 100, 0.95));
});

test('shares of flips: the interval covers', () => {
  const truth = givenFlips(0.1, 10).level.value;
  let covered = 0;
  for (let seed = 0; seed < 200; seed++) {
    const flipped = uniform(rng(seed), 150).filter((u) => u < 0.1).length;
    const [low, high] = noiseOfFlips(flipped, 150, 10).level.interval;
    if (low <= truth && truth <= high) covered++;
  }
  expect(covered).toBeGreaterThanOrEqual(185);
});

test('known flips leave room for the noise that was there before', async () => {
  const x = normal(rng('both'), 600);
  const before = flippedLabels(x, 1, 0.2, 2, 'before');
  const u = uniform(rng('known'), 600);
  const labels = before.map((label, i) => (u[i]! < 0.05 ? 1 - label : label));
  const known = u.filter((v) => v < 0.05).length;
  // Flips one after the other: wrong with probability 0.2 * 0.95 + 0.8 * 0.05.
  const truth = givenFlips(0.23, 2).level.value;
  expect(noiseOfFlips(known, 600, 2).level.interval[1]).toBeLessThan(truth);
  const around = noiseOfNeighbours(
    await nearestNeighbours(x, 1, 1, rng(0)),
    oneHot(labels, 2),
    2,
    'classification',
    rng(0),
  );
  const { level } = noiseOfFlips(known, 600, 2, around);
  expect(level.interval[0]).toBeLessThan(truth);
  expect(level.interval[1]).toBeGreaterThan(truth);
});

test.each([
  [0.05, 10],
  [0.25, 4],
])('neighbours find flips with q = %d among %i classes', async (q, classes) => {
  const truth = givenFlips(q, classes).level.value;
  let covered = 0;
  let total = 0;
  const trials = 40;
  for (let seed = 0; seed < trials; seed++) {
    const x = normal(rng(`x ${seed}`), 400 * 3);
    const labels = flippedLabels(x, 3, q, classes, `y ${seed}`);
    const found = await nearestNeighbours(x, 3, 1, rng(seed));
    const { value, interval } = noiseOfNeighbours(
      found,
      oneHot(labels, classes),
      classes,
      'classification',
      rng(seed),
    ).level;
    total += value;
    if (interval[0] <= truth && truth <= interval[1]) covered++;
  }
  expect(covered).toBeGreaterThanOrEqual(0.95 * trials - 3);
  // Neighbours across the boundary only add.
  expect(total / trials).toBeGreaterThan(truth - 0.01);
});

test('without noise the interval reaches 0, although labels of neighbours differ', async () => {
  const x = normal(rng('clean'), 500 * 2);
  const labels = flippedLabels(x, 2, 0, 2, 'clean');
  const found = await nearestNeighbours(x, 2, 1, rng(0));
  const { level } = noiseOfNeighbours(found, oneHot(labels, 2), 2, 'classification', rng(0));
  expect(level.value).toBeGreaterThan(0);
  expect(level.interval[0]).toBeLessThan(0.005);
});

test('regression: half the squared difference of neighbours', async () => {
  let covered = 0;
  for (let seed = 0; seed < 20; seed++) {
    const x = uniform(rng(`r ${seed}`), 400);
    const z = normal(rng(`z ${seed}`), 400);
    const y = x.map((t, i) => Math.sin(t) + 0.5 * z[i]!);
    const found = await nearestNeighbours(x, 1, 3, rng(seed));
    const { interval } = noiseOfNeighbours(found, y, 1, 'regression', rng(seed)).level;
    if (interval[0] <= 0.25 && 0.25 <= interval[1]) covered++;
  }
  expect(covered).toBeGreaterThanOrEqual(17);
});

test('equal rows show the noise at their points', async () => {
  let covered = 0;
  for (let seed = 0; seed < 15; seed++) {
    const at = integers(rng(`p ${seed}`), 600, 0, 200);
    const x = Float64Array.from(at, (point) => point / 7);
    const clean = Float64Array.from(at, (point) => (point % 2 === 0 ? -1 : 1));
    const labels = flippedLabels(clean, 1, 0.2, 3, `d ${seed}`);
    const found = await nearestNeighbours(x, 1, 10, rng(seed));
    const noise = noiseOfDuplicates(found, oneHot(labels, 3), 3, rng(seed))!;
    const truth = givenFlips(0.2, 3).level.value;
    if (noise.level.interval[0] <= truth && truth <= noise.level.interval[1]) covered++;
    expect(noise.source).toMatch(/rows that equal another/);
  }
  expect(covered).toBeGreaterThanOrEqual(12);
  const lonely = await nearestNeighbours(normal(rng('lonely'), 300), 1, 3, rng(0));
  expect(noiseOfDuplicates(lonely, oneHot(new Array(300).fill(0), 2), 2, rng(0))).toBeUndefined();
  const copies = await nearestNeighbours(
    Float64Array.from({ length: 300 }, (_, i) => i % 150),
    1,
    3,
    rng(0),
  );
  expect(noiseOfDuplicates(copies, oneHot(new Array(300).fill(0), 2), 2, rng(0))).toBeUndefined();
});

test('nearest neighbours are those of the definition', async () => {
  for (const [n, d, k] of [
    [2, 1, 5],
    [30, 4, 3],
    [300, 2, 10],
  ] as const) {
    const x = normal(rng(`nn ${n}`), n * d).map((v) => Math.round(4 * v) * 1e140);
    const found = await nearestNeighbours(x, d, k, rng(0));
    const kept = Math.min(k, n - 1);
    expect(found.k).toBe(kept);
    for (let i = 0; i < n; i++) {
      const distances = Array.from({ length: n }, (_, j) =>
        Math.hypot(...Array.from({ length: d }, (_, c) => (x[i * d + c]! - x[j * d + c]!) / 1e140)),
      );
      const others = Array.from({ length: n }, (_, j) => j)
        .filter((j) => j !== i)
        .sort((a, b) => distances[a]! - distances[b]! || a - b);
      for (let j = 0; j < kept; j++) {
        expect(found.distances[i * kept + j]! / 1e140).toBeCloseTo(distances[others[j]!]!, 9);
        expect(found.neighbours[i * kept + j]).not.toBe(i);
      }
    }
  }
  await expect(nearestNeighbours([1], 1, 1, rng(0))).rejects.toThrow(/rows/);
  await expect(nearestNeighbours([1, Number.NaN, 3], 1, 1, rng(0))).rejects.toThrow(/finite/);
});
