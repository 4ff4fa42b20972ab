// Kirszbraun's extension (1934) made constructive: the smoothest function through vector labels, by one quadratic program per point.
import { invalidArgument, requireInteger } from '../errors.ts';
import { type Matrix, matrix, row } from '../linalg/index.ts';
import { addUp, gamma, multiplyUp, sqrtUp } from '../numeric/index.ts';
import { exact } from './guarantees.ts';
import { kirszbraunGraph } from './kirszbraun-graph.ts';
import type { Memorizer } from './memorizer.ts';
import { steepestPair } from './pairs.ts';
import { checkedSample, type Sample } from './sample.ts';
import { minimizeOverSimplex } from './simplex-program.ts';

/** F at one point, with a certificate of its own. */
export interface KirszbraunValue {
  /** `[m]`. */
  readonly value: Float64Array;
  /** An upper bound on the duality gap of the quadratic program, in units of squared distance. */
  readonly gap: number;
  /** |value - F(x)| <= error = M sqrt(gap / 2) plus rounding: an upper bound, mostly of the rounding in the gap. */
  readonly error: number;
}

/** The Memorizer, and F to full precision by an active-set method. */
export interface Kirszbraun extends Memorizer {
  /** F(x) for one point `[d]`, to about 1e-12 of the label scale, with a certified bound on the error. */
  readonly at: (x: Float64Array) => KirszbraunValue;
}

/**
 * F(x) = sum_i lambda_i y_i with lambda the minimiser over the simplex of
 * 2 sum_i lambda_i |x - x_i|^2 - Var(x) - Var(y) / M^2,
 * where Var(z) = sum_i lambda_i |z_i|^2 - |sum_i lambda_i z_i|^2 and M = max_{i<j} |y_i - y_j| / |x_i - x_j|.
 *
 * F is M-Lipschitz on R^d in l2, for labels of any dimension m (one-hot classes, say), and interpolates; no function
 * through the labels has a smaller constant. Its values are convex combinations of labels, and it is piecewise affine.
 *
 * Proof. Let c_i = (x_i, y_i/M) and h(p) = min over the simplex of |p - sum lambda_i c_i / 2|^2 + sum lambda_i e_i
 * with e_i = (|x_i|^2 - |y_i|^2/M^2) / 4. As a partial minimum of a convex function h is convex, and |p|^2 - h is
 * convex as a maximum of affine functions; so gradients of h satisfy |grad - grad'|^2 <= 2 <grad - grad', p - p'>.
 * For p = (x, 0), p' = (x', 0) and grad = (a, b): |b - b'|^2 <= 2 <a - a', x - x'> - |a - a'|^2 <= |x - x'|^2. At
 * (x, 0), b = -F(x)/M, and the program of h is, up to a factor 4 and terms in x alone, the one above. Interpolation:
 * Var(y) <= M^2 Var(x) for any lambda, so the objective is at least 2 |x - sum lambda_i x_i|^2 >= 0, which lambda =
 * e_k attains at x_k; and F is unique, as the objective is strictly convex in sum lambda_i c_i. (After Azagra, Le
 * Gruyer and Mudarra 2018.)
 *
 * Exact and global, for F in exact arithmetic. Two evaluations: `at` solves the program by an active-set method;
 * `graph` runs `iterations` steps of a projected conjugate-gradient method, unrolled, and has a second output `gap`
 * `[batch]`, the duality gap that it reached: |y - F(x)| <= M sqrt(gap / 2). The default reaches gaps near rounding
 * on Gaussian data. Points on a sphere with n >> d need more steps near the centre, from which all of them are
 * equally far; for d of 2 or 3 a few hundred do not suffice, and the gap says so. The graph is meant to be run, not
 * differentiated.
 *
 * Cost: construction O(n^2 d). `graph`: O(n min(n, d + m)) per step and point; it has about 123 nodes per step, so
 * that ONNX Runtime takes seconds to load it (some 2 s for the default at n = 1000, d = 10, 13 s at d = 1000), however
 * small the batch. `at`: O(n (d + m)) per change of the support, of which there are about as many as points in it; it
 * takes no longer for a point than the graph, and needs no loading.
 *
 * P = n(d + m) + 1: points, labels and M. n is the number of distinct points.
 *
 * @param points `[n, d]`. @param labels `[n, m]`.
 * @param iterations steps of the graph; defaults to 16 + 0.75 min(n, 64) + 0.5 min(n, d + m + 1), at most 256.
 * @throws as `checkedSample`.
 */
export async function kirszbraun(points: Matrix, labels: Matrix, iterations?: number): Promise<Kirszbraun> {
  const sample = checkedSample(points, labels);
  const { rows: n, columns: d } = sample.points;
  const m = sample.labels.columns;
  const steps =
    iterations ?? Math.min(256, 16 + Math.ceil(0.75 * Math.min(n, 64) + 0.5 * Math.min(n, d + m + 1)));
  requireInteger('iterations', steps, 1, 10_000);
  const steepest = await steepestPair(sample.points, sample.labels);
  const enclosure = steepest?.enclosure ?? ([0, 0] as const);
  return {
    name: 'Kirszbraun',
    inputDimension: d,
    outputDimension: m,
    parameterCount: n * (d + m) + 1,
    lipschitz: exact(enclosure, 'maximal slope between data points'),
    ...(steepest && {
      witness: {
        kind: 'pair',
        a: row(sample.points, steepest.first).slice(),
        b: row(sample.points, steepest.second).slice(),
      },
    }),
    graph: kirszbraunGraph(sample, enclosure[1], steps),
    at: (x) => solveAt(sample, enclosure[1], x),
  };
}

