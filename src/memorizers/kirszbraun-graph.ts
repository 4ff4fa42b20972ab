// Kirszbraun's quadratic program solved inside an ONNX graph: a projected conjugate-gradient method, unrolled.
import {
  add,
  and,
  cast,
  concat,
  div,
  emit1,
  equal,
  type Graph,
  gemm,
  graph,
  greater,
  greaterOrEqual,
  input,
  int64s,
  less,
  lessOrEqual,
  matMul,
  maximum,
  minimum,
  mul,
  not,
  or,
  parameter,
  ReduceMax,
  ReduceMin,
  ReduceSum,
  reduceMean,
  relu,
  reshape,
  scalar,
  sub,
  tensor,
  transpose,
  type Value,
  where,
} from '../graph/index.ts';
import { type Matrix, matrix, spectralNormUpper } from '../linalg/index.ts';
import { squaredDistances } from './distances.ts';
import type { Sample } from './sample.ts';

/** Newton steps for the threshold of the projection onto the simplex; what they miss, a division by the sum repairs. */
const THRESHOLD_STEPS = 3;

/**
 * The graph of F: input `x` `[batch, d]`, outputs `y` `[batch, m]` and `gap` `[batch]`, the duality gap reached.
 *
 * The program, minimise lambda H lambda / 2 + b . lambda over the simplex, has one Hessian H = 2 C C^T for all x.
 * Each of the `iterations` steps is, for each point of the batch by itself, one of three: a conjugate-gradient step
 * on the face of the positive weights; if that leaves the face, its projection onto the face; a projected gradient
 * step where the gradient on the zero weights outweighs that on the face, with the step length of Barzilai and
 * Borwein. The last two need not descend: where one does not, it is undone, and the next step goes to the boundary
 * of the face and from there along a short gradient step, which does. The iterate of smallest gap is kept. The start
 * is the nearest data point. (Modified proportioning with projected conjugate gradients, Dostal, "Optimal Quadratic
 * Programming Algorithms", 2009, carried over from bounds to the simplex.)
 */
export function kirszbraunGraph(sample: Sample, slope: number, iterations: number): (batch: number) => Graph {
  const { rows: n, columns: d } = sample.points;
  const m = sample.labels.columns;
  const unit = spread(sample.points);
  const shortestStep = 1.9 / curvature(sample, slope, unit);
  const points = parameter('points', tensor('float64', [n, d], sample.points.data));
  const labels = parameter('labels', tensor('float64', [n, m], sample.labels.data));
  const bound = parameter('lipschitz', tensor('float64', [], [slope]));

  return (batch) => {
    const x = input('x', 'float64', [batch, d]);
    const centre = reduceMean(points, [0], true);
    const places = mul(sub(points, centre), 1 / unit);
    const heights =
      slope === 0
        ? mul(labels, bound)
        : mul(div(sub(labels, reduceMean(labels, [0], true)), bound), 1 / unit);
    const program = quadraticProgram(places, heights, mul(sub(x, centre), 1 / unit), shortestStep);
    let state = start(program, squaredDistances(x, points));
    for (let step = 0; step < iterations; step++) state = advance(program, state);
    return graph([x], {
      y: matMul(state.best, labels),
      gap: reshape(mul(state.gap, unit * unit), [-1]),
    });
  };
}

interface QuadraticProgram {
  /** H v for rows v `[batch, n]`. */
  readonly curve: (v: Value) => Value;
  /** b `[batch, n]`. */
  readonly linear: Value;
  readonly shortestStep: Value;
  readonly longestStep: Value;
}

/** b_i = |x_i|^2 - |y_i|^2/M^2 - 4 x . x_i and H = 2 C C^T, C with rows (x_i, y_i/M). */
function quadraticProgram(places: Value, heights: Value, x: Value, shortestStep: number): QuadraticProgram {
  const c = concat([places, heights], 1);
  const [n, size] = c.shape as [number, number];
  const squares = sub(rowSum(mul(places, places)), rowSum(mul(heights, heights)));
  const linear = add(gemm(x, places, { transB: 1, alpha: -4 }), transpose(squares));
  const hessian = n <= 2 * size ? gemm(c, c, { transB: 1, alpha: 2 }) : undefined;
  const curve = (v: Value) => (hessian ? gemm(v, hessian) : gemm(gemm(v, c), c, { transB: 1, alpha: 2 }));
  return {
    curve,
    linear,
    shortestStep: scalar('float64', shortestStep),
    longestStep: scalar('float64', 1e4 * shortestStep),
  };
}

