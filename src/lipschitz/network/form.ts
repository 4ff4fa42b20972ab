// Affine forms while a network is read: sparse rows over the entries of all blocks, each row with a bound on the
// rounding of what was merged into it.
import { invalidArgument, RobustlawError } from '../../errors.ts';
import { type Matrix, matrix } from '../../linalg/index.ts';
import { addUp, gamma, multiplyUp, SMALLEST_SUBNORMAL, UNIT_ROUNDOFF } from '../../numeric/index.ts';
import type { AffineForm } from './network.ts';

/** The most coefficients that a network may have when written out: 1 GiB of float64. */
export const LARGEST_NETWORK = 2 ** 27;

/**
 * Row i is sum_p value[p] v(index[p]) + bias[i] over start[i] <= p < start[i + 1], where v holds the entries of the
 * blocks x_0, x_1, ... one after another. Each true coefficient of the row lies within coefficientError[i] of the
 * stored one, its true bias within biasError[i].
 */
export interface Form {
  readonly rows: number;
  readonly start: Int32Array;
  readonly index: Int32Array;
  readonly value: Float64Array;
  readonly bias: Float64Array;
  readonly coefficientError: Float64Array;
  readonly biasError: Float64Array;
}

/** The rows v(first), ..., v(first + rows - 1) themselves. */
export function identityForm(first: number, rows: number): Form {
  return {
    rows,
    start: Int32Array.from({ length: rows + 1 }, (_, i) => i),
    index: Int32Array.from({ length: rows }, (_, i) => first + i),
    value: new Float64Array(rows).fill(1),
    bias: new Float64Array(rows),
    coefficientError: new Float64Array(rows),
    biasError: new Float64Array(rows),
  };
}

/** Rows that are constants, each within error[i] of the true one. */
export function constantForm(bias: Float64Array, error = new Float64Array(bias.length)): Form {
  return {
    rows: bias.length,
    start: new Int32Array(bias.length + 1),
    index: new Int32Array(0),
    value: new Float64Array(0),
    bias,
    coefficientError: new Float64Array(bias.length),
    biasError: error,
  };
}

/** Whether no row depends on any block. */
export function isConstant(form: Form): boolean {
  return form.index.length === 0 && form.coefficientError.every((e) => e === 0);
}

/** Adds c times row `row` of the `source`-th form, where the true factor lies within `error` (default 0) of c. */
export type AddRow = (source: number, row: number, c: number, error?: number) => void;

/**
 * The form whose row i is the sum of what `combination(i, add)` adds. Rounding is bounded per coefficient: additions by
 * their exact error (Knuth's two-sum), products of float32 numbers have none. Cost: one step per entry added.
 *
 * @param size Entries of all blocks together.
 * @throws unsupported-op when the result needs more than LARGEST_NETWORK entries; invalid-argument when it overflows.
 */
export function combine(
  what: string,
  forms: readonly Form[],
  rows: number,
  size: number,
  combination: (row: number, add: AddRow) => void,
): Form {
  requireRoom(what, rows);
  const start = new Int32Array(rows + 1);
  const bias = new Float64Array(rows);
  const coefficientError = new Float64Array(rows);
  const biasError = new Float64Array(rows);
  let index = new Int32Array(Math.max(16, rows));
  let value = new Float64Array(index.length);
  let used = 0;

  const sums = new Float64Array(size);
  const errors = new Float64Array(size);
  const met = new Uint8Array(size);
  const touched: number[] = [];
  let steps = 0;
  let inherited = 0;
  let constant = 0;
  let constantError = 0;

  const add: AddRow = (source, row, c, error = 0) => {
    if (c === 0 && error === 0) return;
    const form = forms[source]!;
    const { index: columns, value: entries } = form;
    const to = form.start[row + 1]!;
    for (let p = form.start[row]!; p < to; p++) {
      const column = columns[p]!;
      const a = entries[p]!;
      const product = c * a;
      let lost = isExact(c, a) ? 0 : roundingOf(product);
      if (error > 0) lost += error * Math.abs(a);
      if (met[column] === 0) {
        met[column] = 1;
        touched.push(column);
        sums[column] = product;
        errors[column] = lost;
      } else {
        const before = sums[column]!;
        const sum = before + product;
        sums[column] = sum;
        errors[column]! += lost + sumError(before, product, sum);
      }
    }
    steps += to - form.start[row]! + 1;
    const reach = Math.abs(c) + error;
    if (form.coefficientError[row]! > 0) inherited += reach * form.coefficientError[row]!;
    const b = form.bias[row]!;
    if (b !== 0) {
      const product = c * b;
      const sum = constant + product;
      constantError += sumError(constant, product, sum) + error * Math.abs(b);
      if (!isExact(c, b)) constantError += roundingOf(product);
      constant = sum;
    }
    if (form.biasError[row]! > 0) constantError += reach * form.biasError[row]!;
  };

  for (let i = 0; i < rows; i++) {
    combination(i, add);
    requireRoom(what, used + touched.length);
    if (used + touched.length > index.length) {
      const length = Math.min(LARGEST_NETWORK, Math.max(2 * index.length, used + touched.length));
      const [grownIndex, grownValue] = [new Int32Array(length), new Float64Array(length)];
      grownIndex.set(index);
      grownValue.set(value);
      [index, value] = [grownIndex, grownValue];
    }
    let worst = 0;
    for (const column of touched) {
      const sum = sums[column]!;
      if (!Number.isFinite(sum)) throw overflow(what, sum);
      if (!(errors[column]! <= worst)) worst = errors[column]!;
      if (sum !== 0) {
        index[used] = column;
        value[used++] = sum;
      }
      met[column] = 0;
    }
    // Where an intermediate sum overflows, its error is no number.
    for (const end of [constant, worst, inherited, constantError])
      if (!Number.isFinite(end)) throw overflow(what, end);
    start[i + 1] = used;
    bias[i] = constant;
    coefficientError[i] = inflated(worst + inherited, steps);
    biasError[i] = inflated(constantError, steps);
    touched.length = 0;
    steps = inherited = constant = constantError = 0;
  }
  return {
    rows,
    start,
    index: index.slice(0, used),
    value: value.slice(0, used),
    bias,
    coefficientError,
    biasError,
  };
}

