// Sample quantiles with linear interpolation (type 7 of Hyndman and Fan 1996, the default of NumPy and R).
import { invalidArgument } from '../errors.ts';
import { requireSample } from './checks.ts';

/**
 * The p-quantile of a sample: the order statistics interpolated linearly at position p (n - 1).
 *
 * @param p in [0, 1]; 0 gives the minimum, 1 the maximum.
 * @throws invalid-argument for an empty sample, a number that is not finite, or p outside [0, 1].
 */
export function quantile(sample: ArrayLike<number>, p: number): number {
  requireSample(sample);
  if (!(p >= 0 && p <= 1)) throw invalidArgument('quantile level', p, 'a number in [0, 1]');
  return quantileOfSorted(Float64Array.from(sample).sort(), p);
}

/** The middle of a sample: its 1/2-quantile. */
export function median(sample: ArrayLike<number>): number {
  return quantile(sample, 0.5);
}

/** As `quantile`, for a sample already sorted upwards and checked. */
export function quantileOfSorted(sorted: Float64Array, p: number): number {
  const position = p * (sorted.length - 1);
  const below = Math.floor(position);
  const low = sorted[below]!;
  const high = sorted[Math.min(below + 1, sorted.length - 1)]!;
  const weight = position - below;
  return weight === 0 || low === high ? low : low * (1 - weight) + high * weight;
}
