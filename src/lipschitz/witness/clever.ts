// CLEVER: an estimate of a local Lipschitz constant from the largest gradients of random samples (Weng, Zhang, Chen, Yi, Su,
// Gao, Hsieh and Daniel 2018, "Evaluating the robustness of neural networks: an extreme value theory approach").
import { RobustlawError, requireInteger } from '../../errors.ts';
import type { Model } from '../../graph/index.ts';
import type { Domain, Estimate, Norm } from '../../guarantee/index.ts';
import { integers, type Rng, uniform } from '../../random/index.ts';
import { evaluated, explored, turned } from './candidates.ts';
import { createOracle, rowsOf } from './oracle.ts';
import { regionOf } from './region.ts';
import { uniformIn } from './sampling.ts';
import {
  fitReverseWeibull,
  kolmogorovDistance,
  type ReverseWeibull,
  reverseWeibullCdf,
  reverseWeibullQuantile,
} from './weibull.ts';

export const CLEVER = 'CLEVER (extreme values of random gradients)';

export interface CleverEstimate extends Estimate {
  readonly norm: Norm;
  readonly domain: Domain;
  /** The largest norm of each batch. */
  readonly maxima: Float64Array;
  /** Undefined where all maxima are equal, or where they look as though nothing bounded them. */
  readonly fit: ReverseWeibull | undefined;
  /**
   * The probability of a Kolmogorov distance as large as the observed one, if the fitted distribution were true; from
   * samples of it that are fitted in turn. Small values say that the estimate rests on a law that does not hold.
   */
  readonly pValue: number | undefined;
}

/** Samples that the interval, and the p-value, rest on. */
const REPLICATES = 200;
const CONFIDENCE = 0.95;
/** Coordinates of points held at once. */
const MOST_NUMBERS = 2 ** 20;

/**
 * An estimate of the Lipschitz constant on a bounded region: the location of the reverse Weibull distribution of largest
 * likelihood for the maxima, over each of `batches` batches, of the norm of the derivative at `samples` points uniform in
 * the region. For a `direction` w that is the dual norm of the gradient of <w, f> (of a margin f_c - f_j for
 * w = e_c - e_j); without one, the operator norm of the Jacobian.
 *
 * This is a statistic, not a bound: steep places that no sample meets leave no trace, and the true constant may lie on
 * either side of the interval, which is that of a bootstrap over the maxima and knows nothing of them. Infinity where the
 * maxima look as though nothing bounded them; the value itself where all maxima are equal.
 *
 * @param direction `[outputs]`.
 * @param batches at least 10; defaults to 50. @param samples points of each batch; defaults to 512. The paper takes 500
 *   batches of 1024.
 * @throws invalid-argument for a region that is not bounded; shape-mismatch for a direction of another length; as
 *   witnessedLowerBound(). Estimate; `batches * samples` gradients.
 */
export async function clever(
  model: Model,
  norm: Norm,
  domain: Domain,
  rng: Rng,
  direction?: Float64Array,
  batches = 50,
  samples = 512,
): Promise<CleverEstimate> {
  requireInteger('batches', batches, 10);
  requireInteger('samples', samples);
  const oracle = await createOracle(model);
  try {
    if (direction && direction.length !== oracle.outputs) {
      throw new RobustlawError(
        'shape-mismatch',
        `the direction has ${direction.length} coordinates; the model has ${oracle.outputs} outputs`,
      );
    }
    const region = regionOf(domain, oracle.features);
    const chunk = Math.max(1, Math.floor(MOST_NUMBERS / oracle.features));
    const maxima = new Float64Array(batches);
    for (let batch = 0; batch < batches; batch++) {
      const key = rng.split(batch);
      for (let from = 0; from < samples; from += chunk) {
        const size = Math.min(chunk, samples - from);
        const points = rowsOf(uniformIn(region, size, key.split(from)), oracle.features);
        const looked = direction
          ? await evaluated(oracle, points, [direction], norm)
          : await turned(oracle, await explored(oracle, points, norm, key.split(from), 0), norm);
        maxima[batch] = looked.reduce((most, { stretch }) => Math.max(most, stretch), maxima[batch]!);
      }
    }
    if (!maxima.every((v) => Number.isFinite(v))) {
      throw new RobustlawError(
        'invalid-argument',
        'a gradient overflows or is no number at one of the samples; expected a domain on which the model is finite',
      );
    }
    return { ...locationOf(maxima, rng.split('replicates')), norm, domain, maxima };
  } finally {
    await oracle.dispose();
  }
}

/**
 * The location that fits the maxima, its interval by the bootstrap (percentiles of the locations of resamples, from the
 * largest maximum upwards) and its goodness of fit by the parametric bootstrap.
 */
export function locationOf(
  maxima: Float64Array,
  rng: Rng,
): Pick<CleverEstimate, 'fit' | 'pValue' | keyof Estimate> {
  const n = maxima.length;
  const largest = maxima.reduce((a, b) => Math.max(a, b));
  const fit = maxima.every((v) => v === largest) ? undefined : fitReverseWeibull(maxima);
  const drawn = integers(rng.split('bootstrap'), REPLICATES * n, 0, n);
  const locations = Array.from({ length: REPLICATES }, (_, b) =>
    endOf(Float64Array.from(drawn.subarray(b * n, (b + 1) * n), (i) => maxima[i]!)),
  ).sort((a, b) => a - b);
  const tail = Math.round(((1 - CONFIDENCE) / 2) * REPLICATES);
  return {
    kind: 'estimate',
    value: endOf(maxima),
    interval: [Math.max(largest, locations[tail]!), Math.max(largest, locations[REPLICATES - 1 - tail]!)],
    confidence: CONFIDENCE,
    method: CLEVER,
    fit,
    pValue: fit && pValueOf(maxima, fit, rng.split('goodness of fit')),
  };
}

/** The upper end of the distribution of a sample. */
function endOf(sample: Float64Array): number {
  if (sample.every((v) => v === sample[0])) return sample[0]!;
  return fitReverseWeibull(sample)?.location ?? Number.POSITIVE_INFINITY;
}

function pValueOf(maxima: Float64Array, fit: ReverseWeibull, rng: Rng): number {
  const n = maxima.length;
  const distanceOf = (sample: Float64Array, law: ReverseWeibull) =>
    kolmogorovDistance(sample, (x) => reverseWeibullCdf(law, x));
  const observed = distanceOf(maxima, fit);
  const distances = Array.from({ length: REPLICATES }, (_, b) => {
    const sample = uniform(rng.split(b), n).map((u) => reverseWeibullQuantile(fit, 1 - u));
    return distanceOf(sample, fitReverseWeibull(sample) ?? fit);
  });
  return (1 + distances.filter((distance) => distance >= observed).length) / (REPLICATES + 1);
}
