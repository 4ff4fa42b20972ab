// Dense real matrices as plain values, row by row.
import { invalidArgument, RobustlawError, requireInteger } from '../errors.ts';

/** `data[i * columns + j]` is the entry in row i and column j. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly data: Float64Array;
}

/**
 * A matrix from its entries, row by row; all zero without them. The array is taken over, not copied.
 *
 * @throws invalid-argument or shape-mismatch when the sizes are no positive integers or do not fit the entries.
 */
export function matrix(rows: number, columns: number, data?: Float64Array): Matrix {
  requireInteger('rows', rows);
  requireInteger('columns', columns);
  const entries = data ?? new Float64Array(rows * columns);
  if (entries.length !== rows * columns) {
    throw new RobustlawError(
      'shape-mismatch',
      `${entries.length} entries do not fill a ${rows} x ${columns} matrix`,
    );
  }
  return { rows, columns, data: entries };
}

/** The n x n identity. */
export function identity(n: number): Matrix {
  const result = matrix(n, n);
  for (let i = 0; i < n; i++) result.data[i * n + i] = 1;
  return result;
}

/** The transpose. */
export function transpose(a: Matrix): Matrix {
  const result = matrix(a.columns, a.rows);
  for (let i = 0; i < a.rows; i++) {
    for (let j = 0; j < a.columns; j++) result.data[j * a.rows + i] = a.data[i * a.columns + j]!;
  }
  return result;
}

/** Row i as a view into the matrix. */
export function row(a: Matrix, i: number): Float64Array {
  return a.data.subarray(i * a.columns, (i + 1) * a.columns);
}

/** The largest absolute entry. @throws invalid-argument when an entry is NaN or infinite, naming its place. */
export function largestEntry(a: Matrix): number {
  let largest = 0;
  for (let i = 0; i < a.data.length; i++) {
    const size = Math.abs(a.data[i]!);
    if (!(size < Number.POSITIVE_INFINITY)) {
      const place = `entry [${Math.floor(i / a.columns)}, ${i % a.columns}]`;
      throw invalidArgument(place, a.data[i], 'a finite number');
    }
    if (size > largest) largest = size;
  }
  return largest;
}

/**
 * The exponent e and the matrix 2^-e a whose largest entry is near 1: exact, but for entries 2^-1000 times
 * smaller than the largest. Squares of its entries neither overflow nor vanish.
 */
export function normalised(a: Matrix): { scaled: Matrix; exponent: number } {
  const largest = largestEntry(a);
  const exponent = largest === 0 ? 0 : Math.max(-1000, Math.min(1000, Math.floor(Math.log2(largest))));
  const scale = 2 ** -exponent;
  return {
    scaled: matrix(
      a.rows,
      a.columns,
      a.data.map((entry) => entry * scale),
    ),
    exponent,
  };
}

/** Throws shape-mismatch unless the matrix is square. */
export function requireSquare(a: Matrix): void {
  if (a.rows !== a.columns) {
    throw new RobustlawError('shape-mismatch', `expected a square matrix, got ${a.rows} x ${a.columns}`);
  }
}

/** Throws shape-mismatch unless the two sizes agree. */
export function requireSameSize(what: string, size: number, expected: number): void {
  if (size !== expected)
    throw new RobustlawError('shape-mismatch', `${what} is ${size}; expected ${expected}`);
}
