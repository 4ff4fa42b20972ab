// The least-squares line through grouped points: cluster bootstrap over the groups, and the errors of leaving one point out.
import { invalidArgument } from '../../errors.ts';
import { bootstrapReplicates, expandedPercentileInterval, leastSquaresLine } from '../../numeric/index.ts';
import { integers, type Rng } from '../../random/index.ts';

export const CONFIDENCE = 0.95;
const RESAMPLES = 2000;

/** y = intercept + slope x. */
export interface GroupedLine {
  readonly slope: number;
  readonly slopeInterval: readonly [number, number];
  readonly intercept: number;
  readonly interceptInterval: readonly [number, number];
  readonly rSquared: number;
  /** Root of the mean squared error at each point of the line through all others. */
  readonly leaveOneOut: number;
}

/**
 * The line with 95 % intervals by the cluster bootstrap: whole groups are drawn with replacement, since points on the same
 * draw of data are not independent; percentiles are expanded for few groups (Hesterberg 2015).
 *
 * @param group the group of each point; at least two different ones.
 * @throws invalid-argument for fewer than three points, equal x or a single group. Guarantee: estimate. O(points + 2000 groups).
 */
export function groupedLine(
  x: readonly number[],
  y: readonly number[],
  group: readonly string[],
  rng: Rng,
): GroupedLine {
  if (x.length < 3) throw invalidArgument('number of points', x.length, 'at least 3');
  const { slope, intercept, rSquared } = leastSquaresLine(x, y, CONFIDENCE);
  const sums = sumsByGroup(x, y, group);
  const resamples = integers(rng, RESAMPLES * sums.length, 0, sums.length);
  const interval = (read: (line: Moments) => number): readonly [number, number] => {
    const replicates = bootstrapReplicates(
      sums.length,
      (drawn) => read(moments(Array.from(drawn, (g) => sums[g]!))),
      resamples,
    );
    return expandedPercentileInterval(replicates, CONFIDENCE, sums.length);
  };
  return {
    slope,
    slopeInterval: interval(slopeOf),
    intercept,
    interceptInterval: interval((m) => m.y - slopeOf(m) * m.x),
    rSquared,
    leaveOneOut: leaveOneOutError(x, y, { slope, intercept }),
  };
}

/**
 * sqrt((1/n) sum_i (e_i / (1 - h_i))^2), e_i the residual and h_i = 1/n + (x_i - mean x)^2 / sum_j (x_j - mean x)^2: the
 * error at each point of the line through the others, in closed form (Allen 1974, PRESS). Infinity where a single point
 * decides the slope.
 */
export function leaveOneOutError(
  x: readonly number[],
  y: readonly number[],
  { slope, intercept }: { readonly slope: number; readonly intercept: number },
): number {
  const n = x.length;
  const mean = x.reduce((sum, value) => sum + value, 0) / n;
  const spread = x.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const squares = x.reduce((sum, value, i) => {
    const leverage = 1 / n + (value - mean) ** 2 / spread;
    const left = 1 - leverage;
    // Rounding leaves some units in the last place where it is 0.
    const error = left > 1e-12 ? (y[i]! - intercept - slope * value) / left : Number.POSITIVE_INFINITY;
    return sum + error * error;
  }, 0);
  return Math.sqrt(squares / n);
}

/** The same for y = x + c with only c fitted: residuals about their mean, n / (n - 1) times as large. */
export function leaveOneOutErrorOfShift(x: readonly number[], y: readonly number[]): number {
  const n = x.length;
  const differences = y.map((value, i) => value - x[i]!);
  const mean = differences.reduce((sum, value) => sum + value, 0) / n;
  const squares = differences.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return (Math.sqrt(squares / n) * n) / (n - 1);
}

/** Sums over the points of a group, about the means of all points so that nothing cancels. */
interface Sums {
  readonly count: number;
  readonly x: number;
  readonly y: number;
  readonly xx: number;
  readonly xy: number;
}

/** Means, and sums of squares and products about them. */
interface Moments {
  readonly x: number;
  readonly y: number;
  readonly xx: number;
  readonly xy: number;
}

interface GroupSums {
  readonly sums: Sums;
  readonly origin: { readonly x: number; readonly y: number };
}

function sumsByGroup(
  x: readonly number[],
  y: readonly number[],
  group: readonly string[],
): readonly GroupSums[] {
  const n = x.length;
  const origin = {
    x: x.reduce((sum, value) => sum + value, 0) / n,
    y: y.reduce((sum, value) => sum + value, 0) / n,
  };
  const byGroup = new Map<string, Sums>();
  for (let i = 0; i < n; i++) {
    const [dx, dy] = [x[i]! - origin.x, y[i]! - origin.y];
    const point = { count: 1, x: dx, y: dy, xx: dx * dx, xy: dx * dy };
    const known = byGroup.get(group[i]!);
    byGroup.set(group[i]!, known ? added(known, point) : point);
  }
  return Array.from(byGroup.values(), (sums) => ({ sums, origin }));
}

function moments(groups: readonly GroupSums[]): Moments {
  const { count, x, y, xx, xy } = groups.map(({ sums }) => sums).reduce(added);
  const { origin } = groups[0]!;
  return {
    x: origin.x + x / count,
    y: origin.y + y / count,
    xx: xx - (x * x) / count,
    xy: xy - (x * y) / count,
  };
}

/** NaN, no slope, where a resample holds one x only. */
function slopeOf({ xx, xy, x }: Moments): number {
  return xx > 1e-12 * x * x && xx > 0 ? xy / xx : Number.NaN;
}

function added(a: Sums, b: Sums): Sums {
  return { count: a.count + b.count, x: a.x + b.x, y: a.y + b.y, xx: a.xx + b.xx, xy: a.xy + b.xy };
}
