// Concentration through balls and boxes against exhaustive search, closed forms and published values.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  boxesAround,
  clusterCentres,
  nearestCentres,
} from '../../../src/isoperimetry/concentration/clusters.ts';
import {
  coverConcentration,
  defaultEpsilons,
  halfSpaceConcentration,
  halves,
  inExpansion,
  type MeasuredExpansion,
} from '../../../src/isoperimetry/index.ts';
import { normalCdf } from '../../../src/numeric/index.ts';
import { normal, permutation, type Rng, rng, uniform } from '../../../src/random/index.ts';
import { whenDone } from '../../../src/stop.ts';

const NORMS = ['l2', 'linf'] as const;
const quiet = () => {};

function clusterBoxes(x: Float64Array, features: number, rows: Int32Array, count: number, random: Rng) {
  const centres = clusterCentres(x, features, rows, count, random);
  return boxesAround(x, features, rows, centres, nearestCentres(x, features, rows, centres));
}

describe('balls', () => {
  test('one ball on a line is the best of all centres and radii', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: -60, max: 60 }), { minLength: 10, maxLength: 80 }),
        fc.integer({ min: 1, max: 70 }),
        fc.integer({ min: 0, max: 10 }),
        async (list, percent, epsilon) => {
          const x = Float64Array.from(list);
          const split = halves(x.length, rng(list.length));
          const alpha = percent / 100;
          const [one] = await coverConcentration(
            x,
            1,
            'l2',
            alpha,
            [epsilon],
            rng(0),
            whenDone,
            quiet,
            split,
            1,
          );
          const own = Array.from(split.training, (i) => x[i]!);
          const enough = Math.ceil(Math.min(1, alpha + 0.5 / Math.sqrt(own.length)) * own.length);
          const within = (centre: number, radius: number) =>
            own.filter((v) => Math.abs(v - centre) <= radius).length;
          // Of every centre the smallest ball that holds enough.
          const balls = own.map((centre) => {
            const radius = own.map((v) => Math.abs(v - centre)).sort((a, b) => a - b)[enough - 1]!;
            return within(centre, radius + epsilon) - within(centre, radius);
          });
          if (one!.set.kind !== 'balls') throw new Error(one!.set.kind);
          const [centre, radius] = [one!.set.centres[0]!, one!.set.radii[0]!];
          expect(one!.set.radii.length).toBe(1);
          expect(within(centre, radius)).toBeGreaterThanOrEqual(enough);
          expect(within(centre, radius + epsilon) - within(centre, radius)).toBe(Math.min(...balls));
          const held = Array.from(split.heldOut, (i) => Math.abs(x[i]! - centre));
          expect(one!.expanded.value).toBe(held.filter((v) => v <= radius + epsilon).length / held.length);
        },
      ),
      { numRuns: 30 },
    );
  });

  test('far apart clusters are taken one by one, with nothing around them', async () => {
    // Ten clusters of width 1 at distance 100; a set of half the mass is five of them.
    const n = 1000;
    const places = normal(rng('clusters'), n * 2);
    const x = places.map((v, at) => 0.1 * v + (at % 2 === 0 ? 100 * (Math.floor(at / 2) % 10) : 0));
    const [one] = await coverConcentration(x, 2, 'l2', 0.5, [40], rng(1), whenDone);
    expect(one!.risk.value).toBeGreaterThan(0.45);
    expect(one!.expanded.value).toBeLessThan(0.65);
    expect(one!.expanded.value - one!.risk.value).toBeLessThan(0.1);
  });

  test('more balls than are asked for are not placed, and radii belong to training rows', async () => {
    const x = normal(rng('few'), 300 * 3);
    for (const parts of [1, 3, 7]) {
      const [one] = await coverConcentration(
        x,
        3,
        'l2',
        0.2,
        [0.5],
        rng(2),
        whenDone,
        quiet,
        undefined,
        parts,
      );
      if (one!.set.kind !== 'balls') throw new Error(one!.set.kind);
      expect(one!.set.radii.length).toBeLessThanOrEqual(parts);
      const rows = halves(300, rng(2).split('halves')).training;
      const held = Array.from(rows).filter((row) => inExpansion(one!.set, 0, x, 3, row)).length;
      expect(held / rows.length).toBeGreaterThanOrEqual(0.2 + 0.5 / Math.sqrt(rows.length));
    }
  });
});

