// The quadratic form F(lambda, rho) of a semidefinite program as a block matrix that keeps the zeros of the network.
import { gram, type Matrix, matrix, multiplyTransposed, transpose } from '../../linalg/index.ts';
import type { Multipliers, Program, Terms } from './program.ts';
import { sizeOf } from './program.ts';

/** A symmetric block matrix: `rows[i].get(j)` is block (i, j), j <= i; absent ones are zero. Diagonal blocks are stored in full. */
export interface SymmetricBlocks {
  readonly sizes: readonly number[];
  readonly rows: readonly Map<number, Matrix>[];
}

/** sum_j lambda_j F_j + |delta_0|^2 - rho |C delta|^2. */
export function formOf(
  program: Program,
  lambda: Multipliers,
  rho: number,
  outputs = outputGram(program),
): SymmetricBlocks {
  const sizes = [0, ...program.blocks.map((_, k) => k + 1)].map((k) => sizeOf(program, k));
  const form: SymmetricBlocks = { sizes, rows: sizes.map(() => new Map<number, Matrix>()) };
  const inputs = blockOf(form, 0, 0);
  for (let i = 0; i < program.inputs; i++) inputs[i * program.inputs + i] = 1;
  program.blocks.forEach(({ size, terms, low, high }, index) => {
    const k = index + 1;
    const weights = lambda[index]!;
    const diagonal = blockOf(form, k, k);
    for (let j = 0; j < size; j++) diagonal[j * size + j] = diagonal[j * size + j]! + 2 * weights[j]!;
    for (const [i, v] of terms) {
      const out = blockOf(form, k, i);
      for (let j = 0; j < size; j++) {
        const factor = weights[j]! * (low[j]! + high[j]!);
        for (let c = 0; c < v.columns; c++)
          out[j * v.columns + c] = out[j * v.columns + c]! - factor * v.data[j * v.columns + c]!;
      }
    }
    const products = Float64Array.from(low, (a, j) => 2 * weights[j]! * a * high[j]!);
    if (products.some((p) => p !== 0)) addWeightedGram(form, terms, products);
  });
  outputs.rows.forEach((row, i) => {
    for (const [j, block] of row) {
      const out = blockOf(form, i, j);
      for (let c = 0; c < out.length; c++) out[c] = out[c]! - rho * block.data[c]!;
    }
  });
  return form;
}

/** C^T C. */
export function outputGram(program: Program): SymmetricBlocks {
  const sizes = [0, ...program.blocks.map((_, k) => k + 1)].map((k) => sizeOf(program, k));
  const form: SymmetricBlocks = { sizes, rows: sizes.map(() => new Map<number, Matrix>()) };
  addWeightedGram(form, program.output.terms);
  return form;
}

/** Adds sum_j weights_j v_j v_j^T, v_j the rows of the terms. */
function addWeightedGram(form: SymmetricBlocks, terms: Terms, weights?: Float64Array): void {
  const columns = [...terms].map(([k, v]) => ({ k, v: transpose(v) }));
  for (const { k, v } of columns) {
    const weighted = weights ? withColumns(v, weights) : v;
    for (const { k: other, v: w } of columns) {
      if (other > k) continue;
      const product = other === k && !weights ? gram(v) : multiplyTransposed(weighted, w);
      const out = blockOf(form, k, other);
      for (let i = 0; i < out.length; i++) out[i] = out[i]! + product.data[i]!;
    }
  }
}

/** V diag(weights). */
export function withColumns(v: Matrix, weights: Float64Array): Matrix {
  const scaled = matrix(v.rows, v.columns);
  for (let i = 0; i < v.rows; i++)
    for (let j = 0; j < v.columns; j++)
      scaled.data[i * v.columns + j] = v.data[i * v.columns + j]! * weights[j]!;
  return scaled;
}

/** The entries of block (i, j), created when absent. */
function blockOf({ sizes, rows }: SymmetricBlocks, i: number, j: number): Float64Array {
  const present = rows[i]!.get(j);
  if (present) return present.data;
  const fresh = matrix(sizes[i]!, sizes[j]!);
  rows[i]!.set(j, fresh);
  return fresh.data;
}
