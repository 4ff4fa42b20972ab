// Effective dimensions against closed forms: Gaussians of known covariance, the sphere, a line, and an unbiased estimate by its definition.
import { expect, test } from 'vitest';
import { opticalDigits } from '../../src/data/index.ts';
import { type EffectiveDimension, effectiveDimensions } from '../../src/dimension/index.ts';
import {
  centredRows,
  matrix,
  multiplyTransposed,
  symmetricEigen,
  transpose,
} from '../../src/linalg/index.ts';
import { normal, rng, sphere } from '../../src/random/index.ts';
import { MANIFOLDS } from './manifolds.ts';

function find(list: readonly EffectiveDimension[], name: string) {
  const found = list.find((one) => one.name === name);
  if (!found) throw new Error(`no ${name}`);
  return found.dimension;
}

function gaussian(seed: number | string, n: number, scales: readonly number[]): Float64Array {
  const d = scales.length;
  return normal(rng(seed), n * d).map((z, at) => z * scales[at % d]!);
}

/** tr S / lambda_max and (tr S)^2 / tr S^2 of a diagonal covariance matrix. */
function truths(scales: readonly number[]) {
  const values = scales.map((s) => s * s);
  const trace = values.reduce((a, b) => a + b);
  return {
    rank: trace / Math.max(...values),
    ratio: trace ** 2 / values.reduce((sum, v) => sum + v * v, 0),
  };
}

const SPECTRA = {
  flat: new Array(20).fill(1),
  decaying: Array.from({ length: 20 }, (_, j) => 1 / (j + 1)),
  'one direction': [10, ...new Array(19).fill(1)],
};

test.each(Object.entries(SPECTRA))('intervals cover the truth of a Gaussian: %s', (name, scales) => {
  const { rank, ratio } = truths(scales);
  const hits = { rank: 0, ratio: 0 };
  const trials = 25;
  for (let seed = 0; seed < trials; seed++) {
    const list = effectiveDimensions(gaussian(`${name} ${seed}`, 120, scales), 20, undefined, rng(seed));
    const [a, b] = [find(list, 'stable rank'), find(list, 'participation ratio')];
    if (a.interval[0] <= rank && rank <= a.interval[1]) hits.rank++;
    if (b.interval[0] <= ratio && ratio <= b.interval[1]) hits.ratio++;
    expect(a.value).toBeGreaterThanOrEqual(a.interval[0]);
    expect(a.value).toBeLessThanOrEqual(a.interval[1]);
  }
  // At 95 %, fewer than 20 of 25 has probability 1e-3.
  expect(hits.rank).toBeGreaterThanOrEqual(20);
  expect(hits.ratio).toBeGreaterThanOrEqual(20);
});

test.each(Object.entries(MANIFOLDS))(
  'intervals hold the values of the covariance of 50,000 points: %s',
  (name, { features, draw }) => {
    const many = centredRows(draw(rng(name).split('truth'), 50_000), features, [...new Array(50_000).keys()]);
    const { values } = symmetricEigen(multiplyTransposed(transpose(many), transpose(many)));
    const trace = values.reduce((a, b) => a + b);
    const rank = trace / Math.max(...values);
    const ratio = trace ** 2 / values.reduce((sum, v) => sum + v * v, 0);
    const hits = { rank: 0, ratio: 0 };
    for (let seed = 0; seed < 12; seed++) {
      const list = effectiveDimensions(draw(rng(name).split(seed), 120), features, undefined, rng(seed));
      const [a, b] = [find(list, 'stable rank'), find(list, 'participation ratio')];
      if (a.interval[0] <= rank && rank <= a.interval[1] * (1 + 1e-9)) hits.rank++;
      if (b.interval[0] <= ratio && ratio <= b.interval[1] * (1 + 1e-9)) hits.ratio++;
    }
    // At 95 %, fewer than 9 of 12 has probability 2e-3. The ends at the number of features are met up to the truth's own error.
    expect(hits.rank).toBeGreaterThanOrEqual(9);
    expect(hits.ratio).toBeGreaterThanOrEqual(9);
  },
);

test('the uniform distribution on a sphere fills its space', () => {
  const list = effectiveDimensions(sphere(rng('sphere'), 1500, 30), 30, undefined, rng(0));
  expect(find(list, 'features').value).toBe(30);
  expect(find(list, 'stable rank').value).toBeGreaterThan(27);
  expect(find(list, 'participation ratio').value).toBeGreaterThan(29);
  expect(find(list, 'participation ratio').interval[1]).toBe(30);
});

test('the participation ratio is the quotient of its unbiased parts, means over four distinct rows', () => {
  const n = 10;
  const x = gaussian('unbiased', n, [3, 1, 0.5]);
  const difference = (i: number, j: number) => [0, 1, 2].map((k) => x[i * 3 + k]! - x[j * 3 + k]!);
  const dot = (a: number[], b: number[]) => a.reduce((sum, v, k) => sum + v * b[k]!, 0);
  let [squares, lengths] = [0, 0];
  for (let a = 0; a < n; a++)
    for (let b = 0; b < n; b++)
      for (let c = 0; c < n; c++)
        for (let d = 0; d < n; d++) {
          if (new Set([a, b, c, d]).size < 4) continue;
          const [u, v] = [difference(a, b), difference(c, d)];
          squares += dot(u, v) ** 2;
          lengths += dot(u, u) * dot(v, v);
        }
  const found = find(effectiveDimensions(x, 3, undefined, rng(1)), 'participation ratio');
  expect(found.value).toBeCloseTo(lengths / squares, 9);
});