describe('boxes', () => {
  test('around one box of a normal variable the set is both tails', async () => {
    const x = normal(rng('line'), 4000);
    const found = await coverConcentration(
      x,
      1,
      'linf',
      0.2,
      [0.1, 0.4],
      rng(0),
      whenDone,
      quiet,
      undefined,
      1,
    );
    for (const { epsilon, risk, expanded, set } of found) {
      if (set.kind !== 'outside boxes') throw new Error(set.kind);
      const [centre, half] = [set.centres[0]!, set.halfWidths[0]!];
      expect(set.centres.length).toBe(1);
      const tails = (far: number) => normalCdf(centre - far) + normalCdf(-centre - far);
      // Four standard deviations of 2000 held-out rows; and what is known from 400 tuning rows, in steps of q.
      expect(Math.abs(risk.value - tails(half + epsilon))).toBeLessThan(0.036);
      expect(Math.abs(expanded.value - tails(half))).toBeLessThan(0.045);
      expect(Math.abs(risk.value - 0.2)).toBeLessThan(0.08);
    }
  });

  test('clusters that are apart have their own boxes: the mean and the largest deviations', () => {
    const rows = Int32Array.from({ length: 90 }, (_, i) => i);
    const x = uniform(rng('apart'), 90 * 3).map((v, at) => v + 10 * (Math.floor(at / 3) % 3));
    const expected = [0, 1, 2].map((c) => {
      const own = Array.from(rows).filter((i) => i % 3 === c);
      return [0, 1, 2].map((j) => {
        const mean = own.reduce((s, i) => s + x[i * 3 + j]!, 0) / own.length;
        return [mean, Math.max(...own.map((i) => Math.abs(x[i * 3 + j]! - mean)))] as const;
      });
    });
    const matches = Array.from({ length: 10 }, (_, seed) => {
      const { centres, halfWidths } = clusterBoxes(x, 3, rows, 3, rng(seed));
      const found = [0, 1, 2]
        .map((t) => [0, 1, 2].map((j) => [centres[t * 3 + j]!, halfWidths[t * 3 + j]!] as const))
        .sort((a, b) => a[0]![0] - b[0]![0]);
      return found.flat(2).every((value, at) => Math.abs(value - expected.flat(2)[at]!) < 1e-9);
    });
    // Where all three first centres come from different clusters (in two of nine draws), or get there.
    expect(matches.filter(Boolean).length).toBeGreaterThan(0);
  });

  test('bounds on distances change nothing: plain iterations from the same rows give the same means', () => {
    const [n, d, count] = [500, 70, 6];
    const x = normal(rng('plain'), n * d).map((v, at) => v + (Math.floor(at / d) % 7 === at % 7 ? 2 : 0));
    const rows = Int32Array.from({ length: n }, (_, i) => i);
    const row = (i: number) => Array.from(x.subarray(i * d, (i + 1) * d));
    let centres = Array.from(permutation(rng(3), n).subarray(0, count), row);
    for (let iteration = 0; iteration < 30; iteration++) {
      const labels = Array.from(rows, (i) => {
        const far = centres.map((c) => row(i).reduce((sum, v, j) => sum + Math.abs(v - c[j]!), 0));
        return far.indexOf(Math.min(...far));
      });
      centres = centres.map((_, t) => {
        const own = Array.from(rows).filter((i) => labels[i] === t);
        return Array.from({ length: d }, (_, j) => own.reduce((s, i) => s + x[i * d + j]!, 0) / own.length);
      });
    }
    const found = clusterBoxes(x, d, rows, count, rng(3)).centres;
    centres.flat().forEach((value, at) => {
      expect(found[at]).toBeCloseTo(value, 10);
    });
  });

  test('every row is in the box of the mean that is nearest in l1', () => {
    const [n, d] = [200, 70];
    const x = normal(rng('rows'), n * d);
    const rows = Int32Array.from({ length: n }, (_, i) => i);
    for (const count of [1, 4, 500]) {
      const boxes = clusterBoxes(x, d, rows, count, rng(count));
      const set = { kind: 'outside boxes', ...boxes, margin: 0 } as const;
      expect(Array.from(rows).some((row) => inExpansion(set, 0, x, d, row))).toBe(false);
      // 30 iterations settle so few rows: a row lies in the box of its nearest mean.
      for (const row of rows) {
        const far = Array.from({ length: boxes.centres.length / d }, (_, t) =>
          Array.from({ length: d }, (_, j) => Math.abs(x[row * d + j]! - boxes.centres[t * d + j]!)),
        );
        const sums = far.map((list) => list.reduce((a, b) => a + b));
        const t = sums.indexOf(Math.min(...sums));
        expect(far[t]!.every((v, j) => v <= boxes.halfWidths[t * d + j]!)).toBe(true);
      }
    }
  });
});

