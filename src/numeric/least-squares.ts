// The ordinary least-squares line with confidence intervals under independent normal errors.
import { invalidArgument } from '../errors.ts';
import { requireConfidence, requireSameLength, requireSample } from './checks.ts';
import { mean } from './moments.ts';
import { studentQuantile } from './student-t.ts';
import { compensatedSum, type Enclosure } from './sum.ts';

/** y = intercept + slope x. */
export interface Line {
  readonly slope: number;
  readonly intercept: number;
  /** Covers the true slope with probability `confidence`; all of R for two points, which leave no residual. */
  readonly slopeInterval: Enclosure;
  readonly interceptInterval: Enclosure;
  readonly confidence: number;
  /** Share of the variance of y that the line explains, in [0, 1]; 1 where y is constant and met exactly. */
  readonly rSquared: number;
  /** Square root of residual sum of squares / (n - 2); 0 for two points. */
  readonly residualDeviation: number;
  readonly n: number;
}

/**
 * The line that minimises sum_i (y_i - intercept - slope x_i)^2, with Student-t intervals.
 *
 * @param confidence of each interval, in (0, 1).
 * @throws invalid-argument for fewer than two points, numbers that are not finite, or equal x.
 */
export function leastSquaresLine(x: ArrayLike<number>, y: ArrayLike<number>, confidence: number): Line {
  requireSameLength(x, y);
  requireSample(x, 2);
  requireSample(y, 2);
  requireConfidence(confidence);
  if (isConstant(x)) throw invalidArgument('x', x[0], 'at least two different values of x');
  const n = x.length;
  const { slope, intercept, xMean, sxx, residual, total } = fitLine(x, y);
  const residualDeviation = n > 2 ? Math.sqrt(residual / (n - 2)) : 0;
  const t = n > 2 ? studentQuantile((1 + confidence) / 2, n - 2) : Number.POSITIVE_INFINITY;
  const around = (centre: number, error: number): Enclosure =>
    n > 2 ? [centre - t * error, centre + t * error] : [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  return {
    slope,
    intercept,
    slopeInterval: around(slope, residualDeviation / Math.sqrt(sxx)),
    interceptInterval: around(intercept, residualDeviation * Math.sqrt(1 / n + xMean ** 2 / sxx)),
    confidence,
    rSquared: total === 0 ? 1 : Math.max(0, 1 - residual / total),
    residualDeviation,
    n,
  };
}

/** The line and its sums of squares, for numbers already checked; not all x equal; without inference. */
export function fitLine(x: ArrayLike<number>, y: ArrayLike<number>) {
  const xMean = mean(x);
  const yMean = mean(y);
  const dx = Float64Array.from(x, (value) => value - xMean);
  const dy = Float64Array.from(y, (value) => value - yMean);
  const sxx = compensatedSum(dx.map((t) => t * t));
  const slope = compensatedSum(dx.map((t, i) => t * dy[i]!)) / sxx;
  const residual = compensatedSum(dy.map((t, i) => (t - slope * dx[i]!) ** 2));
  const total = compensatedSum(dy.map((t) => t * t));
  return { slope, intercept: yMean - slope * xMean, xMean, sxx, residual, total };
}

/** Whether all numbers are equal. */
export function isConstant(x: ArrayLike<number>): boolean {
  for (let i = 1; i < x.length; i++) if (x[i] !== x[0]) return false;
  return true;
}
