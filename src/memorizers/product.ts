// Products of large matrices through ONNX Runtime, some twenty times faster than loops.
import { gemm, graph, input } from '../graph/index.ts';
import { type Matrix, matrix } from '../linalg/index.ts';
import { compile } from '../runtime/index.ts';

/** A B^T. Each entry errs by at most gamma(columns) |a_i| |b_j|, whatever the order of summation. */
export async function productTransposed(a: Matrix, b: Matrix): Promise<Matrix> {
  const left = input('a', 'float64', [a.rows, a.columns]);
  const right = input('b', 'float64', [b.rows, b.columns]);
  const program = await compile(graph([left, right], { c: gemm(left, right, { transB: 1 }) }));
  try {
    const { c } = await program.run({ a: a.data, b: b.data });
    return matrix(a.rows, b.rows, c as Float64Array);
  } finally {
    await program.dispose();
  }
}

/** Rows of one block of a Gram matrix: 8 MB of products. */
const BLOCK = 1024;

/**
 * Visits the inner products x_i . x_j of all pairs i < j, in blocks so that memory stays small: `visit` gets row i,
 * the columns [low, high) and the products with them at `products[offset + j - low]`.
 */
export async function visitProducts(
  x: Matrix,
  visit: (i: number, low: number, high: number, products: Float64Array, offset: number) => void,
): Promise<void> {
  const size = Math.min(BLOCK, x.rows);
  const a = input('a', 'float64', [size, x.columns]);
  const b = input('b', 'float64', [size, x.columns]);
  const program = await compile(graph([a, b], { c: gemm(a, b, { transB: 1 }) }));
  const products = new Float64Array(size * size);
  try {
    const starts = Array.from({ length: Math.ceil(x.rows / size) }, (_, k) => k * size);
    for (const top of starts) {
      const left = paddedRows(x, top, size);
      for (const start of starts.filter((s) => s >= top)) {
        await program.run({ a: left, b: start === top ? left : paddedRows(x, start, size) }, { c: products });
        const end = Math.min(start + size, x.rows);
        for (let i = top; i < Math.min(top + size, x.rows); i++) {
          const low = Math.max(start, i + 1);
          if (low < end) visit(i, low, end, products, (i - top) * size + low - start);
        }
      }
    }
  } finally {
    await program.dispose();
  }
}

/** `count` rows from `start` on, with zero rows past the end. */
function paddedRows(x: Matrix, start: number, count: number): Float64Array {
  const end = Math.min(start + count, x.rows);
  const view = x.data.subarray(start * x.columns, end * x.columns);
  if (end - start === count) return view;
  const padded = new Float64Array(count * x.columns);
  padded.set(view);
  return padded;
}