describe.each(NORMS)('%s: what it depends on', (norm) => {
  const [n, d] = [400, 3];
  const x = normal(rng('rows'), n * d).map((v) => Math.round(v * 64));
  const split = halves(n, rng('halves'));
  const run = (points: Float64Array, epsilons: readonly number[], stop = whenDone) =>
    coverConcentration(points, d, norm, 0.1, epsilons, rng(0), stop, quiet, split);

  test('not on held-out rows', async () => {
    const other = x.slice();
    for (const row of split.heldOut) for (let j = 0; j < d; j++) other[row * d + j] = 1e6 * j + row;
    const [a, b] = [await run(x, [10]), await run(other, [10])];
    expect(a[0]!.set).toEqual(b[0]!.set);
  });

  test('not on the scale', async () => {
    const strip = (list: readonly MeasuredExpansion[]) => list.map(({ risk, expanded }) => [risk, expanded]);
    const before = strip(await run(x, [0, 10, 50]));
    for (const scale of [2 ** 100, 2 ** -100]) {
      const scaled = x.map((v) => scale * v);
      expect(strip(await run(scaled, [0, 10 * scale, 50 * scale]))).toEqual(before);
    }
  });

  test('masses are counts of the set on held-out rows', async () => {
    for (const one of await run(x, [0, 10, 50, 1e9])) {
      const share = (epsilon: number) =>
        Array.from(split.heldOut).filter((row) => inExpansion(one.set, epsilon, x, d, row)).length /
        split.heldOut.length;
      expect(one.risk.value).toBe(share(0));
      expect(one.expanded.value).toBe(share(one.epsilon));
      expect(one.expanded.value).toBeGreaterThanOrEqual(one.risk.value);
      if (one.epsilon === 0) expect(one.expanded).toEqual(one.risk);
      if (one.epsilon === 1e9) expect(one.expanded.value).toBe(1);
    }
  });

  test('a Gaussian half-space is no worse, up to sampling', async () => {
    const many = normal(rng('plane'), 3000 * 2);
    const [cover] = await coverConcentration(many, 2, norm, 0.05, [1], rng(0), whenDone);
    const [plane] = await halfSpaceConcentration(many, 2, norm, 0.05, [1], rng(0), whenDone);
    expect(cover!.expanded.interval[1]).toBeGreaterThan(plane!.expanded.interval[0]);
    expect(cover!.expanded.interval[1]).toBeGreaterThan(0.2595);
  });

  test('stopped early, it has a set of enough mass all the same', async () => {
    let asked = 0;
    // After the densities, which cannot be left out.
    const [one] = await run(x, [10, 20], () => ++asked > 12);
    expect(one!.risk.interval[1]).toBeGreaterThan(0.1);
    expect(one!.complete).toBe(false);
  });
});

describe.each(NORMS)('%s: data that do not fit', (norm) => {
  const twenty = Float64Array.from({ length: 40 }, (_, i) => Math.sin(i * i));
  test('are refused in words', async () => {
    const run = (points: Float64Array, alpha: number, epsilons: readonly number[], parts = 10) =>
      coverConcentration(points, 2, norm, alpha, epsilons, rng(0), whenDone, quiet, undefined, parts);
    await expect(run(twenty.slice(0, 18), 0.1, [1])).rejects.toThrow(/rows.*: 9/);
    await expect(run(twenty.with(3, Number.NaN), 0.1, [1])).rejects.toThrow(/feature 1 of row 1.*NaN/);
    await expect(run(twenty, 1.5, [1])).rejects.toThrow(/alpha: 1.5/);
    await expect(run(twenty, 0.1, [Number.NaN])).rejects.toThrow(/epsilon: NaN/);
    await expect(run(twenty, 0.1, [1], 0)).rejects.toThrow(/parts: 0/);
  });

  test('equal rows, constant features, alpha below one row, and copies', async () => {
    const [equal] = await coverConcentration(
      new Float64Array(60).fill(3),
      2,
      norm,
      0.1,
      [1],
      rng(0),
      whenDone,
    );
    expect([equal!.risk.value, equal!.expanded.value]).toEqual([1, 1]);
    const half = Float64Array.from({ length: 80 }, (_, at) => (at % 2 ? 5 : at));
    const [constant] = await coverConcentration(half, 2, norm, 0.001, [2], rng(0), whenDone);
    expect(constant!.expanded.value).toBeGreaterThanOrEqual(constant!.risk.value);
    const copies = Float64Array.from({ length: 400 }, (_, at) => (Math.floor(at / 2) % 3) * 10);
    for (const { risk, expanded } of await coverConcentration(
      copies,
      2,
      norm,
      0.2,
      [1, 9],
      rng(0),
      whenDone,
    )) {
      expect(risk.value).toBeGreaterThan(0.2);
      expect(expanded.value).toBe(risk.value);
    }
  });
});

describe('distances to look at', () => {
  test('linf: shares of the range; l2: of the distance between neighbours', async () => {
    const pixels = uniform(rng('pixels'), 400).map((v, at) => (at < 2 ? at : v));
    expect(await defaultEpsilons(pixels, 4, 'linf', rng(0))).toEqual([0.1, 0.2, 0.3]);
    // A grid of step 3 whose rows are there twice.
    const grid = Float64Array.from({ length: 200 }, (_, i) => 3 * Math.floor(i / 2));
    expect(await defaultEpsilons(grid, 1, 'l2', rng(0))).toEqual([0.75, 1.5, 3]);
    const scaled = pixels.map((v) => v * 2e-30);
    expect(await defaultEpsilons(scaled, 4, 'linf', rng(0))).toEqual([2e-31, 4e-31, 6e-31]);
  });

  test.each(NORMS)('%s: none where nothing varies', async (norm) => {
    await expect(defaultEpsilons(new Float64Array(40).fill(2), 2, norm, rng(0))).rejects.toThrow(/equal/);
  });
});
