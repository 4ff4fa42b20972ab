// Inner products of many rows with some vectors in float64, in blocks of rows through ONNX Runtime.
import { gemm, graph, input } from '../graph/index.ts';
import { type Matrix, matrix } from '../linalg/index.ts';
import { compile } from '../runtime/index.ts';
import type { Points } from './family.ts';

/** Rows of one product. */
const BLOCK = 512;

/**
 * x_i . w_j for every row x_i of the points and every row w_j of `vectors`.
 *
 * @returns `[rows, vectors.rows]`. Cost: rows x vectors x features multiplications.
 */
export async function innerProducts({ rows, features, data }: Points, vectors: Matrix): Promise<Matrix> {
  const block = Math.min(BLOCK, rows);
  const result = matrix(rows, vectors.rows);
  const x = input('x', 'float64', [block, features]);
  const w = input('w', 'float64', [vectors.rows, features]);
  const program = await compile(graph([x, w], { products: gemm(x, w, { transB: 1 }) }));
  try {
    for (let from = 0; from < rows; from += block) {
      // The last block overlaps the one before it.
      const start = Math.min(from, rows - block);
      const products = result.data.subarray(start * vectors.rows, (start + block) * vectors.rows);
      await program.run(
        { x: data.subarray(start * features, (start + block) * features), w: vectors.data },
        { products },
      );
    }
  } finally {
    await program.dispose();
  }
  return result;
}

/** Column j of a matrix. */
export function column({ rows, columns, data }: Matrix, j: number): Float64Array {
  return Float64Array.from({ length: rows }, (_, i) => data[i * columns + j]!);
}
