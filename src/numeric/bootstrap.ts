// Bootstrap confidence intervals: percentile, expanded percentile and BCa (Efron 1987; Hesterberg 2015).
import { invalidArgument, requireInteger } from '../errors.ts';
import { requireConfidence } from './checks.ts';
import { normalCdf, normalQuantile } from './normal-distribution.ts';
import { quantileOfSorted } from './quantile.ts';
import { studentQuantile } from './student-t.ts';
import { compensatedSum, type Enclosure } from './sum.ts';

/**
 * A statistic of n observations, as a function of the indices (with repetition) that were drawn; NaN where it
 * is undefined.
 */
export type Statistic = (indices: Int32Array) => number;

/**
 * The statistic on every resample, sorted upwards. Resamples on which it is undefined (NaN) are left out.
 *
 * @param n number of observations.
 * @param resamples `[B, n]` indices in [0, n): draw them with `integers(rng, B * n, 0, n)`; B = 2000 serves
 *   95 % intervals.
 * @throws invalid-argument when the resamples are not a positive multiple of n, an index is out of range, or
 *   the statistic is undefined on more than half of them.
 */
export function bootstrapReplicates(n: number, statistic: Statistic, resamples: Int32Array): Float64Array {
  requireInteger('n', n);
  const count = resamples.length / n;
  if (!Number.isInteger(count) || count < 1) {
    throw invalidArgument('number of resampled indices', resamples.length, `a positive multiple of n = ${n}`);
  }
  for (const index of resamples) requireInteger('resampled index', index, 0, n - 1);
  const all = Float64Array.from({ length: count }, (_, b) =>
    statistic(resamples.subarray(b * n, (b + 1) * n)),
  );
  const defined = all.filter((value) => !Number.isNaN(value)).sort();
  if (2 * defined.length < count) {
    throw invalidArgument(
      'statistic',
      Number.NaN,
      `a value on at least half of the ${count} resamples; it had ${defined.length}`,
    );
  }
  return defined;
}

/**
 * The central `confidence` share of sorted replicates. Too narrow for small n: by sqrt((n-1)/n) and by normal
 * instead of t quantiles.
 */
export function percentileInterval(replicates: Float64Array, confidence: number): Enclosure {
  requireConfidence(confidence);
  const level = (1 - confidence) / 2;
  return [quantileOfSorted(replicates, level), quantileOfSorted(replicates, 1 - level)];
}

/**
 * The percentile interval at the level that makes it as wide as the t interval for a mean of n observations:
 * tail probability Phi(-sqrt(n/(n-1)) t_{n-1}) instead of (1 - confidence)/2.
 *
 * @param n number of observations resampled, at least 2.
 * Source: Hesterberg, "What teachers should know about the bootstrap", American Statistician 69 (2015).
 */
export function expandedPercentileInterval(
  replicates: Float64Array,
  confidence: number,
  n: number,
): Enclosure {
  requireConfidence(confidence);
  requireInteger('n', n, 2);
  const level = normalCdf(-Math.sqrt(n / (n - 1)) * studentQuantile((1 + confidence) / 2, n - 1));
  return [quantileOfSorted(replicates, level), quantileOfSorted(replicates, 1 - level)];
}

/**
 * The bias-corrected and accelerated interval of Efron (1987), second-order correct.
 *
 * Bias z0 = Phi^-1(share of replicates below the statistic, ties by half); acceleration from the jackknife,
 * a = sum d_i^3 / (6 (sum d_i^2)^(3/2)), d_i = mean - leave-one-out value. Where the jackknife is undefined
 * or constant, a = 0.
 *
 * @param resamples `[B, n]`, as for `bootstrapReplicates`.
 * @throws invalid-argument as `bootstrapReplicates`, or when the statistic is undefined on the sample itself.
 */
export function bcaInterval(
  n: number,
  statistic: Statistic,
  resamples: Int32Array,
  confidence: number,
): Enclosure {
  requireConfidence(confidence);
  const replicates = bootstrapReplicates(n, statistic, resamples);
  const value = statistic(Int32Array.from({ length: n }, (_, i) => i));
  if (Number.isNaN(value)) throw invalidArgument('statistic of the sample', value, 'a number');
  const bias = normalQuantile(clampShare(shareBelow(replicates, value), replicates.length));
  const acceleration = jackknifeAcceleration(n, statistic);
  const level = (tail: number): number => {
    const z = bias + normalQuantile(tail);
    // Past 1/a the correction has left its range of validity; the extreme replicate is the honest end.
    const shrink = 1 - acceleration * z;
    return shrink > 0 ? normalCdf(bias + z / shrink) : z > 0 ? 1 : 0;
  };
  const tail = (1 - confidence) / 2;
  return [quantileOfSorted(replicates, level(tail)), quantileOfSorted(replicates, level(1 - tail))];
}

function shareBelow(sorted: Float64Array, value: number): number {
  let below = 0;
  for (const replicate of sorted) below += replicate < value ? 1 : replicate === value ? 0.5 : 0;
  return below / sorted.length;
}

/** Keeps Phi^-1 finite when all replicates lie on one side. */
function clampShare(share: number, count: number): number {
  return Math.min(Math.max(share, 0.5 / count), 1 - 0.5 / count);
}

function jackknifeAcceleration(n: number, statistic: Statistic): number {
  if (n < 2) return 0;
  const values = Float64Array.from({ length: n }, (_, left) =>
    statistic(Int32Array.from({ length: n - 1 }, (_, i) => (i < left ? i : i + 1))),
  );
  const centre = compensatedSum(values) / n;
  const squares = compensatedSum(values.map((v) => (centre - v) ** 2));
  const cubes = compensatedSum(values.map((v) => (centre - v) ** 3));
  const acceleration = cubes / (6 * squares ** 1.5);
  return Number.isFinite(acceleration) ? acceleration : 0;
}
