import { parseHTML } from 'linkedom';
import { describe, expect, it } from 'vitest';
import { renderReport } from '../../src/report/index.ts';
import type { Comparison, PredictorFit, StudyResult, TrajectoryPoint } from '../../src/study/index.ts';
import { bareStudy, HOSTILE } from './fixtures.ts';

const estimate = (value: number) =>
  ({
    kind: 'estimate',
    value,
    interval: [value - 0.1, value + 0.1],
    confidence: 0.95,
    method: 'bootstrap over 9 draws of the data',
  }) as const;

/** y = 2 x^0.5, so that a logarithmic intercept is log 2. */
const POINTS = [1, 2, 4, 8].map((x) => ({ x, y: 2 * Math.sqrt(x) }));

const FIT: PredictorFit = {
  title: 'Gradients against the conjecture',
  quantity: 'gradients',
  predictor: 'sqrt(n/k)',
  scale: 'log',
  groups: [
    {
      name: '',
      points: POINTS,
      leftOut: 3,
      line: { slope: estimate(0.5), intercept: estimate(Math.log(2)), rSquared: 0.987 },
      rivals: [
        {
          predictor: 'sqrt(n/k)',
          slope: estimate(0.5),
          rSquared: 0.987,
          leaveOneOut: 0.111,
          leaveOneDrawOut: 0.112,
          leaveOneOutAsClaimed: 0.222,
        },
        {
          predictor: 'n^(1/d)',
          slope: estimate(0.7),
          rSquared: 0.6,
          leaveOneOut: 0.333,
          leaveOneDrawOut: 0.334,
          leaveOneOutAsClaimed: 0.444,
        },
      ],
      bins: [{ from: 1, to: 2, count: 17, median: 2.5, largest: 3.25 }],
    },
    { name: 'few', points: [], leftOut: 0, note: '0 trials are too few', rivals: [], bins: [] },
  ],
  published: [
    {
      name: 'figure',
      source: 'Others, 1999',
      points: POINTS,
      slope: 0.51,
      intercept: Math.log(3),
      rSquared: 0.75,
      bins: [],
    },
  ],
};

function studyWith(fits: readonly PredictorFit[], trajectory?: readonly TrajectoryPoint[]): StudyResult {
  const bare = bareStudy();
  return {
    ...bare,
    analysis: { ...bare.analysis, predictorFits: fits },
    outcomes: bare.outcomes.map((outcome) =>
      outcome.state === 'done' && trajectory
        ? { ...outcome, result: { ...outcome.result, noiseVariance: 0.25, trajectory } }
        : outcome,
    ),
  };
}

const sectionOf = (result: StudyResult, id: string) => {
  const { document } = parseHTML(renderReport(result));
  return document.querySelector(`section#${id}`) as unknown as Element | null;
};

describe('the section of predictors', () => {
  it('shows points of both sides, lines with intervals, rivals in their order, and medians', () => {
    const section = sectionOf(studyWith([FIT]), 'predictors')!;
    const [wide, narrow] = [...section.querySelectorAll('svg')];
    // Four of our points and four published ones, in a chart for either screen.
    for (const svg of [wide!, narrow!])
      expect(svg.querySelectorAll('[aria-label="dot"] path, [aria-label="dot"] circle').length).toBe(8);
    expect(wide!.querySelectorAll('[aria-label="line"] path').length).toBe(2);
    const text = section.textContent!;
    // The prefactor of a power is e to the intercept.
    for (const part of [
      '0.500',
      '2.00',
      '0.987',
      '0.510',
      '3.00',
      'Others, 1999',
      '0 trials are too few',
      '2.50',
      '3.25',
    ]) {
      expect(text).toContain(part);
    }
    expect(text.indexOf('0.111')).toBeLessThan(text.indexOf('0.333'));
    expect(text).toContain('\u221A(n/k)');
  });

  it('shows a sum of predictors: measured against fitted, its coefficients, and its place among the rivals', () => {
    const points = [-1, 2, 4].map((x) => ({ x, y: Math.abs(x) + 0.5 }));
    const fit = {
      intercept: estimate(0.709),
      coefficients: [estimate(0.816), estimate(1.423)],
      rSquared: 0.876,
      adjustedRSquared: 0.875,
      leaveOneOut: 0.222,
      leaveOneDrawOut: 0.223,
    };
    const sums = [
      { predictors: ['sqrt(d)', 'sqrt(n/k)'], points, fit },
      { predictors: ['n', 'd', 'k'], points: [], note: 'd is the same for all trials' },
    ];
    const [group] = FIT.groups;
    const linear: PredictorFit = { ...FIT, scale: 'linear', groups: [{ ...group!, sums }], published: [] };
    const section = sectionOf(studyWith([linear]), 'predictors')!;
    const text = section.textContent!;
    for (const part of [
      '0.709',
      '0.816',
      '1.42',
      '0.716 to 0.916',
      '0.876',
      '0.875',
      'd is the same for all trials',
    ])
      expect(text).toContain(part);
    expect(text).toContain('sum of multiples of \u221Ad and \u221A(n/k)');
    expect(text).toContain('sum of multiples of n, d and k');
    // Best first: the sum stands between the two predictors.
    expect(text.indexOf('0.111')).toBeLessThan(text.indexOf('0.222'));
    expect(text.indexOf('0.223')).toBeLessThan(text.indexOf('0.333'));
    // Two figures for two screens; the sum that was not fitted has none. A negative fitted value is drawn as well.
    const svgs = [...section.querySelectorAll('svg')];
    expect(svgs).toHaveLength(4);
    expect(svgs[2]!.querySelectorAll('[aria-label="dot"] path, [aria-label="dot"] circle')).toHaveLength(3);
    expect(svgs[2]!.querySelectorAll('[aria-label="line"] path')).toHaveLength(1);
    const power = sectionOf(studyWith([{ ...linear, scale: 'log' }]), 'predictors')!.textContent!;
    expect(power).toContain('product of powers of \u221Ad and \u221A(n/k)');
    // e^0.709, the prefactor.
    expect(power).toContain('2.03');
  });

  it('stands only in reports of studies that ask for fits', () => {
    expect(sectionOf(studyWith([]), 'predictors')).toBeNull();
    expect(sectionOf(bareStudy(), 'predictors')).toBeNull();
  });

  it('survives fits without points, and hostile text', () => {
    const empty: PredictorFit = {
      ...FIT,
      title: HOSTILE,
      groups: [
        {
          ...FIT.groups[1]!,
          name: HOSTILE,
          note: HOSTILE,
          sums: [{ predictors: [HOSTILE, HOSTILE], points: [], note: HOSTILE }],
        },
      ],
      published: [],
    };
    const page = renderReport(studyWith([empty, { ...empty, groups: [] }]));
    expect(page).not.toMatch(/<script>|<img|NaN|undefined/);
    expect(page).toContain('No trial has both');
  });
});

