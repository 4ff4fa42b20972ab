// Constant folding on small tensors: the shape arithmetic that exporters write out, computed while a model is imported.
// Integers follow ONNX: division truncates towards zero, results wrap to their width.
import { RobustlawError } from '../errors.ts';
import { normalAxes, normalAxis } from './shape.ts';
import type { DataType, Shape, Tensor, TensorData, TensorType } from './tensor.ts';
import { allocate, isFloat, numbersOf, sizeOf } from './tensor.ts';
import type { Attributes } from './value.ts';

/** Tensors of more elements are left to the runtime. */
export const FOLD_LIMIT = 100_000;

interface Application {
  readonly inputs: readonly (Tensor | undefined)[];
  readonly attributes: Attributes;
  /** The inferred types of the outputs. */
  readonly types: readonly TensorType[];
}

/** The elements of the outputs, or undefined where the operator leaves the result open (a NaN cast to an integer). */
type Fold = (application: Application) => readonly TensorData[] | undefined;

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

// --- elementwise -----------------------------------------------------------------------------------------------------

/** Output elements from input elements, all as numbers (floating point) or all as bigints (integers). */
function elementwise(
  float: ((...x: number[]) => number) | undefined,
  integer: ((...x: bigint[]) => bigint | undefined) | undefined,
): Fold {
  return ({ inputs, types: [type] }) => {
    const operands = inputs.map((t) => ({ data: t!.data, at: broadcastIndex(t!.shape, type!.shape) }));
    const out = allocate(type!.dtype, sizeOf(type!.shape));
    if (isFloat(inputs[0]!.dtype)) {
      if (!float) return undefined;
      for (let i = 0; i < out.length; i++)
        store(out, i, float(...operands.map(({ data, at }) => Number(data[at[i]!]))));
      return [out];
    }
    if (!integer) return undefined;
    for (let i = 0; i < out.length; i++) {
      const result = integer(...operands.map(({ data, at }) => BigInt(data[at[i]!]!)));
      if (result === undefined) return undefined;
      store(out, i, result);
    }
    return [out];
  };
}

/** Stores a number or bigint, wrapped to the width of an integer array. */
function store(out: TensorData, i: number, value: number | bigint): void {
  if (out instanceof BigInt64Array) out[i] = BigInt(value);
  else out[i] = typeof value === 'bigint' ? Number(BigInt.asIntN(32, value)) : value;
}

const sameBoth = (rule: (a: number | bigint, b: number | bigint) => boolean): Fold =>
  elementwise(
    (a, b) => Number(rule(a!, b!)),
    (a, b) => BigInt(rule(a!, b!)),
  );

const logical = (rule: (a: boolean, b: boolean) => boolean): Fold =>
  elementwise(undefined, (a, b) => BigInt(rule(a !== 0n, b !== 0n)));

function nonZero(divisor: bigint): bigint {
  if (divisor === 0n) throw new RobustlawError('malformed-file', 'an integer is divided by zero');
  return divisor;
}

/** Remainder with the sign of the divisor, as Python's %, or with `fmod` of the dividend, as C's. */
const mod: Fold = (application) => {
  const fmod = application.attributes.fmod === 1;
  const floored = (a: bigint, b: bigint) => ((a % nonZero(b)) + b) % b;
  return elementwise(
    fmod ? (a, b) => a! % b! : undefined,
    fmod ? (a, b) => a! % nonZero(b!) : (a, b) => floored(a!, b!),
  )(application);
};

const extremum = (better: (a: number | bigint, b: number | bigint) => boolean): Fold =>
  elementwise(
    // NaN wins, as in every runtime.
    (...x) => x.reduce((a, b) => (Number.isNaN(a) || better(a, b) ? a : b)),
    (...x) => x.reduce((a, b) => (better(a, b) ? a : b)),
  );

/** Where's condition is bool and its branches are anything: elements are copied as they are. */
const where: Fold = ({ inputs, types: [type] }) => {
  const [condition, a, b] = inputs as [Tensor, Tensor, Tensor];
  const [atCondition, atA, atB] = [condition, a, b].map((t) => broadcastIndex(t.shape, type!.shape));
  const out = allocate(type!.dtype, sizeOf(type!.shape));
  for (let i = 0; i < out.length; i++)
    store(out, i, condition.data[atCondition![i]!] ? a.data[atA![i]!]! : b.data[atB![i]!]!);
  return [out];
};

