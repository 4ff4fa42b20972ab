// Dimensions from neighbours against published values, laws of ratios of distances, and manifolds of known dimension.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { dimensionOf } from '../../src/dimension/expected-simplex-skewness.ts';
import {
  correlationIntegral,
  type DimensionReading,
  dimensionReadings,
  expectedSimplexSkewness,
  type Finding,
  gride,
  levinaBickel,
  twoNN,
  twoNNSlope,
} from '../../src/dimension/index.ts';
import { erf } from '../../src/numeric/index.ts';
import { normal, type Rng, rng, uniform } from '../../src/random/index.ts';
import { type Neighbourhoods, nearestNeighbours } from '../../src/separation/index.ts';
import { whenDone } from '../../src/stop.ts';
import { mersenneTwister } from '../lipschitz/eclipse-networks.ts';
import { MANIFOLDS } from './manifolds.ts';

function dimensionIn(finding: Finding | undefined) {
  if (!finding || !('dimension' in finding)) throw new Error(JSON.stringify(finding));
  return finding.dimension;
}

/** scikit-dimension's test data: 30 points uniform in the ball of R^5, as NumPy draws them with seed 0, and 5 zeros. */
function skdimBall(): Float64Array {
  const random = mersenneTwister(0);
  let cached: number | undefined;
  const gauss = () => {
    if (cached !== undefined) {
      const value = cached;
      cached = undefined;
      return value;
    }
    for (;;) {
      const [a, b] = [2 * random() - 1, 2 * random() - 1];
      const r = a * a + b * b;
      if (r >= 1 || r === 0) continue;
      const f = Math.sqrt((-2 * Math.log(r)) / r);
      cached = f * a;
      return f * b;
    }
  };
  const x = Float64Array.from({ length: 30 * 5 }, gauss);
  const points = new Float64Array(30 * 10);
  for (let i = 0; i < 30; i++) {
    const row = x.subarray(i * 5, (i + 1) * 5);
    const square = row.reduce((sum, v) => sum + v * v, 0);
    const y = square / 2;
    // P(5/2, y) from P(1/2, y) = erf(sqrt y) by P(a+1, y) = P(a, y) - y^a e^-y / Gamma(a+1).
    const root = Math.sqrt(Math.PI);
    const p =
      erf(Math.sqrt(y)) -
      (y ** 0.5 * Math.exp(-y)) / (root / 2) -
      (y ** 1.5 * Math.exp(-y)) / ((3 * root) / 4);
    row.forEach((v, f) => {
      points[i * 10 + f] = (v * p ** (1 / 5)) / Math.sqrt(square);
    });
  }
  return points;
}

test('the values of scikit-dimension on its own test data', async () => {
  const found = await nearestNeighbours(skdimBall(), 10, 20, rng(0));
  expect(dimensionIn(levinaBickel(found, 20)).value).toBeCloseTo(3.341161830518472, 10);
  // Its empirical distribution begins with 0 instead of 1 / 30.
  expect(twoNNSlope(found, 0)).toBeCloseTo(4.05496, 4);
  expect(twoNNSlope(found)).toBeGreaterThan(4.3);
});

/** Distances to the neighbours of independent points of a Poisson process in d dimensions: r_j^d are sums of exponentials. */
function poisson(key: Rng, n: number, d: number, k: number): Neighbourhoods {
  const u = uniform(key, n * k);
  const distances = new Float64Array(n * k);
  for (let i = 0; i < n; i++) {
    let sum = 0;
    for (let j = 0; j < k; j++) {
      sum -= Math.log1p(-u[i * k + j]!);
      distances[i * k + j] = sum ** (1 / d);
    }
  }
  const rows = Int32Array.from({ length: n }, (_, i) => i);
  return {
    rows,
    of: n,
    k,
    neighbours: new Int32Array(n * k).map((_, at) => (at * 7919) % n),
    distances,
    copies: 0,
  };
}

