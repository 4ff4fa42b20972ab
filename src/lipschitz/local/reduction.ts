// A network for derivatives without its neurons of fixed slope: dead ones are left out, the others merged into the weights.
import type { Activation } from '../../intervals/index.ts';
import { type Matrix, matrix, multiply } from '../../linalg/index.ts';
import {
  addUp,
  gamma,
  multiplyUp,
  normEnclosure,
  SMALLEST_SUBNORMAL,
  UNIT_ROUNDOFF,
} from '../../numeric/index.ts';
import type { AffineForm, Block, Network } from '../network/network.ts';
import type { Slopes } from './jacobian.ts';

/** A neuron by its block, counted from 0, and its place there. */
export interface Neuron {
  readonly block: number;
  readonly index: number;
}

/** The same Jacobians from fewer neurons. Biases play no part in them and are zero. */
export interface Reduced {
  readonly network: Network;
  readonly slopes: Slopes;
  /** Which neuron of the original each one is, by block. */
  readonly neurons: readonly (readonly Neuron[])[];
}

/**
 * Keeps the neurons whose slope is not known: x_i = s_i z_i with known s_i is replaced by what z_i sums, so that blocks see
 * all blocks before them. Interval arithmetic on the merged weights is tighter than on their factors.
 *
 * Time: the products of the weights before and after the merged neurons.
 */
export function reduced(network: Network, slopes: Slopes): Reduced {
  const blocks: Block[] = [];
  const kept: Slopes[number][] = [];
  const neurons: Neuron[][] = [];
  const before: Before[] = [];
  network.blocks.forEach(({ preactivation, activations }, block) => {
    const ranges = slopes[block]!;
    const loose: number[] = [];
    const merged: number[] = [];
    ranges.forEach(([a, b], i) => {
      if (a !== b || !Number.isFinite(a)) loose.push(i);
      else if (a !== 0) merged.push(i);
    });
    const form = merge(preactivation, [...loose, ...merged], before);
    const own = loose.length === 0 ? undefined : blocks.length + 1;
    before.push({
      own,
      loose,
      merged,
      factors: merged.map((i) => ranges[i]![0]),
      sums: merged.length === 0 ? undefined : rowsFrom(form, loose.length, form.rows),
    });
    if (own === undefined) return;
    blocks.push({
      preactivation: formOf(rowsFrom(form, 0, loose.length)),
      activations: loose.map((i): Activation => activations[i]!),
    });
    kept.push(loose.map((i) => ranges[i]!));
    neurons.push(loose.map((index) => ({ block, index })));
  });
  const rows = Array.from({ length: network.output.rows }, (_, r) => r);
  const output = formOf(merge(network.output, rows, before));
  return { network: { features: network.features, blocks, output }, slopes: kept, neurons };
}

/** A block that was passed: which of its neurons stay, and what those sum that do not. */
interface Before {
  /** Its number among the blocks that stay. */
  readonly own: number | undefined;
  readonly loose: readonly number[];
  readonly merged: readonly number[];
  readonly factors: readonly number[];
  readonly sums: Sums | undefined;
}

/** Rows over the input and the blocks that stay, each coefficient within `error` of the true one. */
interface Sums {
  readonly rows: number;
  readonly terms: ReadonlyMap<number, Matrix>;
  readonly error: number;
}

