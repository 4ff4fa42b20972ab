import { describe, expect, it } from 'vitest';
import { formatResult } from '../../src/cli/study.ts';
import type { Estimate } from '../../src/guarantee/index.ts';
import type { PredictorFit } from '../../src/study/index.ts';
import { bareStudy } from '../report/fixtures.ts';

const estimate = (value: number): Estimate => ({
  kind: 'estimate',
  value,
  interval: [value - 0.5, value + 0.5],
  confidence: 0.95,
  method: 'bootstrap',
});

describe('formatResult', () => {
  it('writes a sum of predictors as a formula with intervals, or why there is none', () => {
    const found = {
      intercept: estimate(1.25),
      coefficients: [estimate(2), estimate(-3)],
      rSquared: 0.8761,
      adjustedRSquared: 0.87,
      leaveOneOut: 1,
      leaveOneDrawOut: 1,
    };
    const sums = [
      { predictors: ['sqrt(d)', 'n'], points: [], fit: found },
      { predictors: ['n', 'd', 'k'], points: [], note: 'd is the same for all trials to 5 per cent' },
    ];
    const gradients = (scale: PredictorFit['scale']): PredictorFit => ({
      title: 'Gradients',
      quantity: 'gradients',
      predictor: 'n',
      scale,
      groups: [{ name: '', points: [], leftOut: 0, note: '0 trials', rivals: [], sums, bins: [] }],
      published: [],
    });
    const study = bareStudy();
    const text = (scale: PredictorFit['scale']) =>
      formatResult(
        { ...study, analysis: { ...study.analysis, predictorFits: [gradients(scale)] } },
        '/nowhere',
      ).split('\n');
    expect(text('linear')).toContain(
      'all: 1.25 [0.75, 1.75] + 2 [1.5, 2.5] sqrt(d) + -3 [-3.5, -2.5] n, R² 0.876',
    );
    expect(text('log')).toContain(
      'all: 1.25 [0.75, 1.75] + 2 [1.5, 2.5] log sqrt(d) + -3 [-3.5, -2.5] log n, R² 0.876',
    );
    expect(text('log')).toContain('all, with n and d and k: d is the same for all trials to 5 per cent');
  });
});
