// Multipliers in closed form, block after block: ECLipsE-Fast (Xu and Sivaranjani 2024), almost orthogonal layers (Prach and
// Lampert 2022), and their mixtures.
import type { CertifiedUpperBound } from '../../guarantee/index.ts';
import { largestEigenpair, type Matrix, matrix } from '../../linalg/index.ts';
import { type Stop, whenDone } from '../../stop.ts';
import type { Network } from '../network/network.ts';
import { globalSlopes, type SlopeBounds } from './bounds.ts';
import { certifiedBound, readsNeurons, upperBound } from './certified-bound.ts';
import { type Choice, centres, liveBefore, recursion } from './forward.ts';
import { type Multipliers, type NeuronBlock, type Program, programOf } from './program.ts';
import { reduced } from './reduction.ts';

export const ECLIPSE_FAST = 'ECLipsE-Fast';
export const DIAGONAL = 'diagonal closed forms';

/**
 * ECLipsE-Fast in the Euclidean norm: one multiplier per layer of a chain, lambda_k = 1 / lambda_max(W_k X_{k-1}^-1 W_k^T)
 * for slopes in [0, 1], where X_0 = I and X_k = 2 Lambda_k - Lambda_k W_k X_{k-1}^-1 W_k^T Lambda_k; L^2 =
 * lambda_max(W X^-1 W^T) at the end. Here for slopes in any [a, b] (see `multipliersFrom`) and for any connections. On a chain of
 * equal slopes it is never above the product of spectral norms.
 *
 * Time: about 3 n^3 multiply-adds per layer of width n, and as many for the proof; linear in the depth of a chain.
 *
 * @param bounds slopes of each neuron and where they hold; defaults to the whole space.
 * @throws shape-mismatch or invalid-argument for slopes that do not fit or weights that are not finite.
 * Certified upper bound; Infinity where rounding errors of merged weights swamp it.
 */
export function eclipseFast(
  network: Network,
  bounds: SlopeBounds = globalSlopes(network),
): CertifiedUpperBound {
  const program = reduced(programOf(network, bounds));
  const start = readsNeurons(program) ? closedForm(program, 'fast') : undefined;
  return upperBound(certifiedBound(program, start ? [start] : []), ECLIPSE_FAST, bounds.domain);
}

/**
 * The least of ECLipsE-Fast, the two diagonal forms and their mixtures (`Form`), in the Euclidean norm.
 *
 * Time: five times that of `eclipseFast`, and one proof.
 *
 * @throws as `eclipseFast`. Certified upper bound.
 */
export function diagonalClosedForms(
  network: Network,
  bounds: SlopeBounds = globalSlopes(network),
): CertifiedUpperBound {
  const program = reduced(programOf(network, bounds));
  const points = readsNeurons(program) ? closedForms(program) : [];
  return upperBound(certifiedBound(program, points), DIAGONAL, bounds.domain);
}

/**
 * How the diagonal T^-1 >= A = V G V^T is chosen: `fast` lambda_max(A) I; `rows` sum_k |A_jk|; `scaled` sum_k |A_jk| q_k /
 * q_j with q = sqrt(diag A); `fast+rows`, `fast+scaled` the mean of two. All by diagonal dominance or the largest
 * eigenvalue, in the units of the network.
 */
export type Form = 'fast' | 'rows' | 'scaled' | 'fast+rows' | 'fast+scaled';

const FORMS: readonly Form[] = ['fast', 'rows', 'scaled', 'fast+rows', 'fast+scaled'];

/** Multipliers with the largest rho that they allow. */
export interface Point {
  readonly lambda: Multipliers;
  readonly rho: number;
}

/** One closed form; undefined where rounding defeats it. */
export function closedForm(program: Program, form: Form): Point | undefined {
  return recursion(
    program,
    multipliersFrom(program, (k, a) => dominating(program, k, a, form)),
  );
}

/** One multiplier per block, as large as the largest eigenvalue of A allows; undefined where rounding defeats it. */
export function layerForm(program: Program): Point | undefined {
  const limit = shareOf(program);
  return recursion(program, (k, a) => {
    const block = program.blocks[k - 1]!;
    const { width } = centres(block);
    const weights = layerWeights(block);
    const n = block.size;
    // D = 2 mu w r^2 must stay below theta A^-1.
    const root = weights.map((w, j) => Math.sqrt(2 * w) * width[j]!);
    const theta = block.shares.reduce((least, share) => Math.min(least, share), limit(k));
    const weighted = matrix(
      n,
      n,
      a.data.map((t, i) => t * root[Math.floor(i / n)]! * root[i % n]!),
    );
    const mu = theta / largestEigenpair(weighted).value;
    return weights.map((w) => mu * w);
  });
}

