// The cells of a piecewise linear network: polyhedra of inputs on which every neuron stays on one affine piece, so that
// the preactivations of each block are affine forms there, block after block.
import { invalidArgument, RobustlawError, requireInteger } from '../../errors.ts';
import type { Domain } from '../../guarantee/index.ts';
import { addUp, gamma, multiplyUp, SMALLEST_SUBNORMAL } from '../../numeric/index.ts';
import type { Network } from '../network/network.ts';
import { type Dyadics, dyadics, shift } from './dyadic.ts';
import { applied, type Enclosed, enclosed, scaleRow } from './enclosed.ts';
import { type ExactForm, type ExactMap, exactlyActivated, exactlyApplied, exactMaps } from './exact-form.ts';
import { type Dyadic, type Piece, piecesOf, piecesWithin } from './pieces.ts';
import { preactivationRanges } from './ranges.ts';

/**
 * A network on a box, whose coordinates of no width are constants: `free` lists the others, which are the coordinates
 * of all forms and points here.
 */
export interface Arrangement {
  readonly network: Network;
  readonly free: readonly number[];
  /** Ends of the free coordinates; may be infinite. */
  readonly lower: Float64Array;
  readonly upper: Float64Array;
  /** Of each neuron of block k: `pieces[k - 1]`. */
  readonly pieces: readonly (readonly (readonly Piece[])[])[];
  /** Those of them that the neuron can be on in the interior of the domain. */
  readonly possible: readonly (readonly (readonly number[])[])[];
  readonly start: Enclosed;
  /** Undefined where merging has rounded the coefficients, and for large networks. */
  readonly maps: readonly ExactMap[] | undefined;
  readonly exactStart: ExactForm;
}

/**
 * The preactivations of block k (the outputs for k = K + 1) as affine forms of the input, on a region where the pieces
 * of all neurons of the blocks before are decided.
 */
export interface Stage {
  readonly block: number;
  /** The pieces of the neurons of blocks 1 .. k - 1. */
  readonly choices: readonly Int8Array[];
  /** x_0 .. x_{k-1} and z_k, `[size, free coordinates + 1]`. */
  readonly inputs: readonly Enclosed[];
  readonly forms: Enclosed;
  /** The same without rounding; undefined where there are no `maps`. Computed when first asked for. */
  readonly exact: () => { readonly inputs: readonly ExactForm[]; readonly forms: ExactForm } | undefined;
}

/** Products of integers that the forms of one cell may need (some seconds); larger networks do without them. */
const EXACT_WORK = 2e7;

/** Not yet decided. */
export const OPEN = -1;

/**
 * @throws unsupported-op when an activation is not piecewise linear; invalid-argument for NaN or infinite weights and for
 *   domains that are neither global nor boxes.
 */
export function arrangement(network: Network, domain: Domain): Arrangement {
  const d = network.features;
  requireInteger('features', d);
  requireFiniteWeights(network);
  const [low, high] = endsOf(domain, d);
  const free = Array.from({ length: d }, (_, i) => i).filter((i) => low[i]! < high[i]!);
  const columns = free.length + 1;
  const start = enclosed(d, columns);
  const constants = dyadics(low.map((v, i) => (v < high[i]! ? 0 : v)));
  // Units are written as integers 2^-exponent.
  const exponent = Math.min(0, constants.exponent);
  const exactRows = Array.from({ length: d }, (_, i) => {
    const values = new Array<bigint>(columns).fill(0n);
    values[columns - 1] = shift(constants.values[i]!, constants.exponent, exponent);
    if (low[i] === high[i]) start.centre[(i + 1) * columns - 1] = low[i]!;
    return values;
  });
  free.forEach((i, c) => {
    start.centre[i * columns + c] = 1;
    exactRows[i]![c] = 1n << BigInt(-exponent);
  });
  const pieces = network.blocks.map(({ activations }) => activations.map(piecesOf));
  return {
    network,
    free,
    lower: Float64Array.from(free, (i) => low[i]!),
    upper: Float64Array.from(free, (i) => high[i]!),
    pieces,
    possible: preactivationRanges(network, low, high).map((ranges, k) =>
      ranges.map(([least, most], i) => piecesWithin(pieces[k]![i]!, least, most)),
    ),
    start,
    maps: exactWork(network, columns) > EXACT_WORK ? undefined : exactMaps(network),
    exactStart: { exponent, values: exactRows },
  };
}

