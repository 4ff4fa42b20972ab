// The form for many points against distances from plain differences: at, near, between and far from the data, at every scale.
import { describe, expect, test } from 'vitest';
import { graph, input } from '../../src/graph/index.ts';
import { type Matrix, matrix, row } from '../../src/linalg/index.ts';
import { bulkForm } from '../../src/memorizers/bulk.ts';
import {
  cones,
  evaluateMemorizer,
  type Memorizer,
  mcShaneWhitney,
  projectedRbf,
} from '../../src/memorizers/index.ts';
import { integers, normal, rng, signs, uniform } from '../../src/random/index.ts';
import { compile } from '../../src/runtime/index.ts';
import { type Points, signedSphere } from './subjects.ts';

const [N, D] = [300, 250];

/** f from the distances to the points and the labels, as its definition has it. */
type Definition = (distances: readonly number[], labels: Float64Array, slope: number) => number;

const DEFINITIONS: readonly (readonly [string, (sample: Points) => Promise<Memorizer>, Definition])[] = [
  [
    'mcShaneWhitney',
    ({ points, labels }) => mcShaneWhitney(points, labels),
    (rho, y, slope) =>
      (Math.max(...rho.map((r, i) => y[i]! - slope * r)) +
        Math.min(...rho.map((r, i) => y[i]! + slope * r))) /
      2,
  ],
  [
    'cones',
    ({ points, labels }) => cones(points, labels),
    // Labels of size 1: the slope is 1 / radius.
    (rho, y, slope) => rho.reduce((sum, r, i) => sum + y[i]! * Math.max(0, 1 - r * slope), 0),
  ],
  [
    'projectedRbf without projection',
    ({ points, labels }) => projectedRbf(points, labels, points.columns, rng(1)),
    (rho, y, slope) =>
      Math.max(0, ...rho.map((r, i) => y[i]! - slope * r)) -
      Math.max(0, ...rho.map((r, i) => -y[i]! - slope * r)),
  ],
];

function distancesTo(points: Matrix, x: Float64Array): number[] {
  return Array.from({ length: points.rows }, (_, i) =>
    Math.sqrt(row(points, i).reduce((sum, c, k) => sum + (c - x[k]!) ** 2, 0)),
  );
}

/** At the data, near them, between pairs, near the rim of a cone, about the centre, and farther out. */
function probes(points: Matrix, seed: number): Float64Array[] {
  const { columns: d } = points;
  const key = rng(seed).split('probes');
  const pick = integers(key.split('pick'), 400, 0, points.rows);
  const at = (k: number) => row(points, pick[k]!);
  const spread = Math.sqrt(points.data.reduce((sum, t) => sum + t * t, 0) / points.rows);
  const noise = (k: number, size: number) =>
    normal(key.split('noise').split(k), d).map((t) => (t * size * spread) / Math.sqrt(d));
  const plus = (a: Float64Array, b: Float64Array) => a.map((t, k) => t + b[k]!);
  const between = (a: Float64Array, b: Float64Array, t: number) => a.map((s, k) => (1 - t) * s + t * b[k]!);
  const steps = uniform(key.split('t'), 10);
  return [
    ...Array.from({ length: 20 }, (_, k) => at(k)),
    ...[1e-1, 1e-3, 1e-6, 1e-9, 1e-12].flatMap((size, s) =>
      Array.from({ length: 4 }, (_, k) => plus(at(20 + 4 * s + k), noise(4 * s + k, size))),
    ),
    ...Array.from({ length: 10 }, (_, k) => between(at(60 + k), at(80 + k), steps[k]!)),
    ...Array.from({ length: 10 }, (_, k) => between(at(100 + k), at(120 + k), 0.5)),
    ...[0, 0.1, 1, 1.9].map((size, k) => noise(40 + k, size)),
  ];
}

async function errors(sample: Points, memorizer: Memorizer, definition: Definition, xs: Float64Array[]) {
  const slope = memorizer.lipschitz.value;
  const x = Float64Array.from(xs.flatMap((one) => Array.from(one)));
  const y = await evaluateMemorizer(memorizer, x);
  return xs.map((one, b) =>
    Math.abs(y[b]! - definition(distancesTo(sample.points, one), sample.labels.data, slope)),
  );
}

