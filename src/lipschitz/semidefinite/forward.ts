// The Schur recursion over the blocks of a semidefinite program, forwards: how far the variables can move for inputs of length 1.
import {
  inverseFromCholesky,
  largestEigenpair,
  type Matrix,
  matrix,
  multiplyTransposed,
  timesInverseTransposed,
  transpose,
  tryCholesky,
} from '../../linalg/index.ts';
import type { Multipliers, NeuronBlock, Program, Terms } from './program.ts';
import { sizeOf } from './program.ts';

/**
 * The inverse of F(lambda, 0) over the blocks up to some k, on those of them that later forms read: G[live, live], the
 * blocks in the order of `live`. Without a matrix the identity, which it is on the inputs.
 */
export interface Reach {
  readonly live: readonly number[];
  readonly covariance: Matrix | undefined;
}

/** The multipliers of block k from A = V G V^T, its pre-activations' covariance. */
export type Choice = (k: number, covariance: Matrix) => Float64Array;

/** What block k and all later ones and the output read of the blocks before k; and so for every k, K + 1 for the output. */
export function liveBefore(program: Program): (readonly number[])[] {
  const count = program.blocks.length + 1;
  const live: number[][] = new Array(count + 1);
  let later = new Set(program.output.terms.keys());
  for (let k = count; k >= 0; k--) {
    if (k < count && k >= 1) later = new Set([...later, ...program.blocks[k - 1]!.terms.keys()]);
    live[k] = [...later].filter((b) => b < k).sort((a, b) => a - b);
  }
  return live;
}

/** The reach of the inputs alone. */
export function reachOfInputs(): Reach {
  return { live: [0], covariance: undefined };
}

/**
 * The reach past block k, restricted to `live`; undefined when F(lambda, 0) > 0 fails. With m and r the centres and half
 * widths of the slopes and D = 2 Lambda r^2, eliminating delta - m nu leaves G^-1 - V^T D V on the earlier variables:
 *
 *     G <- G + G V^T (D^-1 - V G V^T)^-1 V G,   G_k. = m V G,   G_kk = (2 Lambda)^-1 + m V G V^T m.
 *
 * For slopes in [0, 1] on a chain G_kk is the inverse of X_k = 2 Lambda - Lambda W X_{k-1}^-1 W^T Lambda.
 */
export function past(
  program: Program,
  k: number,
  reach: Reach,
  live: readonly number[],
  choose: Choice,
): { reach: Reach; lambda: Float64Array } | undefined {
  const block = program.blocks[k - 1]!;
  const n = block.size;
  const v = joined(program, block.terms, reach.live, n);
  const vg = reach.covariance ? multiplyTransposed(v, reach.covariance) : v;
  const a = multiplyTransposed(vg, v);
  const lambda = choose(k, a);
  const { centre, width } = centres(block);
  const inverse = lambda.map((weight, j) => 1 / (2 * weight * width[j]! ** 2));
  const s = matrix(
    n,
    n,
    a.data.map((t) => -t),
  );
  for (let j = 0; j < n; j++) s.data[j * n + j] = s.data[j * n + j]! + inverse[j]!;
  const factor = tryCholesky(s);
  if (!factor) return undefined;
  const solved = inverseFromCholesky(factor);
  const own = matrix(n, n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      const moved = inverse[i]! * solved.data[i * n + j]! * inverse[j]! - (i === j ? inverse[i]! : 0);
      own.data[i * n + j] = centre[i]! * moved * centre[j]! + (i === j ? 1 / (2 * lambda[i]!) : 0);
    }
  }
  if (live.length === 1 && live[0] === k) return { reach: { live, covariance: own }, lambda };
  return { reach: { live, covariance: grown() }, lambda };

  /** The covariance of earlier blocks as well. */
  function grown(): Matrix {
    const before = live.filter((b) => b !== k);
    const [wanted, count] = places(program, reach.live, before);
    const total = count + (live.includes(k) ? n : 0);
    const result = matrix(total, total);
    const picked = matrix(n, count);
    for (let j = 0; j < n; j++)
      for (let c = 0; c < count; c++) picked.data[j * count + c] = vg.data[j * vg.columns + wanted[c]!]!;
    const half = transpose(timesInverseTransposed(transpose(picked), factor!));
    const growth = multiplyTransposed(transpose(half), transpose(half));
    for (let i = 0; i < count; i++) {
      for (let j = 0; j < count; j++) {
        const old = reach.covariance
          ? reach.covariance.data[wanted[i]! * v.columns + wanted[j]!]!
          : Number(i === j);
        result.data[i * total + j] = old + growth.data[i * count + j]!;
      }
    }
    if (total === count) return result;
    const cross = multiplyTransposed(solved, transpose(picked));
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < count; j++) {
        const value = centre[i]! * inverse[i]! * cross.data[i * count + j]!;
        result.data[(count + i) * total + j] = result.data[j * total + count + i] = value;
      }
      for (let j = 0; j < n; j++) result.data[(count + i) * total + count + j] = own.data[i * n + j]!;
    }
    return result;
  }
}

/** The largest rho with F(lambda, rho) >= 0 from the reach past the last block: 1 / lambda_max(C G C^T). Estimate. */
export function rhoOf(program: Program, { live, covariance }: Reach): number {
  const rows = [...program.output.terms.values()][0]!.rows;
  const c = joined(program, program.output.terms, live, rows);
  const cg = covariance ? multiplyTransposed(c, covariance) : c;
  return 1 / largestEigenpair(multiplyTransposed(cg, c)).value;
}

/** All multipliers by one rule, and the largest rho that they allow; undefined where the rule fails. */
export function recursion(
  program: Program,
  choose: Choice,
): { lambda: Multipliers; rho: number } | undefined {
  const lives = liveBefore(program);
  let reach = reachOfInputs();
  const lambda: Float64Array[] = [];
  for (let k = 1; k <= program.blocks.length; k++) {
    const step = past(program, k, reach, lives[k + 1]!, choose);
    if (!step) return undefined;
    lambda.push(step.lambda);
    reach = step.reach;
  }
  const rho = rhoOf(program, reach);
  return rho > 0 && rho < Number.POSITIVE_INFINITY ? { lambda, rho } : undefined;
}

/** Centres and half widths of the slopes. */
export function centres({ low, high }: NeuronBlock): { centre: Float64Array; width: Float64Array } {
  return {
    centre: low.map((a, j) => (a + high[j]!) / 2),
    width: low.map((a, j) => (high[j]! - a) / 2),
  };
}

/** The terms side by side over the given blocks. */
export function joined(program: Program, terms: Terms, over: readonly number[], rows: number): Matrix {
  if (over.length === 1 && terms.has(over[0]!)) return terms.get(over[0]!)!;
  const total = over.reduce((sum, b) => sum + sizeOf(program, b), 0);
  const result = matrix(rows, total);
  let at = 0;
  for (const b of over) {
    const w = terms.get(b);
    if (w)
      for (let r = 0; r < rows; r++)
        result.data.set(w.data.subarray(r * w.columns, (r + 1) * w.columns), r * total + at);
    at += sizeOf(program, b);
  }
  return result;
}

/** Where the variables of `wanted` are among those of `over`, and how many they are. */
function places(program: Program, over: readonly number[], wanted: readonly number[]): [number[], number] {
  const result: number[] = [];
  let at = 0;
  for (const b of over) {
    const size = sizeOf(program, b);
    if (wanted.includes(b)) for (let i = 0; i < size; i++) result.push(at + i);
    at += size;
  }
  return [result, result.length];
}