test.each([1, 2.5, 12, 300])('dimension %s where ratios follow their law at every scale', (d) => {
  for (const [name, estimate] of Object.entries({
    twoNN,
    gride,
    'k = 3': (found: Neighbourhoods) => levinaBickel(found, 3),
    'k = 20': (found: Neighbourhoods) => levinaBickel(found, 20),
  })) {
    let covered = 0;
    for (let seed = 0; seed < 20; seed++) {
      const [low, high] = dimensionIn(estimate(poisson(rng(seed).split(name), 200, d, 32))).interval;
      if (low <= d && d <= high) covered++;
    }
    // At 95 %, fewer than 16 of 20 has probability 3e-3 at most.
    expect(covered, name).toBeGreaterThanOrEqual(16);
  }
  const finding = gride(poisson(rng('curve'), 2000, d, 32));
  if (!('curve' in finding)) throw new Error('no curve');
  expect(finding.curve!.map(({ neighbours }) => neighbours)).toEqual([2, 4, 8, 16, 32]);
  for (const { dimension } of finding.curve!) {
    expect(dimension.value / d).toBeGreaterThan(0.9);
    expect(dimension.value / d).toBeLessThan(1.1);
  }
  // Farther neighbours tell more.
  const widths = finding.curve!.map(({ dimension: { interval } }) => interval[1] - interval[0]);
  expect(widths).toEqual(widths.toSorted((a, b) => b - a));
});

test('the expected skewness of 2 and 3 dimensions is 2 / pi and pi / 4', () => {
  expect(dimensionOf(2 / Math.PI)).toBeCloseTo(2, 10);
  expect(dimensionOf(Math.PI / 4)).toBeCloseTo(3, 10);
  expect(dimensionOf(0)).toBe(1);
});

const TRIALS = 10;
describe.each(Object.entries(MANIFOLDS))('%s', (name, { dimension, features, draw }) => {
  test('intervals hold the dimension', async () => {
    const covered = new Map<string, number>();
    for (let seed = 0; seed < TRIALS; seed++) {
      const points = draw(rng(name).split(seed), 300);
      const found = await nearestNeighbours(points, features, 80, rng(0));
      const all: Record<string, Finding | undefined> = {
        twoNN: twoNN(found),
        gride: gride(found),
        'k = 3': levinaBickel(found, 3),
        'k = 10': levinaBickel(found, 10),
        'k = 20': levinaBickel(found, 20),
        pairs: correlationIntegral(points, features, rng(seed), whenDone),
        // Flat faces crowd directions, as its documentation says.
        ...(name === 'cube'
          ? {}
          : { angles: expectedSimplexSkewness(points, features, found, rng(seed), whenDone) }),
      };
      for (const [estimator, finding] of Object.entries(all)) {
        const { value, interval } = dimensionIn(finding);
        expect(interval[0]).toBeLessThanOrEqual(value);
        expect(interval[1]).toBeGreaterThanOrEqual(value);
        const hit = interval[0] <= dimension && dimension <= interval[1] ? 1 : 0;
        covered.set(estimator, (covered.get(estimator) ?? 0) + hit);
      }
    }
    // At 95 %, fewer than 8 of 10 has probability 0.012; the draws are fixed.
    for (const [estimator, hits] of covered) expect(hits, estimator).toBeGreaterThanOrEqual(8);
  });
});

test('noise shows at small distances and the manifold at large ones', async () => {
  const n = 1000;
  const angle = uniform(rng('circle'), n, 0, 2 * Math.PI);
  const noise = normal(rng('noise'), n * 5);
  const points = noise.map((z, at) => {
    const [i, f] = [Math.floor(at / 5), at % 5];
    return 0.01 * z + (f === 0 ? Math.cos(angle[i]!) : f === 1 ? Math.sin(angle[i]!) : 0);
  });
  const finding = gride(await nearestNeighbours(points, 5, 128, rng(0)));
  if (!('curve' in finding)) throw new Error('no curve');
  expect(finding.curve![0]!.dimension.value).toBeGreaterThan(2);
  expect(finding.curve!.at(-1)!.dimension.value).toBeLessThan(1.2);
});

async function readingsOf(points: ArrayLike<number>, features: number, classes?: ArrayLike<number>) {
  const n = points.length / features;
  const found = n > 1 ? await nearestNeighbours(points, features, 100, rng(0)) : undefined;
  return dimensionReadings(points, features, classes, found, rng(0), whenDone);
}

function byName(readings: readonly DimensionReading[], name: string): DimensionReading {
  return readings.find((one) => one.name === name)!;
}

