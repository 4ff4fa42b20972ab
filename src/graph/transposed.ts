// Products A^T B with A transposed beforehand: ONNX Runtime transposes it anew for every 128 columns of the result. It
// saves 3 to 20 % of the weight gradient of a wide layer, and ONNX Runtime must be kept from fusing it again.

import { transpose } from './ops/layout.ts';
import { Gemm, gemm } from './ops/matmul.ts';
import type { Node, Value } from './value.ts';

/** Columns of the result from which it pays. */
const MANY_COLUMNS = 512;

/** The output of a Gemm with a transposed first factor by one without; undefined where it is none, or not faster. */
export function transposedOnce({ op, inputs, attributes }: Node): Value[] | undefined {
  const [a, b, c] = inputs as readonly [Value, Value, Value | undefined];
  if (op !== Gemm || !attributes.transA) return undefined;
  const columns = b.shape[attributes.transB ? 0 : 1]!;
  if (columns < MANY_COLUMNS) return undefined;
  return [gemm(transpose(a, [1, 0]), b, { ...attributes, transA: 0 }, c)];
}
