// A proof in floating point that a semidefinite program's form is positive semidefinite (Rump, "Verification of positive
// definiteness", BIT 2006), for block matrices that keep their zeros.
import {
  type Matrix,
  matrix,
  multiplyTransposed,
  timesInverseTransposed,
  tryCholesky,
} from '../../linalg/index.ts';
import { addUp, divideUp, gamma, multiplyUp, nextDown, normEnclosure, sqrtUp } from '../../numeric/index.ts';
import { formOf, type SymmetricBlocks } from './form.ts';
import type { Multipliers, Program, Terms } from './program.ts';

/**
 * True only if F(lambda, rho) >= 0 holds in exact arithmetic for every network within the stated errors of coefficients.
 *
 * The form is brought to a unit diagonal by powers of two, D F D. If the floating-point Cholesky factorisation of
 * D F D - s I runs to its end, D F D >= s I - E, where E collects the rounding of the factorisation, of the entries and
 * the errors of coefficients; s is chosen above |E|_2.
 *
 * Time: one block Cholesky factorisation; linear in the depth of a chain, about 2 n^3 multiply-adds per layer of width n.
 */
export function isCertified(program: Program, lambda: Multipliers, rho: number): boolean {
  if (!(rho >= 0) || lambda.some((weights) => weights.some((w) => !(w >= 0 && w < 2 ** 900)))) return false;
  const form = formOf(program, lambda, rho);
  const scales = unitDiagonal(form);
  if (!scales) return false;
  scale(form, scales);
  const n = form.sizes.reduce((a, b) => a + b, 0);
  let trace = 0;
  let largest = 0;
  form.sizes.forEach((size, k) => {
    const { data } = form.rows[k]!.get(k)!;
    for (let i = 0; i < size; i++) {
      trace = addUp(trace, data[i * size + i]!);
      largest = Math.max(largest, data[i * size + i]!);
    }
  });
  const terms = longestRow(form) + 2;
  const relative = divideUp(gamma(terms), nextDown(1 - gamma(terms)));
  const ofFactorisation = addUp(multiplyUp(relative, trace), n * n * 2 ** -1000);
  const ofEntries = entryErrors(program, lambda, rho, scales);
  const shift = multiplyUp(
    1 + 2 ** -20,
    addUp(addUp(ofFactorisation, ofEntries), multiplyUp(gamma(2), largest)),
  );
  // Errors of coefficients act on the original inputs, of which the stored ones are a contraction: they need s <= 1.
  if (!(shift < 1)) return false;
  form.sizes.forEach((size, k) => {
    const { data } = form.rows[k]!.get(k)!;
    for (let i = 0; i < size; i++) data[i * size + i] = data[i * size + i]! - shift;
  });
  return factorises(form);
}

/** Powers of two d with d_i^2 F_ii in [1, 4), and 1 for the inputs; undefined unless the diagonal is positive. */
function unitDiagonal({ sizes, rows }: SymmetricBlocks): Float64Array[] | undefined {
  const scales: Float64Array[] = [];
  for (const [k, size] of sizes.entries()) {
    const { data } = rows[k]!.get(k)!;
    const d = new Float64Array(size).fill(1);
    for (let i = 0; i < size; i++) {
      const entry = data[i * size + i]!;
      if (!(entry > 0 && entry < Number.POSITIVE_INFINITY)) return undefined;
      if (k > 0) d[i] = 2 ** -Math.floor(Math.log2(entry) / 2);
    }
    scales.push(d);
  }
  return scales;
}

function scale({ rows }: SymmetricBlocks, scales: readonly Float64Array[]): void {
  rows.forEach((row, i) => {
    for (const [j, { data, columns }] of row) {
      const [left, right] = [scales[i]!, scales[j]!];
      for (let r = 0; r < left.length; r++)
        for (let c = 0; c < columns; c++)
          data[r * columns + c] = data[r * columns + c]! * left[r]! * right[c]!;
    }
  });
}

