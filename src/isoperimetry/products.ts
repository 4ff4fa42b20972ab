// What a graph computes of many rows in float64, in blocks of rows through ONNX Runtime; inner products above all.
import { type Graph, gemm, graph, input, sizeOf, type Value } from '../graph/index.ts';
import { type Matrix, matrix, multiplyTransposed } from '../linalg/index.ts';
import { compile } from '../runtime/index.ts';
import type { Points } from './family.ts';

/** Rows of one block. */
const BLOCK = 512;
/** Multiplications that are done before a session for them is made. */
const FEW = 2e7;

/**
 * The outputs `[block, width]` that `build` makes of an input `x` `[block, features]` and of the `fixed` matrices, over all
 * rows: `[rows, width]` each. Matrices are inputs of the graph, so that graphs of the same shapes share a session.
 */
export async function inBlocks<Names extends string>(
  { rows, features, data }: Points,
  fixed: Readonly<Record<string, Matrix>>,
  build: (x: Value, fixed: Readonly<Record<string, Value>>) => Readonly<Record<Names, Value>>,
): Promise<Record<Names, Matrix>> {
  const block = Math.min(BLOCK, rows);
  const x = input('x', 'float64', [block, features]);
  const matrices = Object.fromEntries(
    Object.entries(fixed).map(([name, m]) => [name, input(name, 'float64', [m.rows, m.columns])]),
  );
  const g: Graph = graph([x, ...Object.values(matrices)], build(x, matrices));
  const fed = Object.fromEntries(Object.entries(fixed).map(([name, m]) => [name, m.data]));
  const results = Object.fromEntries(
    Object.entries(g.outputs).map(([name, { shape }]) => [name, matrix(rows, sizeOf(shape) / block)]),
  ) as Record<Names, Matrix>;
  const program = await compile(g);
  try {
    for (let from = 0; from < rows; from += block) {
      // The last block overlaps the one before it.
      const at = Math.min(from, rows - block);
      const into = Object.fromEntries(
        Object.entries<Matrix>(results).map(([name, { columns, data: out }]) => [
          name,
          out.subarray(at * columns, (at + block) * columns),
        ]),
      );
      await program.run({ x: data.subarray(at * features, (at + block) * features), ...fed }, into);
    }
  } finally {
    await program.dispose();
  }
  return results;
}

/** x_i . w_j for every row x_i of the points and every row w_j of `vectors`: `[rows, vectors.rows]`. */
export async function innerProducts(points: Points, vectors: Matrix): Promise<Matrix> {
  const { rows, features, data } = points;
  if (rows * vectors.rows * features <= FEW) return multiplyTransposed(matrix(rows, features, data), vectors);
  const { products } = await inBlocks(points, { w: vectors }, (x, { w }) => ({
    products: gemm(x, w!, { transB: 1 }),
  }));
  return products;
}

/** Column j of a matrix. */
export function column({ rows, columns, data }: Matrix, j: number): Float64Array {
  return Float64Array.from({ length: rows }, (_, i) => data[i * columns + j]!);
}
