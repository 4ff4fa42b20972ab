// The logarithmic barrier of a semidefinite program and its derivatives, which are products of the inverse of the form with
// the rows of the network.
import {
  gram,
  inverseFromCholesky,
  type Matrix,
  matrix,
  multiplyTransposed,
  transpose,
  tryCholesky,
} from '../../linalg/index.ts';
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

/** Where the form is positive definite and all multipliers are positive. */
export interface Interior {
  readonly mu: Float64Array;
  readonly rho: number;
  /** log det F(lambda, rho) + sum_g log mu_g. */
  readonly value: number;
  /** Cholesky factor of the form. */
  readonly factor: Matrix;
}

/** Of the barrier, in (mu, rho). */
export interface Derivatives {
  readonly gradient: Float64Array;
  /** Minus the second derivatives; the lower triangle. */
  readonly hessian: Matrix;
}

export interface Barrier {
  /** How much of the optimum the barrier costs at most: size of F plus number of groups. */
  readonly size: number;
  readonly at: (mu: Float64Array, rho: number) => Interior | undefined;
  readonly derivatives: (point: Interior) => Derivatives;
}

/**
 * log det F(lambda, rho) + sum_g log mu_g.
 *
 * With G = F^-1, U the columns of the neurons, V their rows, P = U^T G U, Q = U^T G V^T, R = V G V^T, s_j and p_j the sum and
 * product of the slopes, and B_jk = [[P_jk, Q_jk], [Q_kj, R_jk]]:
 *
 *     tr(G F_j) = 2 P_jj - 2 s_j Q_jj + 2 p_j R_jj,   tr(G F_j G F_k) = tr(M_j B_jk M_k B_jk^T),   M = [[2, -s], [-s, 2 p]].
 *
 * Inputs that enter the form by |delta_0|^2 and neurons with p = 0 only are eliminated beforehand: with K = V_0 V_0^T and
 * D = diag(lambda s) there remains F_NN - D K D over the neurons, and the formulas hold with V + K D for V and K added to R.
 *
 * Time: the value n^3 / 6 multiply-adds for n variables left, the derivatives n^3 / 3 and at most 2 n^2 N for N neurons.
 */
