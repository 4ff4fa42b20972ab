import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { leastSquaresLine, mean } from '../../src/numeric/index.ts';
import { integers, normal, type Rng, rng, uniform } from '../../src/random/index.ts';
import { firstDependent, groupedFit, leaveOneOutErrorOfShift } from '../../src/study/analysis/grouped-fit.ts';

const without = <T>(list: readonly T[], left: (i: number) => boolean) => list.filter((_, i) => !left(i));

/** p predictors far from their origin, a planted sum with noise, and groups of about four points. */
function planted(key: Rng, n: number, coefficients: readonly number[], noise: number) {
  const columns = coefficients.map((_, j) => Array.from(uniform(key.split('x').split(j), n, 1, 9)));
  const z = normal(key.split('y'), n);
  const y = Array.from(z, (value, i) =>
    coefficients.reduce((sum, b, j) => sum + b * columns[j]![i]!, 5 + noise * value),
  );
  const group = Array.from({ length: n }, (_, i) => String(Math.floor(i / 4)));
  return { columns, y, group };
}

/** Solves the normal equations of [1, columns] by Cramer's rule, in two predictors: another way than that of the code. */
function byCramer([u, v]: readonly (readonly number[])[], y: readonly number[]): readonly number[] {
  const ones = y.map(() => 1);
  const basis = [ones, u!, v!];
  const dot = (a: readonly number[], b: readonly number[]) =>
    a.reduce((sum, value, i) => sum + value * b[i]!, 0);
  const det = (m: readonly (readonly number[])[]) =>
    m[0]![0]! * (m[1]![1]! * m[2]![2]! - m[1]![2]! * m[2]![1]!) -
    m[0]![1]! * (m[1]![0]! * m[2]![2]! - m[1]![2]! * m[2]![0]!) +
    m[0]![2]! * (m[1]![0]! * m[2]![1]! - m[1]![1]! * m[2]![0]!);
  const normalMatrix = basis.map((a) => basis.map((b) => dot(a, b)));
  const right = basis.map((a) => dot(a, y));
  return basis.map(
    (_, column) =>
      det(normalMatrix.map((line, i) => line.map((value, j) => (j === column ? right[i]! : value)))) /
      det(normalMatrix),
  );
}

