// Products with transposed factors, in the form that ONNX Runtime is fastest at.
import { reshape, transpose } from './ops/layout.ts';
import { Gemm, gemm } from './ops/matmul.ts';
import type { Attributes, Node, Value } from './value.ts';

/** Columns of the result from which it pays to transpose the first factor beforehand. */
const MANY_COLUMNS = 512;

/**
 * The output of a Gemm by one with fewer transposed factors; undefined where it is none, or not faster.
 *
 * A vector is transposed by a change of shape, and only without the flag does ONNX Runtime see that it is one: a third of
 * the time, or a sixth. A wide first factor it transposes anew for every 128 columns of the result: once saves 3 to 20 % of
 * the weight gradient of a wide layer, and ONNX Runtime must be kept from fusing that again.
 */
export function untransposed({ op, inputs, attributes }: Node): Value[] | undefined {
  if (op !== Gemm) return undefined;
  const [a, b, c] = inputs as readonly [Value, Value, Value | undefined];
  const columns = b.shape[attributes.transB ? 0 : 1]!;
  const left = attributes.transA ? turned(a, columns >= MANY_COLUMNS) : undefined;
  const right = attributes.transB ? turned(b, false) : undefined;
  if (!left && !right) return undefined;
  const flags: Attributes = { ...attributes, ...(left && { transA: 0 }), ...(right && { transB: 0 }) };
  return [gemm(left ?? a, right ?? b, flags, c)];
}

/** The transpose of a matrix where it is a vector, or `always`. */
function turned(matrix: Value, always: boolean): Value | undefined {
  const [rows, columns] = matrix.shape as readonly [number, number];
  if (rows === 1 || columns === 1) return reshape(matrix, [columns, rows]);
  return always ? transpose(matrix, [1, 0]) : undefined;
}
