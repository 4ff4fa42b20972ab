// The power law y = C x^a fitted on logarithms, with intervals by resampling whole groups (for example seeds).
import { invalidArgument, requirePositive } from '../errors.ts';
import { bootstrapReplicates, expandedPercentileInterval } from './bootstrap.ts';
import { requireSameLength } from './checks.ts';
import { fitLine, isConstant, leastSquaresLine } from './least-squares.ts';
import type { Enclosure } from './sum.ts';

/** y = prefactor x^exponent. */
export interface PowerLaw {
  readonly exponent: number;
  readonly exponentInterval: Enclosure;
  readonly prefactor: number;
  readonly prefactorInterval: Enclosure;
  readonly confidence: number;
  /** R^2 of the line through (log x, log y). */
  readonly rSquared: number;
  /** Number of points and of groups they fall into. */
  readonly n: number;
  readonly groups: number;
}

/**
 * Least squares on (log x, log y); intervals by the cluster bootstrap: whole groups are drawn with
 * replacement, since points of one group (one seed, one data set) are not independent. The percentile
 * interval is expanded for few groups (`expandedPercentileInterval`).
 *
 * @param x all > 0.
 * @param y all > 0, same length.
 * @param group the group of each point, any labels; at least two different ones.
 * @param resamples `[B, G]` indices in [0, G), G the number of groups: `integers(rng, B * G, 0, G)`.
 * @param confidence of each interval, in (0, 1).
 * @throws invalid-argument for x or y not positive, equal x, fewer than two groups, or unfit resamples.
 * Guarantee: estimate.
 */
export function powerLawFit(
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  group: ArrayLike<number | string>,
  resamples: Int32Array,
  confidence: number,
): PowerLaw {
  requireSameLength(x, y);
  requireSameLength(x, group);
  const logX = logarithms('x', x);
  const logY = logarithms('y', y);
  const members = membersByGroup(group);
  if (members.length < 2) {
    throw invalidArgument(
      'number of groups',
      members.length,
      'at least 2: one group says nothing about the spread between groups',
    );
  }
  const all = leastSquaresLine(logX, logY, confidence);
  const interval = (parameter: 'slope' | 'intercept'): Enclosure => {
    const refit = (drawn: Int32Array): number => {
      const points = Array.from(drawn, (g) => members[g]!).flat();
      const xs = points.map((i) => logX[i]!);
      const ys = points.map((i) => logY[i]!);
      // Groups that hold one size only may leave a resample without a slope.
      return isConstant(xs) ? Number.NaN : fitLine(xs, ys)[parameter];
    };
    const replicates = bootstrapReplicates(members.length, refit, resamples);
    return expandedPercentileInterval(replicates, confidence, members.length);
  };
  const [low, high] = interval('intercept');
  return {
    exponent: all.slope,
    exponentInterval: interval('slope'),
    prefactor: Math.exp(all.intercept),
    prefactorInterval: [Math.exp(low), Math.exp(high)],
    confidence,
    rSquared: all.rSquared,
    n: x.length,
    groups: members.length,
  };
}

function logarithms(name: string, values: ArrayLike<number>): Float64Array {
  return Float64Array.from(values, (value, i) => {
    requirePositive(`${name}[${i}]`, value);
    return Math.log(value);
  });
}

/** Indices of the points of each group, groups in order of first appearance. */
function membersByGroup(group: ArrayLike<number | string>): number[][] {
  const members = new Map<number | string, number[]>();
  for (let i = 0; i < group.length; i++) {
    const list = members.get(group[i]!);
    if (list) list.push(i);
    else members.set(group[i]!, [i]);
  }
  return [...members.values()];
}
