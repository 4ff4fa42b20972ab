// The elements of small tensors for constant folding: where they come from under strides, and how they are stored.
import type { Shape, Tensor, TensorData, TensorType } from './tensor.ts';
import { allocate, sizeOf } from './tensor.ts';
import type { Attributes } from './value.ts';

export interface Application {
  readonly inputs: readonly (Tensor | undefined)[];
  readonly attributes: Attributes;
  /** The inferred types of the outputs. */
  readonly types: readonly TensorType[];
}

/** The elements of the outputs, or undefined where the operator leaves the result open (a NaN cast to an integer). */
export type Fold = (application: Application) => readonly TensorData[] | undefined;

/** Stores a number or bigint, wrapped to the width of an integer array. */
export function store(out: TensorData, i: number, value: number | bigint): void {
  if (out instanceof BigInt64Array) out[i] = BigInt(value);
  else out[i] = typeof value === 'bigint' ? Number(BigInt.asIntN(32, value)) : value;
}

/** The distance between neighbours along each axis of a row-major array. */
export function stridesOf(shape: Shape): number[] {
  const strides: number[] = new Array(shape.length).fill(1);
  for (let i = shape.length - 2; i >= 0; i--) strides[i] = strides[i + 1]! * shape[i + 1]!;
  return strides;
}

/** For each element of an array of `shape`: offset + sum over axes of its index times the stride. */
export function affineIndex(shape: Shape, strides: readonly number[], offset = 0): Int32Array {
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
export function broadcastIndex(shape: Shape, target: Shape): Int32Array {
  const offset = target.length - shape.length;
  const strides = stridesOf(shape);
  return affineIndex(
    target,
    target.map((_, i) => (i < offset || shape[i - offset] === 1 ? 0 : strides[i - offset]!)),
  );
}

export function pick(x: Tensor, index: Int32Array): TensorData {
  const out = allocate(x.dtype, index.length);
  for (let i = 0; i < index.length; i++) store(out, i, x.data[index[i]!]!);
  return out;
}
