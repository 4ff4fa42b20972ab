// Kirszbraun's extension: closed forms, the constant on the whole space, two solvers against each other and against a third.
import { expect, test } from 'vitest';
import { type Matrix, matrix, row } from '../../src/linalg/index.ts';
import { evaluateMemorizer, type Kirszbraun, kirszbraun } from '../../src/memorizers/index.ts';
import { integers, normal, rng, uniform } from '../../src/random/index.ts';
import { compile } from '../../src/runtime/index.ts';
import { gaussianSample, signedSphere } from './subjects.ts';

const length = (x: ArrayLike<number>) => Math.sqrt(Array.from(x).reduce((sum, t) => sum + t * t, 0));
const minus = (a: Float64Array, b: Float64Array) => a.map((t, k) => t - b[k]!);

/** Random points in and about the convex hull of the data. */
function probes(points: Matrix, count: number, seed: number): Float64Array {
  const { rows: n, columns: d } = points;
  const x = new Float64Array(count * d);
  for (let b = 0; b < count; b++) {
    const [i, j] = integers(rng(seed).split(b), 2, 0, n);
    const [t] = uniform(rng(seed).split(b), 1);
    const noise = normal(rng(seed).split(b), d);
    for (let k = 0; k < d; k++) {
      const between = (1 - t!) * points.data[i! * d + k]! + t! * points.data[j! * d + k]!;
      x[b * d + k] = between + (b % 3) * 0.3 * noise[k]!;
    }
  }
  return x;
}

/** The dual of the program by plain projected gradient ascent on the simplex, many steps: slow and simple. */
function bySlowDescent(
  { points, labels }: { points: Matrix; labels: Matrix },
  slope: number,
  x: Float64Array,
) {
  const [n, m] = [points.rows, labels.columns];
  let weights = new Float64Array(n).fill(1 / n);
  const mean = (a: Matrix) =>
    Float64Array.from({ length: a.columns }, (_, k) =>
      weights.reduce((sum, w, i) => sum + w * a.data[i * a.columns + k]!, 0),
    );
  for (let step = 0; step < 8_000; step++) {
    const [px, py] = [mean(points), mean(labels)];
    // The derivative of 2 sum w |x - x_i|^2 - sum w |x_i|^2 + |mean|^2 - (sum w |y_i|^2 - |mean y|^2) / M^2.
    const gradient = Array.from({ length: n }, (_, i) => {
      const [xi, yi] = [row(points, i), row(labels, i)];
      const inner = (a: Float64Array, b: Float64Array) => a.reduce((sum, t, k) => sum + t * b[k]!, 0);
      return (
        2 * length(minus(x, xi)) ** 2 -
        inner(xi, xi) +
        2 * inner(xi, px) +
        (2 * inner(yi, py) - inner(yi, yi)) / slope ** 2
      );
    });
    const moved = weights.map((w, i) => w - 0.005 * gradient[i]!);
    // Projection onto the simplex by sorting (Held, Wolfe and Crowder 1974).
    const sorted = Array.from(moved).sort((a, b) => b - a);
    let [total, threshold] = [0, 0];
    sorted.forEach((t, k) => {
      total += t;
      if (t > (total - 1) / (k + 1)) threshold = (total - 1) / (k + 1);
    });
    weights = moved.map((t) => Math.max(0, t - threshold));
  }
  return { value: mean(labels), m };
}

async function graphValues(memorizer: Kirszbraun, x: Float64Array) {
  const program = await compile(memorizer.graph(x.length / memorizer.inputDimension));
  const result = await program.run({ x });
  await program.dispose();
  return { y: result.y as Float64Array, gap: result.gap as Float64Array };
}

