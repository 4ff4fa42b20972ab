// A structured interior point method for the semidefinite program of LipSDP: Newton's method on a logarithmic barrier, whose
// derivatives are products of the inverse of the form with the rows of the network.
import { choleskySolve, tryCholesky } from '../../linalg/cholesky.ts';
import {
  inverseFromCholesky,
  type Matrix,
  matrix,
  multiplyTransposed,
  transpose,
} from '../../linalg/index.ts';
import type { Stop } from '../stop.ts';
import type { Point } from './closed-forms.ts';
import { formOf, outputGram, type SymmetricBlocks } from './form.ts';
import { joined } from './forward.ts';
import { type Multipliers, neuronsOf, type Program, sizeOf } from './program.ts';

/** lambda = sum_g mu_g weights restricted to group g: one multiplier per neuron, or one per block. */
export interface Groups {
  /** Group of each neuron. */
  readonly of: Int32Array;
  readonly weights: Float64Array;
  readonly count: number;
}

/**
 * Maximises rho. From a strictly feasible start, the maximisers of
 *
 *     q log rho + log det F(lambda, rho) + sum_g log mu_g
 *
 * are followed for growing q by Newton's method with a line search on this value. Every iterate is strictly feasible,
 * hence a bound; at the maximiser the optimum is at most a fraction `barrierSize / q` above rho, where `barrierSize` is the
 * size of F plus the number of groups.
 *
 * With G = F^-1, U the columns of the neurons, V their rows, P = U^T G U, Q = U^T G V^T, R = V G V^T, s_j and p_j the sum and
 * product of the slopes, and B_jk = [[P_jk, Q_jk], [Q_kj, R_jk]]:
 *
 *     tr(G F_j) = 2 P_jj - 2 s_j Q_jj + 2 p_j R_jj,   tr(G F_j G F_k) = tr(M_j B_jk M_k B_jk^T),   M = [[2, -s], [-s, 2 p]].
 *
 * Time: per step about n^3 / 2 multiply-adds for factor and inverse, n^2 N at most for the products, N^3 / 6 for the
 * solution; 40 to 100 steps to a gap of 1e-7.
 *
 * @param start strictly feasible multipliers of the groups and rho.
 * @param gap of the first maximiser; the start should be near it.
 * @param tolerance gap of the last one.
 * @param visit sees every iterate, and the gap if it is a maximiser.
 */
export function followPath(
  program: Program,
  groups: Groups,
  start: { readonly mu: Float64Array; readonly rho: number },
  gap: number,
  tolerance: number,
  stop: Stop,
  visit: (point: Point, gap: number | undefined) => void,
): void {
  const outputs = outputGram(program);
  const barrierSize = neuronsOf(program) + program.inputs + groups.count;
  let { mu, rho } = start;
  let state = evaluate(program, groups, mu, rho, outputs);
  let growth = FIRST_GROWTH;
  for (let q = barrierSize / gap; state; q *= growth) {
    let steps = 0;
    for (; steps < STEPS_PER_VALUE; steps++) {
      if (stop()) return;
      const direction = newton(program, groups, mu, rho, q, state.factor);
      if (!direction || !(direction.decrement > DECREMENT)) break;
      const next = search(program, groups, mu, rho, q, state, direction, outputs);
      if (!next) break;
      ({ mu, rho, state } = next);
      visit({ lambda: multipliersOf(program, groups, mu), rho }, undefined);
    }
    visit({ lambda: multipliersOf(program, groups, mu), rho }, barrierSize / q);
    if (barrierSize / q <= tolerance) return;
    growth = Math.max(2, Math.min(LARGEST_GROWTH, steps <= 5 ? growth * 2 : steps > 8 ? growth / 2 : growth));
  }
}

const FIRST_GROWTH = 4;
const LARGEST_GROWTH = 32;
const STEPS_PER_VALUE = 100;
/** Newton decrement squared below which a value of q is done: the next one moves further than what is left. */
const DECREMENT = 0.1;
const ARMIJO = 0.1;
const SHORTEST_STEP = 2 ** -30;

/** The multipliers of all neurons, block by block. */
export function multipliersOf(program: Program, groups: Groups, mu: Float64Array): Multipliers {
  let at = 0;
  return program.blocks.map(({ size }) => {
    const lambda = Float64Array.from(
      { length: size },
      (_, j) => groups.weights[at + j]! * mu[groups.of[at + j]!]!,
    );
    at += size;
    return lambda;
  });
}

interface State {
  /** Of the Cholesky factorisation of F. */
  readonly factor: Matrix;
  /** log det F + sum_g log mu_g. */
  readonly barrier: number;
}