describe('the section of comparisons', () => {
  const member = { data: 'sphere', family: 'network', size: 20, parameterCount: 4041 };
  const studyOf = (members: Comparison['members']): StudyResult => {
    const study = studyWith([]);
    return { ...study, analysis: { ...study.analysis, comparisons: [{ title: 'At equal P', members }] } };
  };

  it('shows both ratios with their intervals, what was best, and why a ratio is missing', () => {
    const section = sectionOf(
      studyOf([
        {
          ...member,
          best: ['bumps 10', 'bumps 20'],
          atLeast: estimate(2.46),
          atMost: estimate(3.57),
          draws: 4,
          leftOut: 1,
        },
        { ...member, size: 40, best: [], draws: 0, leftOut: 5, note: '0 draws; an interval takes 3' },
      ]),
      'comparisons',
    )!;
    const rows = [...section.querySelectorAll('tbody tr')].map((one) => one.textContent!);
    expect(rows).toHaveLength(2);
    for (const part of ['bumps 10, bumps 20', '2.46', '2.36 to 2.56', '3.57', '4\u202F041'])
      expect(rows[0]).toContain(part);
    expect(rows[1]).toContain('0 draws; an interval takes 3');
  });

  it('stands only where a study asks, and escapes what comes from it', () => {
    expect(sectionOf(studyWith([]), 'comparisons')).toBeNull();
    const hostile = { ...member, data: HOSTILE, family: HOSTILE, best: [HOSTILE], draws: 1, leftOut: 0 };
    expect(renderReport(studyOf([{ ...hostile, note: HOSTILE }]))).not.toMatch(/<script>|<img|NaN|undefined/);
  });
});

describe('the section of trajectories', () => {
  const point = (step: number, meanSquaredError: number, low: number, high: number): TrajectoryPoint => ({
    step,
    meanSquaredError,
    upper: {
      kind: 'upper',
      value: high,
      norm: 'l2',
      domain: { kind: 'global' },
      method: 'test',
      arithmetic: 'float64',
    },
    lower: {
      kind: 'lower',
      value: low,
      witness: { kind: 'pair', a: new Float64Array(1), b: new Float64Array(1) },
      norm: 'l2',
      domain: { kind: 'global' },
      method: 'test',
      arithmetic: 'float64',
    },
  });

  it('draws a line with a bar for each step, and the noise level; the table rounds outwards', () => {
    const steps = [point(0, 1, 1, 2), point(10, 0.2, 1.23456, 2.34561), point(50, 0.01, 4, Infinity)];
    const section = sectionOf(studyWith([], steps), 'trajectories')!;
    const svg = section.querySelector('svg')!;
    expect(svg.querySelectorAll('[aria-label="link"] path').length).toBe(3);
    expect(svg.textContent).toContain('noise level');
    expect(section.textContent).toContain('1.23');
    expect(section.textContent).toContain('2.35');
    expect(section.textContent).toContain('not finite');
  });

  it('draws nothing where the loss is 0 from the start, and keeps the table', () => {
    const section = sectionOf(studyWith([], [point(0, 0, 1, 2)]), 'trajectories')!;
    expect(section.querySelector('svg')).toBeNull();
    expect(section.querySelectorAll('tbody tr').length).toBe(1);
  });
});
