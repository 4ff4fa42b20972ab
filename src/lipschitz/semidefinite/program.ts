// The semidefinite program of LipSDP (Fazlyab, Robey, Hassani, Morari and Pappas 2019) for any network of affine forms
// and neurons with bounded slopes, brought to moderate scale.
import { invalidArgument } from '../../errors.ts';
import {
  type Matrix,
  matrix,
  multiply,
  multiplyVector,
  multiplyVectorTransposed,
} from '../../linalg/index.ts';
import { gamma } from '../../numeric/index.ts';
import type { AffineForm, Network } from '../network/network.ts';
import { requireSlopes, type SlopeBounds } from './bounds.ts';
import { exponentOf, scaled } from './exponents.ts';

/** Block of variables -> coefficients, `[rows, size of the block]`. */
export type Terms = ReadonlyMap<number, Matrix>;

/** Neurons with change delta_j between low_j nu_j and high_j nu_j, where nu_j = sum_i v_ji delta_i over earlier blocks. */
export interface NeuronBlock {
  readonly size: number;
  readonly terms: Terms;
  /** Each true coefficient of row j, absent ones included, lies within `errors[j]` of the stored one. */
  readonly errors: Float64Array;
  readonly low: Float64Array;
  readonly high: Float64Array;
  /** r / (r + |m|), m and r the centre and half width of the slopes in the network. */
  readonly shares: Float64Array;
  /** These are neurons `neurons[j]` of block `source` of the network. */
  readonly source: number;
  readonly neurons: readonly number[];
  /** nu_j in units of 2^rowExponents[j], delta_j in units of 2^exponents[j]. */
  readonly rowExponents: Int32Array;
  readonly exponents: Int32Array;
}

/**
 * Maximise rho over multipliers lambda >= 0 with F(lambda, rho) >= 0, where
 *
 *     delta^T F delta = |delta_0|^2 + sum_j 2 lambda_j (delta_j - low_j nu_j)(delta_j - high_j nu_j) - rho |C delta|^2.
 *
 * Every feasible pair proves |C delta|^2 <= |delta_0|^2 / rho for all pairs of inputs, since no term of the sum is
 * positive: the Lipschitz constant is at most 2^exponent / sqrt(rho).
 */
export interface Program {
  /** Variables of block 0 as stored, and of the network. */
  readonly inputs: number;
  readonly features: number;
  /** `blocks[k - 1]` is block k of the variables. */
  readonly blocks: readonly NeuronBlock[];
  readonly output: {
    readonly terms: Terms;
    /** Each true coefficient of the `rows` outputs of the network lies within `error`. */
    readonly error: number;
    readonly rows: number;
  };
  readonly exponent: number;
}

/** One multiplier per neuron, block by block. */
export type Multipliers = readonly Float64Array[];

/** Entries of block k. */
export function sizeOf({ inputs, blocks }: Program, k: number): number {
  return k === 0 ? inputs : blocks[k - 1]!.size;
}

/** Number of neurons. */
export function neuronsOf({ blocks }: Program): number {
  return blocks.reduce((sum, { size }) => sum + size, 0);
}

/**
 * The program of a network.
 *
 * A neuron is split as delta_j = s_j nu_j + rest. Where its slopes nearly agree, s_j = low_j goes into the later forms
 * (exactly so, with nothing left, for an affine neuron); a rest that is zero, or of a row within rounding of zero,
 * is accounted for as an error of coefficients. The other neurons become variables with s_j = 0. Rows and slopes are then
 * brought near 1 by powers of two.
 *
 * @throws shape-mismatch or invalid-argument for slopes that do not fit; invalid-argument for weights not finite.
 */
