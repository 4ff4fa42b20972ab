import { parseHTML } from 'linkedom';
import { describe, expect, it } from 'vitest';
import { RobustlawError } from '../../src/errors.ts';
import { GLOBAL } from '../../src/guarantee/index.ts';
import { fitSvg, sumSvg, trajectorySvg } from '../../src/report/index.ts';
import type { PredictorFit, StudyResult } from '../../src/study/index.ts';
import { bareStudy, HOSTILE, oneTrialStudy } from './fixtures.ts';

const points = [1, 2, 4, 8].map((x) => ({ x, y: 2 * Math.sqrt(x) }));
const group = { points, leftOut: 0, rivals: [], bins: [] };

const FIT: PredictorFit = {
  title: 'Gradients',
  quantity: 'gradients',
  predictor: 'sqrt(n/k)',
  scale: 'log',
  groups: [
    { ...group, name: 'first' },
    { ...group, name: 'nothing', points: [] },
  ],
  published: [
    { name: 'figure-9', source: 'Others', points, slope: 0.5, intercept: 0, rSquared: 1, bins: [] },
  ],
};

function studyWith(fits: readonly PredictorFit[]): StudyResult {
  const study = bareStudy();
  return { ...study, analysis: { ...study.analysis, predictorFits: fits } };
}

/** One training whose constant doubles with each of three steps. */
function trained(): StudyResult {
  const study = oneTrialStudy();
  const [outcome] = study.outcomes;
  if (outcome?.state !== 'done') throw new Error('the fixture has one finished trial');
  const claim = { norm: 'l2', domain: GLOBAL, method: 'test', arithmetic: 'float64' } as const;
  const witness = { kind: 'pair', a: new Float64Array(3), b: new Float64Array(3) } as const;
  const trajectory = [0, 1, 2].map((step) => ({
    step,
    meanSquaredError: 10 ** -step,
    lower: { kind: 'lower', value: 2 ** step, witness, ...claim } as const,
    upper: { kind: 'upper', value: 3 * 2 ** step, ...claim } as const,
  }));
  return { ...study, outcomes: [{ ...outcome, result: { ...outcome.result, trajectory } }] };
}

const STANDS_ALONE = /NaN|undefined|Infinity|<script|<image|href|url\((?!#)/;

describe('fitSvg', () => {
  it('draws the fit that is named, all of its points, and a key of what has points', () => {
    const svg = fitSvg(studyWith([{ ...FIT, title: 'Other' }, FIT]), 'Gradients');
    expect(svg).not.toMatch(STANDS_ALONE);
    const { document } = parseHTML(svg);
    const text = document.querySelector('svg')!.textContent!;
    for (const part of ['Gradients', 'first', 'published: figure-9', 'Largest gradient at fresh points'])
      expect(text).toContain(part);
    expect(text).not.toContain('nothing');
    expect(document.querySelectorAll('[aria-label="dot"] path, [aria-label="dot"] circle')).toHaveLength(8);
  });

  it('has the title above the name of the axis, and the key beneath that of the other', () => {
    const { document } = parseHTML(fitSvg(studyWith([FIT]), 'Gradients'));
    /** Pixels from the top, by the translations of the text and of its group. */
    const heightOf = (text: string) => {
      const found = [...document.querySelectorAll('text')].find((one) => one.textContent.includes(text))!;
      return [found, found.parentElement!].reduce((sum, one) => {
        return sum + Number(/translate\([^,]*,([^)]*)\)/.exec(one.getAttribute('transform') ?? '')?.[1] ?? 0);
      }, 0);
    };
    expect(heightOf('Largest gradient') - heightOf('Gradients')).toBeGreaterThan(20);
    expect(heightOf('first') - heightOf('\u221A(n/k) \u2192')).toBeGreaterThan(15);
  });

  it('escapes what comes from the study', () => {
    const hostile = { ...FIT, title: HOSTILE, groups: [{ ...group, name: HOSTILE }] };
    expect(fitSvg(studyWith([hostile]), HOSTILE)).not.toMatch(/<script|<img|NaN|undefined/);
  });

  it('says so where there is nothing to draw', () => {
    expect(() => fitSvg(studyWith([FIT]), 'Missing')).toThrow(RobustlawError);
    expect(() => fitSvg(studyWith([FIT]), 'Missing')).toThrow(/has no fit "Missing" with points/);
    const empty = { ...FIT, groups: [], published: [] };
    expect(() => fitSvg(studyWith([empty]), 'Gradients')).toThrow(/nothing to draw/);
  });
});

describe('sumSvg', () => {
  it('draws the first sum of the fit that is named, on the diagonal where it is exact', () => {
    const exact = [3, 5, 9].map((x) => ({ x, y: x }));
    const sums = [
      { predictors: ['n', 'sqrt(d)'], points: exact },
      { predictors: ['n', 'k'], points: [] },
    ];
    const svg = sumSvg(studyWith([{ ...FIT, groups: [{ ...group, name: 'first', sums }] }]), 'Gradients');
    expect(svg).not.toMatch(STANDS_ALONE);
    const { document } = parseHTML(svg);
    const text = document.querySelector('svg')!.textContent!;
    for (const part of ['Gradients: measured against fitted', 'fitted with n and \u221Ad'])
      expect(text).toContain(part);
    // Three of our own; the published points have no such fit.
    expect(document.querySelectorAll('[aria-label="dot"] path, [aria-label="dot"] circle')).toHaveLength(3);
    expect(document.querySelectorAll('[aria-label="line"] path')).toHaveLength(1);
  });

  it('says so where no sum was fitted', () => {
    expect(() => sumSvg(studyWith([FIT]), 'Gradients')).toThrow(
      /has no fit "Gradients" with a sum of predictors/,
    );
    const sums = [{ predictors: ['n', 'k'], points: [], note: 'too few' }];
    const fit = { ...FIT, groups: [{ ...group, name: '', sums }] };
    expect(() => sumSvg(studyWith([fit]), 'Gradients')).toThrow(RobustlawError);
  });
});

describe('trajectorySvg', () => {
  it('draws every training with its bars, and names the sizes', () => {
    const svg = trajectorySvg(trained());
    expect(svg).not.toMatch(STANDS_ALONE);
    const { document } = parseHTML(svg);
    expect(document.querySelectorAll('[aria-label="link"] path')).toHaveLength(3);
    expect(document.querySelectorAll('[aria-label="line"] path')).toHaveLength(1);
  });

  it('says so for a study without trajectories', () => {
    expect(() => trajectorySvg(oneTrialStudy())).toThrow(/nothing to draw: study .* has no trajectory/);
  });
});
