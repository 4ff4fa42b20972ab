// Least squares in one or several predictors through grouped points: cluster bootstrap over the groups, and errors of prediction.
import { invalidArgument } from '../../errors.ts';
import {
  choleskySolve,
  gram,
  type Matrix,
  matrix,
  multiplyVector,
  row,
  timesInverseTransposed,
  transpose,
} from '../../linalg/index.ts';
import { expandedPercentileInterval, mean } from '../../numeric/index.ts';
import { integers, type Rng } from '../../random/index.ts';
import {
  factorOf,
  type Hyperplane,
  hyperplane,
  type Sums,
  sumsByGroup,
  weightedSum,
  without,
} from './group-sums.ts';

export const CONFIDENCE = 0.95;
const RESAMPLES = 1000;

type Interval = readonly [low: number, high: number];

/** y = intercept + sum_j coefficients_j x_j. */
export interface GroupedFit {
  readonly intercept: number;
  readonly interceptInterval: Interval;
  /** One for each predictor, in their order. */
  readonly coefficients: readonly number[];
  readonly intervals: readonly Interval[];
  /** The right-hand side at each point. */
  readonly fitted: readonly number[];
  /** Share of the variance of y that is explained, in [0, 1]. */
  readonly rSquared: number;
  /** 1 - (1 - R^2) (n - 1) / (n - p - 1) for p predictors (Theil 1961), which chance alone does not raise. */
  readonly adjustedRSquared: number;
  /** Root of the mean squared error at each point of the fit through all others. */
  readonly leaveOneOut: number;
  /** The same with all points of its group left out. */
  readonly leaveOneGroupOut: number;
}

/**
 * The coefficients that minimise sum_i (y_i - intercept - sum_j b_j x_ij)^2, with 95 % intervals by the cluster bootstrap:
 * whole groups are drawn with replacement, since points on the same draw of data are not independent; percentiles are
 * expanded for few groups (Hesterberg 2015). Undefined where more than half of the resamples do not determine the
 * coefficients.
 *
 * @param columns `[p, n]`, the predictors, each of length n.
 * @param group the group of each point; at least two different ones.
 * @throws invalid-argument unless n >= p + 2, there are two groups, and no predictor is constant or a combination of others
 * (`firstDependent` tells). Guarantee: estimate. O(n p^2 + 1000 (groups p^2 + p^3)).
 */
export function groupedFit(
  columns: readonly (readonly number[])[],
  y: readonly number[],
  group: readonly string[],
  rng: Rng,
): GroupedFit | undefined {
  const [n, p] = [y.length, columns.length];
  if (n < p + 2) throw invalidArgument('number of points', n, `at least ${p + 2}`);
  const { rows, scales } = standardised(columns);
  const factor = factorOf(gram(rows));
  if (typeof factor === 'number') {
    throw invalidArgument('predictor', factor, 'neither a constant nor a combination of those before it');
  }
  const centre = mean(y);
  const about = Float64Array.from(y, (value) => value - centre);
  const solved = leastSquares(rows, factor, about);
  const inUnits = ({ intercept, coefficients }: Hyperplane) => {
    const b = scales.map(({ spread }, j) => coefficients[j]! / spread);
    return [b.reduce((rest, value, j) => rest - value * scales[j]!.centre, intercept + centre), ...b];
  };
  const [intercept, ...coefficients] = inUnits({ intercept: 0, coefficients: solved.coefficients });
  const squares = (values: Float64Array) => values.reduce((sum, value) => sum + value * value, 0);
  const total = squares(about);
  const rSquared = total === 0 ? 1 : Math.max(0, 1 - squares(solved.residuals) / total);

  const variables = [...scales.map((_, j) => row(rows, j)), about];
  const groups = sumsByGroup(variables, group);
  const resamples = integers(rng, RESAMPLES * groups.length, 0, groups.length);
  const replicates = Array.from({ length: RESAMPLES }, (_, r) => {
    const weights = new Float64Array(groups.length);
    for (let i = 0; i < groups.length; i++) weights[resamples[r * groups.length + i]!]! += 1;
    const fit = hyperplane(weightedSum(groups, weights));
    return fit && inUnits(fit);
  }).filter((fit) => fit !== undefined);
  if (2 * replicates.length < RESAMPLES) return undefined;
  const interval = (j: number) =>
    expandedPercentileInterval(
      Float64Array.from(replicates, (values) => values[j]!).sort(),
      CONFIDENCE,
      groups.length,
    );
  return {
    intercept: intercept!,
    interceptInterval: interval(0),
    coefficients,
    intervals: coefficients.map((_, j) => interval(j + 1)),
    fitted: y.map((value, i) => value - solved.residuals[i]!),
    rSquared,
    adjustedRSquared: 1 - ((1 - rSquared) * (n - 1)) / (n - p - 1),
    leaveOneOut: leaveOneOutError(rows, factor, solved.residuals),
    leaveOneGroupOut: leaveOneGroupOutError(variables, group, groups),
  };
}

