// Convex quadratic programs over the simplex, by an active-set method after Wolfe, "Finding the nearest point in a polytope" (1976).
import { type Matrix, multiplyVector, row } from '../linalg/index.ts';

/** A minimiser's positive weights: `weights[k]` belongs to row `support[k]`; they sum to 1 up to rounding. */
export interface SimplexSolution {
  readonly support: readonly number[];
  readonly weights: Float64Array;
}

/**
 * Minimises |sum_i lambda_i c_i|^2 + sum_i lambda_i a_i over the simplex lambda >= 0, sum lambda = 1.
 *
 * From the best vertex, the row of steepest descent joins the active set; the minimum over the affine hull of the
 * active rows is taken, or approached until a weight reaches zero and its row leaves. A row that depends affinely on
 * the active ones replaces one of them. Ends when the gap max_i <grad, lambda - e_i> is of the order of rounding; a
 * last refinement brings the active gradients together. Time O(n D + |A|^2) a step, |A| <= min(n, D + 1), some |A|
 * to 3 |A| steps.
 *
 * The caller certifies: the gap at the solution bounds how far it is from the minimum.
 *
 * @param c `[n, D]`, entries of moderate scale. @param a `[n]`.
 */
export function minimizeOverSimplex(c: Matrix, a: Float64Array): SimplexSolution {
  const n = c.rows;
  const squares = Float64Array.from({ length: n }, (_, i) => dot(row(c, i), row(c, i)));
  const shift = Math.max(...squares) || 1;
  const product = (i: number, j: number) => dot(row(c, i), row(c, j)) + shift;
  const start = argmin(squares.map((square, i) => square + a[i]!));
  let active = activeSet(start, product(start, start));
  let best = { gap: Number.POSITIVE_INFINITY, support: active.support, weights: active.weights };
  for (let step = 0; step < 20 * (n + c.columns); step++) {
    const gradient = gradientAt(c, a, active);
    const level = mean(gradient, active);
    const entering = argmin(gradient);
    const gap = level - gradient[entering]!;
    if (gap < best.gap) best = { gap, support: active.support.slice(), weights: active.weights.slice() };
    if (gap <= 0 || active.support.includes(entering)) break;
    const joined = join(active, entering, product);
    const next = joined === active ? undefined : descend(joined, a, entering);
    if (next === undefined) break;
    active = next;
  }
  return refined(c, a, product, best);
}

/** Rows with positive weights and the Cholesky factor, row by row, of their products c_i . c_j + shift. */
interface ActiveSet {
  support: number[];
  weights: number[];
  factor: number[][];
}

function activeSet(first: number, square: number): ActiveSet {
  return { support: [first], weights: [1], factor: [[Math.sqrt(square)]] };
}

/** A new row whose square is this much of rounding depends on the others. */
const DEPENDENT = 1e-13;

/**
 * The active set with one more row at weight 0; if the row depends on the others, at the largest weight that the
 * others allow.
 */
function join(set: ActiveSet, entering: number, product: (i: number, j: number) => number): ActiveSet {
  const products = set.support.map((i) => product(i, entering));
  const square = product(entering, entering);
  const projection = forward(set.factor, products);
  const rest = square - projection.reduce((sum, t) => sum + t * t, 0);
  if (rest > DEPENDENT * square) {
    return {
      support: [...set.support, entering],
      weights: [...set.weights, 0],
      factor: [...set.factor, [...projection, Math.sqrt(rest)]],
    };
  }
  // c_entering = sum z_i c_i with sum z_i = 1: moving weight t from z to it changes nothing but the linear term,
  // which falls.
  const z = backward(set.factor, projection);
  const { ratio, at } = firstZero(set.weights, z, (k) => z[k]! > 0);
  if (at < 0) return set;
  const weights = set.weights.map((w, k) => Math.max(0, w - ratio * z[k]!));
  const without = leave({ ...set, weights }, at);
  const joined = join(without, entering, product);
  joined.weights[joined.weights.length - 1] = ratio;
  return joined;
}

/**
 * Goes to the minimum over the affine hull, dropping rows on the way; undefined if the entering row itself leaves, so
 * that rounding stops progress.
 */
function descend(set: ActiveSet, a: Float64Array, entering: number): ActiveSet | undefined {
  let current = set;
  for (;;) {
    const target = affineMinimum(current, a);
    if (target.every((w) => w > 0)) return { ...current, weights: target };
    const step = current.weights.map((w, k) => w - target[k]!);
    const { ratio, at } = firstZero(current.weights, step, (k) => !(target[k]! > 0));
    if (at < 0 || (current.support[at] === entering && ratio === 0)) return undefined;
    const weights = current.weights.map((w, k) => Math.max(0, w - ratio * step[k]!));
    current = leave({ ...current, weights }, at);
    if (current.support.length === 0) return undefined;
  }
}

