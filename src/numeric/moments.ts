// Mean and variance of a sample.
import { requireSample } from './checks.ts';
import { compensatedSum } from './sum.ts';

/** Arithmetic mean. @throws invalid-argument for an empty sample or a number that is not finite. */
export function mean(sample: ArrayLike<number>): number {
  requireSample(sample);
  return compensatedSum(sample) / sample.length;
}

/**
 * Unbiased sample variance, sum_i (x_i - mean)^2 / (n - 1), in two passes with the correction of Chan, Golub
 * and LeVeque (1983) for the rounding of the mean.
 *
 * @throws invalid-argument for fewer than two numbers or a number that is not finite.
 */
export function variance(sample: ArrayLike<number>): number {
  requireSample(sample, 2);
  const centre = mean(sample);
  const deviations = Float64Array.from(sample, (x) => x - centre);
  const drift = compensatedSum(deviations);
  const squares = compensatedSum(deviations.map((t) => t * t));
  return Math.max(0, squares - (drift * drift) / sample.length) / (sample.length - 1);
}

/** Square root of the unbiased sample variance. */
export function standardDeviation(sample: ArrayLike<number>): number {
  return Math.sqrt(variance(sample));
}