export function barrierOf(program: Program, groups: Groups): Barrier {
  const outputs = outputGram(program);
  const neurons = neuronsOf(program);
  const readers = readersOfInputs(program);
  const first = readers ? 1 : 0;
  const offset = readers ? 0 : program.inputs;
  const variables = offset + neurons;
  const sums = Float64Array.from(
    program.blocks.flatMap(({ low, high }) => [...low.map((a, j) => a + high[j]!)]),
  );
  const products = Float64Array.from(
    program.blocks.flatMap(({ low, high }) => [...low.map((a, j) => a * high[j]!)]),
  );
  const starts: number[] = [];
  let total = 0;
  for (let k = 0; k <= program.blocks.length; k++) {
    starts.push(k < first ? -1 : total);
    if (k >= first) total += sizeOf(program, k);
  }
  const blocks = starts.flatMap((start, k) => (start >= 0 ? [k] : []));
  const rowsOfC = [...program.output.terms.values()][0]!.rows;
  const c = joined(program, program.output.terms, blocks, rowsOfC);
  return { size: neurons + program.inputs + groups.count, at, derivatives };

  function at(mu: Float64Array, rho: number): Interior | undefined {
    if (!(rho > 0) || !mu.every((m) => m > 0)) return undefined;
    const lambda = multipliersOf(program, groups, mu);
    const form = dense(formOf(program, lambda, rho, outputs), starts, variables);
    if (readers) {
      const d = couplings(lambda);
      const { indices, gram } = readers;
      for (let i = 0; i < indices.length; i++) {
        for (let j = 0; j <= i; j++) {
          const removed = d[i]! * gram.data[i * indices.length + j]! * d[j]!;
          form.data[indices[i]! * variables + indices[j]!]! -= removed;
        }
      }
    }
    const factor = tryCholesky(form);
    if (!factor) return undefined;
    let value = 0;
    for (let i = 0; i < variables; i++) value += 2 * Math.log(factor.data[i * variables + i]!);
    for (const m of mu) value += Math.log(m);
    return Number.isFinite(value) ? { mu, rho, value, factor } : undefined;
  }

  /** lambda_j s_j of the neurons that read inputs. */
  function couplings(lambda: Multipliers): Float64Array {
    const all = lambda.flatMap((weights) => [...weights]);
    return Float64Array.from(readers!.indices, (j) => all[j]! * sums[j]!);
  }

  /** X V^T for X `[m, variables]`, by the blocks of V. */
  function timesRows(x: Matrix, lambda: Multipliers): Matrix {
    const result = matrix(x.rows, neurons);
    let column = 0;
    const add = (part: Matrix, place: (j: number) => number) => {
      for (let i = 0; i < x.rows; i++)
        for (let j = 0; j < part.columns; j++)
          result.data[i * neurons + place(j)]! += part.data[i * part.columns + j]!;
    };
    for (const { size, terms } of program.blocks) {
      const from = column;
      for (const [k, w] of terms) {
        if (k >= first) add(multiplyTransposed(columnsOf(x, starts[k]!, w.columns), w), (j) => from + j);
      }
      column += size;
    }
    if (readers) {
      const { indices, gram } = readers;
      const d = couplings(lambda);
      const weighted = matrix(x.rows, indices.length);
      for (let i = 0; i < x.rows; i++)
        for (let j = 0; j < indices.length; j++)
          weighted.data[i * indices.length + j] = x.data[i * variables + indices[j]!]! * d[j]!;
      add(multiplyTransposed(weighted, gram), (j) => indices[j]!);
    }
    return result;
  }

  function derivatives({ mu, factor }: Interior): Derivatives {
    const lambda = multipliersOf(program, groups, mu);
    const inverse = inverseFromCholesky(factor);
    // Row j of vg is (G v_j)^T.
    const linear = transpose(timesRows(inverse, lambda));
    const quadratic = timesRows(linear, lambda);
    if (readers) {
      const { indices, gram } = readers;
      for (let i = 0; i < indices.length; i++)
        for (let j = 0; j < indices.length; j++)
          quadratic.data[indices[i]! * neurons + indices[j]!]! += gram.data[i * indices.length + j]!;
    }
    const [g, vg, r] = [inverse.data, linear.data, quadratic.data];
    // Row o of y is (G c_o)^T.
    const y = multiplyTransposed(c, inverse);
    const images = timesRows(y, lambda);
    const ofOutputs = multiplyTransposed(y, c).data;
    const size = groups.count + 1;
    const hessian = matrix(size, size);
    const h = hessian.data;
    const gradient = new Float64Array(size);
    for (let j = 0; j < neurons; j++) {
      const [sj, pj, wj, gj] = [sums[j]!, products[j]!, groups.weights[j]!, groups.of[j]!];
      const own = offset + j;
      gradient[gj]! +=
        2 * wj * (g[own * variables + own]! - sj * vg[j * variables + own]! + pj * r[j * neurons + j]!);
      for (let k = 0; k <= j; k++) {
        const sk = sums[k]!;
        const pk = products[k]!;
        const p = g[own * variables + offset + k]!;
        const qjk = vg[k * variables + own]!;
        const qkj = vg[j * variables + offset + k]!;
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
        const u = y.data[o * variables + own]!;
        const v = images.data[o * neurons + j]!;
        cross += 2 * (u * u - sj * u * v + pj * v * v);
      }
      h[(size - 1) * size + gj]! -= wj * cross;
    }
    for (let o = 0; o < rowsOfC; o++) gradient[size - 1]! -= ofOutputs[o * rowsOfC + o]!;
    for (const entry of ofOutputs) h[size * size - 1]! += entry * entry;
    for (let i = 0; i < groups.count; i++) {
      gradient[i]! += 1 / mu[i]!;
      h[i * size + i]! += 1 / mu[i]! ** 2;
    }
    return { gradient, hessian };
  }
}

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

/** The neurons that read inputs and their Gram matrix; undefined where inputs cannot be eliminated by it. */
function readersOfInputs(program: Program): { indices: Int32Array; gram: Matrix } | undefined {
  if (program.output.terms.has(0)) return undefined;
  const indices: number[] = [];
  const rows: Matrix[] = [];
  let at = 0;
  for (const { size, terms, low, high } of program.blocks) {
    const w = terms.get(0);
    if (w) {
      if (low.some((a, j) => a * high[j]! !== 0)) return undefined;
      for (let j = 0; j < size; j++) indices.push(at + j);
      rows.push(w);
    }
    at += size;
  }
  if (indices.length === 0) return undefined;
  const stacked = matrix(indices.length, program.inputs);
  let row = 0;
  for (const w of rows) {
    stacked.data.set(w.data, row * program.inputs);
    row += w.rows;
  }
  return { indices: Int32Array.from(indices), gram: gram(stacked) };
}

function columnsOf(x: Matrix, from: number, count: number): Matrix {
  const result = matrix(x.rows, count);
  for (let i = 0; i < x.rows; i++)
    result.data.set(x.data.subarray(i * x.columns + from, i * x.columns + from + count), i * count);
  return result;
}

/** The entries on and below the diagonal, of the blocks with a start. */
function dense({ rows }: SymmetricBlocks, starts: readonly number[], n: number): Matrix {
  const result = matrix(n, n);
  rows.forEach((row, i) => {
    for (const [j, block] of row) {
      if (starts[j]! < 0) continue;
      for (let r = 0; r < block.rows; r++) {
        const from = r * block.columns;
        result.data.set(block.data.subarray(from, from + block.columns), (starts[i]! + r) * n + starts[j]!);
      }
    }
  });
  return result;
}
