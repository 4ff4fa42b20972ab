// Constant folding of operators that only arrange elements.
import { RobustlawError } from '../errors.ts';
import type { Fold } from './fold-elements.ts';
import { pick, store } from './fold-elements.ts';
import { normalAxis } from './shape.ts';
import { affineIndex, broadcastIndex, stridesOf } from './strides.ts';
import type { Tensor } from './tensor.ts';
import { allocate, numbersOf, sizeOf } from './tensor.ts';

const copy: Fold = ({ inputs: [x] }) => [x!.data];

const transpose: Fold = ({ inputs: [x], attributes, types: [type] }) => {
  const strides = stridesOf(x!.shape);
  const order = (attributes.perm as readonly number[] | undefined) ?? x!.shape.map((_, i) => i).reverse();
  return [
    pick(
      x!,
      affineIndex(
        type!.shape,
        order.map((axis) => strides[axis]!),
      ),
    ),
  ];
};

const expand: Fold = ({ inputs: [x], types: [type] }) => [pick(x!, broadcastIndex(x!.shape, type!.shape))];

const slice: Fold = ({ inputs, types: [type] }) => {
  const [x, starts, , axes, steps] = inputs;
  const strides = stridesOf(x!.shape);
  const stepped = [...strides];
  let offset = 0;
  numbersOf(starts!).forEach((given, i) => {
    const axis = normalAxis(axes ? numbersOf(axes)[i]! : i, x!.shape.length);
    const n = x!.shape[axis]!;
    const step = steps ? numbersOf(steps)[i]! : 1;
    const start = given < 0 ? given + n : given;
    offset += strides[axis]! * Math.min(Math.max(start, 0), step > 0 ? n : n - 1);
    stepped[axis] = strides[axis]! * step;
  });
  return [pick(x!, affineIndex(type!.shape, stepped, offset))];
};

const split: Fold = ({ inputs: [x], attributes, types }) => {
  const axis = normalAxis((attributes.axis as number | undefined) ?? 0, x!.shape.length);
  const strides = stridesOf(x!.shape);
  let start = 0;
  return types.map((type) => {
    const part = pick(x!, affineIndex(type.shape, strides, start * strides[axis]!));
    start += type.shape[axis]!;
    return part;
  });
};

const concat: Fold = ({ inputs, attributes, types: [type] }) => {
  const axis = normalAxis(attributes.axis as number, type!.shape.length);
  const strides = stridesOf(type!.shape);
  const out = allocate(type!.dtype, sizeOf(type!.shape));
  let start = 0;
  for (const part of inputs) {
    affineIndex(part!.shape, strides, start * strides[axis]!).forEach((position, i) => {
      store(out, position, part!.data[i]!);
    });
    start += part!.shape[axis]!;
  }
  return [out];
};

const gather: Fold = ({ inputs, attributes }) => {
  const [x, indices] = inputs as [Tensor, Tensor];
  const axis = normalAxis((attributes.axis as number | undefined) ?? 0, x.shape.length);
  const n = x.shape[axis]!;
  const inner = sizeOf(x.shape.slice(axis + 1));
  const wanted = numbersOf(indices).map((i) => requireIndex(i, n));
  const outer = sizeOf(x.shape.slice(0, axis));
  const index = new Int32Array(outer * wanted.length * inner);
  let next = 0;
  for (let o = 0; o < outer; o++)
    for (const w of wanted) for (let i = 0; i < inner; i++) index[next++] = (o * n + w) * inner + i;
  return [pick(x, index)];
};

/** The index as a number in [0, n); throws if it is outside [-n, n). */
export function requireIndex(index: number, n: number): number {
  if (index < -n || index >= n)
    throw new RobustlawError('malformed-file', `the index ${index} is outside of an axis of length ${n}`);
  return index < 0 ? index + n : index;
}

export const LAYOUT_FOLDS: readonly (readonly [op: string, fold: Fold])[] = [
  ['Reshape', copy],
  ['Flatten', copy],
  ['Squeeze', copy],
  ['Unsqueeze', copy],
  ['Transpose', transpose],
  ['Expand', expand],
  ['Slice', slice],
  ['Split', split],
  ['Concat', concat],
  ['Gather', gather],
];
