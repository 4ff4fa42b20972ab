// Linear bounds substituted backwards row by row, through weights of few entries, every rounding accounted for as in
// backward.ts.
import { gamma, nextUp, SMALLEST_SUBNORMAL } from '../../numeric/index.ts';
import type { AffineForm } from '../network/network.ts';
import { type PickedRow, type RelaxedBlock, SUMMED, slackOf } from './backward.ts';
import { type Entries, entriesOf } from './entries.ts';
import type { Extent } from './extent.ts';
import { overBall, type Region } from './region.ts';

/** The coefficients of one block in a row: dense, with a list of those that may not be zero. */
interface Coefficients {
  readonly value: Float64Array;
  readonly met: Uint8Array;
  readonly list: Int32Array;
  count: number;
}

/** A block with what all rows need of it. */
interface Layer {
  readonly block: RelaxedBlock;
  readonly terms: readonly (readonly [number, Entries])[];
  readonly slack: number;
  readonly underflow: number;
}

/** One row sum_k c_k x_k + constant, true up to `error`; `size` bounds the constants that were summed. */
interface Row {
  readonly coefficients: readonly Coefficients[];
  constant: number;
  size: number;
  error: number;
  summands: number;
}

/**
 * Upper bounds on some rows of a form over all x_0 in the region, as boundsOfRows() of backward.ts gives them but for rounding.
 *
 * Time: for each row the entries of the weights that it meets on its way back.
 */
export function sparseBounds(
  form: AffineForm,
  picked: readonly PickedRow[],
  blocks: readonly RelaxedBlock[],
  extents: readonly Extent[],
  ball: Region['ball'],
): Float64Array {
  const last = Math.max(...form.terms.keys(), 0);
  const layers = blocks.slice(0, last).map((block, k) => layerOf(block, extents.slice(0, k + 1)));
  const terms = [...form.terms].map(([k, w]) => [k, entriesOf(w)] as const);
  const slack = slackOf(form, extents);
  const coefficients = extents.slice(0, last + 1).map(({ lower: { length } }) => ({
    value: new Float64Array(length),
    met: new Uint8Array(length),
    list: new Int32Array(length),
    count: 0,
  }));
  return Float64Array.from(picked, ({ row, sign }) => {
    const bias = sign * form.bias[row]!;
    const state: Row = { coefficients, constant: bias, size: Math.abs(bias), error: slack, summands: 2 };
    for (const [k, entries] of terms) addRow(coefficients[k]!, entries, row, sign);
    let best = boundOf(state, extents, ball);
    for (let k = last; k >= 1; k--) {
      if (coefficients[k]!.count === 0) continue;
      substitute(state, k, layers[k - 1]!, extents);
      const bound = boundOf(state, extents, ball);
      // NaN stands for sums of opposite infinities: no bound.
      if (bound < best) best = bound;
    }
    clear(coefficients[0]!);
    return best;
  });
}

function layerOf(block: RelaxedBlock, extents: readonly Extent[]): Layer {
  const { preactivation: form, magnitude } = block;
  const reached = [...form.terms.keys()].reduce((sum, j) => sum + extents[j]!.total, 0);
  return {
    block,
    terms: [...form.terms].map(([j, w]) => [j, entriesOf(w)]),
    slack: slackOf(form, extents),
    // Products that underflow lose at most half of the smallest number each.
    underflow:
      SMALLEST_SUBNORMAL * 2 * (form.rows * (reached + 1) + magnitude.reduce((sum, m) => sum + m, 0)),
  };
}

/** Replaces x_k by its lines and its pre-activation by its form. */
function substitute(state: Row, k: number, layer: Layer, extents: readonly Extent[]): void {
  const { block, terms, slack, underflow } = layer;
  const { lowerSlope, lowerIntercept, upperSlope, upperIntercept, magnitude, preactivation } = block;
  const old = state.coefficients[k]!;
  // Sums onto what is there already are rounded as often as there are products.
  let present = 0;
  for (const [j] of terms) {
    const { value, list, count } = state.coefficients[j]!;
    const { reach } = extents[j]!;
    for (let p = 0; p < count; p++) {
      const c = value[list[p]!]!;
      if (c !== 0) present += Math.abs(c) * reach[list[p]!]!;
    }
  }
  let weighted = 0;
  let absolute = 0;
  for (let p = 0; p < old.count; p++) {
    const i = old.list[p]!;
    const c = old.value[i]!;
    if (c === 0) continue;
    const up = c > 0;
    const intercept = c * (up ? upperIntercept[i]! : lowerIntercept[i]!);
    state.constant += intercept;
    state.size += Math.abs(intercept);
    const slope = c * (up ? upperSlope[i]! : lowerSlope[i]!);
    if (slope === 0) continue;
    const ofBias = slope * preactivation.bias[i]!;
    state.constant += ofBias;
    state.size += Math.abs(ofBias);
    weighted += Math.abs(slope) * magnitude[i]!;
    absolute += Math.abs(slope);
    for (const [j, entries] of terms) addRow(state.coefficients[j]!, entries, i, slope);
  }
  const ofSum = gamma(old.count + 4);
  // No term where there is no slack: 0 times an infinite sum would be NaN.
  state.error +=
    ofSum * weighted +
    (present === 0 ? 0 : ofSum * present) +
    (slack === 0 ? 0 : slack * absolute) +
    underflow;
  state.summands += 2 * old.count;
  clear(old);
}

/** sum += factor times a row of the weights. */
function addRow(
  coefficients: Coefficients,
  { start, column, value }: Entries,
  row: number,
  factor: number,
): void {
  const { value: sum, met, list } = coefficients;
  let { count } = coefficients;
  const to = start[row + 1]!;
  if (count === sum.length) {
    // All of them are listed.
    for (let p = start[row]!; p < to; p++) sum[column[p]!]! += factor * value[p]!;
    return;
  }
  for (let p = start[row]!; p < to; p++) {
    const i = column[p]!;
    if (met[i] === 0) {
      met[i] = 1;
      list[count++] = i;
    }
    sum[i]! += factor * value[p]!;
  }
  coefficients.count = count;
}

function clear(coefficients: Coefficients): void {
  const { value, met, list, count } = coefficients;
  for (let p = 0; p < count; p++) {
    value[list[p]!] = 0;
    met[list[p]!] = 0;
  }
  coefficients.count = 0;
}

/** The row bounded as it stands. */
function boundOf(state: Row, extents: readonly Extent[], ball: Region['ball']): number {
  let value = state.constant;
  let size = state.size;
  let terms = state.summands + 4;
  for (let k = 0; k < state.coefficients.length; k++) {
    const { value: c, list, count } = state.coefficients[k]!;
    if (count === 0) continue;
    const { centre, spread, reach } = extents[k]!;
    let at = 0;
    let around = 0;
    let most = 0;
    for (let p = 0; p < count; p++) {
      const i = list[p]!;
      const v = c[i]!;
      if (v === 0) continue;
      const absolute = Math.abs(v);
      at += v * centre[i]!;
      around += absolute * spread[i]!;
      most += absolute * reach[i]!;
    }
    const overBox = at + around;
    const round = k === 0 && ball ? overBall(ball, c) : undefined;
    value += round && round.value < overBox ? round.value : overBox;
    size += round ? Math.max(most, round.size) : most;
    terms += round ? c.length : count;
  }
  const bound = nextUp(
    value + nextUp(SUMMED * (state.error + gamma(2 * terms) * size + SMALLEST_SUBNORMAL * terms)),
  );
  return Number.isNaN(bound) ? Infinity : bound;
}