/**
 * Solves the program in coordinates centred at x and at the label of the nearest point, where nothing cancels:
 * minimise |sum lambda_i c_i|^2 + sum lambda_i (|x_i - x|^2 - |y_i - y_0|^2/M^2), c_i = (x_i - x, (y_i - y_0)/M).
 */
function solveAt({ points, labels }: Sample, slope: number, x: Float64Array): KirszbraunValue {
  const { rows: n, columns: d } = points;
  const m = labels.columns;
  if (x.length !== d) throw invalidArgument('length of x', x.length, `the input dimension ${d}`);
  if (!x.every((t) => Number.isFinite(t))) throw invalidArgument('x', x.join(', '), 'finite numbers');
  const offsets = matrix(n, d);
  for (let i = 0; i < n; i++)
    for (let k = 0; k < d; k++) offsets.data[i * d + k] = points.data[i * d + k]! - x[k]!;
  const unit = powerOfTwo(offsets.data.reduce((max, t) => Math.max(max, Math.abs(t)), 0));
  const scaled = matrix(
    n,
    d,
    offsets.data.map((t) => t / unit),
  );
  const nearest = argmin(n, (i) => squaredLength(row(scaled, i)));
  const reference = row(labels, nearest);
  const size = d + m;
  const c = matrix(n, size);
  const linear = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const ci = row(c, i);
    ci.set(row(scaled, i));
    for (let k = 0; k < m; k++) {
      ci[d + k] = slope === 0 ? 0 : (labels.data[i * m + k]! - reference[k]!) / slope / unit;
    }
    linear[i] = squaredLength(ci.subarray(0, d)) - squaredLength(ci.subarray(d));
  }
  const { support, weights } = minimizeOverSimplex(c, linear);
  const value = new Float64Array(m);
  support.forEach((i, s) => {
    for (let k = 0; k < m; k++) value[k]! += weights[s]! * (labels.data[i * m + k]! - reference[k]!);
  });
  for (let k = 0; k < m; k++) value[k]! += reference[k]!;
  const gap = gapUpper(c, linear, support, weights);
  const largest = labels.data.reduce((max, y) => Math.max(max, Math.abs(y)), 0);
  const rounding = multiplyUp(gamma(support.length + 8), multiplyUp(4 * Math.sqrt(m), largest));
  return {
    value,
    gap: gap * unit * unit,
    error: addUp(multiplyUp(slope, multiplyUp(unit, sqrtUp(gap / 2))), rounding),
  };
}

/** max_i <gradient, lambda - e_i> with the rounding of every term added against it. */
function gapUpper(
  c: Matrix,
  linear: Float64Array,
  support: readonly number[],
  weights: Float64Array,
): number {
  const { rows: n, columns: size } = c;
  const point = new Float64Array(size);
  const magnitude = new Float64Array(size);
  support.forEach((i, s) => {
    for (let k = 0; k < size; k++) {
      const term = weights[s]! * c.data[i * size + k]!;
      point[k]! += term;
      magnitude[k]! += Math.abs(term);
    }
  });
  // Entries of c err by a few roundings each, `linear` by gamma(size), the products by gamma(size + |support|).
  const relative = gamma(2 * size + support.length + 20);
  const bounds = Array.from({ length: n }, (_, i): [number, number] => {
    const ci = row(c, i);
    let slope = linear[i]!;
    let error = squaredLength(ci);
    for (let k = 0; k < size; k++) {
      slope += 2 * ci[k]! * point[k]!;
      error += 2 * Math.abs(ci[k]!) * magnitude[k]!;
    }
    return [slope - relative * error, slope + relative * error];
  });
  const mean = support.reduce((sum, i, s) => sum + weights[s]! * bounds[i]![1], 0);
  const largest = support.reduce((max, i) => Math.max(max, Math.abs(bounds[i]![1])), 0);
  const least = bounds.reduce((min, [lower]) => Math.min(min, lower), Number.POSITIVE_INFINITY);
  return Math.max(0, addUp(mean - least, multiplyUp(gamma(support.length + 8), largest)));
}

function squaredLength(x: Float64Array): number {
  let total = 0;
  for (let k = 0; k < x.length; k++) total += x[k]! * x[k]!;
  return total;
}

function argmin(n: number, value: (i: number) => number): number {
  let best = 0;
  let least = value(0);
  for (let i = 1; i < n; i++) {
    const current = value(i);
    if (current < least) {
      least = current;
      best = i;
    }
  }
  return best;
}

/** A power of two near a size; 1 for 0. */
function powerOfTwo(size: number): number {
  return size === 0 ? 1 : 2 ** Math.max(-500, Math.min(500, Math.round(Math.log2(size))));
}