test('without noise of sampling: the value agrees with eigenvalues of the sample covariance', () => {
  const digits = opticalDigits();
  const n = 1797;
  const mean = Float64Array.from({ length: 64 }, (_, j) => {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += digits.x[i * 64 + j]! / n;
    return sum;
  });
  const s = matrix(64, 64);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < 64; j++)
      for (let k = 0; k < 64; k++)
        s.data[j * 64 + k]! += ((digits.x[i * 64 + j]! - mean[j]!) * (digits.x[i * 64 + k]! - mean[k]!)) / n;
  const { values } = symmetricEigen(s);
  const trace = values.reduce((a, b) => a + b);
  const list = effectiveDimensions(digits.x, 64, digits.y, rng(0));
  const rank = find(list, 'stable rank');
  expect(Math.abs(rank.value / (trace / values[63]!) - 1)).toBeLessThan(0.03);
  expect(rank.interval[1] / rank.interval[0]).toBeLessThan(1.25);
  const ratio = trace ** 2 / values.reduce((sum, v) => sum + v * v, 0);
  expect(Math.abs(find(list, 'participation ratio').value / ratio - 1)).toBeLessThan(0.02);
  expect(find(list, 'stable rank within classes').value).toBeLessThan(rank.value);
});

test('within classes: two distant clusters have one wide direction together, and all directions each', () => {
  const classes = Array.from({ length: 400 }, (_, i) => i % 2);
  const x = gaussian('clusters', 400, new Array(8).fill(1)).map((v, at) =>
    at % 8 === 0 ? v + 100 * classes[Math.floor(at / 8)]! : v,
  );
  const list = effectiveDimensions(x, 8, classes, rng(2));
  expect(find(list, 'stable rank').value).toBeLessThan(1.02);
  const within = find(list, 'stable rank within classes');
  expect(within.interval[0]).toBeLessThan(8);
  expect(within.interval[1]).toBeGreaterThan(7.5);
  expect(within.value).toBeGreaterThan(6);
});

test('data on a line have dimension 1, whatever is added that does not vary', () => {
  const t = normal(rng('line'), 50);
  const x = Float64Array.from({ length: 50 * 5 }, (_, at) =>
    at % 5 === 4 ? 7 : t[Math.floor(at / 5)]! * (at % 5),
  );
  const list = effectiveDimensions(x, 5, undefined, rng(0));
  for (const name of ['stable rank', 'participation ratio']) {
    expect(find(list, name).value).toBeCloseTo(1, 9);
    expect(find(list, name).interval[1]).toBeLessThan(name === 'stable rank' ? 1 + 1e-9 : 1.1);
  }
});

test.each([1e-150, 1, 1e150])('at the scale %d the same', (scale) => {
  const x = gaussian('scale', 60, [2, 1, 1]);
  const at = (s: number) =>
    effectiveDimensions(
      x.map((v) => v * s),
      3,
      undefined,
      rng(0),
    );
  expect(find(at(scale), 'stable rank').value).toBeCloseTo(find(at(1), 'stable rank').value, 6);
  expect(find(at(scale), 'participation ratio').value).toBeCloseTo(
    find(at(1), 'participation ratio').value,
    6,
  );
});

test('edges: one row, equal rows, one feature, few rows', () => {
  const names = (list: readonly EffectiveDimension[]) => list.map(({ name }) => name);
  expect(names(effectiveDimensions([1, 2, 3], 3, [0], rng(0)))).toEqual(['features']);
  const equal = Float64Array.from({ length: 60 }, (_, at) => [0.1, 1e-3, 7e5][at % 3]!);
  expect(names(effectiveDimensions(equal, 3, undefined, rng(0)))).toEqual(['features']);
  for (const { dimension } of effectiveDimensions(normal(rng('one'), 40), 1, undefined, rng(0))) {
    expect(dimension.value).toBe(1);
    expect(dimension.interval).toEqual([1, 1]);
  }
  for (const rows of [2, 3, 5]) {
    const list = effectiveDimensions(normal(rng('few'), 4 * rows), 4, undefined, rng(0));
    expect(find(list, 'stable rank').interval).toEqual([1, 4]);
  }
  const two = Float64Array.from({ length: 80 }, (_, at) => (Math.floor(at / 4) % 2) * ((at % 4) + 1));
  const duplicates = effectiveDimensions(two, 4, undefined, rng(0));
  expect(find(duplicates, 'stable rank').value).toBeCloseTo(1, 9);
  expect(() => effectiveDimensions([1, Number.NaN], 1, undefined, rng(0))).toThrow(/feature 0 of row 1/);
  expect(() => effectiveDimensions([1, 2], 1, [0], rng(0))).toThrow(/number of classes/);
});

test('the same key gives the same numbers', () => {
  const x = gaussian('same', 80, [1, 2, 3]);
  expect(effectiveDimensions(x, 3, undefined, rng(5))).toEqual(effectiveDimensions(x, 3, undefined, rng(5)));
});