/** What one multiplier for a block of the network is in the units of its neurons, up to a factor. */
export function layerWeights({ exponents }: NeuronBlock): Float64Array {
  const top = exponents.reduce((x, y) => Math.max(x, y));
  return Float64Array.from(exponents, (e) => 4 ** Math.max(e - top, -200));
}

/** The closed forms, best first: all of them, or those there was time for, at least `fast`. */
export function closedForms(program: Program, stop: Stop = whenDone): Point[] {
  const points: Point[] = [];
  for (const form of FORMS) {
    const point = closedForm(program, form);
    if (point) points.push(point);
    if (stop()) break;
  }
  return points.sort((p, q) => q.rho - p.rho);
}

/**
 * lambda = theta T / (2 r^2) with theta = r / (r + |m|), m and r the centre and half width of the slopes in the network: then D = theta T
 * stays below A^-1, and for A = 1 / T a single neuron stretches by exactly (r + |m|)^2 = max(|a|, |b|)^2. For [0, 1] this
 * is lambda = T. See `shareOf` for the limits of theta.
 *
 * @param dominate the diagonal of T^-1.
 */
function multipliersFrom(program: Program, dominate: Choice): Choice {
  const limit = shareOf(program);
  return (k, a) => {
    const block = program.blocks[k - 1]!;
    const { width } = centres(block);
    return dominate(k, a).map((t, j) => Math.min(block.shares[j]!, limit(k)) / (2 * t * width[j]! ** 2));
  };
}

/**
 * The largest theta for block k. It leaves 1 - theta of the form for what other blocks read of the variables before k: if
 * they read anything, half. If nothing, the form becomes singular at 1, which slopes in [-b, b] would take.
 */
function shareOf(program: Program): (k: number) => number {
  const lives = liveBefore(program);
  return (k) => (lives[k + 1]!.some((b) => b < k) ? 1 / 2 : ALMOST_ONE);
}

const ALMOST_ONE = 1 - 2 ** -20;

/** A diagonal >= A. */
function dominating(program: Program, k: number, a: Matrix, form: Form): Float64Array {
  switch (form) {
    case 'fast':
      return largest(program, k, a);
    case 'rows':
      return dominantRows(a, unitsOf(program, k));
    case 'scaled': {
      // q = sqrt(diag A) in the units of the network, brought to those of the program as for 'rows'.
      const units = unitsOf(program, k);
      return dominantRows(
        a,
        units.map((u, j) => u * u * Math.sqrt(a.data[j * a.rows + j]!)),
      );
    }
    case 'fast+rows':
      return mean(largest(program, k, a), dominating(program, k, a, 'rows'));
    case 'fast+scaled':
      return mean(largest(program, k, a), dominating(program, k, a, 'scaled'));
  }
}

/** lambda_max(A) I in the units of the network. */
function largest(program: Program, k: number, a: Matrix): Float64Array {
  const units = unitsOf(program, k);
  const n = a.rows;
  const rescaled = matrix(
    n,
    n,
    a.data.map((t, i) => t * units[Math.floor(i / n)]! * units[i % n]!),
  );
  const top = largestEigenpair(rescaled).value;
  return units.map((u) => top / (u * u));
}

/** sum_k |A_jk| q_k / q_j. */
function dominantRows(a: Matrix, q: Float64Array): Float64Array {
  return q.map((own, j) => {
    let sum = 0;
    for (let k = 0; k < q.length; k++) sum += Math.abs(a.data[j * q.length + k]!) * q[k]!;
    return sum / own;
  });
}

function mean(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((t, j) => (t + b[j]!) / 2);
}

/** The unit of each pre-activation of block k, relative to the largest. */
function unitsOf(program: Program, k: number): Float64Array {
  const { rowExponents } = program.blocks[k - 1]!;
  const top = rowExponents.reduce((x, y) => Math.max(x, y));
  return Float64Array.from(rowExponents, (e) => 2 ** Math.max(e - top, -400));
}
