// Concentration through half-spaces against closed forms and exhaustive search.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bestNormals, lastInside } from '../../../src/isoperimetry/concentration/half-space-search.ts';
import {
  gaussianHalfSpace,
  type HalfSpace,
  halfSpaceConcentration,
  halves,
  type MeasuredExpansion,
} from '../../../src/isoperimetry/index.ts';
import { matrix, symmetricEigen } from '../../../src/linalg/index.ts';
import { normalCdf } from '../../../src/numeric/index.ts';
import { normal, rng, uniform } from '../../../src/random/index.ts';
import { whenDone } from '../../../src/stop.ts';

const NORMS = ['l2', 'linf'] as const;

function halfSpaceOf({ set }: MeasuredExpansion): HalfSpace {
  if (set.kind !== 'half-space') throw new Error(set.kind);
  return set;
}

describe('Gaussians', () => {
  test('l2: alpha 0.05 at distance 1 comes to 0.2595 within 1 %', async () => {
    const n = 2_000_000;
    const [one] = await halfSpaceConcentration(
      normal(rng('standard'), n * 2),
      2,
      'l2',
      0.05,
      [1],
      rng(0),
      whenDone,
    );
    expect(Math.abs(one!.expanded.value / 0.2595 - 1)).toBeLessThan(0.01);
    // Its own mass and that of its expansion are known in closed form: standard deviations are 0.0002 and 0.0004.
    const { normal: w, offset } = halfSpaceOf(one!);
    expect(Math.hypot(...w)).toBeCloseTo(1, 12);
    expect(Math.abs(one!.risk.value - normalCdf(offset))).toBeLessThan(4 * 0.0002);
    expect(Math.abs(one!.expanded.value - normalCdf(offset + 1))).toBeLessThan(4 * 0.0004);
    expect(one!.rows).toEqual({ training: n / 2, heldOut: n / 2 });
  });

  // Scales along rotated axes: the best half-space for l2 is along the longest, for linf along the widest coordinate.
  const scales = [3, 1, 1, 0.5];
  const axes = [
    [0.5, 0.5, 0.5, 0.5],
    [0.5, -0.5, 0.5, -0.5],
    [0.8, 0, -0.6, 0],
    [0, 0.6, 0, -0.8],
  ];
  const n = 30_000;
  const z = normal(rng('turned'), n * 4);
  const points = Float64Array.from(z, (_, at) => {
    const [i, j] = [Math.floor(at / 4) * 4, at % 4];
    return axes.reduce((sum, axis, a) => sum + z[i + a]! * scales[a]! * axis[j]!, 0);
  });
  const covariance = matrix(
    4,
    4,
    Float64Array.from({ length: 16 }, (_, at) =>
      axes.reduce((sum, axis, a) => sum + scales[a]! ** 2 * axis[Math.floor(at / 4)]! * axis[at % 4]!, 0),
    ),
  );
  const widest = Math.max(...[0, 5, 10, 15].map((at) => Math.sqrt(covariance.data[at]!)));
  const longest = Math.sqrt(symmetricEigen(covariance).values[3]!);

  test.each([
    ['l2', longest],
    ['linf', widest],
  ] as const)('%s: the closed form with standard deviation %f', async (norm, sigma) => {
    const found = await halfSpaceConcentration(points, 4, norm, 0.1, [0.5, 2], rng(1), whenDone);
    for (const { epsilon, risk, expanded } of found) {
      // The offset holds 0.1 + 0.5 / sqrt(15000) of the training rows; deviations of four held-out standard deviations.
      const truth = gaussianHalfSpace(0.1 + 0.5 / Math.sqrt(n / 2), epsilon, sigma);
      expect(Math.abs(risk.value - 0.1041)).toBeLessThan(0.01);
      expect(Math.abs(expanded.value - truth)).toBeLessThan(8 * Math.sqrt((truth * (1 - truth)) / n));
      expect(expanded.interval[0]).toBeLessThan(expanded.value);
      expect(expanded.interval[1]).toBeGreaterThan(expanded.value);
    }
  });
});

