// TwoNN: the dimension from the ratio of the distances to the two nearest neighbours (Facco, d'Errico, Rodriguez and Laio 2017).
import type { Neighbourhoods } from '../separation/index.ts';
import { grideAt } from './gride.ts';
import { apart, aroundLog, leftOut, obstacle, towardsZero } from './ratios.ts';
import { CONFIDENCE, type Finding } from './reading.ts';

/** Share of the rows with the largest ratios that is left out: they lie where density changes. */
const DISCARDED = 0.1;

/**
 * For locally uniform density mu = r_2 / r_1 has the distribution F(mu) = 1 - mu^-d. The dimension is the slope of
 * -log(1 - F) over log mu through the origin, F the empirical distribution i / N of the sorted ratios, without the largest 10 %.
 *
 * The interval is that of the maximum of the likelihood, d = N / sum log mu (`grideAt` with n = 1), wider by the rows left out
 * and by the trend from r_16 / r_8 and farther neighbours towards distance 0 (`towardsZero`). Rows at distance 0 from another one are left out and counted.
 *
 * Source: Facco et al., "Estimating the intrinsic dimension of datasets by a minimal neighborhood information", Scientific
 * Reports 7 (2017). Estimate.
 */
export function twoNN(neighbourhoods: Neighbourhoods): Finding {
  const unavailable = obstacle(neighbourhoods, 2);
  if (unavailable) return { unavailable };
  const value = twoNNSlope(neighbourhoods);
  const likely = grideAt(neighbourhoods, 1);
  if (!likely || !Number.isFinite(value))
    return { unavailable: 'the two nearest neighbours are at the same distance' };
  const spread = likely.standardError / Math.sqrt(1 - DISCARDED);
  const wider = [COARSER, Math.floor(neighbourhoods.k / 2)].flatMap((n) => grideAt(neighbourhoods, n) ?? []);
  const interval = towardsZero({ value, interval: aroundLog(value, spread), radius: likely.radius }, wider, {
    ...likely,
    interval: aroundLog(likely.value, likely.standardError),
  });
  return {
    dimension: {
      kind: 'estimate',
      value,
      interval,
      confidence: CONFIDENCE,
      method: `TwoNN, regression without the largest 10 % of ${apart(neighbourhoods).length} ratios`,
    },
    notes: [...leftOut(neighbourhoods), `${likely.value.toPrecision(4)} by maximum likelihood of all ratios`],
  };
}

/** r_16 / r_8 shows the trend with scale. */
const COARSER = 8;

/**
 * The slope alone; Infinity where no ratio exceeds 1.
 *
 * @param first number of the smallest ratio: 1 as in the paper, F = i / N for i = 1, ..., N; 0 as in implementations that begin
 *   with F = 0 (scikit-dimension up to 0.3), whose slope is smaller, by a tenth at N = 30.
 */
export function twoNNSlope(neighbourhoods: Neighbourhoods, first: 0 | 1 = 1): number {
  const { distances, k } = neighbourhoods;
  const logs = Float64Array.from(apart(neighbourhoods), (i) =>
    Math.log(distances[i * k + 1]! / distances[i * k]!),
  ).sort();
  const kept = Math.floor(logs.length * (1 - DISCARDED));
  let [above, below] = [0, 0];
  for (let i = 0; i < kept; i++) {
    above -= logs[i]! * Math.log1p(-(i + first) / logs.length);
    below += logs[i]! ** 2;
  }
  return below > 0 ? above / below : Infinity;
}
