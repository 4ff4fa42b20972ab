import { describe, expect, it } from 'vitest';
import { GLOBAL } from '../../src/guarantee/index.ts';
import { leastSquaresLine } from '../../src/numeric/index.ts';
import { normal, rng } from '../../src/random/index.ts';
import { binned } from '../../src/study/analysis/bins.ts';
import { predictorFits } from '../../src/study/analysis/predictor-fits.ts';
import type { TrialOutcome } from '../../src/study/index.ts';
import { parseStudy } from '../../src/study/specification.ts';

/** A study with these fits, of two data sets and two families. */
const studyOf = (fits: string) =>
  parseStudy(
    'fits.yaml',
    `
name: fits
title: Fits
data:
  near: { distribution: manifold, n: [100, 200], d: 50, intrinsicDimension: 4, labels: { signal: zero, noise: signs } }
  sphere: { distribution: sphere, n: [100, 200], d: 50, labels: { signal: zero, noise: signs } }
families:
  a: { memorizer: projected-rbf, sizes: [4] }
  b: { memorizer: mcshane }
trials: [{ data: [near, sphere], families: [a, b], measures: [gradients] }]
analysis: { fits: [${fits}] }
`,
  );

interface Cell {
  readonly data?: string;
  readonly family?: string;
  readonly n: number;
  readonly d?: number;
  readonly k?: number;
  readonly P?: number;
  readonly seed?: number;
  readonly gradient?: number;
  readonly upper?: number;
  readonly memorized?: boolean;
  readonly intrinsic?: number;
}

function outcome(cell: Cell, index: number): TrialOutcome {
  const { n, d = 50, k, seed = 0, gradient, upper = 1, memorized = true, intrinsic } = cell;
  const claim = { norm: 'l2', domain: GLOBAL, method: 'test', arithmetic: 'float64' } as const;
  const zero = new Float64Array(d);
  return {
    state: 'done',
    seconds: 1,
    trial: {
      id: String(index),
      data: `${cell.data ?? 'sphere'} n=${n}`,
      family: cell.family ?? 'a',
      ...(k !== undefined && { size: k }),
      seed,
    },
    result: {
      n,
      d,
      parameterCount: cell.P ?? n * ((k ?? d) + 1),
      interpolationError: 0,
      meanSquaredError: 0,
      memorization: 'perfect',
      memorized,
      ...(intrinsic !== undefined && { intrinsicDimension: intrinsic }),
      lipschitz: { upper: { kind: 'upper', value: upper, ...claim } },
      law: { scaling: 1, mcShaneOptimum: 1 },
      ...(gradient !== undefined && {
        gradients: {
          points: 1000,
          source: 'test',
          largest: { kind: 'lower', value: gradient, witness: { kind: 'pair', a: zero, b: zero }, ...claim },
          meanSquare: {
            kind: 'estimate',
            value: gradient ** 2 / 4,
            interval: [0, 1],
            confidence: 0.95,
            method: 'test',
          },
        },
      }),
    },
  };
}

const answer = (study: ReturnType<typeof studyOf>, outcomes: readonly TrialOutcome[]) =>
  predictorFits(study, outcomes, rng('fits'))[0]!;

describe('published figures', () => {
  it('give the published line 3.392 + 1.398 sqrt(n/k) with R^2 0.878 over 906 points, and medians per bin', () => {
    const question =
      '{ title: F, quantity: gradients, predictor: sqrt(n/k), scale: linear, bins: 1, published: [bln-2021-figure-2] }';
    const [figure] = answer(studyOf(question), []).published;
    expect(figure!.points).toHaveLength(906);
    expect(figure!.intercept).toBeCloseTo(3.392, 3);
    expect(figure!.slope).toBeCloseTo(1.398, 3);
    expect(figure!.rSquared).toBeCloseTo(0.878, 3);
    // Read off the figure by another program.
    expect(figure!.bins.map(({ count }) => count)).toEqual([94, 284, 204, 132, 76, 60, 25, 16, 12, 3]);
    const medians = [4.91, 5.24, 6.53, 7.76, 9.3, 10.8, 12.57, 13.31, 15.37, 17.83];
    for (const [i, bin] of figure!.bins.entries()) {
      expect(Math.abs(bin.median - medians[i]!)).toBeLessThan(0.08);
    }
    expect(figure!.bins.at(-1)!.largest).toBeCloseTo(20.2, 1);
  });

  it('have the published power 0.463 with R^2 0.806 on logarithmic axes', () => {
    const question =
      '{ title: F, quantity: gradients, predictor: sqrt(n/k), published: [bln-2021-figure-2] }';
    const [figure] = answer(studyOf(question), []).published;
    expect(figure!.slope).toBeCloseTo(0.463, 2);
    expect(figure!.rSquared).toBeCloseTo(0.806, 3);
  });

  it('hold both series of figure 3: slope 0.401 in sqrt(d) with R^2 0.955 for k = 10 n/d', () => {
    const names = "['bln-2021-figure-3-k=n', 'bln-2021-figure-3-k=10n/d']";
    const question = `{ title: F, quantity: gradients, predictor: sqrt(d), scale: linear, published: ${names} }`;
    const [wide, narrow] = answer(studyOf(question), []).published;
    expect([wide!.points.length, narrow!.points.length]).toEqual([38, 38]);
    expect(narrow!.slope).toBeCloseTo(0.401, 3);
    expect(narrow!.rSquared).toBeCloseTo(0.955, 3);
    expect(wide!.slope).toBeLessThan(0.1);
  });
});