test('the uniform cube in linf: a slab along a coordinate grows by epsilon', async () => {
  const n = 40_000;
  const cube = uniform(rng('cube'), n * 3);
  const found = await halfSpaceConcentration(cube, 3, 'linf', 0.1, [0.1, 0.3], rng(2), whenDone);
  for (const one of found) {
    const w = halfSpaceOf(one).normal;
    expect(Math.max(...w.map(Math.abs))).toBeCloseTo(1, 3);
    expect(Math.abs(one.expanded.value - one.risk.value - one.epsilon)).toBeLessThan(0.01);
  }
});

test.each([
  ['l2', 5],
  ['linf', 4],
] as const)('two points at distance (3, 4) in %s: nothing grows before %f', async (norm, far) => {
  const two = Float64Array.from({ length: 400 }, (_, at) => (at % 4 < 2 ? 1 : at % 2 === 0 ? 4 : 5));
  const epsilons = [0, 0.9 * far, far * (1 - 1e-4), far * (1 + 1e-9), 2 * far];
  const found = await halfSpaceConcentration(two, 2, norm, 0.2, epsilons, rng(3), whenDone);
  for (const { epsilon, risk, expanded } of found) {
    expect(risk.value).toBeGreaterThan(0.2);
    expect(risk.value).toBeLessThan(0.8);
    expect(expanded.value).toBe(epsilon > far ? 1 : risk.value);
  }
});

test('one feature: the better end, at the quantile that was promised', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: -40, max: 40 }), { minLength: 10, maxLength: 60 }),
      fc.integer({ min: 1, max: 60 }),
      fc.integer({ min: 0, max: 20 }),
      async (list, percent, epsilon) => {
        const x = Float64Array.from(list);
        const alpha = percent / 100;
        const split = halves(x.length, rng(list.length));
        const [one] = await halfSpaceConcentration(
          x,
          1,
          'l2',
          alpha,
          [epsilon],
          rng(0),
          whenDone,
          () => {},
          split,
        );
        const n = split.training.length;
        const last = Math.min(n - 1, Math.floor((alpha + 0.5 / Math.sqrt(n)) * n));
        const grown = [1, -1].map((sign) => {
          const along = Array.from(split.training, (i) => sign * x[i]!).sort((a, b) => a - b);
          return {
            sign,
            offset: along[last]!,
            count: along.filter((v) => v <= along[last]! + epsilon).length,
          };
        });
        const { normal: w, offset } = halfSpaceOf(one!);
        const ours = grown.find(({ sign }) => sign === Math.sign(w[0]!))!;
        expect(offset).toBe(ours.offset);
        expect(ours.count).toBe(Math.min(...grown.map(({ count }) => count)));
        const held = Array.from(split.heldOut, (i) => w[0]! * x[i]!);
        expect(one!.risk.value).toBe(held.filter((v) => v <= offset).length / held.length);
        expect(one!.expanded.value).toBe(held.filter((v) => v <= offset + epsilon).length / held.length);
      },
    ),
    { numRuns: 30 },
  );
});