function merge(form: AffineForm, rows: readonly number[], before: readonly Before[]): Sums {
  const terms = new Map<number, Matrix>();
  let error = form.coefficientError;
  const add = (k: number, term: Matrix) => {
    const present = terms.get(k);
    if (!present) {
      terms.set(k, term);
      return;
    }
    const sum = matrix(
      term.rows,
      term.columns,
      term.data.map((v, i) => v + present.data[i]!),
    );
    error = addUp(error, multiplyUp(UNIT_ROUNDOFF, largest(sum)));
    terms.set(k, sum);
  };
  if (rows.length === 0) return { rows: 0, terms, error };
  const input = form.terms.get(0);
  if (input) add(0, submatrix(input, rows));
  before.forEach(({ own, loose, merged, factors, sums }, block) => {
    const w = form.terms.get(block + 1);
    if (w && own !== undefined) add(own, submatrix(w, rows, loose));
    if (!sums) return;
    const steepest = factors.reduce((most, s) => Math.max(most, Math.abs(s)), 0);
    const weights = w && scaledColumns(submatrix(w, rows, merged), factors);
    for (const [k, term] of sums.terms) {
      // What merged weights may be off by, also where none are stored.
      const ofForm = multiplyUp(form.coefficientError, steepest);
      if (ofForm > 0) error = addUp(error, multiplyUp(ofForm, columnSum(term)));
      if (!weights) continue;
      add(k, multiply(weights, term));
      error = addUp(error, roundingOf(weights, term));
    }
    const ofWeights = addUp(
      weights ? rowSum(weights) : 0,
      multiplyUp(form.coefficientError * merged.length, steepest),
    );
    error = addUp(error, multiplyUp(ofWeights, sums.error));
  });
  return { rows: rows.length, terms, error };
}

/** Entries of fl((W diag(s)) P) are off by gamma(n + 2) |W s|_2 |P|_2 of row and column at most, what underflows aside. */
function roundingOf(weights: Matrix, term: Matrix): number {
  const n = weights.columns;
  const longestRow = longest(weights.rows, (r) => weights.data.subarray(r * n, (r + 1) * n));
  const longestColumn = longest(term.columns, (c) =>
    Float64Array.from({ length: term.rows }, (_, r) => term.data[r * term.columns + c]!),
  );
  const relative = multiplyUp(gamma(n + 2), multiplyUp(longestRow, longestColumn));
  return addUp(relative, SMALLEST_SUBNORMAL * (4 * n) * (1 + largest(term)));
}

function longest(count: number, vector: (at: number) => Float64Array): number {
  let most = 0;
  for (let at = 0; at < count; at++) {
    const v = vector(at);
    most = Math.max(most, v.every((t) => Number.isFinite(t)) ? normEnclosure(v)[1] : Infinity);
  }
  return most;
}

/** The largest sum of absolute values in a row, rounded upwards. */
function rowSum(a: Matrix): number {
  let most = 0;
  for (let r = 0; r < a.rows; r++) {
    let sum = 0;
    for (let c = 0; c < a.columns; c++) sum += Math.abs(a.data[r * a.columns + c]!);
    most = Math.max(most, sum);
  }
  return multiplyUp(most, 1 + gamma(a.columns + 2));
}

/** The largest sum of absolute values in a column, rounded upwards. */
function columnSum(a: Matrix): number {
  const sums = new Float64Array(a.columns);
  for (let r = 0; r < a.rows; r++) {
    for (let c = 0; c < a.columns; c++) sums[c]! += Math.abs(a.data[r * a.columns + c]!);
  }
  return multiplyUp(
    sums.reduce((most, s) => Math.max(most, s), 0),
    1 + gamma(a.rows + 2),
  );
}

const largest = ({ data }: Matrix): number => data.reduce((most, v) => Math.max(most, Math.abs(v)), 0);

function submatrix(a: Matrix, rows: readonly number[], columns?: readonly number[]): Matrix {
  const width = columns?.length ?? a.columns;
  const result = matrix(rows.length, width);
  rows.forEach((r, at) => {
    const from = r * a.columns;
    for (let c = 0; c < width; c++) result.data[at * width + c] = a.data[from + (columns ? columns[c]! : c)]!;
  });
  return result;
}

function scaledColumns(a: Matrix, factors: readonly number[]): Matrix {
  return matrix(
    a.rows,
    a.columns,
    a.data.map((v, i) => v * factors[i % a.columns]!),
  );
}

function rowsFrom({ terms, error }: Sums, from: number, to: number): Sums {
  const cut = ({ columns, data }: Matrix) =>
    matrix(to - from, columns, data.slice(from * columns, to * columns));
  return { rows: to - from, terms: new Map([...terms].map(([k, term]) => [k, cut(term)])), error };
}

function formOf({ rows, terms, error }: Sums): AffineForm {
  return { rows, terms, bias: new Float64Array(rows), coefficientError: error, biasError: 0 };
}