/** The first weight to reach zero along weights - t * step, t >= 0, among those named. */
function firstZero(
  weights: readonly number[],
  step: readonly number[],
  among: (k: number) => boolean,
): { ratio: number; at: number } {
  let first = { ratio: Number.POSITIVE_INFINITY, at: -1 };
  weights.forEach((w, k) => {
    const ratio = w > 0 ? w / step[k]! : 0;
    if (among(k) && ratio < first.ratio) first = { ratio, at: k };
  });
  return first;
}

/** The weights of sum 1 that minimise over the affine hull: with Q = C C^T + shift, Q lambda = nu - a / 2. */
function affineMinimum({ support, factor }: ActiveSet, a: Float64Array): number[] {
  const ofOnes = solveFactored(
    factor,
    support.map(() => 1),
  );
  const ofLinear = solveFactored(
    factor,
    support.map((i) => a[i]! / 2),
  );
  const nu = (1 + sum(ofLinear)) / sum(ofOnes);
  return ofOnes.map((t, k) => nu * t - ofLinear[k]!);
}

/** Takes a row out of the set; the factor is made triangular again by rotations of neighbouring columns. */
function leave({ support, weights, factor }: ActiveSet, at: number): ActiveSet {
  const rows = factor.filter((_, k) => k !== at).map((r) => r.slice());
  for (let k = at; k < rows.length; k++) {
    const [x, y] = [rows[k]![k]!, rows[k]![k + 1]!];
    const length = Math.hypot(x, y);
    const [cos, sin] = [x / length, y / length];
    for (let i = k; i < rows.length; i++) {
      const [p, q] = [rows[i]![k]!, rows[i]![k + 1]!];
      rows[i]![k] = cos * p + sin * q;
      rows[i]![k + 1] = cos * q - sin * p;
    }
    rows[k]!.length = k + 1;
  }
  return {
    support: support.filter((_, k) => k !== at),
    weights: weights.filter((_, k) => k !== at),
    factor: rows,
  };
}

/** Two steps of refinement that make the gradient equal on the support; kept only while the weights stay positive. */
function refined(
  c: Matrix,
  a: Float64Array,
  product: (i: number, j: number) => number,
  { support, weights }: Pick<ActiveSet, 'support' | 'weights'>,
): SimplexSolution {
  let set = activeSet(support[0]!, product(support[0]!, support[0]!));
  for (const i of support.slice(1)) {
    const larger = join(set, i, product);
    if (larger.support.length <= set.support.length) return normalised(support, weights);
    set = larger;
  }
  let current = weights;
  for (let step = 0; step < 2; step++) {
    const gradient = gradientAt(c, a, { support, weights: current });
    const ofOnes = solveFactored(
      set.factor,
      support.map(() => 1),
    );
    const correction = solveFactored(
      set.factor,
      support.map((i) => -gradient[i]! / 2),
    );
    const nu = (1 - sum(current) - sum(correction)) / sum(ofOnes);
    const next = current.map((w, k) => w + correction[k]! + nu * ofOnes[k]!);
    if (!next.every((w) => w > 0)) break;
    current = next;
  }
  return normalised(support, current);
}

function normalised(support: readonly number[], weights: readonly number[]): SimplexSolution {
  const total = sum(weights);
  return { support, weights: Float64Array.from(weights, (w) => w / total) };
}

/** grad_i = 2 c_i . sum lambda c + a_i. */
function gradientAt(
  c: Matrix,
  a: Float64Array,
  { support, weights }: Pick<ActiveSet, 'support' | 'weights'>,
): Float64Array {
  const point = new Float64Array(c.columns);
  support.forEach((i, k) => {
    const ci = row(c, i);
    for (let l = 0; l < point.length; l++) point[l]! += weights[k]! * ci[l]!;
  });
  return multiplyVector(c, point).map((t, i) => 2 * t + a[i]!);
}

function mean(values: Float64Array, { support, weights }: ActiveSet): number {
  return support.reduce((total, i, k) => total + weights[k]! * values[i]!, 0) / sum(weights);
}

/** L^{-1} b. */
function forward(factor: readonly (readonly number[])[], b: readonly number[]): number[] {
  const x = b.slice();
  for (let i = 0; i < x.length; i++) {
    const r = factor[i]!;
    let rest = x[i]!;
    for (let k = 0; k < i; k++) rest -= r[k]! * x[k]!;
    x[i] = rest / r[i]!;
  }
  return x;
}

/** L^{-T} b. */
function backward(factor: readonly (readonly number[])[], b: readonly number[]): number[] {
  const x = b.slice();
  for (let i = x.length - 1; i >= 0; i--) {
    const r = factor[i]!;
    const value = x[i]! / r[i]!;
    x[i] = value;
    for (let k = 0; k < i; k++) x[k]! -= r[k]! * value;
  }
  return x;
}

function solveFactored(factor: readonly (readonly number[])[], b: readonly number[]): number[] {
  return backward(factor, forward(factor, b));
}

function argmin(values: Float64Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! < values[best]!) best = i;
  return best;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, t) => total + t, 0);
}

function dot(a: Float64Array, b: Float64Array): number {
  let total = 0;
  for (let k = 0; k < a.length; k++) total += a[k]! * b[k]!;
  return total;
}