test('for two points it is the label at the projection onto their segment', async () => {
  const points = matrix(2, 2, Float64Array.of(0, 0, 2, 0));
  const labels = matrix(2, 2, Float64Array.of(1, 0, 0, 3));
  const memorizer = await kirszbraun(points, labels, 12);
  expect(memorizer.lipschitz.value).toBeCloseTo(Math.sqrt(10) / 2, 12);
  for (const [x, t] of [
    [[0.5, 7], 0.25],
    [[2, -1], 1],
    [[-4, 1], 0],
    [[9, 9], 1],
    [[1.3, 0], 0.65],
  ] as const) {
    const { value, error } = memorizer.at(Float64Array.from(x));
    expect(value[0]).toBeCloseTo(1 - t, 12);
    expect(value[1]).toBeCloseTo(3 * t, 12);
    expect(error).toBeLessThan(1e-5);
    const fromGraph = await evaluateMemorizer(memorizer, Float64Array.from(x));
    expect(length(minus(fromGraph, value))).toBeLessThan(1e-9);
  }
});

test('n = 15, d = 3, m = 2: the steepest ratio over all pairs is M, within the reported errors', async () => {
  const { points, labels } = gaussianSample(71, 15, 3, 2);
  const memorizer = await kirszbraun(points, labels, 12);
  const slope = memorizer.lipschitz.value;
  const x = Float64Array.from([...points.data, ...probes(points, 160, 1)]);
  const values = Array.from({ length: x.length / 3 }, (_, b) => memorizer.at(x.slice(3 * b, 3 * b + 3)));
  for (let i = 0; i < 15; i++) expect(length(minus(values[i]!.value, row(labels, i)))).toBeLessThan(2.5e-12);
  let steepest = 0;
  for (let a = 0; a < values.length; a++) {
    for (let b = 0; b < a; b++) {
      const run = length(minus(x.subarray(3 * a, 3 * a + 3), x.subarray(3 * b, 3 * b + 3)));
      if (run > 1e-6) steepest = Math.max(steepest, length(minus(values[a]!.value, values[b]!.value)) / run);
    }
  }
  expect(steepest / slope).toBeLessThan(1 + 1e-9);
  expect(steepest / slope).toBeGreaterThan(1 - 1e-9);
});

test('close pairs about kinks are no steeper than M', async () => {
  const { points, labels } = gaussianSample(72, 30, 2, 3);
  const memorizer = await kirszbraun(points, labels, 12);
  const x = probes(points, 400, 2);
  for (let b = 0; b < 400; b++) {
    const at = x.slice(2 * b, 2 * b + 2);
    const near = at.map((t, k) => t + 1e-4 * Math.cos(b + k * 1.5707963));
    const rise = length(minus(memorizer.at(at).value, memorizer.at(near).value));
    expect(rise / length(minus(at, near))).toBeLessThan(memorizer.lipschitz.value * (1 + 1e-7));
  }
});

test('for scalar labels it lies between the extremal extensions of McShane and Whitney', async () => {
  const { points, labels } = signedSphere(73, 40, 6);
  const memorizer = await kirszbraun(points, labels, 12);
  const slope = memorizer.lipschitz.value;
  const x = probes(points, 100, 3);
  for (let b = 0; b < 100; b++) {
    const at = x.slice(6 * b, 6 * b + 6);
    const reach = Array.from({ length: 40 }, (_, i) => slope * length(minus(at, row(points, i))));
    const { value } = memorizer.at(at);
    expect(value[0]).toBeGreaterThan(Math.max(...reach.map((r, i) => labels.data[i]! - r)) - 1e-9);
    expect(value[0]).toBeLessThan(Math.min(...reach.map((r, i) => labels.data[i]! + r)) + 1e-9);
    expect(Math.abs(value[0]!)).toBeLessThanOrEqual(1 + 1e-12);
  }
});

test('the active-set method agrees with slow projected gradients', async () => {
  const sample = gaussianSample(74, 9, 2, 2);
  const memorizer = await kirszbraun(sample.points, sample.labels, 12);
  const x = probes(sample.points, 4, 4);
  for (let b = 0; b < 4; b++) {
    const at = x.slice(2 * b, 2 * b + 2);
    const slow = bySlowDescent(sample, memorizer.lipschitz.value, at);
    expect(length(minus(memorizer.at(at).value, slow.value))).toBeLessThan(1e-5);
  }
});

