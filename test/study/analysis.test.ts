import { describe, expect, it } from 'vitest';
import { normal, rng } from '../../src/random/index.ts';
import {
  effectiveDimension,
  effectiveDimensions,
  monotoneDown,
} from '../../src/study/analysis/effective-dimension.ts';
import { exponentFits } from '../../src/study/analysis/exponent.ts';
import { analyse } from '../../src/study/analysis/index.ts';
import { allSeries } from '../../src/study/analysis/series.ts';
import type { TrialOutcome, TrialResult } from '../../src/study/result.ts';
import { parseStudy } from '../../src/study/specification.ts';

const STUDY = parseStudy(
  'study.yaml',
  `
name: synthetic
title: Synthetic
seed: 1
data:
  sphere: { distribution: sphere, n: 1000, d: 500, labels: { signal: zero, noise: signs } }
  other: { distribution: gaussian, n: 300, d: 20, labels: { signal: zero, noise: signs } }
  reference: { distribution: sphere, n: 300, d: [2, 4, 8, 16, 32], labels: { signal: zero, noise: signs } }
families:
  projected-rbf: { memorizer: projected-rbf, sizes: [1, 2, d] }
  mcshane: { memorizer: mcshane }
  network: { train: { model: two-layer }, sizes: [10, 20, 40] }
trials:
  - { data: [sphere, other, reference], families: [mcshane, projected-rbf], seeds: 5 }
analysis:
  effectiveDimension: [{ data: other, reference: reference, family: mcshane }]
`,
);

interface Fake {
  readonly data?: string;
  readonly family?: string;
  readonly size?: number;
  readonly seed?: number;
  readonly d?: number;
  readonly P?: number;
  readonly value: number;
  readonly lower?: number;
  readonly changes?: Partial<TrialResult>;
}

function outcome(fake: Fake): Extract<TrialOutcome, { state: 'done' }> {
  const { data = 'sphere', family = 'projected-rbf', size, seed = 0, d = 500, value, lower } = fake;
  const n = 1000;
  const P = fake.P ?? n * (size ?? d);
  const claim = { norm: 'l2', domain: { kind: 'global' }, method: 'fake', arithmetic: 'float64' } as const;
  const upper =
    lower === undefined
      ? ({ kind: 'exact', value, enclosure: [value, value], ...claim } as const)
      : ({ kind: 'upper', value, ...claim } as const);
  const witness = { kind: 'pair', a: Float64Array.of(0), b: Float64Array.of(1) } as const;
  return {
    state: 'done',
    trial: {
      id: `${data} ${family} ${size} ${seed}`,
      data,
      family,
      ...(size !== undefined && { size }),
      seed,
    },
    result: {
      n,
      d,
      parameterCount: P,
      interpolationError: 1e-12,
      meanSquaredError: 0,
      memorization: 'perfect',
      lipschitz: {
        upper,
        ...(lower !== undefined && { lower: { kind: 'lower', value: lower, witness, ...claim } as const }),
      },
      law: { scaling: Math.sqrt((n * d) / P), certifiedBound: 0, mcShaneOptimum: 0 },
      ...fake.changes,
    },
    seconds: 1,
  };
}

/** Lip = 3 sqrt(nd/P)^(-2 exponent) with noise of the given relative size that all sizes of a seed share in part. */
function powerLaw(exponent: number, noise: number, seeds: number, sizes = [80, 120, 160, 240, 320, 500]) {
  return Array.from({ length: seeds }, (_, seed) => {
    const z = normal(rng('noise').split(seed), sizes.length + 1);
    return sizes.map((size, i) =>
      outcome({
        size,
        seed,
        value: 3 * (size / 500) ** exponent * Math.exp(noise * (z[0]! + z[i + 1]!)),
      }),
    );
  }).flat();
}

