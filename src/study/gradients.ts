// Gradients of a function at many points: the largest, as a proven lower bound, the mean of their squares, and the sensitivity.
import { bytesOfDerivative, type Graph, graph, input, nameOf, sizeOf, vjp } from '../graph/index.ts';
import type { Estimate, WitnessedLowerBound } from '../guarantee/index.ts';
import { matrix, symmetricEigen } from '../linalg/index.ts';
import { recheck } from '../lipschitz/global/index.ts';
import { mean, studentQuantile, variance } from '../numeric/index.ts';
import { compile, type Program, runRows } from '../runtime/index.ts';
import type { FreshPoints } from './fresh-points.ts';
import type { GradientSample } from './result.ts';

const CONFIDENCE = 0.95;
/** Memory for the intermediate values of one call. */
const MOST_BYTES = 2 ** 28;
const MOST_ROWS = 256;
/** Half distances of the pairs that are tried along a gradient, relative to the length of the point (at least 1). */
const STEPS = Array.from({ length: 8 }, (_, i) => 10 ** -(i + 1));

/** A function as a graph in float64 for any batch size: one input `[batch, ...features]`, one output `[batch, m]`. */
export type GraphFor = (batch: number) => Graph;

/**
 * The largest gradient at the points, proven from below, and E |grad f|^2 and E |z| |grad f(z)| over their distribution with
 * 95 % intervals.
 *
 * Of m outputs the Jacobian J takes the place of the gradient: |J|_op for the largest, |J|_F^2 in the mean.
 *
 * @throws unsupported-op for operators without derivative or enclosure. Cost: m derivatives at every point.
 */
export async function gradientSample(
  graphFor: GraphFor,
  { x, count, source }: FreshPoints,
): Promise<GradientSample> {
  const { squares, steepest } = await jacobians(graphFor, x, count);
  return {
    points: count,
    source,
    largest: {
      ...(await proven(graphFor, steepest)),
      method: `the largest of the gradients at ${count} fresh points`,
    },
    meanSquare: meanOf(squares),
    sensitivity: meanOf(sensitivitiesOf(squares, x)),
  };
}

/** The steepest of the gradients at the points, proven from below by a pair of points. */
export async function steepestGradient(
  graphFor: GraphFor,
  x: Float64Array,
  count: number,
): Promise<WitnessedLowerBound> {
  const { steepest } = await jacobians(graphFor, x, count);
  return { ...(await proven(graphFor, steepest)), method: `the largest of the gradients at ${count} points` };
}

interface Steepest {
  readonly point: Float64Array;
  /** J^T u with u the first left singular vector of J. */
  readonly direction: Float64Array;
}

/** |J(x_i)|_F^2 of every point, and the point where |J|_op is largest. */
async function jacobians(
  graphFor: GraphFor,
  x: Float64Array,
  count: number,
): Promise<{ readonly squares: Float64Array; readonly steepest: Steepest }> {
  const batch = Math.max(
    1,
    Math.min(count, MOST_ROWS, Math.floor(MOST_BYTES / bytesOfDerivative(graphFor(1)))),
  );
  const { program, d, m } = await derivative(graphFor, batch);
  try {
    // By output: the gradients at all points, `[count, d]`.
    const rows: Float64Array[] = [];
    for (let j = 0; j < m; j++) {
      const u = Float64Array.from({ length: count * m }, (_, i) => (i % m === j ? 1 : 0));
      const found = await runRows(program, batch, 'float64', { x, u }, { gradient: d }, Float64Array);
      rows.push(found.gradient);
    }
    const at = (i: number) => rows.map((gradients) => gradients.subarray(i * d, (i + 1) * d));
    const squares = Float64Array.from({ length: count }, (_, i) =>
      at(i).reduce((sum, row) => sum + dot(row, row), 0),
    );
    const norms = m === 1 ? squares : squares.map((_, i) => topOf(at(i)).square);
    const best = norms.reduce((most, value, i) => (value > norms[most]! ? i : most), 0);
    const { left } = topOf(at(best));
    const direction = new Float64Array(d);
    for (const [j, row] of at(best).entries()) {
      for (let k = 0; k < d; k++) direction[k]! += left[j]! * row[k]!;
    }
    return { squares, steepest: { point: x.slice(best * d, (best + 1) * d), direction } };
  } finally {
    await program.dispose();
  }
}

