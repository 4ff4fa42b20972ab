import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bcaInterval,
  bootstrapReplicates,
  expandedPercentileInterval,
  leastSquaresLine,
  mean,
  median,
  percentileInterval,
  powerLawFit,
  quantile,
  standardDeviation,
  variance,
} from '../../src/numeric/index.ts';
import { integers, normal, rng } from '../../src/random/index.ts';

describe('mean, variance, quantile', () => {
  it('agree with NumPy', () => {
    const x = [3, 1, 4, 1, 5, 9, 2, 6];
    expect(variance(x)).toBeCloseTo(7.553571428571429, 14);
    expect(standardDeviation(x) ** 2).toBeCloseTo(7.553571428571429, 14);
    const levels = [0, 0.1, 0.25, 0.5, 0.77, 1];
    levels.forEach((p, i) => {
      expect(quantile(x, p)).toBeCloseTo([1, 1, 1.75, 3.5, 5.39, 9][i]!, 14);
    });
    expect(median([5, 1, 3])).toBe(3);
    expect(median(Float32Array.of(2, 1))).toBe(1.5);
  });

  it('survive a large offset and do not disturb their argument', () => {
    const x = Float64Array.of(1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16);
    expect(variance(x)).toBe(30);
    const held = x.slice();
    quantile(x, 0.3);
    expect(x).toEqual(held);
    expect(mean([7])).toBe(7);
    expect(quantile([7], 0.9)).toBe(7);
  });

  it('refuse empty samples, NaN, and levels outside [0, 1]', () => {
    expect(() => mean([])).toThrow(/invalid sample size: 0; expected at least 1/);
    expect(() => variance([1])).toThrow(/invalid sample size: 1; expected at least 2/);
    expect(() => median([1, Number.NaN])).toThrow(/invalid entry 1: NaN/);
    expect(() => quantile([1], 1.5)).toThrow(/invalid quantile level: 1.5/);
  });

  it('quantiles move with shifts and scales', () => {
    const sample = fc.array(fc.double({ min: -100, max: 100, noNaN: true }), { minLength: 1, maxLength: 30 });
    const level = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(sample, level, level, (x, p, q) => {
        expect(
          quantile(
            x.map((t) => -2 * t + 1),
            1 - p,
          ),
        ).toBeCloseTo(-2 * quantile(x, p) + 1, 9);
        expect(quantile(x, Math.min(p, q))).toBeLessThanOrEqual(quantile(x, Math.max(p, q)) + 1e-12);
      }),
    );
  });
});

