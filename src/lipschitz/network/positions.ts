// Where the elements of row-major arrays lie: strides, and the flat positions that a rule with strides visits.
import { type Shape, sizeOf } from '../../graph/index.ts';

/** The distance between neighbours along each axis of a row-major array. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length).fill(1);
  for (let i = shape.length - 2; i >= 0; i--) strides[i] = strides[i + 1]! * shape[i + 1]!;
  return strides;
}

/** offset + sum over axes of index times stride, for every multi-index of `shape` in row-major order. */
export function positions(shape: Shape, strides: readonly number[], offset = 0): Int32Array {
  const result = new Int32Array(sizeOf(shape));
  const counter = new Array<number>(shape.length).fill(0);
  let position = offset;
  for (let i = 0; i < result.length; i++) {
    result[i] = position;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      position += strides[axis]!;
      if (++counter[axis]! < shape[axis]!) break;
      position -= strides[axis]! * shape[axis]!;
      counter[axis] = 0;
    }
  }
  return result;
}

/** Strides, one per axis of `target`, of an array of `shape` that is broadcast to it. */
export function broadcastStrides(shape: Shape, target: Shape): number[] {
  const own = stridesOf(shape);
  const offset = target.length - shape.length;
  return target.map((_, i) => (i < offset || shape[i - offset] === 1 ? 0 : own[i - offset]!));
}

/** Where each element of `target` comes from in an array of `shape` that is broadcast to it. */
export function broadcastPositions(shape: Shape, target: Shape): Int32Array {
  return positions(target, broadcastStrides(shape, target));
}

/** The axis as a number in [0, rank). */
export function axisOf(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}
