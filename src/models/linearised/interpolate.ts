// The theta of least norm among those that fit the data best, theta = Phi^+ Y: where gradient descent from zero ends.
import { invalidArgument, RobustlawError } from '../../errors.ts';
import type { Graph, Value } from '../../graph/index.ts';
import { addProduct, constant, gemm, graph, input, tensor } from '../../graph/index.ts';
import {
  choleskySolve,
  largestEigenpair,
  type Matrix,
  matrix,
  multiplyVector,
  multiplyVectorTransposed,
  tryCholesky,
} from '../../linalg/index.ts';
import { compile, evaluate, type Rows, runRows } from '../../runtime/index.ts';
import { modelGraph, type Weights } from '../family.ts';
import { inParts } from '../in-parts.ts';
import { type FeatureFamily, project } from './feature-family.ts';

/** A fitted model of features. */
export interface Interpolation {
  /** theta in float64. */
  readonly weights: Weights;
  /** max |f(x_i) - y_i| over points and outputs, of the model as a graph; rounding alone where p >= n. */
  readonly maxError: number;
  /**
   * Condition number of the matrix that was factored (Phi Phi^T where p >= n, Phi^T Phi otherwise), estimated from below
   * by power iterations: about 16 - log10 of it digits of theta are right.
   */
  readonly condition: number;
}

/**
 * Fits a family of features: theta = Phi^+ Y, which interpolates where p >= n and is the least squares fit where p < n.
 *
 * In float64 throughout: Cholesky on the smaller Gram matrix, with refinement. Features of random and tangent models
 * never stand in memory where p >= n: Phi Phi^T is summed over parts of the neurons. Cost: n^2 (k + d) multiplications in
 * ONNX Runtime and n^3 / 6 for the factor where p >= n; n p^2 and p^3 / 6 otherwise.
 *
 * @param x `[n, d]`.
 * @param y `[n, outputs]`.
 * @throws construction-impossible where features are linearly dependent to working precision, as those of two equal
 *   points are; shape-mismatch where x and y do not fit; invalid-argument for no points or an entry that is not finite.
 */
export async function interpolate(family: FeatureFamily, x: Rows, y: Rows): Promise<Interpolation> {
  const [d] = family.inputShape as [number];
  const n = x.length / d;
  if (n === 0) throw invalidArgument('number of points', 0, 'at least one');
  if (!Number.isInteger(n) || y.length !== n * family.outputs) {
    throw new RobustlawError(
      'shape-mismatch',
      `${x.length} numbers in x and ${y.length} in y; ${family.name} takes ${d} and ${family.outputs} per point`,
    );
  }
  for (const [name, values] of Object.entries({ x, y })) {
    const wrong = values.findIndex((value) => !Number.isFinite(value));
    if (wrong >= 0) throw invalidArgument(`entry ${wrong} of ${name}`, values[wrong], 'a finite number');
  }
  const [points, labels] = [Float64Array.from(x), Float64Array.from(y)];
  const solve = family.features >= n ? throughKernel : throughFeatures;
  const { theta, condition } = await solve(family, points, labels, n);
  const weights = { theta: tensor('float64', family.parameterShapes.theta!, theta) };
  return { weights, condition, maxError: await maxError(family, weights, points, labels, n) };
}

interface Solution {
  readonly theta: Float64Array;
  readonly condition: number;
}

/** theta = Phi^T alpha with Phi Phi^T alpha = Y. */
async function throughKernel(
  family: FeatureFamily,
  x: Float64Array,
  y: Float64Array,
  n: number,
): Promise<Solution> {
  const kernel = await kernelMatrix(family, x, n);
  const factor = factored(kernel, family, n);
  const m = family.outputs;
  const alpha = new Float64Array(n * m);
  for (let j = 0; j < m; j++) {
    const column = refined(
      factor,
      Float64Array.from({ length: n }, (_, i) => y[i * m + j]!),
      (a) => multiplyVector(kernel, a),
    );
    for (const [i, value] of column.entries()) alpha[i * m + j] = value;
  }
  const [k, d] = family.projection.shape as [number, number];
  const perNeuron = family.features / k;
  const theta = new Float64Array(m * family.features);
  await inParts(
    k,
    neuronsAtOnce(n),
    (size) => {
      const [points, v, a] = [matrixInput('x', n, d), matrixInput('v', size, d), matrixInput('alpha', n, m)];
      return graph([points, v, a], { theta: family.combine(hiddenOf(family, points, v), points, a) });
    },
    async (program, from, to) => {
      const found = (await program.run({ x, v: rowsOf(family, from, to), alpha })).theta as Float64Array;
      const length = (to - from) * perNeuron;
      for (let j = 0; j < m; j++) {
        theta.set(found.subarray(j * length, (j + 1) * length), j * family.features + from * perNeuron);
      }
    },
  );
  return { theta, condition: conditionOf(kernel, factor) };
}