function evaluate(
  program: Program,
  groups: Groups,
  mu: Float64Array,
  rho: number,
  outputs: SymmetricBlocks,
): State | undefined {
  if (!(rho > 0) || !mu.every((m) => m > 0)) return undefined;
  const factor = tryCholesky(dense(formOf(program, multipliersOf(program, groups, mu), rho, outputs)));
  if (!factor) return undefined;
  let barrier = 0;
  for (let i = 0; i < factor.rows; i++) barrier += 2 * Math.log(factor.data[i * factor.rows + i]!);
  for (const m of mu) barrier += Math.log(m);
  return Number.isFinite(barrier) ? { factor, barrier } : undefined;
}

interface Direction {
  readonly mu: Float64Array;
  readonly rho: number;
  /** Newton decrement squared: about twice what the barrier is below its maximum. */
  readonly decrement: number;
}

function search(
  program: Program,
  groups: Groups,
  mu: Float64Array,
  rho: number,
  q: number,
  state: State,
  direction: Direction,
  outputs: SymmetricBlocks,
): Iterate | undefined {
  let length = 1;
  for (let g = 0; g < mu.length; g++) {
    if (direction.mu[g]! < 0) length = Math.min(length, (-0.99 * mu[g]!) / direction.mu[g]!);
  }
  // The value is concave along the line: halve as long as that gains. A step that stops close to the boundary would cost
  // many short ones to leave it.
  let best: (Iterate & { gain: number }) | undefined;
  for (; length > SHORTEST_STEP; length /= 2) {
    const tried = mu.map((m, g) => m + length * direction.mu[g]!);
    const triedRho = rho + length * direction.rho;
    const next = evaluate(program, groups, tried, triedRho, outputs);
    if (!next) continue;
    const gain = q * Math.log(triedRho / rho) + next.barrier - state.barrier;
    if (best && !(gain > best.gain)) return best;
    if (gain >= ARMIJO * length * direction.decrement) {
      best = { mu: tried, rho: triedRho, state: next, gain };
      if (length === 1) return best;
    }
  }
  return best;
}

interface Iterate {
  readonly mu: Float64Array;
  readonly rho: number;
  readonly state: State;
}

/** The Newton step for the groups' multipliers and rho. */
function newton(
  program: Program,
  groups: Groups,
  mu: Float64Array,
  rho: number,
  q: number,
  factor: Matrix,
): Direction | undefined {
  const { inputs } = program;
  const neurons = neuronsOf(program);
  const n = inputs + neurons;
  const g = inverseFromCholesky(factor).data;
  const rows = rowProducts(program, matrix(n, n, g));
  const r = rows.quadratic.data;
  // Row j of vg is (G v_j)^T.
  const vg = rows.linear.data;
  const sums = new Float64Array(neurons);
  const products = new Float64Array(neurons);
  let at = 0;
  for (const { size, low, high } of program.blocks) {
    for (let j = 0; j < size; j++) {
      sums[at + j] = low[j]! + high[j]!;
      products[at + j] = low[j]! * high[j]!;
    }
    at += size;
  }
  const blocks = [0, ...program.blocks.map((_, k) => k + 1)];
  const rowsOfC = [...program.output.terms.values()][0]!.rows;
  const c = joined(program, program.output.terms, blocks, rowsOfC);
  // Column o of Y = G C^T.
  const y = multiplyTransposed(c, matrix(n, n, g));
  const outputs = multiplyTransposed(y, c);
  const images = rows.apply(y);
  const size = groups.count + 1;
  const hessian = matrix(size, size);
  const h = hessian.data;
  const gradient = new Float64Array(size);
  for (let j = 0; j < neurons; j++) {
    const [sj, pj, wj, gj] = [sums[j]!, products[j]!, groups.weights[j]!, groups.of[j]!];
    const own = inputs + j;
    gradient[gj]! += 2 * wj * (g[own * n + own]! - sj * vg[j * n + own]! + pj * r[j * neurons + j]!);
    for (let k = 0; k <= j; k++) {
      const sk = sums[k]!;
      const pk = products[k]!;
      const p = g[own * n + inputs + k]!;
      const qjk = vg[k * n + own]!;
      const qkj = vg[j * n + inputs + k]!;
      const rjk = r[j * neurons + k]!;
      const value =
        (2 * p - sj * qkj) * (2 * p - sk * qjk) +
        (2 * qjk - sj * rjk) * (2 * pk * qjk - sk * p) +
        (2 * pj * qkj - sj * p) * (2 * qkj - sk * rjk) +
        (2 * pj * rjk - sj * qjk) * (2 * pk * rjk - sk * qkj);
      const weighted = value * wj * groups.weights[k]!;
      const gk = groups.of[k]!;
      h[Math.max(gj, gk) * size + Math.min(gj, gk)]! += j === k || gj !== gk ? weighted : 2 * weighted;
    }
    let cross = 0;
    for (let o = 0; o < rowsOfC; o++) {
      const u = y.data[o * n + own]!;
      const v = images.data[o * neurons + j]!;
      cross += 2 * (u * u - sj * u * v + pj * v * v);
    }
    h[(size - 1) * size + gj]! -= wj * cross;
  }
  for (let o = 0; o < rowsOfC; o++) gradient[size - 1]! -= outputs.data[o * rowsOfC + o]!;
  gradient[size - 1]! += q / rho;
  h[size * size - 1]! += q / rho ** 2;
  for (const entry of outputs.data) h[size * size - 1]! += entry * entry;
  for (let i = 0; i < groups.count; i++) {
    gradient[i]! += 1 / mu[i]!;
    h[i * size + i]! += 1 / mu[i]! ** 2;
  }
  // In units of the variables the system is balanced.
  const units = new Float64Array(size);
  for (let i = 0; i < size; i++) units[i] = i < groups.count ? mu[i]! : rho;
  for (let i = 0; i < size; i++) {
    gradient[i]! *= units[i]!;
    for (let j = 0; j <= i; j++) h[i * size + j]! *= units[i]! * units[j]!;
  }
  const solve = solverOf(hessian);
  if (!solve) return undefined;
  const solution = solve(gradient);
  const decrement = dot(solution, gradient);
  if (!Number.isFinite(decrement)) return undefined;
  return {
    mu: solution.subarray(0, groups.count).map((x, i) => x * units[i]!),
    rho: solution[size - 1]! * rho,
    decrement,
  };
}

