// Where the elements of an array come from when an operator only moves them.
import type { Shape } from '../graph/index.ts';
import { sizeOf } from '../graph/index.ts';

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

/** Where the elements of `target` come from, axis by axis: sources[axis][i], or -1 for none. */
export function tableIndex(shape: Shape, sources: readonly Int32Array[]): Int32Array {
  const strides = stridesOf(shape);
  let index = new Int32Array(1);
  for (const [axis, source] of sources.entries()) {
    const next = new Int32Array(index.length * source.length);
    for (let i = 0; i < index.length; i++) {
      for (let j = 0; j < source.length; j++)
        next[i * source.length + j] =
          index[i]! < 0 || source[j]! < 0 ? -1 : index[i]! + source[j]! * strides[axis]!;
    }
    index = next;
  }
  return index;
}

/** `[outer, length, inner]` of an array around one axis. */
export function around(shape: Shape, axis: number): readonly [number, number, number] {
  return [sizeOf(shape.slice(0, axis)), shape[axis] ?? 1, sizeOf(shape.slice(axis + 1))];
}

/** Groups of elements that a reduction over `axes` merges: for each element the position of its group. */
export function groupsOf(shape: Shape, axes: readonly number[]): { group: Int32Array; count: number } {
  const kept = shape.map((n, i) => (axes.includes(i) ? 1 : n));
  const strides = stridesOf(kept).map((stride, i) => (axes.includes(i) ? 0 : stride));
  return { group: affineIndex(shape, strides), count: sizeOf(kept) };
}

/** The members of each group, in order: `[count, members]`, as positions. */
export function membersOf(shape: Shape, axes: readonly number[]): { index: Int32Array; each: number } {
  const kept = shape.map((_, i) => i).filter((i) => !axes.includes(i));
  const order = [...kept, ...axes];
  const strides = stridesOf(shape);
  const index = affineIndex(
    order.map((i) => shape[i]!),
    order.map((i) => strides[i]!),
  );
  return { index, each: sizeOf(axes.map((i) => shape[i]!)) };
}