describe.each(DEFINITIONS)('%s', (_, build, definition) => {
  test.each([1, 1e-100, 1e100])('has the values of its definition at the scale %d', async (scale) => {
    const { points, labels } = signedSphere(301, N, D);
    const sample = {
      points: matrix(
        N,
        D,
        points.data.map((t) => t * scale),
      ),
      labels,
    };
    const memorizer = await build(sample);
    expect(memorizer.bulk).toBeDefined();
    const found = await errors(sample, memorizer, definition, probes(sample.points, 1));
    expect(found.length).toBe(64);
    expect(Math.max(...found.slice(0, 20))).toBeLessThan(1e-12);
    expect(Math.max(...found)).toBeLessThan(1.5e-10);
  });

  test('has them far from the data, to the digits that distances have there', async () => {
    const sample = signedSphere(302, N, D);
    const memorizer = await build(sample);
    for (const size of [10, 1e3, 1e6]) {
      const far = Array.from({ length: 16 }, (__, k) =>
        normal(rng('far').split(k), D).map((t) => (t * size) / Math.sqrt(D)),
      );
      const found = await errors(sample, memorizer, definition, far);
      expect(Math.max(...found)).toBeLessThan(memorizer.lipschitz.value * size * 1e-12);
    }
  });

  test('has them where the data lie far from the origin', async () => {
    const { points, labels } = signedSphere(303, N, D);
    const sample = {
      points: matrix(
        N,
        D,
        points.data.map((t) => t + 1e4),
      ),
      labels,
    };
    const memorizer = await build(sample);
    expect(memorizer.bulk).toBeDefined();
    const xs = Array.from({ length: 40 }, (__, k) =>
      row(sample.points, k).map((t, l) => t + (k % 4) * 1e-3 * Math.sin(k + l)),
    );
    const found = await errors(sample, memorizer, definition, xs);
    expect(Math.max(...found)).toBeLessThan(1.5e-10);
  });

  test('has them about a pair as close as the bound allows, and no such form for a closer one', async () => {
    const allowed = closePair(2e-1);
    const memorizer = await build(allowed);
    expect(memorizer.bulk).toBeDefined();
    const [a, b] = [row(allowed.points, 0), row(allowed.points, 1)];
    const xs = Array.from({ length: 41 }, (__, k) => a.map((t, l) => t + ((k - 10) / 20) * (b[l]! - t)));
    const found = await errors(allowed, memorizer, definition, xs);
    expect(Math.max(...found)).toBeLessThan(1.5e-10);
    const closer = closePair(1e-3);
    const direct = await build(closer);
    expect(direct.bulk).toBeUndefined();
    const again = await errors(closer, direct, definition, [a, row(closer.points, 1), ...xs]);
    expect(Math.max(...again)).toBeLessThan(1e-9);
  });

  test('falls back where squares overflow or underflow, and for few points', async () => {
    const { points, labels } = signedSphere(304, N, D);
    for (const scale of [1e-140, 1e140]) {
      const sample = {
        points: matrix(
          N,
          D,
          points.data.map((t) => t * scale),
        ),
        labels,
      };
      const memorizer = await build(sample);
      expect(memorizer.bulk).toBeUndefined();
      const xs = Array.from({ length: 20 }, (__, k) => row(sample.points, k));
      expect(Math.max(...(await errors(sample, memorizer, definition, xs)))).toBeLessThan(1e-9);
    }
    const few = signedSphere(305, 50, 20);
    expect((await build(few)).bulk).toBeUndefined();
  });
});

/** Points on a sphere of which the first two, with opposite labels, are so far apart. */
function closePair(gap: number): Points {
  const { points, labels } = signedSphere(306, N, D);
  const second = row(points, 0).map((t, k) => (k === 0 ? t + gap : t));
  row(points, 1).set(second);
  labels.data.set([1, -1]);
  return { points, labels };
}

test('a coordinate past the range is evaluated as the graph has it', async () => {
  const { points, labels } = signedSphere(307, N, D);
  const memorizer = await cones(points, labels);
  const x = points.data.slice(0, 20 * D);
  x[3 * D + 7] = 1e200;
  const y = await evaluateMemorizer(memorizer, x);
  expect(y[3]).toBe(0);
  expect(y[4]).toBe(labels.data[4]);
  x[5 * D] = Number.NaN;
  const { bulk: _, ...plain } = memorizer;
  expect(await evaluateMemorizer(memorizer, x)).toEqual(await evaluateMemorizer(plain, x));
});

test('the distances themselves: the nearest to rounding, the others within the stated bound', async () => {
  const [n, d] = [260, 256];
  const key = rng('distances');
  const points = matrix(
    n,
    d,
    signs(key, n * d).map((s, i) => s * (1 + 0.1 * Math.sin(i))),
  );
  let separation = Number.POSITIVE_INFINITY;
  for (let i = 0; i < n; i++)
    for (const [j, rho] of distancesTo(points, row(points, i)).entries())
      if (j !== i) separation = Math.min(separation, rho);
  const form = bulkForm(points, separation, (batch, distances) => {
    const x = input('x', 'float64', [batch, d]);
    const c = input('c', 'float64', [n, d]);
    return graph([x, c], { rho: distances(x, c) });
  })!;
  const x = Float64Array.from(
    [1e-9, 1e-5, 0.1, 1].flatMap((size, s) =>
      Array.from(row(points, 10 * s).map((t, k) => t + size * Math.sin(k + s))),
    ),
  );
  const program = await compile(form.graph(4));
  const { rho } = await program.run({ x, c: points.data });
  await program.dispose();
  const radius = Math.max(...distancesTo(points, new Float64Array(d))) * 1.1;
  const kappa = (d + 8) * 2 ** -53 * (radius / separation) ** 2;
  for (let b = 0; b < 4; b++) {
    const expected = distancesTo(points, x.slice(b * d, (b + 1) * d));
    const nearest = Math.min(...expected);
    for (const [i, truth] of expected.entries()) {
      const error = Math.abs((rho as Float64Array)[b * n + i]! - truth);
      expect(error).toBeLessThan(truth === nearest ? 1e-13 * truth : 37 * kappa * separation);
    }
  }
});
