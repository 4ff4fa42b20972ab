// Part of a semidefinite program by itself: the multipliers of consecutive blocks, with those of all others fixed.
import {
  type Matrix,
  matrix,
  multiply,
  multiplyTransposed,
  timesInverseTransposed,
  transpose,
  tryCholesky,
} from '../../linalg/index.ts';
import { withColumns } from './form.ts';
import { joined, type Reach } from './forward.ts';
import type { Multipliers, Program, Terms } from './program.ts';
import { sizeOf } from './program.ts';

/**
 * -Q(x) = min over the blocks after k of the part of the form that later neurons and the output contribute, at rho = 1: a
 * quadratic form on the earlier blocks in `support`. Its matrix -Q is negative semidefinite.
 */
export interface Demand {
  readonly support: readonly number[];
  /** Q. */
  readonly matrix: Matrix;
}

/** The demand of the output alone: C^T C. */
export function demandOfOutput(program: Program): Demand {
  const support = [...program.output.terms.keys()].sort((a, b) => a - b);
  const rows = [...program.output.terms.values()][0]!.rows;
  const c = transpose(joined(program, program.output.terms, support, rows));
  return { support, matrix: multiplyTransposed(c, c) };
}

/**
 * The demand of the blocks from k on, from that of the blocks after it:
 *
 *     Q <- Q - 2 V^T Lambda P V + E^T H^-1 E,   E = -Lambda S V - Q_k.,   H = 2 Lambda - Q_kk.
 *
 * @param lambda of block k, for rho = 1.
 * @returns undefined where H > 0 fails.
 */
export function demandFrom(
  program: Program,
  k: number,
  lambda: Float64Array,
  { support, matrix: q }: Demand,
): Demand | undefined {
  const { size, terms, low, high } = program.blocks[k - 1]!;
  const earlier = [...new Set([...support.filter((b) => b !== k), ...terms.keys()])].sort((a, b) => a - b);
  const total = earlier.reduce((sum, b) => sum + sizeOf(program, b), 0);
  const starts = startsOf(program, earlier);
  const old = startsOf(program, support);
  const next = matrix(total, total);
  const coupling = matrix(size, total);
  const h = matrix(size, size);
  for (const b of support) {
    for (const other of support) {
      const [out, row, column] =
        b === k && other === k
          ? [h, 0, 0]
          : b === k
            ? [coupling, 0, starts.get(other)!]
            : other === k
              ? [undefined, 0, 0]
              : [next, starts.get(b)!, starts.get(other)!];
      if (!out) continue;
      const sign = out === next ? 1 : -1;
      for (let i = 0; i < sizeOf(program, b); i++) {
        for (let j = 0; j < sizeOf(program, other); j++) {
          out.data[(row + i) * out.columns + column + j]! +=
            sign * q.data[(old.get(b)! + i) * q.columns + old.get(other)! + j]!;
        }
      }
    }
  }
  const v = joined(program, terms, earlier, size);
  for (let j = 0; j < size; j++) {
    h.data[j * size + j]! += 2 * lambda[j]!;
    const factor = lambda[j]! * (low[j]! + high[j]!);
    for (let c = 0; c < total; c++) coupling.data[j * total + c]! -= factor * v.data[j * total + c]!;
  }
  const factor = tryCholesky(h);
  if (!factor) return undefined;
  const half = timesInverseTransposed(transpose(coupling), factor);
  const added = multiplyTransposed(half, half);
  const products = low.map((a, j) => 2 * lambda[j]! * a * high[j]!);
  const columns = transpose(v);
  const removed = products.some((p) => p !== 0)
    ? multiplyTransposed(withColumns(columns, products), columns)
    : undefined;
  for (let i = 0; i < next.data.length; i++) next.data[i]! += added.data[i]! - (removed?.data[i] ?? 0);
  return { support: earlier, matrix: next };
}

/**
 * The program of blocks `from` to `to`: the blocks before enter by their reach, which becomes the unit of the inputs, the
 * blocks after and the output by their demand. Its multipliers are those of the given program.
 */
export function windowOf(
  program: Program,
  from: number,
  to: number,
  { live, covariance }: Reach,
  demand: Demand,
): Program | undefined {
  const root = covariance && tryCholesky(covariance);
  if (covariance && !root) return undefined;
  const inputs = live.reduce((sum, b) => sum + sizeOf(program, b), 0);
  const inner = Array.from({ length: to - from + 1 }, (_, i) => from + i);
  const rewritten = (terms: Terms, rows: number): Terms => {
    const result = new Map<number, Matrix>();
    if (live.some((b) => terms.has(b))) {
      const outer = joined(program, terms, live, rows);
      result.set(0, root ? multiply(outer, root) : outer);
    }
    for (const b of inner) if (terms.has(b)) result.set(b - from + 1, terms.get(b)!);
    return result;
  };
  const blocks = inner.map((b) => {
    const block = program.blocks[b - 1]!;
    return { ...block, terms: rewritten(block.terms, block.size) };
  });
  const output = to === program.blocks.length ? program.output.terms : rootOf(program, demand);
  if (!output) return undefined;
  const rows = [...output.values()][0]!.rows;
  return {
    inputs,
    features: inputs,
    blocks,
    output: { terms: rewritten(output, rows), error: 0, rows },
    exponent: 0,
  };
}

/** C with C^T C = Q, up to rounding. */
function rootOf(program: Program, { support, matrix: q }: Demand): Terms | undefined {
  const n = q.rows;
  let trace = 0;
  for (let i = 0; i < n; i++) trace += q.data[i * n + i]!;
  for (let jitter = 2 ** -46; jitter < 1; jitter *= 16) {
    const lifted = matrix(n, n, q.data.slice());
    for (let i = 0; i < n; i++) lifted.data[i * n + i]! += jitter * trace;
    const factor = tryCholesky(lifted);
    if (!factor) continue;
    const starts = startsOf(program, support);
    return new Map(
      support.map((b) => {
        const size = sizeOf(program, b);
        const part = factor.data.slice(starts.get(b)! * n, (starts.get(b)! + size) * n);
        return [b, transpose(matrix(size, n, part))];
      }),
    );
  }
  return undefined;
}

/** The multipliers with those of blocks `from`.. replaced, and those after scaled with rho. */
export function withWindow(
  lambda: Multipliers,
  from: number,
  inner: Multipliers,
  growth: number,
): Multipliers {
  return lambda.map((weights, i) => {
    const k = i + 1;
    if (k < from) return weights;
    return k < from + inner.length ? inner[k - from]! : weights.map((w) => w * growth);
  });
}

function startsOf(program: Program, blocks: readonly number[]): Map<number, number> {
  const starts = new Map<number, number>();
  let at = 0;
  for (const b of blocks) {
    starts.set(b, at);
    at += sizeOf(program, b);
  }
  return starts;
}
