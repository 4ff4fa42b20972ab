// The constructive effective dimension against closed forms of caps, simulated spheres, and samples whose constant is simulated by brute force.
import { describe, expect, test } from 'vitest';
import { opticalDigits } from '../../src/data/index.ts';
import { medianOfDraws } from '../../src/dimension/draws.ts';
import {
  capProbability,
  constructiveDimension,
  type Finding,
  sphereDimension,
} from '../../src/dimension/index.ts';
import { centredRows, matrix, multiplyTransposed, randomProjection } from '../../src/linalg/index.ts';
import { steepestPair } from '../../src/memorizers/index.ts';
import { normal, permutation, rng, signs, sphere } from '../../src/random/index.ts';
import { whenDone } from '../../src/stop.ts';
import { MANIFOLDS } from './manifolds.ts';

async function reading(points: ArrayLike<number>, features: number, seed: number) {
  const finding = await constructiveDimension(points, features, rng(seed), whenDone);
  if (!finding || !('dimension' in finding)) throw new Error(JSON.stringify(finding));
  return finding;
}

async function reasonOf(points: ArrayLike<number>, features: number): Promise<string> {
  const finding: Finding | undefined = await constructiveDimension(points, features, rng(0), whenDone);
  return finding && 'unavailable' in finding ? finding.unavailable : JSON.stringify(finding);
}

/** Rows in `wide` dimensions: rotated, moved, and with a constant last feature. */
function embedded(points: Float64Array, features: number, wide: number): Float64Array {
  const n = points.length / features;
  const rotation = randomProjection(rng('rotation'), wide, wide);
  const padded = matrix(n, wide);
  points.forEach((value, at) => {
    padded.data[Math.floor(at / features) * wide + (at % features)] = value;
  });
  const turned = multiplyTransposed(padded, rotation).data;
  return Float64Array.from({ length: n * (wide + 1) }, (_, at) => {
    const column = at % (wide + 1);
    return column === wide ? 5 : 3 + turned[Math.floor(at / (wide + 1)) * wide + column]!;
  });
}

describe('caps', () => {
  test.each([0.01, 0.5, 1, Math.SQRT2, 1.7, 1.999])(
    'the share within %d on circle, sphere and in five dimensions',
    (r) => {
      const cosine = 1 - r ** 2 / 2;
      expect(capProbability(2, r)).toBeCloseTo((2 / Math.PI) * Math.asin(r / 2), 10);
      expect(capProbability(3, r)).toBeCloseTo(r ** 2 / 4, 12);
      // Density of the angle in proportion to sin^3.
      expect(capProbability(5, r)).toBeCloseTo(((2 + cosine) * (1 - cosine) ** 2) / 4, 12);
    },
  );

  test('half of the sphere lies within a right angle, all of it within 2, nothing within 0', () => {
    for (const d of [1.5, 2, 17.3, 1000]) {
      expect(capProbability(d, Math.SQRT2)).toBeCloseTo(0.5, 7);
      expect(capProbability(d, 2)).toBe(1);
      expect(capProbability(d, 0)).toBe(0);
    }
  });
});

/** The least distance between points of opposite signs, half of `rows` each, by brute force. */
function leastDistance(points: ArrayLike<number>, features: number): number {
  const n = points.length / features;
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < n; i += 2) {
    for (let j = 1; j < n; j += 2) {
      let sum = 0;
      for (let k = 0; k < features; k++) sum += (points[i * features + k]! - points[j * features + k]!) ** 2;
      least = Math.min(least, sum);
    }
  }
  return Math.sqrt(least);
}

test.each([
  [10, 3],
  [10, 40],
  [33, 2],
  [33, 8],
  [33, 100],
  [120, 5],
])('%i points on the sphere of %i dimensions have the median that is read as that dimension', (points, d) => {
  const trials = 400;
  let below = 0;
  for (let trial = 0; trial < trials; trial++) {
    const distance = leastDistance(sphere(rng('simulated').split(trial), points, d), d);
    if (sphereDimension(distance, points, 1000) < d) below++;
  }
  // 1/2 within 3.5 standard deviations of 1/40.
  expect(below / trials).toBeGreaterThan(0.4125);
  expect(below / trials).toBeLessThan(0.5875);
});

test('ends: coinciding points have dimension 1, points past a right angle the largest', () => {
  expect(sphereDimension(0, 50, 100)).toBe(1);
  expect(sphereDimension(1e-300, 50, 100)).toBeCloseTo(1, 1);
  expect(sphereDimension(1.5, 50, 100)).toBe(100);
  expect(sphereDimension(0.3, 50, 1)).toBe(1);
});

describe('median over draws', () => {
  test('order statistics as tables of the sign test have them', () => {
    const ranks = (count: number) => {
      const { interval, rank } = medianOfDraws(
        Array.from({ length: count }, (_, i) => count - i),
        0.95,
      );
      expect(interval).toEqual([rank, count + 1 - rank]);
      return rank;
    };
    // Conover, Practical Nonparametric Statistics: 95 % intervals of the median.
    expect([6, 8, 9, 12, 15, 20, 25].map(ranks)).toEqual([1, 1, 2, 3, 4, 6, 8]);
    expect(medianOfDraws([3, 1, 2, 10, 7, 8], 0.95).value).toBe(5);
    expect(() => medianOfDraws([1, 2, 3, 4, 5], 0.95)).toThrow(/draws/);
  });
});