describe('leastSquaresLine', () => {
  it("agrees with published values on Anscombe's first data set", () => {
    const x = [10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5];
    const y = [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68];
    const line = leastSquaresLine(x, y, 0.95);
    // SciPy linregress with t.ppf(0.975, 9)
    expect(line.slope).toBeCloseTo(0.5000909090909091, 14);
    expect(line.intercept).toBeCloseTo(3.00009090909091, 13);
    expect(line.rSquared).toBeCloseTo(0.666542459508775, 13);
    expect(line.residualDeviation).toBeCloseTo(1.236603322726321, 13);
    expect(line.slopeInterval[0]).toBeCloseTo(0.2333701363851875, 12);
    expect(line.slopeInterval[1]).toBeCloseTo(0.7668116817966308, 12);
    expect(line.interceptInterval[0]).toBeCloseTo(0.4557368999288429, 12);
    expect(line.interceptInterval[1]).toBeCloseTo(5.544444918252978, 12);
  });

  it('finds an exact line, far from the origin too', () => {
    const coefficient = fc.double({ min: -10, max: 10, noNaN: true });
    fc.assert(
      fc.property(coefficient, coefficient, (a, b) => {
        const x = [1e6, 1e6 + 1, 1e6 + 2, 1e6 + 5];
        const line = leastSquaresLine(
          x,
          x.map((t) => a + b * (t - 1e6)),
          0.9,
        );
        expect(line.slope).toBeCloseTo(b, 9);
        expect(line.rSquared).toBeGreaterThan(b === 0 ? -1 : 0.9);
      }),
    );
    const two = leastSquaresLine([0, 1], [1, 3], 0.9);
    expect([two.slope, two.intercept, two.residualDeviation]).toEqual([2, 1, 0]);
    expect(two.slopeInterval).toEqual([-Infinity, Infinity]);
    expect(leastSquaresLine([0, 1, 2], [5, 5, 5], 0.9).rSquared).toBe(1);
  });

  it('intervals cover the truth as often as they say', () => {
    const [runs, n] = [2000, 6];
    let covered = 0;
    for (let run = 0; run < runs; run++) {
      const x = normal(rng('ols').split(run).split('x'), n);
      const noise = normal(rng('ols').split(run).split('noise'), n);
      const [low, high] = leastSquaresLine(
        x,
        x.map((t, i) => 2 + 3 * t + noise[i]!),
        0.9,
      ).slopeInterval;
      if (low <= 3 && 3 <= high) covered++;
    }
    expect(Math.abs(covered / runs - 0.9) / Math.sqrt(0.09 / runs)).toBeLessThan(4);
  });

  it('refuses one point, equal x and NaN', () => {
    expect(() => leastSquaresLine([1], [1], 0.9)).toThrow(/invalid sample size: 1/);
    expect(() => leastSquaresLine([0.1, 0.1, 0.1], [1, 2, 3], 0.9)).toThrow(/two different values of x/);
    expect(() => leastSquaresLine([1, 2], [1, Number.NaN], 0.9)).toThrow(/invalid entry 1/);
    expect(() => leastSquaresLine([1, 2], [1, 2], 1)).toThrow(/invalid confidence: 1/);
  });
});

describe('bootstrap', () => {
  /** All n^n resamples: the exact bootstrap distribution. */
  function allResamples(n: number): Int32Array {
    return Int32Array.from(
      { length: n ** n * n },
      (_, i) => Math.floor(Math.floor(i / n) / n ** (i % n)) % n,
    );
  }

  it('agrees with SciPy on the exact bootstrap distribution of log(1 + mean)', () => {
    const x = [1, 3, 4, 11, 2];
    const statistic = (drawn: Int32Array) => Math.log1p(mean(Array.from(drawn, (i) => x[i]!)));
    const resamples = allResamples(5);
    const [low, high] = bcaInterval(5, statistic, resamples, 0.9);
    expect(low).toBeCloseTo(1.1631508098056809, 10);
    expect(high).toBeCloseTo(2.1972245773362196, 10);
    const replicates = bootstrapReplicates(5, statistic, resamples);
    const [plow, phigh] = percentileInterval(replicates, 0.9);
    expect(plow).toBeCloseTo(1.0986122886681098, 12);
    expect(phigh).toBeCloseTo(2.1041341542702074, 12);
    const [elow, ehigh] = expandedPercentileInterval(replicates, 0.9, 5);
    expect(elow).toBeLessThan(plow);
    expect(ehigh).toBeGreaterThan(phigh);
  });

  it('covers: the expanded interval where the plain one is too narrow (five normal observations)', () => {
    const [runs, n, draws] = [1000, 5, 400];
    let [plain, expanded] = [0, 0];
    for (let run = 0; run < runs; run++) {
      const key = rng('coverage').split(run);
      const x = normal(key.split('x'), n);
      const replicates = bootstrapReplicates(
        n,
        (drawn) => drawn.reduce((sum, i) => sum + x[i]!, 0) / n,
        integers(key.split('draws'), draws * n, 0, n),
      );
      const holds = ([low, high]: readonly [number, number]) => low <= 0 && 0 <= high;
      if (holds(percentileInterval(replicates, 0.9))) plain++;
      if (holds(expandedPercentileInterval(replicates, 0.9, n))) expanded++;
    }
    expect(plain / runs).toBeLessThan(0.85);
    expect(expanded / runs).toBeGreaterThan(0.87);
    expect(expanded / runs).toBeLessThan(0.94);
  });

  it('replicates follow a monotone change of scale', () => {
    const x = [0.3, 1.2, 2.2, 0.1, 5, 0.7];
    const average = (drawn: Int32Array) => mean(Array.from(drawn, (i) => x[i]!));
    const resamples = integers(rng(5), 999 * 6, 0, 6);
    const replicates = bootstrapReplicates(6, average, resamples);
    const cubes = bootstrapReplicates(6, (drawn) => average(drawn) ** 3, resamples);
    expect(cubes).toEqual(replicates.map((t) => t ** 3));
  });

  it('leaves out undefined resamples and refuses when most are, or when nothing was drawn', () => {
    const resamples = Int32Array.of(0, 0, 0, 1, 1, 0, 1, 1, 0, 1);
    const differs = (drawn: Int32Array) => (drawn[0] === drawn[1] ? Number.NaN : drawn[0]! - drawn[1]!);
    expect([...bootstrapReplicates(2, differs, resamples)]).toEqual([-1, -1, 1]);
    expect(() => bootstrapReplicates(2, () => Number.NaN, resamples)).toThrow(/invalid statistic: NaN/);
    expect(() => bootstrapReplicates(3, differs, resamples)).toThrow(/number of resampled indices: 10/);
    expect(() => bootstrapReplicates(2, differs, new Int32Array(0))).toThrow(
      /number of resampled indices: 0/,
    );
    expect(() => bootstrapReplicates(2, differs, Int32Array.of(0, 2))).toThrow(/invalid resampled index: 2/);
    expect(bcaInterval(1, () => 4, Int32Array.of(0, 0, 0), 0.9)).toEqual([4, 4]);
  });
});