/** Whether the product is not rounded: a factor is a unit, or both are float32 numbers, whose products float64 holds. */
const isExact = (a: number, b: number): boolean =>
  Math.abs(a) === 1 || Math.abs(b) === 1 || (Math.fround(a) === a && Math.fround(b) === b);

/** How far a rounded product may be from the true one; nothing where a factor is zero. */
const roundingOf = (product: number): number =>
  product === 0 ? SMALLEST_SUBNORMAL : UNIT_ROUNDOFF * Math.abs(product) + SMALLEST_SUBNORMAL;

/** |fl(a + b) - (a + b)|, exactly (Knuth 1969, section 4.2.2, theorem B). */
function sumError(a: number, b: number, sum: number): number {
  const partner = sum - a;
  return Math.abs(a - (sum - partner) + (b - partner));
}

/** A bound on a sum of error terms from its rounded value. */
function inflated(error: number, steps: number): number {
  if (error === 0) return 0;
  return addUp(multiplyUp(error, addUp(1, gamma(8 * steps + 16))), (4 * steps + 4) * SMALLEST_SUBNORMAL);
}

function overflow(what: string, value: number): RobustlawError {
  return invalidArgument(
    `coefficient after ${what}`,
    value,
    'weights whose products and sums stay within float64',
  );
}

/** Throws unless so many coefficients fit. */
export function requireRoom(what: string, coefficients: number): void {
  if (coefficients <= LARGEST_NETWORK) return;
  throw new RobustlawError(
    'unsupported-op',
    `${what} has ${coefficients} coefficients when written out as a matrix (${(coefficients / 2 ** 27).toFixed(1)} GiB), of at most ${LARGEST_NETWORK} in all; use the composition of norms, which needs no unrolling`,
  );
}

/** First entry of each block among all entries; the last number is how many there are. */
export type Offsets = readonly number[];

/** The blocks on which some row depends, ascending. */
export function blocksOf(form: Form, offsets: Offsets): number[] {
  const blocks = new Set<number>();
  let [low, high] = [0, 0];
  for (const column of form.index) {
    if (column >= low && column < high) continue;
    const k = blockAt(column, offsets);
    [low, high] = [offsets[k]!, offsets[k + 1]!];
    blocks.add(k);
  }
  return [...blocks].sort((a, b) => a - b);
}

/** The block of an entry. */
function blockAt(column: number, offsets: Offsets): number {
  let [low, high] = [0, offsets.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (offsets[middle]! <= column) low = middle;
    else high = middle;
  }
  return low;
}

/** Coefficients of the dense matrices of a form over these blocks. */
export function denseSize(rows: number, blocks: readonly number[], offsets: Offsets): number {
  return blocks.reduce((sum, k) => sum + rows * (offsets[k + 1]! - offsets[k]!), 0);
}

/** The form with a dense matrix for each block on which it depends. */
export function dense(form: Form, offsets: Offsets): AffineForm {
  const terms = new Map<number, Matrix>(
    blocksOf(form, offsets).map((k) => [k, matrix(form.rows, offsets[k + 1]! - offsets[k]!)]),
  );
  for (const [k, { data, columns }] of terms) {
    const [low, high] = [offsets[k]!, offsets[k + 1]!];
    for (let i = 0; i < form.rows; i++) {
      for (let p = form.start[i]!; p < form.start[i + 1]!; p++) {
        const column = form.index[p]!;
        if (column >= low && column < high) data[i * columns + column - low] = form.value[p]!;
      }
    }
  }
  return {
    rows: form.rows,
    terms,
    bias: form.bias,
    coefficientError: largest(form.coefficientError),
    biasError: largest(form.biasError),
  };
}

const largest = (values: Float64Array): number => values.reduce((a, b) => Math.max(a, b), 0);

/** The sparse rows of a dense form. */
export function sparse(form: AffineForm, offsets: Offsets): Form {
  const entries = [...form.terms.values()].reduce(
    (sum, { data }) => data.reduce((count, a) => (a === 0 ? count : count + 1), sum),
    0,
  );
  const start = new Int32Array(form.rows + 1);
  const index = new Int32Array(entries);
  const value = new Float64Array(entries);
  let used = 0;
  for (let i = 0; i < form.rows; i++) {
    for (const [k, { data, columns }] of form.terms) {
      for (let j = 0; j < columns; j++) {
        const a = data[i * columns + j]!;
        if (a === 0) continue;
        index[used] = offsets[k]! + j;
        value[used++] = a;
      }
    }
    start[i + 1] = used;
  }
  return {
    rows: form.rows,
    start,
    index,
    value,
    bias: form.bias,
    coefficientError: new Float64Array(form.rows).fill(form.coefficientError),
    biasError: new Float64Array(form.rows).fill(form.biasError),
  };
}
