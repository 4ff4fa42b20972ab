// Perfect and partial memorization, as the talk and Bubeck and Sellke 2021 define them, measured on predictions.
import { invalidArgument } from '../errors.ts';
import type { Dataset } from './dataset.ts';

/** Perfect memorization: f(x_i) = y_i for all i. */
export interface PerfectMemorization {
  readonly holds: boolean;
  /** max_i |f(x_i) - y_i| over points and outputs; Infinity when a prediction is not a number. */
  readonly maxError: number;
  readonly tolerance: number;
}

/** Partial memorization: `sum_i (f(x_i) - y_i)^2 <= (1/2) sum_i Z_i^2`. */
export interface PartialMemorization {
  readonly holds: boolean;
  /** sum_i (f(x_i) - y_i)^2. */
  readonly squaredError: number;
  /** sum_i Z_i^2 with Z_i = y_i - E[y_i|x_i]. */
  readonly squaredNoise: number;
}

/** The hypothesis of the law: `(1/n) sum_i (f(x_i) - y_i)^2 <= sigma^2 - eps` for some eps > 0. */
export interface FitBelowNoise {
  /** Whether eps > 0. */
  readonly holds: boolean;
  /** (1/n) sum_i (f(x_i) - y_i)^2. */
  readonly meanSquaredError: number;
  /** sigma^2 = E Var[y|x]. */
  readonly noiseVariance: number;
  /** sigma^2 minus the mean squared error; the talk's partial memorization is, in expectation, eps >= sigma^2 / 2. */
  readonly eps: number;
}

/**
 * Perfect memorization up to a tolerance: max_i |f(x_i) - y_i| <= tolerance.
 *
 * @param predictions f(x_i), `[n, outputs]`.
 * @param tolerance >= 0; 1e-9 is far below any label noise and far above rounding.
 */
export function perfectMemorization(
  dataset: Dataset,
  predictions: ArrayLike<number>,
  tolerance: number,
): PerfectMemorization {
  requirePredictions(dataset, predictions);
  if (!(tolerance >= 0)) throw invalidArgument('tolerance', tolerance, 'a number >= 0');
  const maxError = largestDifference(predictions, dataset.y);
  return { holds: maxError <= tolerance && maxError < Infinity, maxError, tolerance };
}

/**
 * Partial memorization as the talk defines it, with the noise that was drawn.
 *
 * @param predictions f(x_i), `[n, outputs]`.
 * @throws RobustlawError `invalid-argument` when the data set does not know its clean labels E[y|x_i].
 */
export function partialMemorization(dataset: Dataset, predictions: ArrayLike<number>): PartialMemorization {
  requirePredictions(dataset, predictions);
  if (dataset.clean === undefined) {
    const expected =
      'a data set with clean labels E[y|x_i]; where only the noise variance is known, use fitBelowNoise';
    throw invalidArgument(`clean labels of ${dataset.name}`, undefined, expected);
  }
  const { y, clean } = dataset;
  // Compared after division by the largest difference: squares of labels at scale 1e-200 or 1e200 are 0 or Infinity.
  const scale = Math.max(largestDifference(predictions, y), largestDifference(clean, y));
  const holds = scale === 0 || squaredDistance(predictions, y, scale) <= squaredDistance(clean, y, scale) / 2;
  return { holds, squaredError: squaredDistance(predictions, y), squaredNoise: squaredDistance(clean, y) };
}

/** What fitting below the noise is about; a data set is one. */
export type NoisyLabels = Pick<Dataset, 'name' | 'shape' | 'noiseVariance'> & {
  /** `[n, outputs]`. */
  readonly y: ArrayLike<number>;
};

/**
 * By how much predictions fit below the noise level, as the theorems of Bubeck and Sellke 2021 ask.
 *
 * @param predictions f(x_i), `[n, outputs]`.
 * @throws RobustlawError `invalid-argument` when the data set does not know its noise variance.
 */
export function fitBelowNoise(dataset: NoisyLabels, predictions: ArrayLike<number>): FitBelowNoise {
  requirePredictions(dataset, predictions);
  const { noiseVariance } = dataset;
  if (noiseVariance === undefined) {
    throw invalidArgument(
      `noise variance of ${dataset.name}`,
      undefined,
      'a data set whose E Var[y|x] is known',
    );
  }
  const meanSquaredError = squaredDistance(predictions, dataset.y) / dataset.shape[0]!;
  const eps = noiseVariance - meanSquaredError;
  return { holds: eps > 0, meanSquaredError, noiseVariance, eps };
}

function requirePredictions(dataset: Pick<NoisyLabels, 'name' | 'y'>, predictions: ArrayLike<number>): void {
  if (predictions.length !== dataset.y.length) {
    const expected = `${dataset.y.length} = n outputs of ${dataset.name}`;
    throw invalidArgument('number of predictions', predictions.length, expected);
  }
}

/** max_i |a_i - b_i|; Infinity when one of them is not a number. */
function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i]! - b[i]!);
    largest = Number.isNaN(difference) ? Infinity : Math.max(largest, difference);
  }
  return largest;
}

/** sum_i ((a_i - b_i) / scale)^2; Infinity when it is not a number, so that no comparison with it passes. */
function squaredDistance(a: ArrayLike<number>, b: ArrayLike<number>, scale = 1): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += ((a[i]! - b[i]!) / scale) ** 2;
  return Number.isNaN(sum) ? Infinity : sum;
}