test.each([2, 6, 15])(
  'intervals hold the dimension %i of spheres in 30 features at the stated rate',
  async (d) => {
    let covered = 0;
    for (let seed = 0; seed < 20; seed++) {
      const points = embedded(sphere(rng(seed).split(d), 270, d), d, 30);
      const { value, interval } = (await reading(points, 31, seed)).dimension;
      expect(value).toBeGreaterThanOrEqual(interval[0]);
      expect(value).toBeLessThanOrEqual(interval[1]);
      if (interval[0] <= d && d <= interval[1]) covered++;
    }
    // At 96 %, fewer than 16 of 20 has probability 1e-3.
    expect(covered).toBeGreaterThanOrEqual(16);
  },
);

describe.each(Object.entries(MANIFOLDS))('%s', (name, { features, draw }) => {
  test('intervals hold the dimension of the sphere with the constant that brute force finds', async () => {
    const [rows, each] = [297, 33];
    const simulated = Array.from({ length: 500 }, (_, trial) => {
      const { data } = centredRows(draw(rng(name).split('truth').split(trial), each), features, [
        ...new Array(each).keys(),
      ]);
      const spread = Math.sqrt(data.reduce((sum, v) => sum + v * v, 0) / (each - 1));
      return sphereDimension(leastDistance(data, features) / spread, each, features);
    }).sort((a, b) => a - b);
    // The median of 500 by its own interval of four standard deviations.
    const [low, high] = [simulated[205]!, simulated[294]!];
    let covered = 0;
    for (let seed = 0; seed < 20; seed++) {
      const { interval } = (await reading(draw(rng(name).split(seed), rows), features, seed)).dimension;
      if (interval[0] <= high && low <= interval[1]) covered++;
    }
    expect(covered).toBeGreaterThanOrEqual(16);
  });
});

test('a Gaussian of D dimensions reads between D / 2 and D', async () => {
  for (const d of [10, 40, 120]) {
    const { value } = (await reading(normal(rng('gauss').split(d), 900 * d), d, 0)).dimension;
    expect(value / d).toBeGreaterThan(0.5);
    expect(value / d).toBeLessThan(1);
  }
});

test('scale, rotation and features that do not vary change nothing', async () => {
  const points = normal(rng('invariance'), 200 * 4);
  const plain = (await reading(points, 4, 1)).dimension;
  for (const scale of [2 ** -500, 2 ** 500]) {
    const scaled = (
      await reading(
        points.map((v) => v * scale),
        4,
        1,
      )
    ).dimension;
    expect(scaled).toEqual(plain);
  }
  const turned = (await reading(embedded(points, 4, 12), 13, 1)).dimension;
  expect(turned.value).toBeCloseTo(plain.value < 4 ? plain.value : turned.value, 6);
  expect(turned.value).toBeGreaterThanOrEqual(plain.value - 1e-6);
});

test('clusters lower it, a simplex is given its features', async () => {
  const points = normal(rng('clusters'), 300 * 5).map((v, at) => v + (at % 10 === 0 ? 1e4 : 0));
  expect((await reading(points, 5, 0)).dimension.value).toBeLessThan(2);
  const n = 120;
  const corners = Float64Array.from({ length: n * n }, (_, at) => (at % (n + 1) === 0 ? 1 : 0));
  const { dimension, notes } = await reading(corners, n, 0);
  expect(dimension).toMatchObject({ value: n, interval: [n, n] });
  expect(notes.join()).toMatch(/keep away/);
});

test('copies are left out; few or equal rows are said; a stop ends it', async () => {
  const points = normal(rng('copies'), 120 * 3);
  const repeated = new Float64Array([...points, ...points, ...points]);
  expect((await reading(repeated, 3, 0)).dimension.value).toBeGreaterThan(2);
  expect(await reasonOf(repeated.subarray(0, 80 * 3), 3)).toMatch(/there are 80 distinct rows/);
  expect(await reasonOf(new Float64Array(400).fill(2), 2)).toMatch(/there are 1 distinct rows/);
  expect(await reasonOf([1, 2], 2)).toMatch(/distinct rows/);
  expect(await constructiveDimension(points, 3, rng(0), () => true)).toBeUndefined();
  await expect(
    constructiveDimension(
      points.map((v, i) => (i === 7 ? Number.NaN : v)),
      3,
      rng(0),
      whenDone,
    ),
  ).rejects.toThrow(/feature 1 of row 2/);
  const line = await reading(normal(rng('line'), 100), 1, 0);
  expect(line.dimension).toMatchObject({ value: 1, interval: [1, 1] });
});

test('optical digits: 1000 images read as the study of spheres reads them, by simulation: 9.35 (7.7 to 10.9)', async () => {
  const digits = opticalDigits();
  const found: number[] = [];
  for (let seed = 0; seed < 7; seed++) {
    const centred = centredRows(digits.x, 64, permutation(rng(seed), 1797).subarray(0, 1000));
    const spread = Math.sqrt(centred.data.reduce((sum, v) => sum + v * v, 0) / 999);
    const steepest = await steepestPair(centred, matrix(1000, 1, signs(rng(seed).split('signs'), 1000)));
    found.push(sphereDimension(2 / (steepest!.enclosure[1] * spread), 1000, 64));
  }
  const { value } = medianOfDraws(found, 0.95);
  expect(value).toBeGreaterThan(7.7);
  expect(value).toBeLessThan(10.9);
});