describe('exponentFits', () => {
  it('finds the exponent and the prefactor of an exact power law', () => {
    const [fit] = exponentFits(STUDY, powerLaw(-0.5, 0, 3), rng(0));
    expect(fit!.exponent.value).toBeCloseTo(-0.5, 12);
    expect(fit!.exponent.interval[0]).toBeCloseTo(-0.5, 12);
    expect(fit!.exponent.interval[1]).toBeCloseTo(-0.5, 12);
    expect(fit!.prefactor.value).toBeCloseTo(3, 12);
    expect(fit!.rSquared).toBeCloseTo(1, 12);
    expect(fit!.trials).toBe(18);
  });

  it('covers the exponent of noisy power laws about as often as it says', () => {
    let covered = 0;
    const runs = 24;
    for (let run = 0; run < runs; run++) {
      const outcomes = Array.from({ length: 5 }, (_, seed) => {
        const z = normal(rng('cover').split(run).split(seed), 7);
        const sizes = [80, 120, 160, 240, 320, 500];
        return sizes.map((size, i) =>
          outcome({ size, seed, value: (size / 500) ** -0.6 * Math.exp(0.05 * z[i]! + 0.05 * z[6]!) }),
        );
      }).flat();
      const [low, high] = exponentFits(STUDY, outcomes, rng(run))[0]!.exponent.interval;
      if (low <= -0.6 && -0.6 <= high) covered++;
    }
    // 95 % nominal; five seeds make the bootstrap rough, and 24 runs have a standard error of 4 %.
    expect(covered / runs).toBeGreaterThan(0.75);
  });

  it('leaves out projections too small for distances to concentrate, and says so', () => {
    // ln 1000 = 6.9: dimensions below 70 are out. There the constants follow another law entirely.
    const small = [1, 2, 5, 10, 20, 40, 69].flatMap((size) =>
      [0, 1, 2].map((seed) => outcome({ size, seed, value: 1000 * size ** -2 })),
    );
    const [fit] = exponentFits(STUDY, [...small, ...powerLaw(-0.5, 0, 3)], rng(0));
    expect(fit!.exponent.value).toBeCloseTo(-0.5, 12);
    expect(fit!.range).toMatch(/from 70 = 10 ln n up/);
  });

  it('takes witnessed lower bounds of trained networks that fit, and no others', () => {
    const nets = [10, 20, 40].flatMap((size) =>
      [0, 1, 2].flatMap((seed) => [
        outcome({ family: 'network', size, seed, P: 502 * size, value: 99, lower: 7 / size }),
        outcome({
          family: 'network',
          size,
          seed: seed + 3,
          P: 502 * size,
          value: 1,
          lower: 1,
          changes: { memorization: 'none' },
        }),
      ]),
    );
    const [fit] = exponentFits(STUDY, nets, rng(0));
    expect(fit!.exponent.value).toBeCloseTo(-1, 12);
    expect(fit!.trials).toBe(9);
  });

  it('gives no fit for two sizes, two seeds, or constants that are not positive', () => {
    expect(exponentFits(STUDY, powerLaw(-0.5, 0, 3, [80, 160]), rng(0))).toEqual([]);
    expect(exponentFits(STUDY, powerLaw(-0.5, 0, 2), rng(0))).toEqual([]);
    const zero = powerLaw(-0.5, 0, 3).map((one) => outcome({ ...one.trial, value: 0 } as Fake));
    expect(exponentFits(STUDY, zero, rng(0))).toEqual([]);
    expect(exponentFits(STUDY, [], rng(0))).toEqual([]);
  });
});

describe('allSeries', () => {
  it('sorts sizes by P, keeps one constant for each seed, and what holds for all of them', () => {
    const series = allSeries([
      outcome({ size: 8, seed: 1, value: 2, changes: { interpolationError: 3 } }),
      outcome({
        size: 8,
        seed: 0,
        value: 1,
        changes: { law: { scaling: 1, certifiedBound: 0.5, mcShaneOptimum: 0 } },
      }),
      outcome({ size: 2, seed: 0, value: 9, lower: 4 }),
      outcome({ family: 'mcshane', value: 5 }),
      { state: 'failed', trial: outcome({ value: 1 }).trial, error: { code: 'x', message: '' }, seconds: 0 },
    ]);
    expect(series.map(({ family }) => family)).toEqual(['projected-rbf', 'mcshane']);
    const [small, large] = series[0]!.points;
    expect(small).toMatchObject({ size: 2, parameterCount: 2000, upper: [9], lower: [4], exact: false });
    expect(large).toMatchObject({
      size: 8,
      upper: [1, 2],
      exact: true,
      certifiedBound: 0,
      interpolationError: 3,
    });
    expect(large).not.toHaveProperty('lower');
    expect(series[1]!.points[0]).not.toHaveProperty('size');
  });
});