describe('groupedFit', () => {
  it('is the least-squares line in one predictor, whatever the groups', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e6 }), fc.integer({ min: 4, max: 40 }), (seed, n) => {
        const key = rng(seed);
        const x = Array.from(uniform(key.split('x'), n, -5, 1e4));
        const y = Array.from(normal(key.split('y'), n), (z, i) => 3 + 2 * x[i]! + z);
        const groups = Array.from(integers(key.split('g'), n, 0, 3), (g, i) => String(i < 2 ? i : g));
        const ours = groupedFit([x], y, groups, key)!;
        const known = leastSquaresLine(x, y, 0.95);
        expect(ours.coefficients[0]! / known.slope - 1).toBeCloseTo(0, 13);
        expect(ours.intercept).toBeCloseTo(known.intercept, 9);
        expect(ours.rSquared).toBeCloseTo(known.rSquared, 13);
        expect(ours.intervals[0]![0]).toBeLessThanOrEqual(ours.intervals[0]![1]);
      }),
      { numRuns: 20 },
    );
  });

  it('gives exact coefficients and R^2 of a small case worked by hand', () => {
    // A 2 x 2 factorial, twice: y = 1 + 2 u + 3 v with errors +1, -1, -1, +1 orthogonal to 1, u and v.
    const [u, v] = [
      [0, 0, 1, 1, 0, 0, 1, 1],
      [0, 1, 0, 1, 0, 1, 0, 1],
    ];
    const y = u!.map((value, i) => 1 + 2 * value + 3 * v![i]! + [1, -1, -1, 1][i % 4]!);
    const fit = groupedFit([u!, v!], y, ['a', 'a', 'a', 'a', 'b', 'b', 'b', 'b'], rng(0))!;
    expect([fit.intercept, ...fit.coefficients].map((value) => Number(value.toFixed(12)))).toEqual([1, 2, 3]);
    // Explained: 8 (2^2 + 3^2) / 4 = 26 of 26 + 8.
    expect(fit.rSquared).toBeCloseTo(26 / 34, 13);
    expect(fit.adjustedRSquared).toBeCloseTo(1 - ((8 / 34) * 7) / 5, 13);
    // Every leverage is 3/8, every residual 1; either half gives the same fit, so that leaving it out changes nothing.
    expect(fit.leaveOneOut).toBeCloseTo(8 / 5, 12);
    expect(fit.leaveOneGroupOut).toBeCloseTo(1, 12);
    expect(fit.intervals[0]![0]).toBeCloseTo(2, 12);
    expect(fit.intervals[1]![1]).toBeCloseTo(3, 12);
  });

  it('agrees with the normal equations of two predictors', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e6 }), fc.integer({ min: 8, max: 60 }), (seed, n) => {
        const { columns, y, group } = planted(rng(seed), n, [2, -3], 1);
        const fit = groupedFit(columns, y, group, rng(seed));
        const known = byCramer(columns, y);
        for (const [j, value] of [fit!.intercept, ...fit!.coefficients].entries())
          expect(value).toBeCloseTo(known[j]!, 9);
      }),
      { numRuns: 20 },
    );
  });

  it('does not care about units: a predictor in other units has a coefficient in theirs', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1e6 }),
        fc.double({ min: 1e-6, max: 1e6, noNaN: true }),
        fc.double({ min: -100, max: 100, noNaN: true }),
        (seed, scale, shift) => {
          const { columns, y, group } = planted(rng(seed), 24, [2, -3, 0.5], 1);
          const plain = groupedFit(columns, y, group, rng(seed))!;
          const other = groupedFit(
            [columns[0]!, columns[1]!.map((x) => scale * (x + shift)), columns[2]!],
            y.map((value) => 10 * value),
            group,
            rng(seed),
          )!;
          const same = (a: number, b: number) =>
            expect(Math.abs(a - b)).toBeLessThan(1e-6 * (1 + Math.abs(b)));
          same(other.coefficients[0]!, 10 * plain.coefficients[0]!);
          same(other.coefficients[1]! * scale, 10 * plain.coefficients[1]!);
          for (const end of [0, 1]) same(other.intervals[1]![end]! * scale, 10 * plain.intervals[1]![end]!);
          same(other.intercept, 10 * (plain.intercept - plain.coefficients[1]! * shift));
          same(other.rSquared, plain.rSquared);
          same(other.leaveOneOut, 10 * plain.leaveOneOut);
          same(other.leaveOneGroupOut, 10 * plain.leaveOneGroupOut);
        },
      ),
      { numRuns: 15 },
    );
  });

  it('covers each coefficient about as often as it says, though points of a group share an offset', () => {
    const truth = [1.5, -0.7];
    const covered = [0, 0];
    const runs = 100;
    for (let run = 0; run < runs; run++) {
      const key = rng('coverage').split(run);
      const [offsets, noise] = [normal(key.split('group'), 24), normal(key.split('noise'), 120)];
      // The second predictor is that of the group, as the dimension of the data is.
      const columns = [
        Array.from({ length: 120 }, (_, i) => (i % 5) + 1),
        Array.from({ length: 120 }, (_, i) => Math.sqrt(1 + (Math.floor(i / 5) % 6))),
      ];
      const group = Array.from({ length: 120 }, (_, i) => Math.floor(i / 5));
      const y = group.map(
        (g, i) =>
          truth[0]! * columns[0]![i]! + truth[1]! * columns[1]![i]! + 0.3 * offsets[g]! + 0.5 * noise[i]!,
      );
      const { intervals } = groupedFit(columns, y, group.map(String), key.split('resamples'))!;
      for (const [j, [low, high]] of intervals.entries())
        if (low <= truth[j]! && truth[j]! <= high) covered[j]!++;
    }
    for (const count of covered) {
      expect(count / runs).toBeGreaterThanOrEqual(0.89);
      expect(count / runs).toBeLessThanOrEqual(0.99);
    }
  });

  it('leaves out points and groups as if they were left out by hand', () => {
    const { columns, y, group } = planted(rng('left out'), 14, [2, -3], 2);
    const fit = groupedFit(columns, y, group, rng(0))!;
    const errorWithout = (left: (i: number, j: number) => boolean) =>
      Math.sqrt(
        mean(
          y.map((value, i) => {
            const [a, ...b] = byCramer(
              columns.map((column) => without(column, (j) => left(i, j))),
              without(y, (j) => left(i, j)),
            );
            return (value - b.reduce((sum, coefficient, j) => sum + coefficient * columns[j]![i]!, a!)) ** 2;
          }),
        ),
      );
    expect(fit.leaveOneOut).toBeCloseTo(
      errorWithout((i, j) => i === j),
      9,
    );
    expect(fit.leaveOneGroupOut).toBeCloseTo(
      errorWithout((i, j) => group[i] === group[j]),
      9,
    );
    // Where a single point, or a single group, decides a coefficient it cannot be left out.
    const decisive = [1, 1, 1, 1, 1, 2];
    const groups = ['a', 'a', 'b', 'b', 'c', 'c'];
    const alone = groupedFit([decisive], [0, 1, 0, 1, 0, 5], groups, rng(0));
    expect(alone?.leaveOneOut ?? Number.POSITIVE_INFINITY).toBe(Number.POSITIVE_INFINITY);
    expect(alone?.leaveOneGroupOut ?? Number.POSITIVE_INFINITY).toBe(Number.POSITIVE_INFINITY);
  });

  it('leaves one out of a shift as by hand', () => {
    const key = rng('leave one out');
    const x = Array.from(uniform(key.split('x'), 12, 1, 9));
    const y = Array.from(normal(key.split('y'), 12), (z, i) => Math.sqrt(x[i]!) + z);
    const squares = x.map((value, i) => {
      const others = without(
        x.map((other, j) => y[j]! - other),
        (j) => j === i,
      );
      return (y[i]! - value - mean(others)) ** 2;
    });
    expect(leaveOneOutErrorOfShift(x, y)).toBeCloseTo(Math.sqrt(mean(squares)), 12);
  });

  it('needs points, groups and predictors that can be told apart', () => {
    expect(() => groupedFit([[1, 2]], [1, 2], ['a', 'b'], rng(0))).toThrow(/number of points: 2/);
    expect(() => groupedFit([[1, 2, 3]], [1, 2, 4], ['a', 'a', 'a'], rng(0))).toThrow();
    const u = [1, 2, 3, 4, 5, 6];
    const groups = ['a', 'b', 'c', 'd', 'e', 'f'];
    for (const bad of [u.map((x) => 3 - 1e8 * x), u.map(() => 7), u.map(() => 0.1), u]) {
      expect(() => groupedFit([u, bad], u, groups, rng(0))).toThrow(/predictor: 1/);
      expect(firstDependent([u, bad])).toBe(1);
    }
    const v = u.map((x) => x * x);
    expect(firstDependent([u, v])).toBeUndefined();
    expect(firstDependent([v.map(() => 2), u])).toBe(0);
    // The third is a sum of the two before it; numbers may be huge or tiny.
    for (const scale of [1e-150, 1, 1e150]) {
      const third = u.map((x, i) => scale * (x + v[i]! + 5));
      expect(firstDependent([u, v, third])).toBe(2);
      expect(firstDependent([u, third, v])).toBe(2);
    }
  });

  it('explains a constant, and has no interval where most resamples do not determine the coefficients', () => {
    const u = [1, 2, 3, 4, 5, 6];
    const constant = groupedFit(
      [u],
      u.map(() => 2),
      ['a', 'a', 'b', 'b', 'c', 'c'],
      rng(0),
    )!;
    expect([constant.coefficients[0], constant.intercept, constant.rSquared]).toEqual([0, 2, 1]);
    // Both predictors are those of the group: a resample tells them apart only if it holds all three, 6 times of 27.
    const [v, w] = [
      [1, 1, 2, 2, 3, 3],
      [1, 1, 4, 4, 2, 2],
    ];
    expect(groupedFit([v!, w!], u, ['a', 'a', 'b', 'b', 'c', 'c'], rng(0))).toBeUndefined();
    expect(groupedFit([v!], u, ['a', 'a', 'b', 'b', 'c', 'c'], rng(0))).toBeDefined();
  });
});