test.each(NORMS)('%s: no signed power of a component and no coordinate is better', async (norm) => {
  const [n, d] = [400, 5];
  const z = normal(rng('powers'), n * d);
  // Heavy tails and dependent features, so that high powers pay.
  const x = z.map((v, at) => v ** 3 * (1 + (at % d)) + 0.5 * z[at - (at % d)]!);
  const split = halves(n, rng('split'));
  const [alpha, epsilons] = [0.05, [0.3, 3, 20]];
  const found = await halfSpaceConcentration(x, d, norm, alpha, epsilons, rng(0), whenDone, () => {}, split);

  const { training } = split;
  const means = Array.from(
    { length: d },
    (_, j) => training.reduce((s, i) => s + x[i * d + j]!, 0) / training.length,
  );
  const covariance = matrix(d, d);
  for (const i of training) {
    for (let a = 0; a < d * d; a++) {
      const [j, k] = [Math.floor(a / d), a % d];
      covariance.data[a]! += (x[i * d + j]! - means[j]!) * (x[i * d + k]! - means[k]!);
    }
  }
  const { vectors } = symmetricEigen(covariance);
  const last = Math.floor((alpha + 0.5 / Math.sqrt(training.length)) * training.length);
  const grown = (w: ArrayLike<number>, epsilon: number) => {
    const along = Array.from(training, (i) => means.reduce((s, _, j) => s + w[j]! * x[i * d + j]!, 0));
    along.sort((a, b) => a - b);
    return along.filter((v) => v <= along[last]! + epsilon).length;
  };
  const family: number[][] = [];
  for (let component = 0; component < d; component++) {
    const v = Array.from({ length: d }, (_, j) => vectors.data[j * d + component]!);
    family.push(v.map((_, j) => (j === component ? 1 : 0)));
    for (let e = 1; e <= 11; e += 0.5) {
      const raw = v.map((vj) => Math.sign(vj) * Math.abs(vj) ** e);
      const size = norm === 'l2' ? Math.hypot(...raw) : raw.reduce((s, r) => s + Math.abs(r), 0);
      if (size > 1e-200) family.push(raw.map((r) => r / size));
    }
  }
  for (const [e, epsilon] of epsilons.entries()) {
    const counts = family.flatMap((w) => [
      grown(w, epsilon),
      grown(
        w.map((v) => -v),
        epsilon,
      ),
    ]);
    // One row either way: the search computes in float32.
    expect(grown(halfSpaceOf(found[e]!).normal, epsilon)).toBeLessThanOrEqual(Math.min(...counts) + 1);
  }
});

test.each(NORMS)('%s: tried on some rows and the best on all: nearly as good as all on all', async (norm) => {
  const [n, d] = [4000, 12];
  const z = normal(rng('screened'), n * d);
  const x = z.map((v, at) => v ** 3 * (1 + (at % d)) + 0.5 * z[at - (at % d)]!);
  const rows = Int32Array.from({ length: n }, (_, i) => i);
  const [share, epsilons] = [0.05, [3, 20]];
  const within = (w: Float64Array, epsilon: number) => {
    const along = Array.from(rows, (i) => w.reduce((sum, v, j) => sum + v * x[i * d + j]!, 0)).sort(
      (a, b) => a - b,
    );
    return along.filter((v) => v <= along[lastInside(share, n)]! + epsilon).length;
  };
  const found = (products: number) =>
    bestNormals(x, d, norm, epsilons, rows, share, rng(0), whenDone, () => {}, products);
  const [all, some] = [await found(Infinity), await found(22 * d * d * 400)];
  epsilons.forEach((epsilon, e) => {
    const [best, near] = [within(all.normals[e]!, epsilon), within(some.normals[e]!, epsilon)];
    expect(near).toBeLessThan(1.05 * best);
  });
});