function exactWork({ blocks, output }: Network, columns: number): number {
  const forms = [...blocks.map((block) => block.preactivation), output];
  return forms.reduce(
    (sum, { terms }) => [...terms.values()].reduce((s, w) => s + w.data.length * columns, sum),
    0,
  );
}

/** The whole input of the network from its free coordinates. */
export function inputOf({ free, start }: Arrangement, x: Float64Array): Float64Array {
  const whole = Float64Array.from(
    { length: start.rows },
    (_, i) => start.centre[(i + 1) * start.columns - 1]!,
  );
  free.forEach((i, c) => {
    whole[i] = x[c]!;
  });
  return whole;
}

/** The first block, on the whole domain. */
export function firstStage(cells: Arrangement): Stage {
  return stageOf(cells, [], [cells.start], () => [cells.exactStart]);
}

/** The next block (or the outputs), on the part of the region where neuron i of this block is on piece `choice[i]`. */
export function nextStage(cells: Arrangement, stage: Stage, choice: Int8Array): Stage {
  const { forms, block } = stage;
  const chosen = cells.pieces[block - 1]!.map((pieces, i) => pieces[choice[i]!]!);
  const x = enclosed(forms.rows, forms.columns);
  chosen.forEach(({ slope, intercept, interceptError }, i) => {
    scaleRow(forms, i, slope, intercept, interceptError, x);
  });
  return stageOf(cells, [...stage.choices, choice], [...stage.inputs, x], () => {
    const before = stage.exact();
    return before && [...before.inputs, exactlyActivated(before.forms, chosen)];
  });
}

function stageOf(
  cells: Arrangement,
  choices: readonly Int8Array[],
  inputs: readonly Enclosed[],
  exactInputs: () => readonly ExactForm[] | undefined,
): Stage {
  const { network, maps, start } = cells;
  const block = inputs.length;
  const form = network.blocks[block - 1]?.preactivation ?? network.output;
  let exact: ReturnType<Stage['exact']>;
  return {
    block,
    choices,
    inputs,
    forms: applied(form, inputs, start.columns),
    exact: () => {
      if (!maps || exact) return exact;
      const exacts = exactInputs()!;
      exact = { inputs: exacts, forms: exactlyApplied(maps[block - 1]!, exacts, start.columns) };
      return exact;
    },
  };
}

/** Whether the blocks end here: the forms are the outputs. */
export function isLast({ network }: Arrangement, { block }: Stage): boolean {
  return block > network.blocks.length;
}

/**
 * The pieces on which neuron i of the block of a stage can be in a full-dimensional part of the region, as far as its
 * form and the domain tell. One piece alone is certain; a neuron that is constant on the region has one.
 */
export function possiblePieces(cells: Arrangement, stage: Stage, i: number): number[] {
  const pieces = cells.pieces[stage.block - 1]![i]!;
  if (isConstant(stage, i)) {
    const at = constantPiece(stage, i, pieces);
    return at === undefined ? pieces.map((_, p) => p) : [at];
  }
  const [low, high] = rangeOnDomain(cells, stage.forms, i);
  const possible = cells.possible[stage.block - 1]![i]!;
  const both = piecesWithin(pieces, low, high).filter((p) => possible.includes(p));
  return both.length > 0 ? both : [...possible];
}

/** Whether the form of neuron i has no slope: certain where true. */
function isConstant({ forms, exact }: Stage, i: number): boolean {
  const n = forms.columns;
  let certain = true;
  for (let p = i * n; p < (i + 1) * n - 1; p++) {
    if (Math.abs(forms.centre[p]!) > forms.radius[p]!) return false;
    if (forms.radius[p]! > 0) certain = false;
  }
  if (certain) return true;
  const exactly = exact()?.forms.values[i];
  return exactly?.every((v, c) => c === n - 1 || v === 0n) ?? false;
}

