// Where the elements of an array come from when an operator only moves them.
import type { Shape } from '../graph/index.ts';
import { affineIndex, sizeOf, stridesOf } from '../graph/index.ts';

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
