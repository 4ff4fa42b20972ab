// Radial bumps after projection to few dimensions: the construction that makes the law of robustness tight for any P > n (Bubeck and Sellke 2021; the talk, "Tight for any P > n").
import { RobustlawError, requireInteger } from '../errors.ts';
import {
  constant,
  graph,
  input,
  linear,
  mul,
  neg,
  parameter,
  reduceMax,
  relu,
  reshape,
  sub,
  tensor,
} from '../graph/index.ts';
import { type Matrix, matrix, multiplyVectorTransposed, randomProjection, row } from '../linalg/index.ts';
import {
  addUp,
  type Enclosure,
  gamma,
  multiplyDown,
  multiplyUp,
  nextDown,
  normEnclosure,
  sqrtDown,
  sqrtUp,
} from '../numeric/index.ts';
import type { Rng } from '../random/index.ts';
import { bulkForm } from './bulk.ts';
import { type Distances, distances } from './distances.ts';
import { exact } from './guarantees.ts';
import type { Memorizer } from './memorizer.ts';
import { steepestPair } from './pairs.ts';
import { productTransposed } from './product.ts';
import { checkedScalarSample, type Sample } from './sample.ts';

/**
 * f(x) = max_i (y_i - L |Qx - Qx_i|)_+ - max_i (-y_i - L |Qx - Qx_i|)_+ with a projection Q `[k, d]` onto a random
 * subspace that is fixed before the data, and L = max_{i<j} |y_i - y_j| / |Qx_i - Qx_j|, the optimum of McShane and
 * Whitney after the projection. For k = d, Q is the identity.
 *
 * Exact and global: Lip f = L. Cones of one sign are merged by their maximum, which is L-Lipschitz and 0 or more.
 * Cones of opposite signs have disjoint supports, because y_i / L + |y_j| / L <= |Qx_i - Qx_j|: a segment between
 * two such supports leaves the one before it enters the other, and the slope on either side is at most L. f(x_i) =
 * y_i since no cone exceeds y_i there by the choice of L. The pair that attains L is the steepest one, with the
 * difference of its points replaced by its projection.
 *
 * P = n(k + 1) + 1: projected centres, labels and L; Q is no parameter, as it does not depend on the data. The talk
 * counts the nk centres.
 *
 * @param points `[n, d]`. @param labels `[n, 1]`. @param k dimension after projection, in [1, d].
 * @param rng key of Q. For one key the subspaces are nested: the first rows of Q do not depend on k.
 * @throws construction-impossible when two points with different labels coincide after projection (more dimensions or
 * another key help); as `checkedSample`.
 */
export async function projectedRbf(points: Matrix, labels: Matrix, k: number, rng: Rng): Promise<Memorizer> {
  return (await projectedRbfs(points, labels, [k], rng))[0]!;
}

/**
 * The projected RBF with the most dimensions whose parameter count is at most `budget`.
 *
 * @throws construction-impossible when the budget is below 2n + 1, the count at k = 1.
 */
export async function projectedRbfWithin(
  points: Matrix,
  labels: Matrix,
  budget: number,
  rng: Rng,
): Promise<Memorizer> {
  const sample = checkedScalarSample(NAME, points, labels);
  const { rows: n, columns: d } = sample.points;
  if (!(budget >= 2 * n + 1)) {
    throw new RobustlawError(
      'construction-impossible',
      `a budget of ${budget} parameters is too small for ${NAME} through ${n} points; ` +
        `expected at least 2n + 1 = ${2 * n + 1} (one projected coordinate and one label per point, and the slope)`,
    );
  }
  return projectedRbf(points, labels, Math.min(d, Math.floor((budget - 1) / n) - 1), rng);
}

/** `projectedRbf` for several dimensions of the same key, drawing the nested projections once. */
export async function projectedRbfs(
  points: Matrix,
  labels: Matrix,
  dimensions: readonly number[],
  rng: Rng,
): Promise<Memorizer[]> {
  const sample = checkedScalarSample(NAME, points, labels);
  const d = sample.points.columns;
  for (const k of dimensions) requireInteger('k', k, 1, d);
  const proper = dimensions.filter((k) => k < d);
  const widest = proper.length === 0 ? undefined : randomProjection(rng, Math.max(...proper), d);
  const image = widest && (await productTransposed(sample.points, widest));
  const gram = widest && (await productTransposed(widest, widest));
  const memorizers: Memorizer[] = [];
  for (const k of dimensions) {
    const projected: Projected =
      k === d
        ? { centres: sample.points }
        : {
            centres: firstColumns(image!, k),
            projection: { matrix: firstRows(widest!, k), singularValues: singularValueBounds(gram!, k, d) },
          };
    memorizers.push(await fromProjected(sample, projected));
  }
  return memorizers;
}