describe('side by side', () => {
  test('every estimator answers or says why it does not, with a meaning', async () => {
    const readings = await readingsOf(
      normal(rng('all'), 300 * 4),
      4,
      new Int32Array(300).map((_, i) => i % 2),
    );
    expect(readings.map(({ name }) => name)).toEqual([
      'features',
      'stable rank',
      'stable rank within classes',
      'participation ratio',
      'TwoNN',
      'Levina-Bickel, 3 neighbours',
      'Levina-Bickel, 5 neighbours',
      'Levina-Bickel, 10 neighbours',
      'Levina-Bickel, 20 neighbours',
      'Gride',
      'correlation integral',
      'expected simplex skewness',
      'constructive effective dimension',
      'capacity of robust fits, P / n',
    ]);
    for (const { dimension, unavailable, meaning } of readings) {
      expect(unavailable).toBeUndefined();
      expect(dimension!.value).toBeGreaterThan(2);
      expect(meaning).toMatch(/\.$/);
    }
  });

  test('one row, equal rows, rows of two places: reasons, no numbers', async () => {
    const cases = {
      'one row': [[1, 2], 2],
      'equal rows': [new Float64Array(60).fill(3), 2],
      'two places': [Float64Array.from({ length: 60 }, (_, i) => i % 2), 1],
    } as const;
    for (const [points, features] of Object.values(cases)) {
      for (const { name, dimension, unavailable } of await readingsOf(points, features)) {
        if (['features', 'stable rank', 'participation ratio'].includes(name) && dimension) continue;
        expect(dimension, name).toBeUndefined();
        expect(unavailable, name).toMatch(/row|neighbour|distance/);
      }
    }
  });

  test('fewer rows than neighbours: the fine scales answer', async () => {
    const readings = await readingsOf(normal(rng('few'), 12 * 2), 2);
    expect(byName(readings, 'TwoNN').dimension).toBeDefined();
    expect(byName(readings, 'Levina-Bickel, 20 neighbours').unavailable).toMatch(
      /12 rows have no 20 neighbours/,
    );
    expect(byName(readings, 'correlation integral').unavailable).toMatch(/more than 20 rows/);
  });

  test('copies and constant features change nothing but the notes', async () => {
    // Too few rows for the estimators that fit functions, which have their own tests.
    const x = normal(rng('copies'), 80 * 3);
    const wide = (points: Float64Array) =>
      Float64Array.from({ length: (points.length / 3) * 5 }, (_, at) =>
        at % 5 < 3 ? points[Math.floor(at / 5) * 3 + (at % 5)]! : 7,
      );
    const plain = await readingsOf(x, 3);
    const constant = await readingsOf(wide(x), 5);
    for (const name of ['TwoNN', 'Levina-Bickel, 10 neighbours', 'Gride']) {
      expect(byName(constant, name).dimension!.value).toBeCloseTo(byName(plain, name).dimension!.value, 10);
    }
    const repeated = new Float64Array([...x, ...x.subarray(0, 30)]);
    expect(byName(await readingsOf(repeated, 3), 'TwoNN').notes.join()).toMatch(/20 rows equal another one/);
  });

  test('values on a grid are called that', async () => {
    const grid = normal(rng('grid'), 400 * 3).map((z) => Math.round(2 * z));
    const finding = twoNN(await nearestNeighbours(grid, 3, 10, rng(0)));
    expect('notes' in finding ? finding.notes.join() : finding.unavailable).toMatch(/grid|equal another one/);
  });

  test('scale and order change nothing, and a stop is said', async () => {
    const x = normal(rng('scale'), 80 * 3);
    const plain = await readingsOf(x, 3);
    const scaled = await readingsOf(
      x.map((v) => v * 2 ** -500),
      3,
    );
    expect(scaled.map(({ unavailable }) => unavailable)).toEqual(plain.map(({ unavailable }) => unavailable));
    const known = plain.flatMap(({ dimension }, i) =>
      dimension ? [[dimension, scaled[i]!.dimension!]] : [],
    );
    expect(known.length).toBe(11);
    for (const [one, other] of known) expect(other!.value).toBeCloseTo(one!.value, 9);
    const found = await nearestNeighbours(x, 3, 30, rng(0));
    const stopped = await dimensionReadings(x, 3, undefined, found, rng(0), () => true);
    expect(byName(stopped, 'TwoNN').unavailable).toMatch(/stopped/);
  });
});

const mnist = process.env.ROBUSTLAW_MNIST;
test.skipIf(mnist === undefined)(
  'MNIST (skipped unless ROBUSTLAW_MNIST names its folder): 60,000 images within 1 of the published values',
  { timeout: 3_600_000 },
  async () => {
    const bytes = gunzipSync(readFileSync(join(mnist!, 'train-images-idx3-ubyte.gz'))).subarray(16);
    const points = Float32Array.from(bytes, (v) => v / 255);
    const found = await nearestNeighbours(points, 784, 20, rng(0));
    // Pope et al. (2021), table 1, with the divisor k - 2.
    for (const [k, published] of [
      [3, 7],
      [5, 11],
      [10, 12],
      [20, 13],
    ] as const) {
      const { value } = dimensionIn(levinaBickel(found, k));
      expect(Math.abs((value * (k - 2)) / (k - 1) - published), `k = ${k}`).toBeLessThan(1);
    }
  },
);