test('the graph agrees with the active-set method to 1e-6 at its default length, and its gap bounds the difference', async () => {
  for (const [n, d, m, seed] of [
    [60, 2, 3, 75],
    [120, 30, 5, 76],
  ] as const) {
    const { points, labels } = gaussianSample(seed, n, d, m);
    const memorizer = await kirszbraun(points, labels);
    const x = probes(points, 40, seed);
    const { y, gap } = await graphValues(memorizer, x);
    const slope = memorizer.lipschitz.value;
    for (let b = 0; b < 40; b++) {
      const exact = memorizer.at(x.slice(b * d, (b + 1) * d));
      const difference = length(minus(y.slice(b * m, (b + 1) * m), exact.value));
      expect(difference).toBeLessThan(1e-6);
      expect(gap[b]!).toBeGreaterThanOrEqual(0);
      expect(difference).toBeLessThanOrEqual(slope * Math.sqrt((gap[b]! + 1e-13) / 2) + exact.error);
      expect(exact.gap).toBeLessThan(1e-11);
    }
  }
});

test('a graph with too few steps says so by its gap', async () => {
  const { points, labels } = signedSphere(78, 80, 20);
  const [short, long] = [await kirszbraun(points, labels, 2), await kirszbraun(points, labels)];
  const x = new Float64Array(20).fill(0.01);
  const { value } = long.at(x);
  const [a, b] = [await graphValues(short, x), await graphValues(long, x)];
  expect(a.gap[0]!).toBeGreaterThan(1e-4);
  expect(b.gap[0]!).toBeLessThan(1e-12);
  expect(Math.abs(a.y[0]! - value[0]!)).toBeGreaterThan(1e-7);
  expect(Math.abs(a.y[0]! - value[0]!)).toBeLessThan(short.lipschitz.value * Math.sqrt(a.gap[0]! / 2));
});

test('where the default steps do not suffice, amid many points on a sphere, the gap says so', async () => {
  const [n, d] = [200, 3];
  const { points, labels } = signedSphere(77, n, d);
  const memorizer = await kirszbraun(points, labels);
  const x = normal(rng(81), 16 * d).map((t) => 0.05 * t);
  const { y, gap } = await graphValues(memorizer, x);
  const slope = memorizer.lipschitz.value;
  let worst = 0;
  for (let b = 0; b < 16; b++) {
    const exact = memorizer.at(x.slice(b * d, (b + 1) * d));
    const difference = Math.abs(y[b]! - exact.value[0]!);
    worst = Math.max(worst, difference);
    expect(exact.error).toBeLessThan(1e-4);
    expect(difference).toBeLessThanOrEqual(slope * Math.sqrt((gap[b]! + 1e-13) / 2) + exact.error);
  }
  // A bound on nothing would be no test.
  expect(worst).toBeGreaterThan(1e-3);
});

test('one-hot labels give probabilities', async () => {
  const points = matrix(60, 8, normal(rng(79), 480));
  const labels = matrix(60, 4);
  integers(rng(80), 60, 0, 4).forEach((c, i) => {
    labels.data[4 * i + c] = 1;
  });
  const memorizer = await kirszbraun(points, labels, 12);
  const x = probes(points, 60, 5);
  for (let b = 0; b < 60; b++) {
    const { value } = memorizer.at(x.slice(8 * b, 8 * b + 8));
    expect(Math.min(...value)).toBeGreaterThan(-1e-12);
    expect(value.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 11);
  }
});

test('a point of the wrong dimension or with NaN is refused', async () => {
  const { points, labels } = gaussianSample(81, 5, 3);
  const memorizer = await kirszbraun(points, labels, 3);
  expect(() => memorizer.at(Float64Array.of(1, 2))).toThrow(/length of x/);
  expect(() => memorizer.at(Float64Array.of(1, 2, Number.NaN))).toThrow(/finite/);
  await expect(kirszbraun(points, labels, 0)).rejects.toMatchObject({ code: 'invalid-argument' });
});
