// Dimension against scale from ratios of distances, r_2n / r_n: Gride (Denti, Doimo, Laio and Mira 2022); with n = 1 TwoNN by maximum likelihood.
import { median } from '../numeric/index.ts';
import type { Neighbourhoods } from '../separation/index.ts';
import {
  type AtScale,
  apart,
  aroundLog,
  leftOut,
  meanDistance,
  obstacle,
  standardError,
  towardsZero,
} from './ratios.ts';
import { CONFIDENCE, type Finding, type ScalePoint } from './reading.ts';

/**
 * For uniform density mu = r_2n / r_n has the density d (mu^d - 1)^(n-1) / (B(n, n) mu^((2n-1)d+1)). With x = d log mu the
 * likelihood of the rows, taken for independent, is largest where
 *
 *   sum_i g(x_i) = 0,   g(x) = 1 + (n-1) x / (1 - e^-x) - (2n-1) x
 *
 * Undefined where rows lack 2n neighbours or distances that differ.
 *
 * Source: Denti et al., "The generalized ratios intrinsic dimension estimator", Scientific Reports 12 (2022), section 2.
 */
export function grideAt(
  neighbourhoods: Neighbourhoods,
  n: number,
): (AtScale & { standardError: number }) | undefined {
  if (obstacle(neighbourhoods, 2 * n)) return undefined;
  const { distances, k } = neighbourhoods;
  const used = apart(neighbourhoods);
  const logs = Float64Array.from(used, (i) =>
    Math.log(distances[i * k + 2 * n - 1]! / distances[i * k + n - 1]!),
  );
  const total = (d: number) => logs.reduce((sum, log) => sum + score(d * log, n), 0);
  let [low, high] = [0, 1];
  while (total(high) > 0) {
    if (high > MOST_DIMENSIONS) return undefined;
    [low, high] = [high, 2 * high];
  }
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (total(middle) > 0) low = middle;
    else high = middle;
  }
  const value = (low + high) / 2;
  const scores = logs.map((log) => score(value * log, n));
  const slope = logs.reduce((sum, log) => sum + value * log * slopeOf(value * log, n), 0);
  const s = standardError(scores, slope, used, neighbourhoods, 2 * n);
  return {
    value,
    standardError: s,
    interval: aroundLog(value, s),
    radius: meanDistance(neighbourhoods, used, 2 * n),
  };
}

/** Distances that differ by less than their rounding have ratios that say more dimensions than this. */
const MOST_DIMENSIONS = 1e12;

/** Scales of n = 8 and more. */
const TREND = 3;

/**
 * The scales n = 1, 2, 4, ... as far as neighbours reach; the dimension is that of the finest. Intervals of the curve
 * are statistical; that of the dimension also follows the trend from n = 8 on towards distance 0 (`towardsZero`).
 */
export function gride(neighbourhoods: Neighbourhoods): Finding {
  const unavailable = obstacle(neighbourhoods, 2);
  if (unavailable) return { unavailable };
  const { distances, k } = neighbourhoods;
  const used = apart(neighbourhoods);
  const curve: ScalePoint[] = [];
  const scales: AtScale[] = [];
  for (let n = 1; 2 * n <= k; n *= 2) {
    const found = grideAt(neighbourhoods, n);
    if (!found) break;
    scales.push(found);
    curve.push({
      neighbours: 2 * n,
      distance: median(Float64Array.from(used, (i) => distances[i * k + 2 * n - 1]!)),
      dimension: {
        kind: 'estimate',
        value: found.value,
        interval: found.interval,
        confidence: CONFIDENCE,
        method: `Gride, r_${2 * n} / r_${n} of ${used.length} rows`,
      },
    });
  }
  const [finest] = curve;
  if (!finest) return { unavailable: 'distances to neighbours do not differ' };
  const interval = towardsZero(scales[0]!, scales.slice(TREND));
  return { dimension: { ...finest.dimension, interval }, notes: leftOut(neighbourhoods), curve };
}

function score(x: number, n: number): number {
  return 1 + (n - 1) * overOneMinusExp(x) - (2 * n - 1) * x;
}

function slopeOf(x: number, n: number): number {
  const e = Math.exp(-x);
  // d/dx x / (1 - e^-x), 1/2 at 0.
  const slope = x < 1e-4 ? 0.5 + x / 6 : (1 - e - x * e) / (1 - e) ** 2;
  return (n - 1) * slope - (2 * n - 1);
}

/** x / (1 - e^-x), 1 at 0. */
function overOneMinusExp(x: number): number {
  return x === 0 ? 1 : -x / Math.expm1(-x);
}