describe('predictorFits', () => {
  const QUESTION =
    '{ title: F, quantity: gradients, predictor: sqrt(n/k), families: [a], rivals: [sqrt(nd/P), sqrt(n/P), n] }';
  /** gradient = 2 sqrt(n/k)^0.8 with noise. */
  const cells = (noise: number): readonly TrialOutcome[] => {
    const z = normal(rng('noise'), 200);
    return [100, 200, 400, 800].flatMap((n, i) =>
      [5, 10, 40].flatMap((k, j) =>
        [0, 1, 2, 3].map((seed) => {
          const index = 16 * i + 4 * j + seed;
          const gradient = 2 * Math.sqrt(n / k) ** 0.8 * Math.exp(noise * z[index]!);
          return outcome({ n, k, seed, gradient, P: k * (30 + 300 * z[150 + i]! ** 2) }, index);
        }),
      ),
    );
  };

  it('finds the power of a predictor and prefers it to rivals', () => {
    const [group] = answer(studyOf(QUESTION), cells(0)).groups;
    expect(group!.line!.slope.value).toBeCloseTo(0.8, 12);
    expect(Math.exp(group!.line!.intercept.value)).toBeCloseTo(2, 12);
    expect(group!.line!.slope.interval[0]).toBeCloseTo(0.8, 9);
    expect(group!.line!.rSquared).toBeCloseTo(1, 12);
    expect(group!.rivals.map(({ predictor }) => predictor)[0]).toBe('sqrt(n/k)');
    expect(group!.rivals[0]!.leaveOneOut).toBeLessThan(1e-12);
    // With the exponent held at 1, what is left is (1 - 0.8) log sqrt(n/k).
    expect(group!.rivals[0]!.leaveOneOutAsClaimed).toBeGreaterThan(0.05);
    expect(group!.rivals).toHaveLength(4);
  });

  it('has intervals that hold the truth and grow with the noise', () => {
    const width = (noise: number) => {
      const { interval } = answer(studyOf(QUESTION), cells(noise)).groups[0]!.line!.slope;
      expect(interval[0]).toBeLessThan(0.8);
      expect(interval[1]).toBeGreaterThan(0.8);
      return interval[1] - interval[0];
    };
    expect(width(0.2)).toBeGreaterThan(2 * width(0.05));
  });

  it('leaves out what did not memorize, and counts it, unless the fit keeps all', () => {
    const odd = outcome({ n: 100, k: 5, gradient: 1e6, memorized: false }, 999);
    const [kept] = answer(studyOf(QUESTION), [...cells(0), odd]).groups;
    expect(kept!.leftOut).toBe(1);
    expect(kept!.line!.slope.value).toBeCloseTo(0.8, 12);
    const [all] = answer(studyOf(QUESTION.replace('families', 'memorized: false, families')), [
      ...cells(0),
      odd,
    ]).groups;
    expect(all!.leftOut).toBe(0);
    expect(all!.points).toHaveLength(kept!.points.length + 1);
  });

  it('separates families and data, and reads d of n^(1/d) as the dimension of the manifold', () => {
    const outcomes = [100, 200, 400].flatMap((n, i) =>
      [0, 1, 2].flatMap((seed) => [
        outcome({ data: 'near', intrinsic: 4, n, seed, upper: 3 * n ** 0.25 }, 10 * i + seed),
        outcome({ data: 'sphere', d: 10, n, seed, upper: 5 * n ** 0.1 }, 100 + 10 * i + seed),
      ]),
    );
    const { groups } = answer(
      studyOf('{ title: F, quantity: upper, predictor: n^(1/d), per: [data, family] }'),
      outcomes,
    );
    expect(groups.map(({ name }) => name)).toEqual(['near, a', 'sphere, a']);
    expect(groups[0]!.line!.slope.value).toBeCloseTo(1, 12);
    expect(groups[1]!.line!.slope.value).toBeCloseTo(1, 12);
  });

  it('says what is missing where there is too little for a line', () => {
    const [group] = answer(studyOf(QUESTION), cells(0).slice(0, 2)).groups;
    expect(group!.line).toBeUndefined();
    expect(group!.note).toMatch(/2 trials, 1 values of sqrt\(n\/k\), 2 draws; a line takes 3/);
    expect(answer(studyOf(QUESTION), []).groups).toEqual([]);
    // Zeros, as of gradients at points that no bump reaches, have no logarithm.
    const zeros = answer(studyOf(QUESTION), [outcome({ n: 100, k: 5, gradient: 0 }, 0)]);
    expect(zeros.groups[0]!.note).toBe('none of 1 trials has a value that is positive and finite');
    // Without gradients there is nothing to plot, and McShane's family has no size.
    const none = answer(studyOf(QUESTION), [
      outcome({ n: 100, k: 5 }, 0),
      outcome({ n: 100, gradient: 1 }, 1),
    ]);
    expect(none.groups[0]!.points).toEqual([]);
  });

  it('fits no line to a predictor that hardly varies, and compares it with none', () => {
    const outcomes = [100, 101, 102, 103].map((n, seed) => outcome({ n, k: 5, d: 20, upper: n, seed }, seed));
    const [group] = answer(studyOf('{ title: F, quantity: upper, predictor: n }'), outcomes).groups;
    expect(group!.line).toBeUndefined();
    expect(group!.note).toMatch(/values that differ by 5 per cent/);
  });

  it('leaves out quantities that are not finite and positive', () => {
    const question = '{ title: F, quantity: upper, predictor: n }';
    const uppers = [Infinity, 0, Number.NaN, 2];
    const outcomes = uppers.map((upper, i) => outcome({ n: 100, k: 5, upper, seed: i }, i));
    expect(answer(studyOf(question), outcomes).groups[0]!.points).toEqual([{ x: 100, y: 2 }]);
  });

  it('sets sums of predictors beside the lines in one, with errors that can be compared', () => {
    const sums = QUESTION.replace(
      'families',
      'scale: linear, sums: [[sqrt(n/k), n], [sqrt(n/k), k, n]], families',
    );
    const z = normal(rng('sum'), 48);
    const outcomes = cells(0).map((one, i) => {
      const { trial, result } = one as Extract<TrialOutcome, { state: 'done' }>;
      const k = trial.size!;
      const gradient = 3 + 2 * Math.sqrt(result.n / k) + 0.01 * result.n + 0.1 * z[i]!;
      return outcome({ n: result.n, k, seed: trial.seed, gradient }, i);
    });
    const [group] = answer(studyOf(sums), outcomes).groups;
    const [two, three] = group!.sums!;
    const truth = [2, 0.01];
    for (const [j, { value, interval }] of two!.fit!.coefficients.entries()) {
      expect(interval[0]).toBeLessThan(truth[j]!);
      expect(interval[1]).toBeGreaterThan(truth[j]!);
      expect(Math.abs(value / truth[j]! - 1)).toBeLessThan(0.1);
    }
    // The error of a fit that leaves nothing unsaid is the noise; one predictor leaves more.
    expect(two!.fit!.leaveOneOut).toBeGreaterThan(0.08);
    expect(two!.fit!.leaveOneOut).toBeLessThan(0.13);
    expect(two!.fit!.leaveOneDrawOut).toBeLessThan(0.13);
    for (const rival of group!.rivals) expect(rival.leaveOneOut).toBeGreaterThan(5 * two!.fit!.leaveOneOut);
    // A third predictor has nothing left to explain: R^2 grows, as it always does, and the interval holds 0.
    expect(three!.fit!.rSquared).toBeGreaterThan(two!.fit!.rSquared);
    expect(three!.fit!.coefficients[1]!.interval[0]).toBeLessThan(0);
    expect(three!.fit!.coefficients[1]!.interval[1]).toBeGreaterThan(0);
    // Points are (fitted, measured), whose mean and slope least squares makes equal.
    const line = leastSquaresLine(
      two!.points.map(({ x }) => x),
      two!.points.map(({ y }) => y),
      0.95,
    );
    expect(line.slope).toBeCloseTo(1, 9);
    expect(line.intercept).toBeCloseTo(0, 8);
    expect(line.rSquared).toBeCloseTo(two!.fit!.rSquared, 12);
  });

  it('fits products of powers on logarithmic axes', () => {
    const outcomes = [100, 200, 400].flatMap((n, i) =>
      [20, 50, 90].flatMap((d, j) =>
        [0, 1].map((seed) =>
          outcome(
            { n, d, k: 5 + j, seed, gradient: 4 * d ** 0.3 * n ** 0.1 * (5 + j) ** -0.2 },
            10 * i + 2 * j + seed,
          ),
        ),
      ),
    );
    const question =
      '{ title: F, quantity: gradients, predictor: n, sums: [[d, n, k], [n, d, sqrt(d)], [n, n^(1/d)], [n, sqrt(nd/P)]] }';
    const [powers, dependent] = answer(studyOf(question), outcomes).groups[0]!.sums!;
    expect(powers!.fit!.coefficients.map(({ value }) => Number(value.toFixed(9)))).toEqual([0.3, 0.1, -0.2]);
    expect(Math.exp(powers!.fit!.intercept.value)).toBeCloseTo(4, 8);
    for (const { x, y } of powers!.points) expect(x / y).toBeCloseTo(1, 9);
    // log sqrt(d) is half of log d, whatever the trials.
    expect(dependent!.fit).toBeUndefined();
    expect(dependent!.points).toEqual([]);
    expect(dependent!.note).toMatch(
      /sqrt\(d\) is a constant plus a multiple of n, d: .* cannot be told apart/,
    );
  });

  it('says why a sum is not fitted', () => {
    const note = (sum: string, outcomes: readonly TrialOutcome[], predictor = 'n') =>
      answer(studyOf(`{ title: F, quantity: upper, predictor: ${predictor}, sums: [${sum}] }`), outcomes)
        .groups[0]!.sums![0]!;
    const grid = [100, 200, 400].flatMap((n, i) =>
      [0, 1].map((seed) => outcome({ n, k: 5 + seed, seed, upper: n + seed }, 2 * i + seed)),
    );
    expect(note('[n, d]', grid).note).toBe('d is the same for all trials to 5 per cent');
    expect(note('[n, d]', grid.slice(0, 3)).note).toMatch(
      /3 trials, 3 draws; a fit with 2 predictors takes 4 trials/,
    );
    const unsized = [...grid, outcome({ n: 800, family: 'b', upper: 8 }, 99)];
    expect(note('[n, k]', unsized).note).toBe('not every trial has a value of k');
    // One draw alone has another d: most resamples either miss it or have nothing else.
    const alone = [100, 200, 300].flatMap((n, i) =>
      [5, 10, 20].map((k) => outcome({ n, d: i === 0 ? 90 : 50, k, upper: n * k }, 10 * i + k)),
    );
    expect(note('[n, d]', alone).note).toMatch(/most resamples of 3 draws cannot tell/);
    expect(note('[n, d]', alone).fit).toBeUndefined();
    // Studies without sums have none in their results.
    expect(answer(studyOf('{ title: F, quantity: upper, predictor: n }'), grid).groups[0]).not.toHaveProperty(
      'sums',
    );
  });

  it('is a function of the outcomes', () => {
    expect(answer(studyOf(QUESTION), cells(0.1))).toEqual(answer(studyOf(QUESTION), cells(0.1)));
  });
});

describe('binned', () => {
  it('puts every point into one bin, the largest into the last', () => {
    const points = [0, 0.5, 1, 1.9, 3, 4].map((x) => ({ x, y: 10 * x }));
    expect(binned(points, 1)).toEqual([
      { from: 0, to: 1, count: 2, median: 2.5, largest: 5 },
      { from: 1, to: 2, count: 2, median: 14.5, largest: 19 },
      { from: 3, to: 4, count: 2, median: 35, largest: 40 },
    ]);
    expect(binned([], 1)).toEqual([]);
    expect(binned([{ x: 0, y: 1 }], 1)).toEqual([{ from: 0, to: 1, count: 1, median: 1, largest: 1 }]);
    expect(() => binned(points, 0)).toThrow(/width of the bins: 0/);
  });

  it('widens bins that are too many', () => {
    const points = Array.from({ length: 1001 }, (_, i) => ({ x: i, y: 1 }));
    const bins = binned(points, 0.001);
    expect(bins.length).toBeLessThanOrEqual(200);
    expect(bins.reduce((sum, { count }) => sum + count, 0)).toBe(1001);
  });
});
