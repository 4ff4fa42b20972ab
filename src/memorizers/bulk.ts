// Distances to fixed points for many points at once: one product of matrices, and the nearest distance from its differences.
import type { Graph, Value } from '../graph/index.ts';
import {
  ArgMin,
  add,
  constant,
  emit1,
  equal,
  gather,
  gemm,
  int64s,
  maximum,
  ReduceSumSquare,
  sqrt,
  sub,
  tensor,
  unsqueeze,
  where,
} from '../graph/index.ts';
import { type Matrix, row } from '../linalg/index.ts';
import { gamma, normEnclosure } from '../numeric/index.ts';
import type { Distances } from './distances.ts';

/** A form of a memorizer in which many points are evaluated fast. */
export interface BulkForm {
  /** How many points to evaluate in one execution. */
  readonly batch: number;
  /** Inputs and output of the memorizer's graph. */
  readonly graph: (batch: number) => Graph;
}

/** Products below this size are no gain. */
const MIN_ENTRIES = 2 ** 16;

/** The largest eta R^2 / S^2, see bulkForm(): errors stay below 1.5e-10 of the largest label. */
const MAX_ERROR = 1e-12;

/** Entries of one intermediate tensor. */
const BATCH_ENTRIES = 2 ** 20;

/** No square of coordinates up to this, and of differences down to its inverse, overflows or underflows. */
export const BULK_RANGE = 2 ** 400;

/**
 * The bulk form of a function f of the distances to the centres c_i; undefined where the error below is too large, as
 * for close pairs among far points, or nothing is gained.
 *
 * Squared distances come from |x'|^2 - 2 x'.c' + |c'|^2, with x' and c' the points less the mean m of the centres. That
 * loses half of the digits of a small distance, so the distance to the nearest centre j, found among these, is computed
 * from x - c_j instead. No other one is small, by the separation S <= |c_i - c_k| of the centres:
 *
 * Let R = max |c_i - m|, T = |x - m| + R, rho_i = |x - c_i|, s_i the computed square, eta = gamma(d + 8). Then
 * (1) |s_i - rho_i^2| <= eta T^2: the three sums of products err by at most gamma(d + 2) (|x'| + |c'|)^2 in any order of
 * summation, and rounding x' and c' moves their distance by at most 2^-53 T.
 * (2) rho_i >= S/4 for i != j if kappa = eta R^2 / S^2 < 0.04. Otherwise rho_j > 3S/4, so rho_j^2 - rho_i^2 > S^2/2;
 * but |x - m| <= R + S/4 and S <= 2R give T <= 2.5 R, and s_j <= s_i gives rho_j^2 - rho_i^2 <= 2 eta T^2 <= 12.5 kappa S^2.
 * (3) So sqrt(s_i) errs by at most eta T^2 / rho_i plus its rounding, for i != j: where |x - m| <= 2R, by 37 kappa S;
 * farther out rho_i >= |x - m| / 2, and it errs by 5 eta |x - m|. The nearest distance errs by eta rho_j.
 *
 * Functions made of y_i - L rho_i by maxima and minima, with labels of size at most Y, hence L <= 2Y/S, therefore err
 * by at most 74 kappa Y where |x - m| <= 2R, sums of disjoint cones of slope 2Y/S by twice that (only two can be
 * positive, three being too far apart), and farther out by L times 5 eta |x - m|, of the order of what the distances
 * themselves lose. At a centre the nearest distance is 0 and the value exact but for the others' errors. kappa is at
 * most 1e-12 here.
 *
 * The form is for values: it has no useful derivative where the nearest centre changes.
 *
 * @param centres `[n, d]`. @param separation S, a lower bound on the distance of any two centres.
 * @param graph the memorizer's graph with these distances in place of `distances`.
 */
export function bulkForm(
  centres: Matrix,
  separation: number,
  graph: (batch: number, distances: Distances) => Graph,
): BulkForm | undefined {
  const { rows: n, columns: d } = centres;
  if (n * d < MIN_ENTRIES || !(separation >= 1 / BULK_RANGE)) return undefined;
  const mean = meanRow(centres);
  const radius = largestDistance(centres, mean);
  if (!(radius <= BULK_RANGE && gamma(d + 8) * (radius / separation) ** 2 <= MAX_ERROR)) return undefined;
  return {
    batch: Math.max(1, Math.floor(BATCH_ENTRIES / Math.max(n, d))),
    graph: (batch) => graph(batch, (x, values) => bulkDistances(x, values, mean)),
  };
}

/** |x_b - c_i| for x `[batch, d]` and centres `[n, d]`, as `[batch, n]`; see bulkForm(). */
function bulkDistances(x: Value, centres: Value, mean: Float64Array): Value {
  const [n, d] = centres.shape as [number, number];
  const m = constant(tensor('float64', [d], mean));
  const [points, targets] = [sub(x, m), sub(centres, m)];
  const products = gemm(points, targets, { transB: 1, alpha: -2 }, unsqueeze(rowSquares(targets, 0), [0]));
  const squares = add(products, rowSquares(points, 1));
  const nearest = emit1(ArgMin, [squares], { axis: 1, keepdims: 0 });
  const direct = rowSquares(sub(x, gather(centres, nearest)), 1);
  const isNearest = equal(unsqueeze(nearest, [1]), int64s(Array.from({ length: n }, (_, i) => i)));
  return sqrt(maximum(where(isNearest, direct, squares), 2 ** -1022));
}

function rowSquares(a: Value, keepdims: 0 | 1): Value {
  return emit1(ReduceSumSquare, [a, int64s([1])], { keepdims });
}

/** The mean of the rows; each term is divided first, so that nothing overflows. */
function meanRow({ rows: n, columns: d, data }: Matrix): Float64Array {
  const mean = new Float64Array(d);
  for (let i = 0; i < n; i++) for (let k = 0; k < d; k++) mean[k]! += data[i * d + k]! / n;
  return mean;
}

/** An upper bound on max |c_i - m|; Infinity past the range of float64. */
function largestDistance(centres: Matrix, mean: Float64Array): number {
  let largest = 0;
  for (let i = 0; i < centres.rows; i++) {
    const difference = row(centres, i).map((t, k) => t - mean[k]!);
    if (!difference.every(Number.isFinite)) return Number.POSITIVE_INFINITY;
    largest = Math.max(largest, normEnclosure(difference)[1]);
  }
  // The differences are rounded.
  return largest * (1 + 2 ** -50);
}
