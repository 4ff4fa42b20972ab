// Linear bounds substituted backwards through a network (CROWN: Zhang et al. 2018; for any DAG: Xu et al. 2020), every
// rounding accounted for.
import { type Matrix, matrix, multiplyTransposed } from '../../linalg/index.ts';
import { addUp, gamma, multiplyUp, nextUp, SMALLEST_SUBNORMAL, UNIT_ROUNDOFF } from '../../numeric/index.ts';
import type { AffineForm } from '../network/network.ts';
import { sparseBounds } from './backward-sparse.ts';
import { mostlyZero } from './entries.ts';
import type { Extent } from './extent.ts';
import { overBall, type Region } from './region.ts';

/** A block whose lines are known: lower and upper line of each neuron, and how large its pre-activations can be. */
export interface RelaxedBlock {
  readonly preactivation: AffineForm;
  readonly lowerSlope: Float64Array;
  readonly lowerIntercept: Float64Array;
  readonly upperSlope: Float64Array;
  readonly upperIntercept: Float64Array;
  /** At least |z_i|, and at least the sum of the absolute values of all that z_i sums. */
  readonly magnitude: Float64Array;
}

/** A row of a form, or its opposite. */
export interface PickedRow {
  readonly row: number;
  readonly sign: 1 | -1;
}

/** Past this many coefficients, rows are taken in turns. */
const MOST_COEFFICIENTS = 2 ** 23;

/** Sums of n < 2^31 positive terms are off by less than this fraction. */
export const SUMMED = 1 + 2 ** -20;

/**
 * Upper bounds on the rows of a form over all x_0 in the region.
 *
 * A row sum_k c_k x_k + d is bounded as it stands by the extents of the x_k (interval arithmetic), then the last block in
 * it is replaced by its lines, upper ones where the coefficient is positive, and it is bounded again, down to a form of
 * x_0 alone; the least of all these bounds counts. A coefficient rounded by r moves the bound by at most r |x|: these
 * errors are summed with the magnitudes at hand.
 *
 * Time: rows times the number of weights before the form; where most of these are zero, those that are not and that a row meets.
 *
 * @param blocks those the form sees, relaxed on `extents`.
 * @param extents of x_0, x_1, ...
 * @param picked rows of the form, each with its sign; all of them by default.
 */
export function upperBounds(
  form: AffineForm,
  blocks: readonly RelaxedBlock[],
  extents: readonly Extent[],
  ball: Region['ball'],
  picked: readonly PickedRow[] = allRows(form),
): Float64Array {
  const weights = [form, ...blocks.map(({ preactivation }) => preactivation)].flatMap(({ terms }) => [
    ...terms.values(),
  ]);
  if (mostlyZero(weights)) return sparseBounds(form, picked, blocks, extents, ball);
  return denseBounds(form, picked, blocks, extents, ball);
}

/** The bounds through products of dense matrices, many rows at a time. */
export function denseBounds(
  form: AffineForm,
  picked: readonly PickedRow[],
  blocks: readonly RelaxedBlock[],
  extents: readonly Extent[],
  ball: Region['ball'],
): Float64Array {
  const widest = Math.max(1, ...extents.map(({ lower }) => lower.length));
  const step = Math.max(1, Math.floor(MOST_COEFFICIENTS / widest));
  const result = new Float64Array(picked.length);
  for (let from = 0; from < picked.length; from += step) {
    const rows = rowsOf(form, picked.slice(from, from + step));
    result.set(boundsOfRows(rows, blocks, extents, ball), from);
  }
  return result;
}

function boundsOfRows(
  form: AffineForm,
  blocks: readonly RelaxedBlock[],
  extents: readonly Extent[],
  ball: Region['ball'],
): Float64Array {
  const state: Rows = {
    coefficients: new Map(form.terms),
    constant: form.bias.slice(),
    size: form.bias.map(Math.abs),
    error: new Float64Array(form.rows).fill(slackOf(form, extents)),
    summands: 2,
  };
  const best = new Float64Array(form.rows).fill(Infinity);
  lowerTo(best, state, extents, ball);
  for (let k = Math.max(...form.terms.keys(), 0); k >= 1; k--) {
    if (!state.coefficients.has(k)) continue;
    substitute(state, k, blocks[k - 1]!, extents);
    lowerTo(best, state, extents, ball);
  }
  return best;
}

/** Rows sum_k c_k x_k + constant, true up to `error`; `size` bounds the constants that were summed. */
interface Rows {
  readonly coefficients: Map<number, Matrix>;
  readonly constant: Float64Array;
  readonly size: Float64Array;
  readonly error: Float64Array;
  /** How many numbers were summed in each constant. */
  summands: number;
}

/** What merged weights may be off by, in one row of the form. */
export function slackOf(form: AffineForm, extents: readonly Extent[]): number {
  if (form.coefficientError === 0) return form.biasError;
  const total = extents.reduce((sum, extent) => addUp(sum, extent.total), 0);
  return addUp(multiplyUp(form.coefficientError, total), form.biasError);
}