/** H^-1, with a multiple of the diagonal added where rounding has made H indefinite. */
function solverOf(h: Matrix): ((g: Float64Array) => Float64Array) | undefined {
  const n = h.rows;
  for (let damping = 0; damping < 1; damping = damping === 0 ? 2 ** -40 : damping * 64) {
    const damped = matrix(n, n, h.data.slice());
    for (let i = 0; i < n; i++) damped.data[i * n + i]! *= 1 + damping;
    const factor = tryCholesky(damped);
    if (factor) return (g) => choleskySolve(factor, g);
  }
  return undefined;
}

/** V G `[neurons, n]` and V G V^T, by the blocks of V, and V applied to rows of vectors. */
function rowProducts(
  program: Program,
  g: Matrix,
): { linear: Matrix; quadratic: Matrix; apply: (y: Matrix) => Matrix } {
  const neurons = neuronsOf(program);
  /** For X `[m, n]`: X V^T `[m, neurons]`. */
  const apply = (x: Matrix): Matrix => {
    const result = matrix(x.rows, neurons);
    let row = 0;
    for (const { size, terms } of program.blocks) {
      for (const [k, w] of terms) {
        const part = multiplyTransposed(columnsOf(program, x, k), w).data;
        for (let i = 0; i < x.rows; i++)
          for (let j = 0; j < size; j++) result.data[i * neurons + row + j]! += part[i * size + j]!;
      }
      row += size;
    }
    return result;
  };
  const linear = transpose(apply(g));
  return { linear, quadratic: apply(linear), apply };
}

/** The columns of block k. */
function columnsOf(program: Program, x: Matrix, k: number): Matrix {
  let from = 0;
  for (let b = 0; b < k; b++) from += sizeOf(program, b);
  const size = sizeOf(program, k);
  const result = matrix(x.rows, size);
  for (let i = 0; i < x.rows; i++)
    result.data.set(x.data.subarray(i * x.columns + from, i * x.columns + from + size), i * size);
  return result;
}

/** All entries on and below the diagonal. */
function dense({ sizes, rows }: SymmetricBlocks): Matrix {
  const n = sizes.reduce((a, b) => a + b, 0);
  const starts = sizes.map((_, k) => sizes.slice(0, k).reduce((a, b) => a + b, 0));
  const result = matrix(n, n);
  rows.forEach((row, i) => {
    for (const [j, block] of row) {
      for (let r = 0; r < block.rows; r++) {
        const from = r * block.columns;
        result.data.set(block.data.subarray(from, from + block.columns), (starts[i]! + r) * n + starts[j]!);
      }
    }
  });
  return result;
}

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, t, i) => sum + t * b[i]!, 0);
}