describe('powerLawFit', () => {
  const xs = [10, 20, 40, 80, 160];

  it('finds an exact law with a point as interval', () => {
    const x = [...xs, ...xs];
    const group = x.map((_, i) => (i < 5 ? 'a' : 'b'));
    const fit = powerLawFit(
      x,
      x.map((t) => 3 * t ** -0.5),
      group,
      integers(rng(1), 2 * 500, 0, 2),
      0.95,
    );
    expect(fit.exponent).toBeCloseTo(-0.5, 13);
    expect(fit.prefactor).toBeCloseTo(3, 12);
    expect(fit.exponentInterval[0]).toBeCloseTo(-0.5, 13);
    expect(fit.exponentInterval[1]).toBeCloseTo(-0.5, 13);
    expect(fit.rSquared).toBeCloseTo(1, 13);
    expect([fit.n, fit.groups]).toEqual([10, 2]);
  });

  it('covers the true exponent when groups share an error', () => {
    const [runs, groups] = [300, 6];
    let covered = 0;
    for (let run = 0; run < runs; run++) {
      const key = rng('power').split(run);
      const tilt = normal(key.split('tilt'), groups);
      const noise = normal(key.split('noise'), groups * 5);
      const x = Array.from({ length: groups * 5 }, (_, i) => xs[i % 5]!);
      const group = x.map((_, i) => Math.floor(i / 5));
      const y = x.map((t, i) => 2 * t ** (-0.5 + 0.1 * tilt[group[i]!]!) * Math.exp(0.05 * noise[i]!));
      const fit = powerLawFit(x, y, group, integers(key.split('draws'), 300 * groups, 0, groups), 0.9);
      if (fit.exponentInterval[0] <= -0.5 && -0.5 <= fit.exponentInterval[1]) covered++;
    }
    expect(covered / runs).toBeGreaterThan(0.84);
    expect(covered / runs).toBeLessThan(0.96);
  });

  it('refuses one group, non-positive values and equal x', () => {
    const draws = integers(rng(1), 20, 0, 2);
    expect(() => powerLawFit([1, 2], [1, 2], [0, 0], draws, 0.9)).toThrow(/invalid number of groups: 1/);
    expect(() => powerLawFit([1, 0], [1, 2], [0, 1], draws, 0.9)).toThrow(/invalid x\[1\]: 0/);
    expect(() => powerLawFit([1, 2], [1, -2], [0, 1], draws, 0.9)).toThrow(/invalid y\[1\]: -2/);
    expect(() => powerLawFit([2, 2], [1, 2], [0, 1], draws, 0.9)).toThrow(/two different values of x/);
  });
});