/** Replaces x_k by its lines and its pre-activation by its form. */
function substitute(state: Rows, k: number, block: RelaxedBlock, extents: readonly Extent[]): void {
  const { preactivation: form, magnitude } = block;
  const n = form.rows;
  const old = state.coefficients.get(k)!;
  state.coefficients.delete(k);
  // Products that underflow lose at most half of the smallest number each.
  const reached = [...form.terms.keys()].reduce((sum, j) => sum + extents[j]!.total, 0);
  const underflow = SMALLEST_SUBNORMAL * 2 * (n * (reached + 1) + magnitude.reduce((sum, m) => sum + m, 0));
  const slack = slackOf(form, extents.slice(0, k));
  const ofSum = gamma(n + 4);
  const { lowerSlope, lowerIntercept, upperSlope, upperIntercept } = block;
  const relaxed = matrix(old.rows, n);
  const used = new Uint8Array(n);
  for (let r = 0; r < old.rows; r++) {
    let constant = state.constant[r]!;
    let size = state.size[r]!;
    let weighted = 0;
    let absolute = 0;
    for (let j = 0; j < n; j++) {
      const c = old.data[r * n + j]!;
      if (c === 0) continue;
      const up = c > 0;
      const intercept = c * (up ? upperIntercept[j]! : lowerIntercept[j]!);
      constant += intercept;
      size += Math.abs(intercept);
      const slope = c * (up ? upperSlope[j]! : lowerSlope[j]!);
      if (slope === 0) continue;
      used[j] = 1;
      relaxed.data[r * n + j] = slope;
      const ofBias = slope * form.bias[j]!;
      constant += ofBias;
      size += Math.abs(ofBias);
      weighted += Math.abs(slope) * magnitude[j]!;
      absolute += Math.abs(slope);
    }
    state.constant[r] = constant;
    state.size[r] = size;
    // No term where there is no slack: 0 times an infinite sum would be NaN.
    state.error[r]! += ofSum * weighted + (slack === 0 ? 0 : slack * absolute) + underflow;
  }
  state.summands += 2 * n;
  for (const [j, weights] of form.terms) {
    const product = productOver(relaxed, weights, used);
    const present = state.coefficients.get(j);
    if (present) {
      const { reach } = extents[j]!;
      const { data, columns } = product;
      for (let r = 0; r < product.rows; r++) {
        let error = 0;
        for (let i = 0; i < columns; i++) {
          const sum = data[r * columns + i]! + present.data[r * columns + i]!;
          data[r * columns + i] = sum;
          if (sum !== 0) error += Math.abs(sum) * reach[i]!;
        }
        state.error[r]! += 2 * UNIT_ROUNDOFF * error;
      }
    }
    state.coefficients.set(j, product);
  }
}

/** A W from the columns of A that are not all zero. */
function productOver(a: Matrix, w: Matrix, used: Uint8Array): Matrix {
  const columns: number[] = [];
  used.forEach((flag, j) => {
    if (flag) columns.push(j);
  });
  if (columns.length === 0) return matrix(a.rows, w.columns);
  const m = columns.length;
  const left = matrix(a.rows, m);
  for (let r = 0; r < a.rows; r++) {
    for (let c = 0; c < m; c++) left.data[r * m + c] = a.data[r * a.columns + columns[c]!]!;
  }
  const right = matrix(w.columns, m);
  for (let c = 0; c < m; c++) {
    const from = columns[c]! * w.columns;
    for (let i = 0; i < w.columns; i++) right.data[i * m + c] = w.data[from + i]!;
  }
  return multiplyTransposed(left, right);
}

/** best <- min(best, the rows bounded as they stand). */
function lowerTo(best: Float64Array, state: Rows, extents: readonly Extent[], ball: Region['ball']): void {
  let terms = state.summands + 4;
  for (const { columns } of state.coefficients.values()) terms += columns;
  const ofSums = gamma(2 * terms);
  for (let r = 0; r < best.length; r++) {
    let value = state.constant[r]!;
    let size = state.size[r]!;
    for (const [k, { columns, data }] of state.coefficients) {
      const { centre, spread, reach } = extents[k]!;
      let at = 0;
      let around = 0;
      let most = 0;
      for (let i = 0; i < columns; i++) {
        const c = data[r * columns + i]!;
        if (c === 0) continue;
        const absolute = Math.abs(c);
        at += c * centre[i]!;
        around += absolute * spread[i]!;
        most += absolute * reach[i]!;
      }
      const overBox = at + around;
      const round =
        k === 0 && ball ? overBall(ball, data.subarray(r * columns, (r + 1) * columns)) : undefined;
      value += round && round.value < overBox ? round.value : overBox;
      size += round ? Math.max(most, round.size) : most;
    }
    const underflow = SMALLEST_SUBNORMAL * terms;
    const bound = nextUp(value + nextUp(SUMMED * (state.error[r]! + ofSums * size + underflow)));
    // NaN stands for sums of opposite infinities: no bound.
    if (bound < best[r]!) best[r] = bound;
  }
}

function allRows({ rows }: AffineForm): PickedRow[] {
  return Array.from({ length: rows }, (_, row) => ({ row, sign: 1 }));
}

function rowsOf(form: AffineForm, picked: readonly PickedRow[]): AffineForm {
  const terms = [...form.terms].map(([k, { columns, data }]): [number, Matrix] => {
    const result = matrix(picked.length, columns);
    picked.forEach(({ row, sign }, at) => {
      for (let i = 0; i < columns; i++) result.data[at * columns + i] = sign * data[row * columns + i]!;
    });
    return [k, result];
  });
  const bias = Float64Array.from(picked, ({ row, sign }) => sign * form.bias[row]!);
  return { ...form, rows: picked.length, terms: new Map(terms), bias };
}
