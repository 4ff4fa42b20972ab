// The correlation dimension: how the share of close pairs grows with distance (Grassberger and Procaccia 1983).
import { normalQuantile, quantile, standardDeviation } from '../numeric/index.ts';
import { permutation, type Rng } from '../random/index.ts';
import { distanceBetween } from '../separation/index.ts';
import type { Stop } from '../stop.ts';
import { type AtScale, towardsZero } from './ratios.ts';
import { CONFIDENCE, type Finding } from './reading.ts';

/** Neighbours whose median distances are the two radii, as in scikit-dimension; nearer and further ones show the trend. */
const NEAR = [10, 20] as const;
const FINER = [5, 10] as const;
const WIDER = [40, 80] as const;
const MOST_ROWS = 1500;
/** Operations for the distances of all pairs, about one a nanosecond. */
const MOST_OPERATIONS = 1e9;

/**
 * C(r) the share of pairs of rows within r of one another, r_1 and r_2 the medians of the distances to the 10th and to the 20th
 * neighbour:
 *
 *   d = (log C(r_2) - log C(r_1)) / (log r_2 - log r_1)
 *
 * The interval has the error of C(r_2) / C(r_1) as a quotient of U-statistics (Hoeffding 1948) at these radii: rows are
 * independent, pairs are not; that of the 5th and the 10th neighbour, and the trend from wider radii towards distance 0 (`towardsZero`). Pairs at distance 0 are left
 * out and counted.
 *
 * Of many rows at most 1500 are drawn at random. Cost: m^2 d / 2. Undefined where `stop` says so before the end. Estimate.
 *
 * @param points `[rows, features]`.
 */
export function correlationIntegral(
  points: ArrayLike<number>,
  features: number,
  random: Rng,
  stop: Stop,
): Finding | undefined {
  const n = points.length / features;
  const most = Math.min(MOST_ROWS, Math.floor(Math.sqrt((2 * MOST_OPERATIONS) / features)));
  const rows = permutation(random, n).subarray(0, most);
  const m = rows.length;
  if (m <= NEAR[1]) return { unavailable: `needs more than ${NEAR[1]} rows; there are ${m}` };
  const distances = new Float64Array(m * m);
  let copies = 0;
  for (let i = 0; i < m; i++) {
    if (stop()) return undefined;
    for (let j = 0; j < i; j++) {
      const distance = distanceBetween('l2', points, features, rows[i]!, rows[j]!);
      distances[i * m + j] = distances[j * m + i] = distance;
      if (distance === 0) copies++;
    }
  }
  // In every row its own distances by size; position 0 is the row itself.
  for (let i = 0; i < m; i++) distances.subarray(i * m, (i + 1) * m).sort();
  const near = atRadii(distances, m, NEAR);
  if (!near)
    return { unavailable: `the ${NEAR[0]}th and the ${NEAR[1]}th neighbours are at equal or no distance` };
  const wide = WIDER[1] < m ? atRadii(distances, m, WIDER) : undefined;
  return {
    dimension: {
      kind: 'estimate',
      value: near.value,
      interval: towardsZero(near, wide ? [wide] : [], atRadii(distances, m, FINER)),
      confidence: CONFIDENCE,
      method: `correlation integral of ${m} rows between the median distances to neighbours ${NEAR.join(' and ')}`,
    },
    notes: [
      ...(m < n ? [`${m} of ${n} rows, chosen at random: neighbours are farther than among all`] : []),
      ...(copies > 0 ? [`${copies} pairs of equal rows are left out`] : []),
    ],
  };
}

/** @param sorted `[m, m]`, every row ascending. */
function atRadii(sorted: Float64Array, m: number, [k1, k2]: readonly [number, number]): AtScale | undefined {
  const [first, second] = [new Float64Array(m), new Float64Array(m)];
  for (let i = 0; i < m; i++) {
    first[i] = sorted[i * m + k1]!;
    second[i] = sorted[i * m + k2]!;
  }
  const [r1, r2] = [quantile(first, 0.5), quantile(second, 0.5)];
  if (!(r1 > 0 && r2 > r1)) return undefined;
  const [within1, within2] = [new Float64Array(m), new Float64Array(m)];
  for (let i = 0; i < m; i++) {
    for (let at = i * m; at < (i + 1) * m && sorted[at]! < r2; at++) {
      if (sorted[at] === 0) continue;
      within2[i]!++;
      if (sorted[at]! < r1) within1[i]!++;
    }
  }
  const [mean1, mean2] = [sumOf(within1) / m, sumOf(within2) / m];
  if (mean1 === 0) return undefined;
  const growth = Math.log(r2 / r1);
  const value = Math.log(mean2 / mean1) / growth;
  const influence = within2.map((count, i) => (2 * (count / mean2 - within1[i]! / mean1)) / growth);
  const error = (normalQuantile((1 + CONFIDENCE) / 2) * standardDeviation(influence)) / Math.sqrt(m);
  return { value, interval: [Math.max(0, value - error), value + error], radius: r2 };
}

function sumOf(values: Float64Array): number {
  return values.reduce((a, b) => a + b, 0);
}