/** Program from points `x` and cotangents `u` `[batch, m]` to `gradient` `[batch, d]`: J^T u. */
async function derivative(
  graphFor: GraphFor,
  batch: number,
): Promise<{ readonly program: Program; readonly d: number; readonly m: number }> {
  const f = graphFor(batch);
  const [x] = f.inputs;
  const [y] = Object.values(f.outputs);
  const u = input('u', 'float64', y!.shape);
  const [gradient] = vjp([y!], [u], [x!]);
  return {
    program: await compile(graph([x!, u], { gradient: gradient! })),
    d: sizeOf(x!.shape) / batch,
    m: sizeOf(y!.shape) / batch,
  };
}

/** The largest eigenvalue of J J^T and its eigenvector. */
function topOf(rows: readonly Float64Array[]): { readonly square: number; readonly left: ArrayLike<number> } {
  const m = rows.length;
  if (m === 1) return { square: dot(rows[0]!, rows[0]!), left: [1] };
  const products = Float64Array.from({ length: m * m }, (_, i) =>
    dot(rows[Math.floor(i / m)]!, rows[i % m]!),
  );
  const { values, vectors } = symmetricEigen(matrix(m, m, products));
  const top = values.reduce((most, value, i) => (value > values[most]! ? i : most), 0);
  return { square: values[top]!, left: Array.from({ length: m }, (_, i) => vectors.data[i * m + top]!) };
}

/**
 * The pair along the direction that proves most by the engine's values, proven by other code. Next to a kink the pair must
 * be short, otherwise rounding asks for a long one.
 */
async function proven(graphFor: GraphFor, { point, direction }: Steepest): Promise<WitnessedLowerBound> {
  const length = Math.sqrt(dot(direction, direction));
  const one = graphFor(1);
  if (!(length > 0 && length < Number.POSITIVE_INFINITY)) {
    return recheck({ kind: 'pair', a: point, b: point }, one);
  }
  const scale = Math.max(1, Math.sqrt(dot(point, point))) / length;
  const at = (t: number) => point.map((value, k) => value + t * scale * direction[k]!);
  const pairs = STEPS.flatMap((h) => [
    { kind: 'pair' as const, a: at(-h), b: at(h) },
    { kind: 'pair' as const, a: at(-h), b: point },
    { kind: 'pair' as const, a: point, b: at(h) },
  ]);
  const quotients = await quotientsOf(one, pairs);
  const order = pairs.map((_, i) => i).toSorted((i, j) => quotients[j]! - quotients[i]!);
  // Of nearly equal quotients the longest pair loses least to rounding; it comes first. Those of short pairs are noisy.
  const enough = quotients[order[0]!]! * (1 - 1e-6);
  const likely = new Set([pairs.findIndex((_, i) => quotients[i]! >= enough), ...order.slice(0, 2)]);
  return Array.from(likely, (i) => recheck(pairs[i]!, one)).reduce((a, b) => (b.value > a.value ? b : a));
}

/** |f(a) - f(b)| / |a - b| by the engine. */
async function quotientsOf(
  one: Graph,
  pairs: readonly { readonly a: Float64Array; readonly b: Float64Array }[],
): Promise<readonly number[]> {
  const program = await compile(one);
  try {
    const [x] = one.inputs;
    const value = async (point: Float64Array) =>
      Object.values(await program.run({ [nameOf(x!)!]: point }))[0] as Float64Array;
    const quotients: number[] = [];
    for (const { a, b } of pairs) {
      const [fa, fb] = [await value(a), await value(b)];
      const rise = fa.map((entry, j) => entry - fb[j]!);
      const apart = a.map((entry, k) => entry - b[k]!);
      quotients.push(Math.sqrt(dot(rise, rise) / dot(apart, apart)));
    }
    return quotients.map((value) => (Number.isFinite(value) ? value : 0));
  } finally {
    await program.dispose();
  }
}

/** |z_i| |J(z_i)|_F of every point. */
function sensitivitiesOf(squares: Float64Array, x: Float64Array): Float64Array {
  const d = x.length / squares.length;
  return squares.map((square, i) => {
    const point = x.subarray(i * d, (i + 1) * d);
    return Math.sqrt(dot(point, point)) * Math.sqrt(square);
  });
}

/** The mean of numbers >= 0 with its Student interval, which starts at 0 at the least. */
function meanOf(values: Float64Array): Estimate {
  const count = values.length;
  const value = mean(values);
  const half =
    count > 1
      ? studentQuantile((1 + CONFIDENCE) / 2, count - 1) * Math.sqrt(variance(values) / count)
      : Number.POSITIVE_INFINITY;
  return {
    kind: 'estimate',
    value,
    interval: [Math.max(0, value - half), value + half],
    confidence: CONFIDENCE,
    method: `mean over ${count} fresh points, Student t`,
  };
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