/** An upper bound on |D (F - fl F) D|_2, F the true form of any network within the errors of coefficients. */
function entryErrors(
  program: Program,
  lambda: Multipliers,
  rho: number,
  scales: readonly Float64Array[],
): number {
  let rounded = 0;
  let unsure = 0;
  let diagonal = 1;
  // |d| over the variables before a block, with all inputs of the network.
  let before = program.features;
  let longest = 0;
  program.blocks.forEach(({ size, terms, errors, low, high }, index) => {
    const d = scales[index + 1]!;
    const rows = rowSquares(terms, scales, size);
    const reach = sqrtUp(before);
    let coupling = 0;
    let couplingError = 0;
    for (let j = 0; j < size; j++) {
      const weight = lambda[index]![j]!;
      const s = multiplyUp(multiplyUp(weight, Math.abs(low[j]! + high[j]!)), multiplyUp(d[j]!, 1 + 2 ** -50));
      const p = multiplyUp(2 * weight, multiplyUp(Math.abs(low[j]!), Math.abs(high[j]!)));
      coupling = addUp(coupling, multiplyUp(multiplyUp(s, s), rows[j]!));
      rounded = addUp(rounded, multiplyUp(p, rows[j]!));
      const error = multiplyUp(errors[j]!, reach);
      couplingError = addUp(couplingError, multiplyUp(multiplyUp(s, error), multiplyUp(s, error)));
      const both = addUp(multiplyUp(2, multiplyUp(sqrtUp(rows[j]!), error)), multiplyUp(error, error));
      unsure = addUp(unsure, multiplyUp(p, both));
    }
    for (let j = 0; j < size; j++)
      diagonal = Math.max(diagonal, multiplyUp(2 * lambda[index]![j]!, d[j]! * d[j]!));
    rounded = addUp(rounded, multiplyUp(2, sqrtUp(coupling)));
    unsure = addUp(unsure, multiplyUp(2, sqrtUp(couplingError)));
    longest = Math.max(longest, size);
    for (const t of d) before = addUp(before, t * t);
  });
  const { terms, error, rows } = program.output;
  const stored = [...terms.values()][0]?.rows ?? 0;
  const squares = rowSquares(terms, scales, stored).reduce(addUp, 0);
  const ofOutput = multiplyUp(error, sqrtUp(multiplyUp(rows, before)));
  rounded = addUp(addUp(rounded, multiplyUp(rho, squares)), diagonal);
  const both = addUp(multiplyUp(2, multiplyUp(sqrtUp(squares), ofOutput)), multiplyUp(ofOutput, ofOutput));
  unsure = addUp(unsure, multiplyUp(rho, both));
  // Each entry is a sum over blocks of products of at most five factors, or of dot products of these.
  const operations = Math.max(longest, stored) + program.blocks.length + 12;
  const n = scales.reduce((sum, d) => sum + d.length, 0);
  return addUp(addUp(multiplyUp(gamma(operations), rounded), unsure), n * n * operations * 2 ** -1000);
}

/** |D v_j|^2 for each row of the terms, rounded upwards. */
function rowSquares(terms: Terms, scales: readonly Float64Array[], count: number): Float64Array {
  const squares = new Float64Array(count);
  for (const [k, v] of terms) {
    const d = scales[k]!;
    for (let j = 0; j < count; j++) {
      const length = normEnclosure(d.map((t, i) => t * v.data[j * v.columns + i]!))[1];
      squares[j] = addUp(squares[j]!, multiplyUp(length, length));
    }
  }
  return squares;
}

/** The most entries that a row of the Cholesky factor can have. */
function longestRow({ sizes, rows }: SymmetricBlocks): number {
  const pattern = fill(rows);
  return Math.max(...pattern.map((columns) => [...columns].reduce((sum, j) => sum + sizes[j]!, 0)));
}

/** The blocks of each row of the Cholesky factor that can be nonzero. */
function fill(rows: readonly Map<number, Matrix>[]): Set<number>[] {
  const pattern = rows.map((row) => new Set(row.keys()));
  for (let k = 0; k < rows.length; k++) {
    const below = pattern.flatMap((columns, i) => (i > k && columns.has(k) ? [i] : []));
    for (const i of below) for (const j of below) if (j <= i) pattern[i]!.add(j);
  }
  return pattern;
}

/** Whether the Cholesky factorisation of the matrix, by substitution alone, runs to its end. */
function factorises({ sizes, rows }: SymmetricBlocks): boolean {
  const factor = rows.map(() => new Map<number, Matrix>());
  const pattern = fill(rows);
  for (let k = 0; k < rows.length; k++) {
    for (let i = k; i < rows.length; i++) {
      if (!pattern[i]!.has(k)) continue;
      const a = rows[i]!.get(k);
      const rest = matrix(sizes[i]!, sizes[k]!, a ? a.data.slice() : undefined);
      for (const [j, left] of factor[i]!) {
        const right = j < k ? factor[k]!.get(j) : undefined;
        if (!right) continue;
        const product = multiplyTransposed(left, right).data;
        for (let c = 0; c < product.length; c++) rest.data[c] = rest.data[c]! - product[c]!;
      }
      if (i === k) {
        const diagonal = tryCholesky(rest);
        if (!diagonal) return false;
        factor[k]!.set(k, diagonal);
      } else {
        factor[i]!.set(k, timesInverseTransposed(rest, factor[k]!.get(k)!));
      }
    }
  }
  return true;
}