/** The first predictor that is constant or a combination of those before it, to working precision; undefined without one. */
export function firstDependent(columns: readonly (readonly number[])[]): number | undefined {
  const factor = factorOf(gram(standardised(columns).rows));
  return typeof factor === 'number' ? factor : undefined;
}

/** The same error for y = x + c with only c fitted: residuals about their mean, n / (n - 1) times as large. */
export function leaveOneOutErrorOfShift(x: readonly number[], y: readonly number[]): number {
  const n = x.length;
  const differences = y.map((value, i) => value - x[i]!);
  const centre = mean(differences);
  const squares = differences.reduce((sum, value) => sum + (value - centre) ** 2, 0);
  return (Math.sqrt(squares / n) * n) / (n - 1);
}

/** The predictors about their means, in units of their norm then: `rows` is `[p, n]`, zero where a predictor is constant. */
function standardised(columns: readonly (readonly number[])[]) {
  const scales = columns.map((column) => {
    const centre = mean(column);
    const norm = Math.sqrt(column.reduce((sum, value) => sum + (value - centre) ** 2, 0));
    // What rounding leaves of a constant.
    const size = Math.abs(centre) * Math.sqrt(column.length);
    return { centre, spread: norm > 1e-10 * size ? norm : Number.POSITIVE_INFINITY };
  });
  const data = columns.flatMap((column, j) => {
    const { centre, spread } = scales[j]!;
    return column.map((value) => (value - centre) / spread);
  });
  return { rows: matrix(columns.length, columns[0]!.length, Float64Array.from(data)), scales };
}

/** By Cholesky on the Gram matrix, with two steps of refinement on the residual, which bring it to full accuracy. */
function leastSquares(rows: Matrix, factor: Matrix, y: Float64Array) {
  const columns = transpose(rows);
  const coefficients = new Float64Array(rows.rows);
  let residuals = y;
  for (let step = 0; step < 3; step++) {
    const correction = choleskySolve(factor, multiplyVector(rows, residuals));
    for (let j = 0; j < coefficients.length; j++) coefficients[j]! += correction[j]!;
    const fitted = multiplyVector(columns, coefficients);
    residuals = y.map((value, i) => value - fitted[i]!);
  }
  return { coefficients, residuals };
}

/**
 * sqrt((1/n) sum_i (e_i / (1 - h_i))^2), e_i the residual and h_i = 1/n + |L^-1 z_i|^2 the leverage of a point with
 * standardised predictors z_i: the error at each point of the fit through the others, in closed form (Allen 1974, PRESS).
 * Infinity where a single point decides a coefficient.
 */
function leaveOneOutError(rows: Matrix, factor: Matrix, residuals: Float64Array): number {
  const n = residuals.length;
  const whitened = timesInverseTransposed(transpose(rows), factor);
  const squares = residuals.reduce((sum, residual, i) => {
    const left = row(whitened, i).reduce((rest, value) => rest - value * value, 1 - 1 / n);
    // Rounding leaves some units in the last place where it is 0.
    const error = left > 1e-12 ? residual / left : Number.POSITIVE_INFINITY;
    return sum + error * error;
  }, 0);
  return Math.sqrt(squares / n);
}

/** Of the last variable; infinity where the points of a single group decide a coefficient. */
function leaveOneGroupOutError(
  variables: readonly Float64Array[],
  group: readonly string[],
  groups: readonly Sums[],
): number {
  const y = variables.at(-1)!;
  const all = weightedSum(groups, new Float64Array(groups.length).fill(1));
  const fits = groups.map((one) => hyperplane(without(all, one)));
  const numbers = new Map([...new Set(group)].map((name, g) => [name, g]));
  const squares = y.reduce((sum, value, i) => {
    const fit = fits[numbers.get(group[i]!)!];
    if (!fit) return Number.POSITIVE_INFINITY;
    const foretold = fit.coefficients.reduce((left, b, j) => left + b * variables[j]![i]!, fit.intercept);
    return sum + (value - foretold) ** 2;
  }, 0);
  return Math.sqrt(squares / y.length);
}
