// Where the elements of a row-major array stand: strides, and the positions an operator moves or repeats them from.
import type { Shape } from './tensor.ts';
import { sizeOf } from './tensor.ts';

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
