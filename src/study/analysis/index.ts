// The analysis of a study: a pure function of its specification and the outcomes of its trials.
import { rng } from '../../random/index.ts';
import type { Analysis, TrialOutcome } from '../result.ts';
import type { StudySpecification } from '../specification.ts';
import { checks } from './checks.ts';
import { comparisons } from './comparisons.ts';
import { effectiveDimensions } from './effective-dimension.ts';
import { exponentFits } from './exponent.ts';
import { predictorFits } from './predictor-fits.ts';
import { allSeries } from './series.ts';
import { verdict } from './verdict.ts';

/** Series, fits, effective dimensions, checks and the verdict. The same outcomes give the same analysis. */
export function analyse(study: StudySpecification, outcomes: readonly TrialOutcome[]): Analysis {
  const key = rng(study.seed).split('analysis');
  const parts = {
    series: allSeries(outcomes),
    fits: exponentFits(study, outcomes, key.split('exponent')),
    ...(study.analysis.fits.length > 0 && {
      predictorFits: predictorFits(study, outcomes, key.split('predictors')),
    }),
    ...(study.analysis.comparisons && {
      comparisons: comparisons(study, outcomes, key.split('comparisons')),
    }),
    effectiveDimensions: effectiveDimensions(study, outcomes, key.split('effective dimension')),
    checks: checks(study, outcomes),
  };
  const trained = Object.entries(study.families).flatMap(([name, family]) =>
    'train' in family ? [name] : [],
  );
  return { ...parts, verdict: verdict(outcomes, { ...parts, trained }) };
}
