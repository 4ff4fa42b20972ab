// Networks with a power activation, f(x) = sum_i a_i (x_i . x)^p: the tensor construction of Bubeck, Li and Nagaraj (COLT 2021, Theorem 4).
import { invalidArgument, RobustlawError } from '../errors.ts';
import { graph, input, linear, matMul, mul, parameter, square, tensor, type Value } from '../graph/index.ts';
import {
  cholesky,
  choleskySolve,
  type Matrix,
  matrix,
  multiplyVector,
  row,
  spectralNormUpper,
  transpose,
} from '../linalg/index.ts';
import { addUp, gamma, multiplyUp, normEnclosure, sumEnclosure } from '../numeric/index.ts';
import { upperBound } from './guarantees.ts';
import type { Memorizer } from './memorizer.ts';
import { productTransposed } from './product.ts';
import { checkedScalarSample, labelScale, type Sample } from './sample.ts';

/**
 * f(x) = sum_i y_i (x_i . x)^p: the construction of the paper. It fits approximately: `misfit` bounds
 * max_i |f(x_i) - y_i|, which is of order eps on random points of the unit sphere with n log n = eps^2 d^p.
 *
 * Upper bound on the ball of radius R = max |x_i|: |grad f| <= p R^{p-1} |T|, T = sum_i a_i x_i^{⊗p}, and the injective
 * norm of T is at most the spectral norm of its unfolding A diag(a) A^T, A the matrix of columns x_i^{⊗p/2}. With
 * L L^T >= A^T A = (x_i . x_j)^{p/2}, certified, that norm is at most |L^T diag(a) L|_2. f is not globally Lipschitz.
 *
 * P = n(d + 1). (The paper counts the C d^{p-1} terms of a shortest decomposition of T; ours has n terms.)
 *
 * @param points `[n, d]`, on the unit sphere for a small misfit. @param labels `[n, 1]`. @param power p, even, >= 2.
 * @throws invalid-argument for an odd power; as `checkedSample`.
 */
export async function tensorNetwork(points: Matrix, labels: Matrix, power: number): Promise<Memorizer> {
  const sample = checkedScalarSample('the tensor network', points, labels);
  requireEven(power);
  const scaled = scaledPoints(sample.points);
  const gram = await powers(scaled.points, power);
  const coefficients = sample.labels.data;
  const misfit = misfitUpper(gram, sample, scaled, power);
  return { ...(await fromCoefficients('tensor network', sample, scaled, coefficients, power)), misfit };
}

/**
 * f(x) = sum_i a_i (x_i . x)^p with the a_i that interpolate: sum_j (x_i . x_j)^p a_j = y_i.
 *
 * Lipschitz bound, domain and P as for `tensorNetwork`.
 *
 * @throws construction-impossible when the matrix (x_i . x_j)^p is singular to working precision; as `tensorNetwork`.
 */
export async function tensorInterpolant(points: Matrix, labels: Matrix, power: number): Promise<Memorizer> {
  const sample = checkedScalarSample('the tensor interpolant', points, labels);
  requireEven(power);
  const scaled = scaledPoints(sample.points);
  const gram = await powers(scaled.points, power);
  return fromCoefficients('tensor interpolant', sample, scaled, interpolating(gram, sample), power);
}

/** u_i = 2^-e x_i with max |u_i| in [1/2, 2]; e = 0 for points on the unit sphere. */
interface Scaled {
  readonly points: Matrix;
  readonly unit: number;
  /** An upper bound on max |u_i|. */
  readonly radius: number;
}

function scaledPoints(points: Matrix): Scaled {
  const longest = (x: Matrix) =>
    Math.max(...Array.from({ length: x.rows }, (_, i) => normEnclosure(row(x, i))[1]));
  const length = longest(points);
  const unit = length === 0 ? 1 : 2 ** Math.max(-500, Math.min(500, Math.round(Math.log2(length))));
  const scaled = matrix(
    points.rows,
    points.columns,
    points.data.map((t) => t / unit),
  );
  return { points: scaled, unit, radius: longest(scaled) };
}

async function fromCoefficients(
  name: string,
  sample: Sample,
  scaled: Scaled,
  coefficients: Float64Array,
  power: number,
): Promise<Memorizer> {
  const { rows: n, columns: d } = sample.points;
  const { points, unit, radius } = scaled;
  const norm = await unfoldingNorm(scaled, coefficients, power);
  let slope = multiplyUp(power, norm);
  for (let factor = 1; factor < power; factor++) slope = multiplyUp(slope, radius);
  // (2^-2e x_i) . x is (x_i . x) on the unit scale, and stays in range at every scale of the data.
  const directions = points.data.map((t) => t / unit);
  const weights = parameter('weights', tensor('float64', [n, d], directions));
  const outputs = parameter('outputs', tensor('float64', [n, 1], coefficients));
  const ball = { kind: 'ball', centre: new Float64Array(d), radius: radius * unit, norm: 'l2' } as const;
  return {
    name,
    inputDimension: d,
    outputDimension: 1,
    parameterCount: n * (d + 1),
    lipschitz: upperBound(slope / unit, 'spectral norm of the unfolded tensor', ball),
    graph: (batch) => {
      const x = input('x', 'float64', [batch, d]);
      return graph([x], { y: matMul(integerPower(linear(x, weights), power), outputs) });
    },
  };
}