/** theta with Phi^T Phi theta = Phi^T Y. */
async function throughFeatures(
  family: FeatureFamily,
  x: Float64Array,
  y: Float64Array,
  n: number,
): Promise<Solution> {
  const { features: p, outputs: m } = family;
  const points = matrixInput('x', n, family.inputShape[0]!);
  const phi = family.featuresOf(family.hidden(project(points, family.projection)), points);
  const got = await evaluate({ phi, gram: gemm(phi, phi, { transA: 1 }) }, { x });
  const [design, gram] = [
    matrix(n, p, got.phi.data as Float64Array),
    matrix(p, p, got.gram.data as Float64Array),
  ];
  const factor = factored(gram, family, n);
  const theta = new Float64Array(m * p);
  for (let j = 0; j < m; j++) {
    const column = Float64Array.from({ length: n }, (_, i) => y[i * m + j]!);
    // Corrections from the residual of the data, not of the squared equations.
    const solution = new Float64Array(p);
    for (let step = 0; step <= REFINEMENTS; step++) {
      const fitted = multiplyVector(design, solution);
      const residual = column.map((value, i) => value - fitted[i]!);
      const correction = choleskySolve(factor, multiplyVectorTransposed(design, residual));
      for (let i = 0; i < p; i++) solution[i]! += correction[i]!;
    }
    theta.set(solution, j * p);
  }
  return { theta, condition: conditionOf(gram, factor) };
}

/** Phi Phi^T, `[n, n]`. */
async function kernelMatrix(family: FeatureFamily, x: Float64Array, n: number): Promise<Matrix> {
  const [k, d] = family.projection.shape as [number, number];
  let [sum, next] = [new Float64Array(n * n), new Float64Array(n * n)];
  await inParts(
    k,
    neuronsAtOnce(n),
    (size) => {
      const [points, v, before] = [
        matrixInput('x', n, d),
        matrixInput('v', size, d),
        matrixInput('before', n, n),
      ];
      const hidden = hiddenOf(family, points, v);
      return graph([points, v, before], {
        after: addProduct(before, gemm(hidden, hidden, { transB: 1 })),
      });
    },
    async (program, from, to) => {
      await program.run({ x, v: rowsOf(family, from, to), before: sum }, { after: next });
      [sum, next] = [next, sum];
    },
  );
  const points = constant(tensor('float64', [n, d], x));
  const hiddenGram = matrixInput('hidden', n, n);
  const kernel = family.kernelOf(hiddenGram, points);
  if (kernel === hiddenGram) return matrix(n, n, sum);
  const got = await evaluate({ kernel }, { hidden: sum });
  return matrix(n, n, got.kernel.data as Float64Array);
}

const matrixInput = (name: string, rows: number, columns: number): Value =>
  input(name, 'float64', [rows, columns]);

const hiddenOf = (family: FeatureFamily, x: Value, v: Value): Value =>
  family.hidden(gemm(x, v, { transB: 1 }));

function rowsOf({ projection }: FeatureFamily, from: number, to: number): Float64Array {
  const d = projection.shape[1]!;
  return (projection.data as Float64Array).subarray(from * d, to * d);
}

/** So many neurons that their hidden values take 32 MB. */
const neuronsAtOnce = (n: number): number => Math.max(64, Math.floor(2 ** 22 / n));

const REFINEMENTS = 2;

/** a with K a = y, from the Cholesky factor of K and residuals. */
function refined(factor: Matrix, y: Float64Array, times: (a: Float64Array) => Float64Array): Float64Array {
  const solution = new Float64Array(y.length);
  for (let step = 0; step <= REFINEMENTS; step++) {
    const image = times(solution);
    const correction = choleskySolve(
      factor,
      y.map((value, i) => value - image[i]!),
    );
    for (let i = 0; i < solution.length; i++) solution[i]! += correction[i]!;
  }
  return solution;
}

function factored(gram: Matrix, family: FeatureFamily, n: number): Matrix {
  const factor = tryCholesky(gram);
  const size = gram.rows;
  // A pivot this small is what rounding leaves of an exact zero.
  const rounding = (n + family.features) * 2 ** -52;
  const vanishes = (l: Matrix) => {
    for (let i = 0; i < size; i++) {
      if (!(l.data[i * size + i]! ** 2 > rounding * gram.data[i * size + i]!)) return true;
    }
    return false;
  };
  if (factor === undefined || vanishes(factor)) {
    const what =
      size === n ? `features of the ${n} points` : `${family.features} features on the ${n} points`;
    throw new RobustlawError(
      'construction-impossible',
      `the ${what} are linearly dependent to working precision (${family.name}): remove points that are equal or opposite, or change the number of neurons or the activation`,
    );
  }
  return factor;
}

const POWER_ITERATIONS = 30;

/** Largest eigenvalue times the largest of the inverse, the latter by power iterations. */
function conditionOf(gram: Matrix, factor: Matrix): number {
  const n = gram.rows;
  // A start with no symmetry, the same every time.
  let v: Float64Array = Float64Array.from({ length: n }, (_, i) => 1 + Math.sin(i * i));
  let growth = 0;
  for (let step = 0; step < POWER_ITERATIONS; step++) {
    const length = Math.sqrt(v.reduce((sum, t) => sum + t * t, 0));
    v = choleskySolve(
      factor,
      v.map((t) => t / length),
    );
    growth = Math.sqrt(v.reduce((sum, t) => sum + t * t, 0));
  }
  return largestEigenpair(gram).value * growth;
}

async function maxError(
  family: FeatureFamily,
  weights: Weights,
  x: Float64Array,
  y: Float64Array,
  n: number,
): Promise<number> {
  const batch = Math.min(n, 256);
  const g: Graph = modelGraph(family, weights, batch);
  const program = await compile(g);
  try {
    const found = await runRows(program, batch, 'float64', { x }, { y: family.outputs }, Float64Array);
    return found.y.reduce((largest, value, i) => Math.max(largest, Math.abs(value - y[i]!)), 0);
  } finally {
    await program.dispose();
  }
}