export function programOf(network: Network, bounds: SlopeBounds): Program {
  requireSlopes(network, bounds);
  const columns: Columns[] = [inputColumns(network.features)];
  const blocks: NeuronBlock[] = [];
  network.blocks.forEach(({ preactivation }, index) => {
    const rows = balanced(rowsOf(preactivation, columns, blocks));
    const neurons: number[] = [];
    const kept: number[] = [];
    const shift = new Float64Array(rows.count);
    const rest = new Float64Array(rows.count);
    const exponents = new Int32Array(rows.count);
    const slopes = bounds.slopes[index]!;
    for (let j = 0; j < rows.count; j++) {
      const [low, high] = slopes[j]!;
      if (high - low <= SPREAD * Math.abs(low + high)) shift[j] = low;
      const range = Math.max(Math.abs(low - shift[j]!), Math.abs(high - shift[j]!)) * (1 + 2 ** -50);
      if (range === 0 || !(rows.largest[j]! > RELIABLE * rows.errors[j]!)) {
        rest[j] = range;
        kept.push(-1);
      } else {
        kept.push(neurons.length);
        neurons.push(j);
        exponents[j] = rows.exponents[j]! + exponentOf(range);
      }
    }
    if (neurons.length > 0) {
      // A difference that rounds is widened by a neighbour's distance.
      const slope = (j: number, end: 0 | 1) => {
        const exact = slopes[j]![end] - shift[j]!;
        const widened = shift[j] === 0 ? exact : exact * (1 + 2 ** -50);
        return scaled(widened, rows.exponents[j]! - exponents[j]!);
      };
      blocks.push({
        size: neurons.length,
        terms: selectRows(rows.terms, neurons),
        errors: Float64Array.from(neurons, (j) => rows.errors[j]!),
        low: Float64Array.from(neurons, (j) => slope(j, 0)),
        high: Float64Array.from(neurons, (j) => slope(j, 1)),
        shares: Float64Array.from(neurons, (j) => {
          const [low, high] = slopes[j]!;
          return (high - low) / (high - low + Math.abs(low + high));
        }),
        source: index + 1,
        neurons,
        rowExponents: Int32Array.from(neurons, (j) => rows.exponents[j]!),
        exponents: Int32Array.from(neurons, (j) => exponents[j]!),
      });
    }
    columns.push({ block: neurons.length > 0 ? blocks.length : -1, kept, exponents, shift, rest, rows });
  });
  // One exponent for all outputs: they share a norm.
  const output = rowsOf(network.output, columns, blocks, true);
  return {
    inputs: network.features,
    features: network.features,
    blocks,
    output: {
      terms: output.terms,
      error: output.errors.reduce((a, b) => Math.max(a, b), 0),
      rows: network.output.rows,
    },
    exponent: output.exponents[0]!,
  };
}

/** Slopes this close, relative to their sum, are an affine part and a small rest: the form would be nearly singular. */
const SPREAD = 1 / 32;
/** A row this little above the error of its coefficients says nothing. */
const RELIABLE = 2 ** 10;
/** More than the error of any underflow at the scale of the program. */
const UNDERFLOW = 2 ** -1000;

/** How a block of the network is written in the variables of the program. */
interface Columns {
  /** Of the program; -1 if no neuron is kept. */
  readonly block: number;
  /** Place of each neuron in that block, or -1. */
  readonly kept: readonly number[];
  /** Unit of each kept neuron. */
  readonly exponents: Int32Array;
  /** delta_j = shift_j nu_j + kept variable, or + a change of at most rest_j |nu_j|. */
  readonly shift: Float64Array;
  readonly rest: Float64Array;
  /** nu of the block. */
  readonly rows: Rows | undefined;
}

/** Forms in the variables of the program, row j in units of 2^exponents[j]. */
interface Rows {
  readonly count: number;
  readonly terms: Terms;
  readonly exponents: Float64Array;
  readonly errors: Float64Array;
  /** Largest absolute coefficient of each row. */
  readonly largest: Float64Array;
}

function inputColumns(features: number): Columns {
  return {
    block: 0,
    kept: Array.from({ length: features }, (_, i) => i),
    exponents: new Int32Array(features),
    shift: new Float64Array(features),
    rest: new Float64Array(features),
    rows: undefined,
  };
}