describe('effectiveDimension', () => {
  // Constant 2 / distance with nearest distances ~ n^(-2/d): log Lip = log 2 + (2/d) log n, exactly invertible in 1/d.
  const curve = (d: number) => 2 * 300 ** (2 / d);
  const reference = (dimensions: readonly number[], noise = 0, seeds = 5) =>
    dimensions.map((d) => ({
      d,
      constants: Array.from(
        { length: seeds },
        (_, s) => curve(d) * Math.exp(noise * normal(rng('ref').split(d).split(s), 1)[0]!),
      ),
    }));
  const fine = Array.from({ length: 20 }, (_, i) => 2 * 1.2 ** i);

  it('finds a known dimension on a fine curve', () => {
    for (const truth of [2.5, 6, 9.7, 40]) {
      const estimate = effectiveDimension([curve(truth), curve(truth)], reference(fine), rng(0));
      expect(Math.abs(estimate.value / truth - 1)).toBeLessThan(0.02);
      expect(estimate.interval[0]).toBeCloseTo(estimate.value, 9);
    }
  });

  it('has an interval that covers the truth and widens with the noise', () => {
    const noisy = (noise: number) =>
      Array.from({ length: 5 }, (_, s) => curve(10) * Math.exp(noise * normal(rng('data').split(s), 1)[0]!));
    const width = (noise: number) => {
      const { interval } = effectiveDimension(noisy(noise), reference(fine, noise), rng(0));
      expect(interval[0]).toBeLessThan(10);
      expect(interval[1]).toBeGreaterThan(10);
      return interval[1] - interval[0];
    };
    expect(width(0.02)).toBeLessThan(width(0.1));
  });

  it('says "more than" and "less than" at the ends of the curve', () => {
    const ends = reference([4, 8, 16]);
    const above = effectiveDimension([1.01, 1.02], ends, rng(0));
    expect([above.value, ...above.interval]).toEqual([
      16,
      Number.POSITIVE_INFINITY,
      Number.POSITIVE_INFINITY,
    ]);
    const below = effectiveDimension([1e9, 1e9], ends, rng(0));
    expect([below.value, ...below.interval]).toEqual([4, 0, 0]);
    const across = effectiveDimension([curve(16) * 0.9, curve(16) * 1.05, curve(16) * 1.1], ends, rng(0));
    expect(across.interval[1]).toBe(Number.POSITIVE_INFINITY);
    expect(across.interval[0]).toBeGreaterThan(8);
  });

  it('refuses constants that tell nothing', () => {
    expect(() => effectiveDimension([1], reference([2, 4]), rng(0))).toThrow(/two seeds/);
    expect(() => effectiveDimension([1, 1], reference([2]), rng(0))).toThrow(/two/);
    expect(() => effectiveDimension([1, 0], reference([2, 4]), rng(0))).toThrow(/> 0/);
  });

  it('reads the study: the largest size of the family, dimension by dimension', () => {
    const outcomes = [2, 4, 8, 16, 32].flatMap((d) =>
      [0, 1].flatMap((seed) => [
        outcome({ data: `reference d=${d}`, family: 'mcshane', d, seed, value: curve(d) }),
        outcome({ data: `reference d=${d}`, family: 'projected-rbf', size: 1, d, seed, value: 1 }),
      ]),
    );
    const data = [0, 1].map((seed) =>
      outcome({ data: 'other', family: 'mcshane', d: 20, seed, value: curve(8) }),
    );
    const [found] = effectiveDimensions(STUDY, [...outcomes, ...data], rng(0));
    expect(found!.ambient).toBe(20);
    expect(found!.estimate.value).toBeCloseTo(8, 9);
    expect(found!.reference.map(({ d }) => d)).toEqual([2, 4, 8, 16, 32]);
    expect(effectiveDimensions(STUDY, outcomes, rng(0))).toEqual([]);
  });
});