/** All `[batch, n]`, but for `step`, `value`, `careful` and `gap`, `[batch, 1]`. */
interface State {
  readonly weights: Value;
  /** Which weights are positive, as bool and as 0 or 1. */
  readonly positive: Value;
  readonly mask: Value;
  readonly gradient: Value;
  /** The gradient minus its mean on the positive weights, there; 0 elsewhere. */
  readonly onFace: Value;
  /** Its negative part on the zero weights: directions that would free them. */
  readonly offFace: Value;
  readonly direction: Value;
  readonly step: Value;
  /** The objective, twice. */
  readonly value: Value;
  /** Whether the next step must descend. */
  readonly careful: Value;
  readonly best: Value;
  readonly gap: Value;
}

function start(program: QuadraticProgram, squaredDistance: Value): State {
  const nearest = cast(equal(squaredDistance, rowMin(squaredDistance)), squaredDistance.dtype);
  const weights = div(nearest, rowSum(nearest));
  const gradient = add(program.linear, program.curve(weights));
  const split = splitGradient(weights, gradient);
  const gap = dualityGap(weights, gradient);
  return {
    weights,
    gradient,
    ...split,
    direction: split.onFace,
    step: program.shortestStep,
    value: objective(program, weights, gradient),
    careful: less(gap, ZERO),
    best: weights,
    gap,
  };
}

function advance(program: QuadraticProgram, state: State): State {
  const { weights, gradient, onFace, offFace, direction, careful } = state;
  const curved = program.curve(direction);
  const bend = maximum(rowSum(mul(direction, curved)), TINY);
  const length = div(rowSum(mul(onFace, direction)), bend);
  const moved = sub(weights, mul(length, direction));
  const stays = lessOrEqual(rowSum(mul(offFace, offFace)), mul(PROPORTION, rowSum(mul(onFace, onFace))));
  const inside = and(stays, greaterOrEqual(rowMin(moved), ZERO));
  const leaving = where(
    careful,
    throughBoundary(program, state, curved),
    where(state.positive, moved, FAR_BELOW),
  );
  const descending = sub(weights, mul(where(careful, program.shortestStep, state.step), gradient));
  const projected = ontoSimplex(where(stays, leaving, descending), state.mask);
  const tried = where(inside, div(moved, rowSum(moved)), projected);

  const gradientThere = add(program.linear, program.curve(tried));
  const valueThere = objective(program, tried, gradientThere);
  const undone = and(greater(valueThere, state.value), not(or(inside, careful)));
  const next = where(undone, weights, tried);
  const nextGradient = where(undone, gradient, gradientThere);
  const split = splitGradient(next, nextGradient);
  const conjugation = div(rowSum(mul(split.onFace, curved)), bend);
  const continued = where(inside, sub(split.onFace, mul(conjugation, direction)), split.onFace);
  const gap = dualityGap(next, nextGradient);
  return {
    weights: next,
    gradient: nextGradient,
    ...split,
    direction: where(undone, direction, continued),
    step: barzilaiBorwein(sub(next, weights), sub(nextGradient, gradient), program),
    value: where(undone, state.value, valueThere),
    careful: undone,
    best: where(less(gap, state.gap), next, state.best),
    gap: minimum(gap, state.gap),
  };
}

/** The weights where the direction first meets the boundary of the face, minus a short step along the gradient there. */
function throughBoundary(program: QuadraticProgram, state: State, curved: Value): Value {
  const { weights, gradient, direction } = state;
  const reach = where(greater(direction, ZERO), div(weights, direction), FAR);
  const length = rowMin(reach);
  const there = where(lessOrEqual(reach, length), ZERO, relu(sub(weights, mul(length, direction))));
  return sub(there, mul(program.shortestStep, sub(gradient, mul(length, curved))));
}

/** lambda H lambda + 2 b . lambda. */
function objective({ linear }: QuadraticProgram, weights: Value, gradient: Value): Value {
  return rowSum(mul(weights, add(gradient, linear)));
}

