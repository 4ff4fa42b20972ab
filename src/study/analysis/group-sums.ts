// Sums and products of variables over the points of each group: from them least squares over any choice of groups follows.
import { invalidArgument } from '../../errors.ts';
import { choleskySolve, type Matrix, matrix, tryCholesky } from '../../linalg/index.ts';

/**
 * Least share of the variance of a predictor that those before it may leave unexplained; less is what rounding leaves of
 * none at all.
 */
const LEAST_SHARE = 1e-10;

/** Of some points, with q variables. */
export interface Sums {
  readonly count: number;
  /** `[q]`. */
  readonly sums: Float64Array;
  /** `[q, q]`. */
  readonly products: Float64Array;
}

/** y = intercept + sum_j coefficients_j x_j. */
export interface Hyperplane {
  readonly intercept: number;
  readonly coefficients: Float64Array;
}

/**
 * The sums of each group, in order of appearance.
 *
 * @param variables `[q, n]`, each of length n and centred, so that nothing cancels.
 * @param group the group of each point.
 */
export function sumsByGroup(variables: readonly Float64Array[], group: readonly string[]): readonly Sums[] {
  const q = variables.length;
  const members = Map.groupBy(group.keys(), (i) => group[i]!);
  return Array.from(members.values(), (points) => {
    const [sums, products] = [new Float64Array(q), new Float64Array(q * q)];
    for (const i of points) {
      for (let j = 0; j < q; j++) {
        const value = variables[j]![i]!;
        sums[j]! += value;
        for (let k = 0; k < q; k++) products[j * q + k]! += value * variables[k]![i]!;
      }
    }
    return { count: points.length, sums, products };
  });
}

/** The sums over the points of all groups, each as often as its weight says. */
export function weightedSum(groups: readonly Sums[], weights: ArrayLike<number>): Sums {
  const q = groups[0]!.sums.length;
  const [sums, products] = [new Float64Array(q), new Float64Array(q * q)];
  let count = 0;
  for (const [g, group] of groups.entries()) {
    const weight = weights[g]!;
    if (weight === 0) continue;
    count += weight * group.count;
    for (let j = 0; j < q; j++) sums[j]! += weight * group.sums[j]!;
    for (let j = 0; j < q * q; j++) products[j]! += weight * group.products[j]!;
  }
  return { count, sums, products };
}

/** The sums over the points that are in `all` and not in `part`. */
export function without(all: Sums, part: Sums): Sums {
  return {
    count: all.count - part.count,
    sums: all.sums.map((value, j) => value - part.sums[j]!),
    products: all.products.map((value, j) => value - part.products[j]!),
  };
}

/**
 * Least squares of the last variable in the others; undefined where the points do not determine it: a predictor is constant
 * on them, or a combination of those before it. Guarantee: estimate. O(q^3).
 */
export function hyperplane({ count, sums, products }: Sums): Hyperplane | undefined {
  const q = sums.length;
  const p = q - 1;
  if (count < q) return undefined;
  const about = (j: number, k: number) => products[j * q + k]! - (sums[j]! * sums[k]!) / count;
  const spreads = Float64Array.from({ length: p }, (_, j) => Math.sqrt(Math.max(0, about(j, j))));
  for (let j = 0; j < p; j++) if (!(spreads[j]! ** 2 > 1e-12 * products[j * q + j]!)) return undefined;
  const factor = factorOf(
    matrix(
      p,
      p,
      Float64Array.from({ length: p * p }, (_, i) => {
        const [j, k] = [Math.floor(i / p), i % p];
        return j === k ? 1 : about(j, k) / (spreads[j]! * spreads[k]!);
      }),
    ),
  );
  if (typeof factor === 'number') return undefined;
  const solved = choleskySolve(
    factor,
    spreads.map((spread, j) => about(j, p) / spread),
  );
  const coefficients = solved.map((value, j) => value / spreads[j]!);
  const rest = coefficients.reduce((left, value, j) => left - value * sums[j]!, sums[p]!);
  return { intercept: rest / count, coefficients };
}

/**
 * The Cholesky factor of a matrix of correlations, or the first variable that is a combination of those before it: of its
 * variance they leave less than 1e-10.
 */
export function factorOf(correlations: Matrix): Matrix | number {
  const p = correlations.rows;
  for (let j = 0; j < p; j++) {
    const factor = tryCholesky(leading(correlations, j + 1));
    if (!factor || factor.data.at(-1)! ** 2 < LEAST_SHARE) return j;
    if (j === p - 1) return factor;
  }
  throw invalidArgument('number of predictors', p, 'at least 1');
}

/** The first rows and columns. */
function leading({ columns, data }: Matrix, size: number): Matrix {
  const entry = (_: unknown, i: number) => data[Math.floor(i / size) * columns + (i % size)]!;
  return matrix(size, size, Float64Array.from({ length: size * size }, entry));
}
