// The least-squares line through grouped points: cluster bootstrap over the groups, and the errors of leaving one point out.
import { invalidArgument } from '../../errors.ts';
import {
  bootstrapReplicates,
  expandedPercentileInterval,
  leastSquaresLine,
  mean,
} from '../../numeric/index.ts';
import { integers, type Rng } from '../../random/index.ts';

export const CONFIDENCE = 0.95;
const RESAMPLES = 1000;

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
 * @throws invalid-argument for fewer than three points, equal x or a single group. Guarantee: estimate. O(points + 1000 groups).
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
  const groups = sums.count.length;
  const resamples = integers(rng, RESAMPLES * groups, 0, groups);
  const interval = (read: (line: Moments) => number): readonly [number, number] => {
    const replicates = bootstrapReplicates(groups, (drawn) => read(moments(sums, drawn)), resamples);
    return expandedPercentileInterval(replicates, CONFIDENCE, groups);
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
  const centre = mean(x);
  const spread = x.reduce((sum, value) => sum + (value - centre) ** 2, 0);
  const squares = x.reduce((sum, value, i) => {
    const leverage = 1 / n + (value - centre) ** 2 / spread;
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
  const centre = mean(differences);
  const squares = differences.reduce((sum, value) => sum + (value - centre) ** 2, 0);
  return (Math.sqrt(squares / n) * n) / (n - 1);
}

/** Sums over the points of each group, about the means of all points so that nothing cancels. */
interface GroupSums {
  readonly origin: { readonly x: number; readonly y: number };
  readonly count: Float64Array;
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly xx: Float64Array;
  readonly xy: Float64Array;
}

/** Means, and sums of squares and products about them. */
interface Moments {
  readonly x: number;
  readonly y: number;
  readonly xx: number;
  readonly xy: number;
}

function sumsByGroup(x: readonly number[], y: readonly number[], group: readonly string[]): GroupSums {
  const origin = { x: mean(x), y: mean(y) };
  const numbers = new Map([...new Set(group)].map((name, g) => [name, g]));
  const zeros = () => new Float64Array(numbers.size);
  const sums: GroupSums = { origin, count: zeros(), x: zeros(), y: zeros(), xx: zeros(), xy: zeros() };
  for (let i = 0; i < x.length; i++) {
    const g = numbers.get(group[i]!)!;
    const [dx, dy] = [x[i]! - origin.x, y[i]! - origin.y];
    sums.count[g]! += 1;
    sums.x[g]! += dx;
    sums.y[g]! += dy;
    sums.xx[g]! += dx * dx;
    sums.xy[g]! += dx * dy;
  }
  return sums;
}

/** Of the points of the drawn groups, with repetition. */
function moments(sums: GroupSums, drawn: Int32Array): Moments {
  let [count, x, y, xx, xy] = [0, 0, 0, 0, 0];
  for (let i = 0; i < drawn.length; i++) {
    const g = drawn[i]!;
    count += sums.count[g]!;
    x += sums.x[g]!;
    y += sums.y[g]!;
    xx += sums.xx[g]!;
    xy += sums.xy[g]!;
  }
  return {
    x: sums.origin.x + x / count,
    y: sums.origin.y + y / count,
    xx: xx - (x * x) / count,
    xy: xy - (x * y) / count,
  };
}

/** NaN, no slope, where a resample holds one x only. */
function slopeOf({ xx, xy, x }: Moments): number {
  return xx > 1e-12 * x * x && xx > 0 ? xy / xx : Number.NaN;
}