describe('monotoneDown', () => {
  it('keeps what falls and pools what rises', () => {
    expect(monotoneDown([5, 3, 3, 1])).toEqual([5, 3, 3, 1]);
    expect(monotoneDown([5, 1, 3, 0])).toEqual([5, 2, 2, 0]);
    expect(monotoneDown([1, 2, 3])).toEqual([2, 2, 2]);
    expect(monotoneDown([])).toEqual([]);
  });

  it('is the closest falling sequence: no better one among random falling sequences', () => {
    const values = [...normal(rng('pava'), 12)];
    const fitted = monotoneDown(values);
    const loss = (candidate: readonly number[]) =>
      candidate.reduce((sum, c, i) => sum + (c - values[i]!) ** 2, 0);
    for (let i = 0; i < 2000; i++) {
      const shift = normal(rng('candidate').split(i), 12).map((z) => 0.3 * z);
      const candidate = [...fitted.map((f, k) => f + shift[k]!)].sort((a, b) => b - a);
      expect(loss(candidate)).toBeGreaterThanOrEqual(loss(fitted) - 1e-12);
    }
  });
});

describe('checks and verdict', () => {
  const good = [...powerLaw(-0.5, 0.01, 3), outcome({ family: 'mcshane', value: 3 })];
  const checked = (extra: TrialOutcome) => {
    const { checks, verdict } = analyse(STUDY, [...good, extra]);
    return { violated: checks.filter(({ holds }) => !holds), verdict };
  };

  it('hold on a sound study, and the verdict has two sentences that name its numbers', () => {
    const { checks, verdict } = analyse(STUDY, good);
    expect(checks.every(({ holds }) => holds)).toBe(true);
    expect(verdict).toHaveLength(2);
    expect(verdict[0]).toMatch(
      /^To fit 1000 noisy labels in 500 dimensions, .* with 80 parameters per label .* with 500 by no more than .*\.$/,
    );
    expect(verdict[1]).toMatch(/^All 19 trials agree with the law.*P\^-0\.5\d \(-0\.5.*\.$/);
  });

  it.each([
    [
      'a certified lower bound above a measured upper bound',
      { value: 1, changes: { law: { scaling: 1, certifiedBound: 1.01, mcShaneOptimum: 0 } } },
      /certified lower bound/,
      /1 < 1\.01/,
    ],
    [
      'a constant below the McShane optimum',
      { value: 1, changes: { law: { scaling: 1, mcShaneOptimum: 1.001 } } },
      /McShane/,
      /1 < 1\.001/,
    ],
    [
      'an exact memorizer that misses a label',
      { value: 1, changes: { interpolationError: 1e-8 } },
      /interpolates/,
      /1e-8/,
    ],
    [
      'a memorizer that returns NaN',
      { value: 1, changes: { interpolationError: Number.NaN } },
      /interpolates/,
      /NaN/,
    ],
    [
      'a lower bound above the upper one',
      { family: 'network', value: 1, lower: 1.1 },
      /witnessed/,
      /1\.1 > 1/,
    ],
  ])('catch %s and name the trial', (_, fake, statement, detail) => {
    const { violated, verdict } = checked(outcome({ size: 7, seed: 42, ...(fake as Fake) }));
    expect(violated).toHaveLength(1);
    expect(violated[0]!.statement).toMatch(statement);
    expect(violated[0]!.detail).toMatch(detail);
    expect(violated[0]!.detail).toMatch(/seed 42/);
    expect(verdict[1]).toMatch(/check failed/);
  });

  it('catch a trial that failed', () => {
    const trial = { id: 'x', data: 'sphere', family: 'mcshane', seed: 3 };
    const { violated } = checked({
      state: 'failed',
      trial,
      error: { code: 'c', message: 'too few points' },
      seconds: 0,
    });
    expect(violated[0]!.detail).toMatch(
      /1 of 20 trials violate it, first sphere, mcshane, seed 3: too few points/,
    );
  });

  it('let trained networks miss labels and be smoother than exact fits', () => {
    const loose = outcome({
      family: 'network',
      value: 2,
      lower: 1,
      changes: { interpolationError: 0.5, law: { scaling: 1, mcShaneOptimum: 3 } },
    });
    expect(checked(loose).violated).toEqual([]);
  });

  it('say so when nothing finished', () => {
    const { verdict, series, checks } = analyse(STUDY, []);
    expect(series).toEqual([]);
    expect(checks).toEqual([]);
    expect(verdict[0]).toMatch(/None of the 0 trials finished/);
  });

  it('are a function of the outcomes', () => {
    expect(analyse(STUDY, good)).toStrictEqual(analyse(STUDY, good));
  });
});