const RANGES: Readonly<Partial<Record<DataType, readonly [number, number]>>> = {
  int8: [-(2 ** 7), 2 ** 7 - 1],
  uint8: [0, 2 ** 8 - 1],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  int64: [-(2 ** 63), 2 ** 63 - 1024],
};

const cast: Fold = ({ inputs: [x], types: [type] }) => {
  const out = allocate(type!.dtype, x!.data.length);
  const range = isFloat(x!.dtype) ? RANGES[type!.dtype] : undefined;
  for (let i = 0; i < out.length; i++) {
    const value = x!.data[i]!;
    if (type!.dtype === 'bool') store(out, i, Number(Number(value) !== 0));
    else if (isFloat(type!.dtype)) store(out, i, Number(value));
    else if (typeof value === 'bigint' || !range) store(out, i, BigInt(value));
    else {
      const whole = Math.trunc(value);
      if (!(whole >= range[0] && whole <= range[1])) return undefined;
      store(out, i, BigInt(whole));
    }
  }
  return [out];
};

// --- layout ----------------------------------------------------------------------------------------------------------

/** The distance between neighbours along each axis of a row-major array. */
function stridesOf(shape: Shape): number[] {
  const strides: number[] = new Array(shape.length).fill(1);
  for (let i = shape.length - 2; i >= 0; i--) strides[i] = strides[i + 1]! * shape[i + 1]!;
  return strides;
}

/** For each element of an array of `shape`: offset + sum over axes of its index times the stride. */
function affineIndex(shape: Shape, strides: readonly number[], offset = 0): Int32Array {
  const index = new Int32Array(sizeOf(shape));
  const counter: number[] = new Array(shape.length).fill(0);
  let position = offset;
  for (let i = 0; i < index.length; i++) {
    index[i] = position;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      position += strides[axis]!;
      if (++counter[axis]! < shape[axis]!) break;
      counter[axis] = 0;
      position -= strides[axis]! * shape[axis]!;
    }
  }
  return index;
}

/** Where the elements of `target` come from when `shape` is broadcast to it. */
function broadcastIndex(shape: Shape, target: Shape): Int32Array {
  const offset = target.length - shape.length;
  const strides = stridesOf(shape);
  return affineIndex(
    target,
    target.map((_, i) => (i < offset || shape[i - offset] === 1 ? 0 : strides[i - offset]!)),
  );
}

function pick(x: Tensor, index: Int32Array): TensorData {
  const out = allocate(x.dtype, index.length);
  for (let i = 0; i < index.length; i++) store(out, i, x.data[index[i]!]!);
  return out;
}

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

// --- reductions ------------------------------------------------------------------------------------------------------

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
  [
    'Add',
    elementwise(
      (a, b) => a! + b!,
      (a, b) => a! + b!,
    ),
  ],
  [
    'Sub',
    elementwise(
      (a, b) => a! - b!,
      (a, b) => a! - b!,
    ),
  ],
  [
    'Mul',
    elementwise(
      (a, b) => a! * b!,
      (a, b) => a! * b!,
    ),
  ],
  [
    'Div',
    elementwise(
      (a, b) => a! / b!,
      (a, b) => a! / nonZero(b!),
    ),
  ],
  ['Mod', mod],
  ['Min', extremum((a, b) => a <= b)],
  ['Max', extremum((a, b) => a >= b)],
  [
    'Neg',
    elementwise(
      (x) => -x!,
      (x) => -x!,
    ),
  ],
  [
    'Abs',
    elementwise(
      (x) => Math.abs(x!),
      (x) => (x! < 0n ? -x! : x!),
    ),
  ],
  ['Sqrt', elementwise((x) => Math.sqrt(x!), undefined)],
  ['Reciprocal', elementwise((x) => 1 / x!, undefined)],
  ['Floor', elementwise((x) => Math.floor(x!), undefined)],
  ['Ceil', elementwise((x) => Math.ceil(x!), undefined)],
  ['Equal', sameBoth((a, b) => a === b)],
  ['Greater', sameBoth((a, b) => a > b)],
  ['GreaterOrEqual', sameBoth((a, b) => a >= b)],
  ['Less', sameBoth((a, b) => a < b)],
  ['LessOrEqual', sameBoth((a, b) => a <= b)],
  ['And', logical((a, b) => a && b)],
  ['Or', logical((a, b) => a || b)],
  ['Not', elementwise(undefined, (a) => BigInt(a === 0n))],
  ['Where', where],
  ['Cast', cast],
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
  ['ReduceSum', reduction(0, plus)],
  ['ReduceProd', reduction(1, times)],
]);