function rowsOf(
  form: AffineForm,
  columns: readonly Columns[],
  blocks: readonly NeuronBlock[],
  common = false,
): Rows {
  const { rows: count, coefficientError: c } = form;
  requireFiniteForm(form);
  // Unit of every neuron, seen from later forms: that of its pre-activation or of its variable, whichever is larger.
  const unit = (column: Columns, j: number): number => {
    const ofVariable = column.kept[j]! >= 0 ? column.exponents[j]! : Number.NEGATIVE_INFINITY;
    return passesOn(column, j) ? Math.max(ofVariable, column.rows!.exponents[j]!) : ofVariable;
  };
  const units = columns.map((column) => Float64Array.from(column.kept, (_, j) => unit(column, j)));
  const top = units.reduce((most, of) => of.reduce((a, b) => Math.max(a, b), most), 0);
  const exponents = new Float64Array(count).fill(c > 0 ? exponentOf(c) + top : Number.NEGATIVE_INFINITY);
  for (const [b, w] of form.terms) {
    for (let r = 0; r < count; r++) {
      for (let j = 0; j < w.columns; j++) {
        const entry = w.data[r * w.columns + j]!;
        if (entry !== 0) exponents[r] = Math.max(exponents[r]!, exponentOf(entry) + units[b]![j]!);
      }
    }
  }
  if (common) exponents.fill(exponents.reduce((a, b) => Math.max(a, b)));
  for (let r = 0; r < count; r++) if (exponents[r] === Number.NEGATIVE_INFINITY) exponents[r] = 0;

  const errors = exponents.map((e) => (c > 0 ? scaled(c, top - e) + UNDERFLOW : 0));
  const terms = new Map<number, Matrix>();
  const term = (k: number): Float64Array => {
    const size = k === 0 ? columns[0]!.kept.length : blocks[k - 1]!.size;
    if (!terms.has(k)) terms.set(k, matrix(count, size));
    return terms.get(k)!.data;
  };
  columns.forEach((column, b) => {
    const w = form.terms.get(b);
    if (w) {
      const kept = column.kept.flatMap((place, j) => (place >= 0 ? [{ place, j }] : []));
      const out = kept.length > 0 ? term(column.block) : new Float64Array();
      const size = kept.length > 0 ? terms.get(column.block)!.columns : 0;
      for (let r = 0; r < count; r++) {
        let lost = false;
        for (const { place, j } of kept) {
          const entry = w.data[r * w.columns + j]!;
          if (entry === 0) continue;
          const value = scaled(entry, column.exponents[j]! - exponents[r]!);
          lost ||= Math.abs(value) < UNDERFLOW;
          out[r * size + place] = out[r * size + place]! + value;
        }
        if (lost) errors[r] = errors[r]! + UNDERFLOW;
      }
    }
    const passing = column.kept.flatMap((_, j) => (passesOn(column, j) ? [j] : []));
    if (passing.length > 0 && (w || c > 0))
      addAffineParts(form, b, column, passing, exponents, errors, term, columns.length);
  });
  // The errors themselves were rounded.
  for (let r = 0; r < count; r++) errors[r] = errors[r]! * (1 + 2 ** -20);
  const largest = new Float64Array(count);
  for (const w of terms.values()) {
    for (let r = 0; r < count; r++)
      for (let i = 0; i < w.columns; i++)
        largest[r] = Math.max(largest[r]!, Math.abs(w.data[r * w.columns + i]!));
  }
  return { count, terms, exponents, errors, largest };
}

