// A measured quantity against a sum of several predictors, or on logarithmic axes a product of their powers.
import type { Rng } from '../../random/index.ts';
import type { FittedSum } from '../result.ts';
import { firstDependent, groupedFit } from './grouped-fit.ts';
import type { Predictor } from './quantities.ts';
import { axisOf, estimator, MIN_DRAWS, type Sample, valuesOf, varies } from './sample.ts';

/**
 * quantity = b_0 + sum_j b_j predictor_j by least squares, or log quantity = b_0 + sum_j b_j log predictor_j, over the trials
 * that the fit in one predictor has. Where the trials do not determine it, a note says why. Guarantee: estimate.
 */
export function fittedSum(predictors: readonly Predictor[], sample: Sample, rng: Rng): FittedSum {
  const nothing = (note: string): FittedSum => ({ predictors, points: [], note });
  const [trials, draws] = [sample.y.length, new Set(sample.draws).size];
  const least = predictors.length + 2;
  if (trials < least || draws < MIN_DRAWS) {
    return nothing(
      `${trials} trials, ${draws} draws; a fit with ${predictors.length} predictors takes ${least} trials and ${MIN_DRAWS} draws`,
    );
  }
  const axis = axisOf(sample.scale);
  const columns: number[][] = [];
  for (const predictor of predictors) {
    const values = valuesOf(predictor, sample);
    if (!values) return nothing(`not every trial has a value of ${predictor}`);
    if (!varies(values)) return nothing(`${predictor} is the same for all trials to 5 per cent`);
    columns.push(values.map(axis));
  }
  const dependent = firstDependent(columns);
  if (dependent !== undefined) {
    const others = predictors.slice(0, dependent).join(', ');
    return nothing(
      `on these trials ${predictors[dependent]} is a constant plus a multiple of ${others}: their coefficients cannot be told apart`,
    );
  }
  const y = sample.y.map(axis);
  const fit = groupedFit(columns, y, sample.draws, rng);
  if (!fit) return nothing(`most resamples of ${draws} draws cannot tell the predictors apart`);
  const estimate = estimator(sample);
  const { fitted, rSquared, adjustedRSquared, leaveOneOut, leaveOneGroupOut } = fit;
  return {
    predictors,
    points: fitted.map((value, i) => ({
      x: sample.scale === 'log' ? Math.exp(value) : value,
      y: sample.y[i]!,
    })),
    fit: {
      intercept: estimate(fit.intercept, fit.interceptInterval),
      coefficients: fit.coefficients.map((value, j) => estimate(value, fit.intervals[j]!)),
      rSquared,
      adjustedRSquared,
      leaveOneOut,
      leaveOneDrawOut: leaveOneGroupOut,
    },
  };
}
