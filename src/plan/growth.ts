// How the parameters at the take-off grow with the number of points, P*(n) = a n^b: fit, prediction with an interval, and a backtest on the largest n.
import { requireInteger, requirePositive } from '../errors.ts';
import { type Enclosure, leastSquaresLine, mean, studentQuantile } from '../numeric/index.ts';
import type { Crossing } from './crossing.ts';

/** P* of one curve: one subsample of n points, one seed. */
export interface Observation {
  readonly n: number;
  readonly seed: number;
  readonly crossing: Crossing;
}

/** P* at one n over the seeds. */
export interface TakeOff {
  readonly n: number;
  /** Geometric mean over the seeds; null where a seed shows only a side. */
  readonly parameters: number | null;
  /** Of the geometric mean, by Student's t over the seeds; null for one seed, or where `parameters` is. */
  readonly interval: Enclosure | null;
  /** What is known where no number is: every seed's P* is above the first, or below the second; null: no such side. */
  readonly above: number | null;
  readonly below: number | null;
}

/** P* = prefactor n^exponent, fitted on logarithms. */
export interface Growth {
  readonly exponent: number;
  readonly exponentInterval: Enclosure;
  readonly prefactor: number;
  /** The n that were fitted. */
  readonly sizes: readonly number[];
  /** Observations and degrees of freedom. */
  readonly observations: number;
  /** Standard deviation of log P* around the line. */
  readonly residualDeviation: number;
  readonly confidence: number;
  /** P* at n, and an interval that holds the P* of one more subsample and seed with probability `confidence`. */
  predict(n: number): { readonly value: number; readonly interval: Enclosure };
}

/** The largest n as the smaller ones foretell it. */
export interface Backtest {
  /** The n that was foretold, and those it was foretold from. */
  readonly n: number;
  readonly from: readonly number[];
  readonly predicted: number;
  readonly interval: Enclosure;
  /** Null where no width crossed: then P* > `above`. */
  readonly observed: number | null;
  readonly above: number | null;
  /** predicted / observed; null without a number. */
  readonly ratio: number | null;
  /** Whether the interval holds what was observed, or reaches into the side that is known. */
  readonly held: boolean;
}

/**
 * P* of every n, in increasing order.
 *
 * A seed that shows only a side makes the whole n one-sided: the mean of the others would be biased towards them.
 */
export function takeOffs(observations: readonly Observation[], confidence: number): readonly TakeOff[] {
  const sizes = [...new Set(observations.map(({ n }) => n))].sort((a, b) => a - b);
  return sizes.map((n) => {
    const crossings = observations.filter((one) => one.n === n).map((one) => one.crossing);
    const logs = crossings.flatMap((one) => (one.kind === 'at' ? [Math.log(one.parameters)] : []));
    if (logs.length < crossings.length) {
      const sides = (kind: 'above' | 'below') =>
        crossings.filter((one) => one.kind === kind).map((one) => one.parameters);
      const [above, below] = [sides('above'), sides('below')];
      return {
        n,
        parameters: null,
        interval: null,
        above: above.length > 0 ? Math.min(...above) : null,
        below: below.length > 0 ? Math.max(...below) : null,
      };
    }
    const centre = mean(logs);
    return {
      n,
      parameters: Math.exp(centre),
      interval: logs.length > 1 ? meanInterval(logs, confidence) : null,
      above: null,
      below: null,
    };
  });
}

/**
 * Least squares of log P* on log n over all seeds of those n that every seed has crossed at, with Student's t intervals for
 * independent normal deviations of equal spread. Undefined with fewer than two such n or three observations. The seeds of one
 * n and the nested subsamples of one seed share points, which makes the interval approximate. Estimate.
 */
export function growthFit(observations: readonly Observation[], confidence: number): Growth | undefined {
  const usable = crossedEverywhere(observations);
  const sizes = [...new Set(usable.map(({ n }) => n))].sort((a, b) => a - b);
  if (sizes.length < 2 || usable.length < 3) return undefined;
  const x = usable.map(({ n }) => Math.log(n));
  const y = usable.map(({ parameters }) => Math.log(parameters));
  const line = leastSquaresLine(x, y, confidence);
  const centre = mean(x);
  const sxx = x.reduce((sum, value) => sum + (value - centre) ** 2, 0);
  const t = studentQuantile((1 + confidence) / 2, usable.length - 2);
  return {
    exponent: line.slope,
    exponentInterval: line.slopeInterval,
    prefactor: Math.exp(line.intercept),
    sizes,
    observations: usable.length,
    residualDeviation: line.residualDeviation,
    confidence,
    predict(n) {
      requirePositive('n', n);
      const middle = line.intercept + line.slope * Math.log(n);
      const error =
        t * line.residualDeviation * Math.sqrt(1 + 1 / usable.length + (Math.log(n) - centre) ** 2 / sxx);
      return { value: Math.exp(middle), interval: [Math.exp(middle - error), Math.exp(middle + error)] };
    },
  };
}

/** The largest n foretold from all smaller ones; undefined where they do not suffice for a fit. */
export function backtest(observations: readonly Observation[], confidence: number): Backtest | undefined {
  const largest = takeOffs(observations, confidence).at(-1);
  if (!largest || (largest.parameters === null && largest.above === null)) return undefined;
  const smaller = observations.filter(({ n }) => n < largest.n);
  const growth = growthFit(smaller, confidence);
  if (!growth) return undefined;
  const { value, interval } = growth.predict(largest.n);
  const { parameters: observed, above } = largest;
  return {
    n: largest.n,
    from: growth.sizes,
    predicted: value,
    interval,
    observed,
    above,
    ratio: observed === null ? null : value / observed,
    held: observed === null ? interval[1] > above! : interval[0] <= observed && observed <= interval[1],
  };
}

function crossedEverywhere(
  observations: readonly Observation[],
): readonly { readonly n: number; readonly parameters: number }[] {
  for (const { n } of observations) requireInteger('n', n);
  const open = new Set(observations.filter(({ crossing }) => crossing.kind !== 'at').map(({ n }) => n));
  return observations
    .filter(({ n }) => !open.has(n))
    .map(({ n, crossing }) => ({ n, parameters: crossing.parameters }));
}

function meanInterval(logs: readonly number[], confidence: number): Enclosure {
  const centre = mean(logs);
  const variance = logs.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (logs.length - 1);
  const error = studentQuantile((1 + confidence) / 2, logs.length - 1) * Math.sqrt(variance / logs.length);
  return [Math.exp(centre - error), Math.exp(centre + error)];
}