/** The rows in larger units, in which they map vectors of length 1 to vectors of about length 1: deep chains stay in range. */
function balanced(rows: Rows): Rows {
  const parts = [...rows.terms.values()];
  let image = new Float64Array(rows.count).fill(1);
  let squared = 0;
  for (let step = 0; step < POWER_STEPS; step++) {
    const length = Math.sqrt(image.reduce((sum, t) => sum + t * t, 0));
    if (!(length > 0)) break;
    const unit = image.map((t) => t / length);
    image = new Float64Array(rows.count);
    for (const w of parts) {
      multiplyVector(w, multiplyVectorTransposed(w, unit)).forEach((t, j) => {
        image[j] = image[j]! + t;
      });
    }
    squared = Math.sqrt(image.reduce((sum, t) => sum + t * t, 0));
  }
  const up = squared > 0 ? Math.max(0, Math.round(Math.log2(squared) / 2)) : 0;
  const down = (values: Float64Array, lost: number) => values.map((t) => (t === 0 ? 0 : t * 2 ** -up + lost));
  return {
    count: rows.count,
    terms: new Map([...rows.terms].map(([k, w]) => [k, matrix(w.rows, w.columns, down(w.data, 0))])),
    exponents: rows.exponents.map((e) => e + up),
    errors: down(rows.errors, UNDERFLOW),
    largest: down(rows.largest, 0),
  };
}

/** Enough for the unit of a block, of which nothing else depends. */
const POWER_STEPS = 8;

/** Whether something of nu_j enters later forms beside the variable. */
function passesOn({ shift, rest, rows }: Columns, j: number): boolean {
  if (rows === undefined || (shift[j] === 0 && rest[j] === 0)) return false;
  return rows.largest[j]! + rows.errors[j]! > 0;
}

/** Adds W_b diag(shift) nu to the forms, and what it leaves open to their errors. */
function addAffineParts(
  form: AffineForm,
  b: number,
  { shift, rest, rows }: Columns,
  passing: readonly number[],
  exponents: Float64Array,
  errors: Float64Array,
  term: (k: number) => Float64Array,
  blocks: number,
): void {
  const nu = rows!;
  const w = form.terms.get(b);
  const c = form.coefficientError;
  const count = form.rows;
  const coefficients = matrix(count, passing.length);
  const rounding = gamma(passing.length + blocks + 8);
  for (let r = 0; r < count; r++) {
    let error = 0;
    passing.forEach((j, p) => {
      const weight = w ? scaled(w.data[r * w.columns + j]!, nu.exponents[j]! - exponents[r]!) : 0;
      const unsure = c > 0 ? scaled(c, nu.exponents[j]! - exponents[r]!) + UNDERFLOW : 0;
      coefficients.data[r * passing.length + p] = weight * shift[j]!;
      const s = Math.abs(shift[j]!);
      const seen = nu.largest[j]! + nu.errors[j]!;
      error +=
        Math.abs(weight) * (s * nu.errors[j]! + rest[j]! * seen + rounding * s * nu.largest[j]!) +
        unsure * (s + rest[j]!) * seen;
      if (weight !== 0 || unsure !== 0) error += UNDERFLOW;
    });
    // Adding to stored coefficients, which are below 2, rounds as well.
    errors[r] = errors[r]! + error + (error > 0 ? 2 * gamma(blocks + 2) : 0);
  }
  if (!passing.some((j) => shift[j] !== 0)) return;
  for (const [k, v] of selectRows(nu.terms, passing)) {
    const out = term(k);
    multiply(coefficients, v).data.forEach((value, i) => {
      out[i] = out[i]! + value;
    });
  }
}

function selectRows(terms: Terms, rows: readonly number[]): Terms {
  return new Map(
    [...terms].map(([k, w]) => {
      const selected = matrix(rows.length, w.columns);
      rows.forEach((r, i) => {
        selected.data.set(w.data.subarray(r * w.columns, (r + 1) * w.columns), i * w.columns);
      });
      return [k, selected];
    }),
  );
}

function requireFiniteForm({ terms, coefficientError }: AffineForm): void {
  if (!(coefficientError < Number.POSITIVE_INFINITY))
    throw invalidArgument('error of the coefficients', coefficientError, 'a finite number');
  for (const [k, w] of terms) {
    const at = w.data.findIndex((v) => !Number.isFinite(v));
    if (at >= 0) {
      const place = `coefficient [${Math.floor(at / w.columns)}, ${at % w.columns}] on block ${k}`;
      throw invalidArgument(place, w.data[at], 'a finite number');
    }
  }
}