describe('what it depends on', () => {
  const [n, d] = [200, 4];
  const x = normal(rng('rows'), n * d).map((v) => Math.round(v * 64));
  const split = halves(n, rng('halves'));
  const run = (points: Float64Array, epsilons: readonly number[], norm: 'l2' | 'linf' = 'l2') =>
    halfSpaceConcentration(points, d, norm, 0.1, epsilons, rng(0), whenDone, () => {}, split);

  test('halves have no row in common and miss none', () => {
    expect([...split.training, ...split.heldOut].sort((a, b) => a - b)).toEqual(
      Array.from({ length: n }, (_, i) => i),
    );
    expect(halves(11, rng(0)).training.length).toBe(5);
  });

  test('the set found does not depend on held-out rows', async () => {
    const other = x.slice();
    for (const row of split.heldOut) for (let j = 0; j < d; j++) other[row * d + j] = 1e6 * j + row;
    const [a, b] = [await run(x, [10, 50]), await run(other, [10, 50])];
    a.forEach((one, e) => {
      expect(one.set).toEqual(b[e]!.set);
    });
  });

  test.each(NORMS)('%s: moved and scaled data give the same masses', async (norm) => {
    const before = await run(x, [0, 10, 50], norm);
    for (const [scale, shift] of [
      [2 ** 200, 0],
      [2 ** -200, 0],
      [1, 4096],
    ] as const) {
      const moved = x.map((v) => scale * (v + shift));
      const after = await run(moved, [0, 10 * scale, 50 * scale], norm);
      after.forEach(({ risk, expanded }, e) => {
        expect(risk.value).toBeCloseTo(before[e]!.risk.value, 1);
        expect(expanded.value).toBeCloseTo(before[e]!.expanded.value, 1);
        if (shift === 0)
          expect({ risk, expanded }).toEqual({ risk: before[e]!.risk, expanded: before[e]!.expanded });
      });
    }
  });

  test('no distance expands nothing, a huge one reaches everything; same seed, same answer', async () => {
    const [none, all] = await run(x, [0, 1e9]);
    expect(none!.expanded).toEqual(none!.risk);
    expect(all!.expanded.value).toBe(1);
    const again = await halfSpaceConcentration(x, d, 'l2', 0.1, [10], rng(5), whenDone);
    expect(await halfSpaceConcentration(x, d, 'l2', 0.1, [10], rng(5), whenDone)).toEqual(again);
  });

  test('stopped at once, it answers with less', async () => {
    const big = normal(rng('big'), 3000 * 30);
    const told: number[] = [];
    const [one] = await halfSpaceConcentration(
      big,
      30,
      'l2',
      0.1,
      [1],
      rng(0),
      () => true,
      (done) => {
        told.push(done);
      },
    );
    expect(one!.complete).toBe(false);
    expect(told.length).toBe(1);
    expect(one!.risk.interval[1]).toBeGreaterThan(0.1);
    const [whole] = await halfSpaceConcentration(big, 30, 'l2', 0.1, [1], rng(0), whenDone);
    expect(whole!.complete).toBe(true);
  });
});

describe('data that do not fit', () => {
  const twenty = Float64Array.from({ length: 40 }, (_, i) => Math.sin(i * i));
  test.each([
    ['nine rows', twenty.slice(0, 18), 2, 0.1, [1], /rows.*: 9; expected an integer >= 10/],
    [
      'a number that is none',
      twenty.map((v, i) => (i === 7 ? Number.NaN : v)),
      2,
      0.1,
      [1],
      /feature 1 of row 3.*NaN/,
    ],
    ['alpha 0', twenty, 2, 0, [1], /alpha: 0/],
    ['alpha 1', twenty, 2, 1, [1], /alpha: 1/],
    ['no distance', twenty, 2, 0.1, [], /at least one distance/],
    ['a negative distance', twenty, 2, 0.1, [-1], /epsilon: -1/],
    ['an infinite distance', twenty, 2, 0.1, [Infinity], /epsilon: Infinity/],
    ['no feature', twenty, 0, 0.1, [1], /features: 0/],
    ['parts of rows', twenty, 3, 0.1, [1], /rows/],
  ] as const)('%s', async (_, points, features, alpha, epsilons, message) => {
    await expect(
      halfSpaceConcentration(points, features, 'l2', alpha, epsilons, rng(0), whenDone),
    ).rejects.toThrow(message);
  });

  test('a split with a row in both parts, twice, or of other data', async () => {
    const on = (training: number[], heldOut: number[]) =>
      halfSpaceConcentration(twenty, 2, 'l2', 0.1, [1], rng(0), whenDone, () => {}, {
        training: Int32Array.from(training),
        heldOut: Int32Array.from(heldOut),
      });
    await expect(on([0, 1, 2], [2, 3])).rejects.toThrow(/row 2 twice/);
    await expect(on([0, 1, 1], [2, 3])).rejects.toThrow(/row 1 twice/);
    await expect(on([0, 1], [20])).rejects.toThrow(/one of 0 to 19/);
    await expect(on([], [1])).rejects.toThrow(/training rows/);
    await expect(on([1], [])).rejects.toThrow(/held-out rows/);
  });

  test.each(NORMS)('%s: equal rows, constant features and alpha below one row', async (norm) => {
    const [equal] = await halfSpaceConcentration(
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
    const [constant] = await halfSpaceConcentration(half, 2, norm, 0.001, [2], rng(0), whenDone);
    expect(Math.abs(halfSpaceOf(constant!).normal[0]!)).toBeCloseTo(1, 9);
    expect(constant!.expanded.value).toBeLessThan(0.4);
  });
});
