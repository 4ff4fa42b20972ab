// The maximum likelihood estimator of Levina and Bickel (2004), averaged over points as MacKay and Ghahramani (2005) correct it.
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
import { CONFIDENCE, type Finding } from './reading.ts';

/**
 * With R_1 <= ... <= R_k the distances of a row to its neighbours, 1 / d is the mean over rows of
 *
 *   1 / (k - 1) sum_{j < k} log(R_k / R_j),
 *
 * without bias where the density is uniform within R_k. Means of d instead of 1 / d over rows are too large, by (k-1)/(k-2), which
 * is why Levina and Bickel divide by k - 2; with the mean of 1 / d that divisor makes d too small by (k-2)/(k-1): half at k = 3.
 * The values of Pope et al. (2021) are of that kind.
 *
 * The interval is that of the likelihood with rows that share neighbours, wider by that of k = 3 and by the trend from
 * k to 4k and to all neighbours, for the dimension at distance 0 (`towardsZero`).
 *
 * @param k neighbours, at least 3. Estimate.
 */
export function levinaBickel(neighbourhoods: Neighbourhoods, k: number): Finding {
  const unavailable = obstacle(neighbourhoods, k);
  if (unavailable) return { unavailable };
  const near = levinaBickelAt(neighbourhoods, k);
  const wider = [4 * k, neighbourhoods.k]
    .filter((other) => other > k && other <= neighbourhoods.k)
    .map((other) => levinaBickelAt(neighbourhoods, other));
  return {
    dimension: {
      kind: 'estimate',
      value: near.value,
      interval: towardsZero(near, wider, levinaBickelAt(neighbourhoods, Math.min(k, FINEST))),
      confidence: CONFIDENCE,
      method: `Levina and Bickel, k = ${k}, mean of 1/d over ${apart(neighbourhoods).length} rows, divisor k - 1`,
    },
    notes: [
      ...leftOut(neighbourhoods),
      `${((near.value * (k - 2)) / (k - 1)).toPrecision(4)} with the divisor k - 2, as in published tables`,
    ],
  };
}

/** Neighbours of the finest scale. */
const FINEST = 3;

function levinaBickelAt(neighbourhoods: Neighbourhoods, k: number): AtScale {
  const { distances, k: width } = neighbourhoods;
  const used = apart(neighbourhoods);
  const sums = Float64Array.from(used, (i) => {
    let sum = 0;
    for (let j = 0; j < k - 1; j++)
      sum += Math.log(distances[i * width + k - 1]! / distances[i * width + j]!);
    return sum;
  });
  const value = (used.length * (k - 1)) / sums.reduce((a, b) => a + b, 0);
  const scores = sums.map((sum) => k - 1 - value * sum);
  const s = standardError(scores, used.length * (k - 1), used, neighbourhoods, k);
  return { value, interval: aroundLog(value, s), radius: meanDistance(neighbourhoods, used, k) };
}