function splitGradient(
  weights: Value,
  gradient: Value,
): Pick<State, 'positive' | 'mask' | 'onFace' | 'offFace'> {
  const positive = greater(weights, ZERO);
  const mask = cast(positive, weights.dtype);
  const level = div(rowSum(mul(gradient, mask)), rowSum(mask));
  const relative = sub(gradient, level);
  return {
    positive,
    mask,
    onFace: mul(relative, mask),
    offFace: where(positive, ZERO, minimum(relative, ZERO)),
  };
}

/** max_i <gradient, weights - e_i>, never negative. */
function dualityGap(weights: Value, gradient: Value): Value {
  return relu(sub(rowSum(mul(weights, gradient)), rowMin(gradient)));
}

/**
 * The projection of v onto the simplex: (v - t)_+ with t the root of sum (v_i - t)_+ = 1, by Newton's method from below.
 * The mean over the entries of `mask` gives a start.
 */
function ontoSimplex(v: Value, mask: Value): Value {
  const ofFace = div(sub(rowSum(mul(v, mask)), ONE), rowSum(mask));
  let threshold = maximum(ofFace, sub(rowMax(v), ONE));
  for (let step = 0; step < THRESHOLD_STEPS; step++) {
    const above = cast(greater(v, threshold), v.dtype);
    threshold = div(sub(rowSum(mul(v, above)), ONE), maximum(rowSum(above), ONE));
  }
  const clipped = relu(sub(v, threshold));
  return div(clipped, rowSum(clipped));
}

/** |s|^2 / <s, g> for a step s and the change g of the gradient, not below the step that always descends. */
function barzilaiBorwein(s: Value, g: Value, { shortestStep, longestStep }: QuadraticProgram): Value {
  const quotient = div(rowSum(mul(s, s)), maximum(rowSum(mul(s, g)), TINY));
  return minimum(maximum(quotient, shortestStep), longestStep);
}

// Shared, since a node for each mention of a number would double the graph. TINY keeps quotients finite where both sides
// are zero, FAR stands for no bound and FAR_BELOW keeps an entry out of a projection; all are numbers of float32 too.
const ZERO = scalar('float64', 0);
const ONE = scalar('float64', 1);
const TINY = scalar('float64', 1e-37);
const FAR = scalar('float64', 1e37);
const FAR_BELOW = scalar('float64', -1e37);
/** The square of how much larger the gradient off the face must be before the face is left. */
const PROPORTION = scalar('float64', 4);
const ROWS = int64s([1]);
const rowSum = (v: Value): Value => emit1(ReduceSum, [v, ROWS], { keepdims: 1 });
const rowMin = (v: Value): Value => emit1(ReduceMin, [v, ROWS], { keepdims: 1 });
const rowMax = (v: Value): Value => emit1(ReduceMax, [v, ROWS], { keepdims: 1 });

/** A power of two near the largest coordinate of the points about their mean, the unit of length inside the graph. */
function spread(points: Matrix): number {
  const { rows: n, columns: d } = points;
  let largest = 0;
  for (let k = 0; k < d; k++) {
    let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (let i = 0; i < n; i++) {
      low = Math.min(low, points.data[i * d + k]!);
      high = Math.max(high, points.data[i * d + k]!);
    }
    largest = Math.max(largest, high - low);
  }
  return largest === 0 ? 1 : 2 ** Math.max(-500, Math.min(500, Math.round(Math.log2(largest))));
}

/** The largest eigenvalue of H, the bound of the step length, on the unit of the graph. */
function curvature({ points, labels }: Sample, slope: number, unit: number): number {
  const { rows: n, columns: d } = points;
  const m = labels.columns;
  const c = matrix(n, d + m);
  for (let k = 0; k < d + m; k++) {
    const value = (i: number) =>
      k < d ? points.data[i * d + k]! / unit : slope === 0 ? 0 : labels.data[i * m + k - d]! / slope / unit;
    let mean = 0;
    for (let i = 0; i < n; i++) mean += value(i) / n;
    for (let i = 0; i < n; i++) c.data[i * (d + m) + k] = value(i) - mean;
  }
  // A single point has no spread; any positive number serves.
  return Math.max(2 * spectralNormUpper(c) ** 2, 1e-3);
}
