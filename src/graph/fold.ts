// Constant folding on small tensors: the shape arithmetic that exporters write out, computed while a model is imported.
// Integers follow ONNX: division truncates towards zero, results wrap to their width.

import type { Fold } from './fold-elements.ts';
import { store } from './fold-elements.ts';
import { ELEMENTWISE_FOLDS } from './fold-elementwise.ts';
import { LAYOUT_FOLDS } from './fold-layout.ts';
import { normalAxes } from './shape.ts';
import { affineIndex, stridesOf } from './strides.ts';
import type { Tensor, TensorType } from './tensor.ts';
import { allocate, isFloat, numbersOf, sizeOf } from './tensor.ts';
import type { Attributes } from './value.ts';

/** Tensors of more elements are left to the runtime. */
export const FOLD_LIMIT = 100_000;

/**
 * The outputs of an operator on known inputs; undefined where it is not one of those folded, where a tensor is larger
 * than FOLD_LIMIT, or where ONNX leaves the result open. Throws `malformed-file` for what no runtime can compute: an
 * integer divided by zero, an index outside of its axis.
 */
export function fold(
  op: string,
  inputs: readonly (Tensor | undefined)[],
  attributes: Attributes,
  types: readonly TensorType[],
): readonly Tensor[] | undefined {
  const rule = FOLDS.get(op);
  const small = (t: TensorType | undefined) => !t || sizeOf(t.shape) <= FOLD_LIMIT;
  if (!rule || !inputs.every(small) || !types.every(small)) return undefined;
  const data = rule({ inputs, attributes, types });
  return data?.map((elements, i) => ({ dtype: types[i]!.dtype, shape: types[i]!.shape, data: elements }));
}

function reduction(start: number, step: (sum: number | bigint, x: number | bigint) => number | bigint): Fold {
  return ({ inputs, attributes, types: [type] }) => {
    const [x, axesInput] = inputs as [Tensor, Tensor | undefined];
    const axes = axesInput ? numbersOf(axesInput) : [];
    if (axes.length === 0 && attributes.noop_with_empty_axes === 1) return [x.data];
    const reduced = new Set(axes.length === 0 ? x.shape.map((_, i) => i) : normalAxes(axes, x.shape.length));
    const kept = x.shape.map((n, i) => (reduced.has(i) ? 1 : n));
    const target = affineIndex(
      x.shape,
      stridesOf(kept).map((stride, i) => (reduced.has(i) ? 0 : stride)),
    );
    const integer = !isFloat(x.dtype);
    const sums: (number | bigint)[] = new Array(sizeOf(kept)).fill(integer ? BigInt(start) : start);
    target.forEach((position, i) => {
      // Wrapping at every step keeps the bigints small.
      const sum = step(sums[position]!, integer ? BigInt(x.data[i]!) : x.data[i]!);
      sums[position] = typeof sum === 'bigint' ? BigInt.asIntN(64, sum) : sum;
    });
    const out = allocate(type!.dtype, sums.length);
    sums.forEach((sum, i) => {
      store(out, i, sum);
    });
    return [out];
  };
}

// bigint and number never meet in one call; the types cannot say so.
const plus = (a: number | bigint, b: number | bigint) => (a as number) + (b as number);
const times = (a: number | bigint, b: number | bigint) => (a as number) * (b as number);

const FOLDS: ReadonlyMap<string, Fold> = new Map<string, Fold>([
  ...ELEMENTWISE_FOLDS,
  ...LAYOUT_FOLDS,
  ['ReduceSum', reduction(0, plus)],
  ['ReduceProd', reduction(1, times)],
]);
