// The capacity of robust fits: the search against oracles, the task against brute force, fits that cannot be, and spheres of known dimension.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { robustCapacity } from '../../src/dimension/index.ts';
import { principalScores } from '../../src/dimension/principal-scores.ts';
import { fitsRobustly, leastWidth, parametersOf, robustTask } from '../../src/dimension/robust-fit.ts';
import { centredRows, matrix, multiplyTransposed, randomProjection } from '../../src/linalg/index.ts';
import { twoLayer } from '../../src/models/index.ts';
import { normal, rng, sphere } from '../../src/random/index.ts';
import { whenDone } from '../../src/stop.ts';

const all = (n: number) => [...new Array(n).keys()];

function distance(points: ArrayLike<number>, features: number, i: number, j: number): number {
  let sum = 0;
  for (let k = 0; k < features; k++) sum += (points[i * features + k]! - points[j * features + k]!) ** 2;
  return Math.sqrt(sum);
}

describe('the least width', () => {
  test('lies between neighbours of the ladder for every threshold and every beginning', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 300 }),
        fc.integer({ min: 0, max: 400 }),
        fc.integer({ min: 1, max: 256 }),
        async (threshold, start, most) => {
          let asked = 0;
          const found = await leastWidth(
            async (width) => {
              asked++;
              expect(width).toBeLessThanOrEqual(most);
              return width >= threshold;
            },
            start,
            most,
          );
          expect(asked).toBeLessThan(12);
          if (found === 'none') {
            expect(threshold).toBeGreaterThan(most / Math.SQRT2 - 1);
            return;
          }
          expect(found!.enough).toBeGreaterThanOrEqual(threshold);
          expect(found!.tooFew).toBeLessThan(threshold);
          expect(found!.enough).toBeLessThanOrEqual(Math.ceil(Math.SQRT2 * found!.tooFew) + 1);
        },
      ),
    );
  });

  test('without order, what is enough was, and its neighbour was not', async () => {
    await fc.assert(
      fc.asyncProperty(fc.func(fc.boolean()), fc.integer({ min: 1, max: 100 }), async (answer, start) => {
        const found = await leastWidth(async (width) => answer(width), start, 128);
        if (found === 'none') {
          expect(answer(128)).toBe(false);
          return;
        }
        expect(answer(found!.enough)).toBe(true);
        if (found!.tooFew > 0) expect(answer(found!.tooFew)).toBe(false);
      }),
    );
  });

  test('a trial that is broken off ends it', async () => {
    expect(await leastWidth(async () => undefined, 4, 8)).toBeUndefined();
  });
});

describe('principal scores', () => {
  test.each([
    [12, 5],
    [5, 12],
    [7, 7],
  ])('%i rows of %i features: distances as they were, widest first, mean square 1', (n, d) => {
    const x = normal(rng('scores').split(n), n * d).map((v, at) => v * (1 + (at % d)));
    const { data, columns, rows } = principalScores(centredRows(x, d, all(n)));
    expect(rows).toBe(n);
    expect(columns).toBe(Math.min(n - 1, d));
    let ratio: number | undefined;
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < i; j++) {
        const now = distance(data, columns, i, j) / distance(x, d, i, j);
        ratio ??= now;
        expect(now / ratio).toBeCloseTo(1, 9);
      }
    }
    const squares = Array.from({ length: columns }, (_, k) =>
      all(n).reduce((sum, i) => sum + data[i * columns + k]! ** 2, 0),
    );
    expect(squares.reduce((a, b) => a + b, 0) / (n - 1)).toBeCloseTo(1, 12);
    expect(squares).toEqual([...squares].sort((a, b) => b - a));
  });

  test('a rotation and features that do not vary change nothing, whichever products are taken', () => {
    const [n, d, wide] = [9, 4, 20];
    const x = normal(rng('turn'), n * d).map((v, at) => v * (1 + (at % d)));
    const rotation = randomProjection(rng('rotation'), wide, wide);
    const padded = matrix(n, wide);
    x.forEach((v, at) => {
      padded.data[Math.floor(at / d) * wide + (at % d)] = v;
    });
    const turned = multiplyTransposed(padded, rotation).data;
    const plain = principalScores(centredRows(x, d, all(n)));
    const other = principalScores(centredRows(turned, wide, all(n)));
    expect(other.columns).toBe(plain.columns);
    plain.data.forEach((v, at) => {
      expect(other.data[at]).toBeCloseTo(v, 7);
    });
  });
});