/** z^p by repeated squaring. */
function integerPower(z: Value, p: number): Value {
  if (p === 1) return z;
  const root = integerPower(z, Math.floor(p / 2));
  return p % 2 === 0 ? square(root) : mul(square(root), z);
}

/** (u_i . u_j)^p. */
async function powers(points: Matrix, p: number): Promise<Matrix> {
  const products = await productTransposed(points, points);
  return matrix(
    products.rows,
    products.columns,
    products.data.map((t) => t ** p),
  );
}

/** An upper bound on the error of each entry of `powers(points, p)`. */
function powerError({ points, radius }: Scaled, p: number): number {
  return multiplyUp(gamma(p * (points.columns + 4)), Math.max(1, radius) ** (2 * p) * 1.01);
}

function misfitUpper(gram: Matrix, { labels }: Sample, scaled: Scaled, power: number): number {
  const fitted = multiplyVector(gram, labels.data);
  const residual = fitted.reduce((worst, value, i) => Math.max(worst, Math.abs(value - labels.data[i]!)), 0);
  const total = sumEnclosure(labels.data.map(Math.abs))[1];
  const largestPower = Math.max(1, scaled.radius) ** (2 * power) * 1.01;
  const rounding = addUp(powerError(scaled, power), multiplyUp(gamma(gram.rows + 4), largestPower));
  return addUp(residual, multiplyUp(rounding, addUp(total, labelScale(labels))));
}

/** a with K a = y, by Cholesky and refinement of the residual. */
function interpolating(gram: Matrix, { labels }: Sample): Float64Array {
  const y = labels.data;
  const coefficients = new Float64Array(y.length);
  const scale = labelScale(labels);
  if (scale === 0) return coefficients;
  const factor = choleskyOrExplain(gram);
  let worst = 0;
  for (let step = 0; step < 4; step++) {
    const fitted = multiplyVector(gram, coefficients);
    const residual = y.map((value, i) => value - fitted[i]!);
    worst = residual.reduce((max, r) => Math.max(max, Math.abs(r)), 0);
    if (step === 3) break;
    const correction = choleskySolve(factor, residual);
    for (let i = 0; i < y.length; i++) coefficients[i]! += correction[i]!;
  }
  if (!(worst <= 1e-10 * scale)) throw singular(y.length);
  return coefficients;
}

function choleskyOrExplain(gram: Matrix): Matrix {
  try {
    return cholesky(gram);
  } catch (error) {
    throw singular(gram.rows, error);
  }
}

function singular(n: number, cause?: unknown): RobustlawError {
  return new RobustlawError(
    'construction-impossible',
    `the ${n} x ${n} matrix of powers (x_i . x_j)^p is singular to working precision: points are too close together, ` +
      'opposite to each other, or too many for the power; use a larger power or fewer points',
    { cause },
  );
}

/** An upper bound on the norm of A diag(a) A^T, A with columns u_i^{⊗p/2}. */
async function unfoldingNorm(scaled: Scaled, coefficients: Float64Array, power: number): Promise<number> {
  const n = coefficients.length;
  const largest = coefficients.reduce((max, a) => Math.max(max, Math.abs(a)), 0);
  if (largest === 0) return 0;
  const gram = await powers(scaled.points, power / 2);
  const factor = majorant(gram, n * powerError(scaled, power / 2));
  // Columns of L^T diag(a): row i of the transpose of L, entry j times a_j.
  const upper = transpose(factor);
  const weighted = matrix(
    n,
    n,
    upper.data.map((t, at) => t * (coefficients[at % n]! / largest)),
  );
  const product = await productTransposed(weighted, upper);
  const size = normEnclosure(factor.data)[1];
  const rounding = multiplyUp(gamma(n + 4), multiplyUp(size, size));
  return multiplyUp(largest, addUp(spectralNormUpper(product), rounding));
}

/**
 * L with L L^T >= G + E for every symmetric E with |E|_2 <= error: the Cholesky factor of G + shift I, its own
 * backward error covered by the shift.
 */
function majorant(gram: Matrix, error: number): Matrix {
  const n = gram.rows;
  let trace = 0;
  for (let i = 0; i < n; i++) trace += Math.abs(gram.data[i * n + i]!);
  const least = addUp(error, multiplyUp(4 * gamma(n + 2), trace + n * error));
  for (let shift = least; ; shift *= 4) {
    const shifted = matrix(n, n, gram.data.slice());
    for (let i = 0; i < n; i++) shifted.data[i * n + i]! += shift;
    try {
      return cholesky(shifted);
    } catch (cause) {
      if (shift > trace)
        throw new RobustlawError('internal', 'a shifted Gram matrix has no Cholesky factor', { cause });
    }
  }
}

function requireEven(power: number): void {
  if (!(Number.isInteger(power) && power >= 2 && power % 2 === 0 && power <= 64)) {
    throw invalidArgument('power', power, 'an even integer in [2, 64]');
  }
}