const NAME = 'RBFs after projection';

interface Projected {
  /** Qx_i, `[n, k]`. */
  readonly centres: Matrix;
  /** Q `[k, d]` and bounds on its smallest and largest singular value; absent for the identity. */
  readonly projection?: { readonly matrix: Matrix; readonly singularValues: Enclosure };
}

async function fromProjected(sample: Sample, projected: Projected): Promise<Memorizer> {
  const { projection, centres } = projected;
  const { rows: n, columns: d } = sample.points;
  const k = centres.columns;
  const steepest = await steepestPair(centres, sample.labels);
  const slope = steepest?.enclosure ?? ([0, 0] as const);
  const enclosure: Enclosure = projection
    ? [
        multiplyDown(slope[0], projection.singularValues[0]),
        multiplyUp(slope[1], projection.singularValues[1]),
      ]
    : slope;
  const centreValue = parameter('centres', tensor('float64', [n, k], centres.data));
  const values = parameter('labels', tensor('float64', [n], sample.labels.data));
  const slopeValue = parameter('slope', tensor('float64', [], [slope[1]]));
  const fixed = projection && constant(tensor('float64', [k, d], projection.matrix.data));
  const build = (batch: number, from: Distances) => {
    const x = input('x', 'float64', [batch, d]);
    const reach = mul(slopeValue, from(fixed ? linear(x, fixed) : x, centreValue));
    const positive = relu(reduceMax(sub(values, reach), [1]));
    const negative = relu(reduceMax(sub(neg(values), reach), [1]));
    return graph([x], { y: reshape(sub(positive, negative), [-1, 1]) });
  };
  const bulk = bulkForm(centres, steepest?.separation ?? 0, build);
  return {
    name: NAME,
    inputDimension: d,
    outputDimension: 1,
    parameterCount: n * (k + 1) + 1,
    lipschitz: exact(enclosure, 'maximal slope between projected data points'),
    ...(steepest && { witness: liftedPair(sample, projected, steepest.first, steepest.second) }),
    graph: (batch) => build(batch, distances),
    ...(bulk && { bulk }),
  };
}

/** x_i and the point x_i + Q^T (Qx_j - Qx_i), where f takes the value y_j at the distance |Qx_i - Qx_j|. */
function liftedPair(sample: Sample, { projection, centres }: Projected, first: number, second: number) {
  const a = row(sample.points, first).slice();
  if (!projection) return { kind: 'pair', a, b: row(sample.points, second).slice() } as const;
  const difference = row(centres, second).map((t, l) => t - centres.data[first * centres.columns + l]!);
  const lifted = multiplyVectorTransposed(projection.matrix, difference);
  return { kind: 'pair', a, b: a.map((t, l) => t + lifted[l]!) } as const;
}

/** sqrt(1 ± |QQ^T - I|_F), with the rounding of the Gram matrix accounted for. */
function singularValueBounds(gram: Matrix, k: number, d: number): Enclosure {
  const defects = new Float64Array(k * k);
  for (let i = 0; i < k; i++) {
    for (let j = 0; j < k; j++) defects[i * k + j] = gram.data[i * gram.columns + j]! - (i === j ? 1 : 0);
  }
  // Rows have length below 2, so each of the k^2 products errs by at most 4 gamma(d).
  const deviation = addUp(normEnclosure(defects)[1], multiplyUp(4 * k, gamma(d + 1)));
  return [sqrtDown(Math.max(0, nextDown(1 - deviation))), sqrtUp(addUp(1, deviation))];
}

function firstRows(a: Matrix, k: number): Matrix {
  return matrix(k, a.columns, a.data.slice(0, k * a.columns));
}

function firstColumns(a: Matrix, k: number): Matrix {
  const part = matrix(a.rows, k);
  for (let i = 0; i < a.rows; i++) row(part, i).set(row(a, i).subarray(0, k));
  return part;
}