test('the task: 3/8 of the least distance of opposite signs, on directions that keep 95 % of it', () => {
  const [n, d] = [20, 30];
  const x = normal(rng('task'), n * d).map((v, at) => v / (1 + (at % d)));
  const scores = principalScores(centredRows(x, d, all(n)));
  const task = robustTask(scores, all(n))!;
  const least = (points: ArrayLike<number>, columns: number) =>
    Math.min(
      ...all(n).flatMap((i) => all(n).flatMap((j) => ((i + j) % 2 ? [distance(points, columns, i, j)] : []))),
    );
  const truth = least(scores.data, scores.columns);
  expect(task.radius).toBeCloseTo((3 / 8) * truth, 12);
  expect(task.inputs).toBeLessThan(scores.columns);
  expect(least(task.samples.x, task.inputs)).toBeGreaterThan(0.95 * truth * (1 - 1e-6));
  expect(Array.from(task.samples.y).reduce((a, b) => a + b, 0)).toBe(0);
  expect(robustTask(matrix(2, 1, Float64Array.of(1, 1)), [0, 1])).toBeUndefined();
  expect(parametersOf(task.inputs, 7)).toBe(twoLayer(task.inputs, 7).parameterCount);
});

test('one neuron is monotone along its weights and cannot fit signs in turns on a line; ten can', async () => {
  const four = matrix(4, 1, Float64Array.of(-1.5, -0.5, 0.5, 1.5));
  const task = robustTask(four, all(4))!;
  for (let seed = 0; seed < 3; seed++) expect(await fitsRobustly(task, 1, rng(seed), whenDone)).toBe(false);
  expect(await fitsRobustly(task, 16, rng(1), whenDone)).toBe(true);
  expect(await fitsRobustly(task, 16, rng(1), () => true)).toBeUndefined();
});

async function reading(points: ArrayLike<number>, features: number, seed = 0) {
  const finding = await robustCapacity(points, features, rng(seed), whenDone, () => {});
  if (!finding || !('dimension' in finding)) throw new Error(JSON.stringify(finding));
  return finding.dimension;
}

/** The sphere of d dimensions, turned about in `wide` features. */
function turnedSphere(seed: number, n: number, d: number, wide: number): Float64Array {
  const plane = randomProjection(rng('plane'), d, wide).data;
  const x = sphere(rng(seed), n, d);
  return Float64Array.from({ length: n * wide }, (_, at) => {
    let sum = 0;
    for (let k = 0; k < d; k++) sum += x[Math.floor(at / wide) * d + k]! * plane[k * wide + (at % wide)]!;
    return sum;
  });
}

test('spheres of 8, 20 and 48 dimensions among 60 features: within a factor 2.5, the interval within 6', async () => {
  const values: number[] = [];
  for (const d of [8, 20, 48]) {
    const { value, interval } = await reading(turnedSphere(d, 390, d, 60), 60);
    values.push(value);
    expect(value / d).toBeGreaterThan(0.4);
    expect(value / d).toBeLessThan(2.5);
    expect(interval[0] / d).toBeGreaterThan(1 / 6);
    expect(interval[1] / d).toBeLessThan(6);
    expect(interval[0]).toBeLessThanOrEqual(value);
    expect(interval[1]).toBeGreaterThanOrEqual(value);
  }
  expect(values).toEqual([...values].sort((a, b) => a - b));
});

test('scale changes nothing, and progress is told to the end', async () => {
  const x = normal(rng('scale'), 100 * 10);
  const shares: number[] = [];
  const at = async (scale: number) => {
    const finding = await robustCapacity(
      x.map((v) => v * scale),
      10,
      rng(1),
      whenDone,
      (share) => shares.push(share),
    );
    return finding;
  };
  const plain = await at(1);
  expect(plain).toHaveProperty('dimension');
  expect(shares.at(-1)).toBe(1);
  expect(shares).toEqual([...shares].sort((a, b) => a - b));
  expect(await at(2 ** 300)).toEqual(plain);
});

test('few rows, equal rows, rows too close together, a stop', async () => {
  const reason = async (points: Float64Array, features: number) => {
    const finding = await robustCapacity(points, features, rng(0), whenDone, () => {});
    return finding && 'unavailable' in finding ? finding.unavailable : JSON.stringify(finding);
  };
  expect(await reason(normal(rng('few'), 95 * 2), 2)).toMatch(/there are 95 distinct rows/);
  expect(await reason(new Float64Array(500).fill(1), 2)).toMatch(/there are 1 distinct rows/);
  const pairs = Float64Array.from({ length: 120 * 2 }, (_, at) => Math.floor(at / 24) + (at % 24) * 1e-9);
  expect(await reason(pairs, 2)).toMatch(/too close together/);
  expect(
    await robustCapacity(
      normal(rng('stop'), 300),
      3,
      rng(0),
      () => true,
      () => {},
    ),
  ).toBeUndefined();
  const broken = normal(rng('nan'), 300);
  broken[4] = Number.POSITIVE_INFINITY;
  await expect(robustCapacity(broken, 3, rng(0), whenDone, () => {})).rejects.toThrow(/finite/);
});