/** The first piece that holds the value of a constant neuron. */
function constantPiece({ forms, exact }: Stage, i: number, pieces: readonly Piece[]): number | undefined {
  const p = (i + 1) * forms.columns - 1;
  const [value, error] = [forms.centre[p]!, forms.radius[p]!];
  const at = pieces.findIndex((piece) =>
    error === 0 ? piece.from <= value && value <= piece.to : strictlyWithin(value, error, piece),
  );
  if (at >= 0) return at;
  const exactly = exact()?.forms;
  if (!exactly) return undefined;
  const constant = { value: exactly.values[i]!.at(-1)!, exponent: exactly.exponent };
  return pieces.findIndex(({ from, to }) => compare(constant, from) >= 0 && compare(constant, to) <= 0);
}

/** Encloses what neuron i takes on the whole domain, as far as its form tells. */
function rangeOnDomain(
  { lower, upper }: Arrangement,
  forms: Enclosed,
  i: number,
): [low: number, high: number] {
  const n = forms.columns;
  let [low, high, size] = [forms.centre[(i + 1) * n - 1]!, forms.centre[(i + 1) * n - 1]!, 0];
  size = Math.abs(low);
  let radius = forms.radius[(i + 1) * n - 1]!;
  for (let c = 0; c < n - 1; c++) {
    const g = forms.centre[i * n + c]!;
    const r = forms.radius[i * n + c]!;
    if (g === 0 && r === 0) continue;
    const [l, u] = [lower[c]!, upper[c]!];
    const ends = [g * l, g * u].map((v) => (Number.isNaN(v) ? 0 : v));
    low += Math.min(ends[0]!, ends[1]!);
    high += Math.max(ends[0]!, ends[1]!);
    const most = Math.max(Math.abs(l), Math.abs(u));
    size += Math.abs(g) * most;
    if (r > 0) radius = addUp(radius, multiplyUp(r, most));
  }
  const slack = addUp(addUp(radius, multiplyUp(gamma(2 * n + 4), size)), 2 * n * SMALLEST_SUBNORMAL);
  return Number.isFinite(slack)
    ? [low - slack, high + slack]
    : [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
}

/**
 * On which piece neuron i is at the point x: one that holds its value in its interior, or any that holds it where the
 * neuron is constant on the region. Undefined where x lies on a breakpoint, or where that cannot be told. Certain.
 *
 * @param exactPoint x without rounding.
 */
export function pieceAt(
  cells: Arrangement,
  stage: Stage,
  i: number,
  x: Float64Array,
  exactPoint: Dyadics,
): number | undefined {
  const pieces = cells.pieces[stage.block - 1]![i]!;
  if (pieces.length === 1) return 0;
  const { value, error } = valueAt(stage.forms, i, x);
  const inside = pieces.findIndex((piece) => strictlyWithin(value, error, piece));
  if (inside >= 0) return inside;
  if (isConstant(stage, i)) return constantPiece(stage, i, pieces);
  const exactly = exactValueAt(stage, i, exactPoint);
  if (!exactly) return undefined;
  const at = pieces.findIndex(({ from, to }) => compare(exactly, from) > 0 && compare(exactly, to) < 0);
  return at < 0 ? undefined : at;
}

/** Whether neuron i takes a value of this piece, its ends included, at x. Certain where true. */
export function holdsAt(
  stage: Stage,
  i: number,
  piece: Piece,
  x: Float64Array,
  exactPoint: Dyadics,
): boolean {
  const { value, error } = valueAt(stage.forms, i, x);
  if (error === 0 ? piece.from <= value && value <= piece.to : strictlyWithin(value, error, piece))
    return true;
  const exactly = exactValueAt(stage, i, exactPoint);
  return exactly !== undefined && compare(exactly, piece.from) >= 0 && compare(exactly, piece.to) <= 0;
}

/** Row i of the forms at x, within `error`; 0 where no rounding happens. */
function valueAt(forms: Enclosed, i: number, x: Float64Array): { value: number; error: number } {
  const n = forms.columns;
  let [value, size, error, products] = [0, 0, 0, 0];
  for (let c = 0, p = i * n; c < n - 1; c++, p++) {
    const g = forms.centre[p]!;
    if (x[c] === 0) continue;
    if (g !== 0) {
      const product = g * x[c]!;
      value += product;
      size += Math.abs(product);
      products++;
    }
    error += forms.radius[p]! * Math.abs(x[c]!);
  }
  const p = (i + 1) * n - 1;
  const constant = forms.centre[p]!;
  if (products === 0 && error === 0) return { value: constant, error: forms.radius[p]! };
  const rounding = multiplyUp(gamma(4 * n + 8), addUp(addUp(size, Math.abs(constant)), error));
  return {
    value: value + constant,
    error: addUp(addUp(error, forms.radius[p]!), addUp(rounding, 2 * n * SMALLEST_SUBNORMAL)),
  };
}

function exactValueAt({ exact }: Stage, i: number, x: Dyadics): Dyadic | undefined {
  const forms = exact()?.forms;
  if (!forms) return undefined;
  const row = forms.values[i]!;
  const n = row.length;
  let sum = 0n;
  for (let c = 0; c < n - 1; c++) sum += row[c]! * x.values[c]!;
  const exponent = Math.min(0, x.exponent);
  const value = shift(sum, x.exponent, exponent) + shift(row[n - 1]!, 0, exponent);
  return { value, exponent: forms.exponent + exponent };
}

function strictlyWithin(value: number, error: number, { from, to }: Piece): boolean {
  // One rounded difference each; the factor covers it.
  return value - from > 1.000001 * error && to - value > 1.000001 * error;
}

/** The sign of a - b; b may be infinite. */
function compare(a: Dyadic, b: number): number {
  if (!Number.isFinite(b)) return -Math.sign(b);
  const to = dyadics([b]);
  const exponent = Math.min(a.exponent, to.exponent);
  const [x, y] = [shift(a.value, a.exponent, exponent), shift(to.values[0]!, to.exponent, exponent)];
  return x < y ? -1 : x > y ? 1 : 0;
}

function endsOf(domain: Domain, d: number): [lower: Float64Array, upper: Float64Array] {
  if (domain.kind === 'global') {
    return [
      new Float64Array(d).fill(Number.NEGATIVE_INFINITY),
      new Float64Array(d).fill(Number.POSITIVE_INFINITY),
    ];
  }
  if (domain.kind !== 'box') {
    throw invalidArgument('domain', domain.kind, 'global or a box (for a ball, the box around it)');
  }
  const { lower, upper } = domain;
  if (lower.length !== d || upper.length !== d) {
    throw new RobustlawError(
      'shape-mismatch',
      `the box has ${lower.length} lower and ${upper.length} upper ends; the network takes ${d} numbers`,
    );
  }
  for (let i = 0; i < d; i++) {
    if (
      !(lower[i]! <= upper[i]!) ||
      lower[i] === Number.POSITIVE_INFINITY ||
      upper[i] === Number.NEGATIVE_INFINITY
    ) {
      throw invalidArgument(`interval ${i} of the box`, `[${lower[i]}, ${upper[i]}]`, 'lower <= upper');
    }
  }
  return [lower, upper];
}

function requireFiniteWeights({ blocks, output }: Network): void {
  [...blocks.map((block) => block.preactivation), output].forEach(({ terms, bias }, k) => {
    for (const [j, { data }] of terms) {
      const at = data.findIndex((v) => !Number.isFinite(v));
      if (at >= 0) {
        throw invalidArgument(`weight ${at} from block ${j} to block ${k + 1}`, data[at], 'a finite number');
      }
    }
    const at = bias.findIndex((v) => !Number.isFinite(v));
    if (at >= 0) throw invalidArgument(`bias ${at} of block ${k + 1}`, bias[at], 'a finite number');
  });
}
