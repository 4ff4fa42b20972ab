// Rules of operators that only move numbers: nothing is rounded.
import { RobustlawError } from '../../errors.ts';
import type { Node, Value } from '../../graph/index.ts';
import { affineIndex, broadcastIndex, numbersOf, sizeOf, stridesOf, tensorOf } from '../../graph/index.ts';
import type { Rule } from '../box.ts';
import { exactly, isPoint, picked } from '../box.ts';
import { around, tableIndex } from '../strides.ts';

/** The numbers of an input that must be constant. */
export function constantOf(node: Node, i: number): number[] {
  const t = node.inputs[i] && tensorOf(node.inputs[i]);
  if (!t) {
    throw new RobustlawError(
      'unsupported-op',
      `${node.op.name} takes its input ${i} from data; its values can be enclosed only where that input is a constant`,
    );
  }
  return numbersOf(t);
}

export const axisOf = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis);

const same: Rule = (_node, [x]) => [x!];

const shapeOf = (value: Value | undefined) => value!.shape;

const transpose: Rule = (node, [x]) => {
  const { shape } = node.inputs[0]!;
  const order =
    (node.attributes.perm as readonly number[] | undefined) ?? shape.map((_, i) => shape.length - 1 - i);
  const strides = stridesOf(shape);
  return [
    picked(
      x!,
      affineIndex(
        node.outputs[0]!.shape,
        order.map((i) => strides[i]!),
      ),
    ),
  ];
};

const concat: Rule = (node, inputs) => {
  const { shape } = node.outputs[0]!;
  const axis = axisOf(node.attributes.axis as number, shape.length);
  const [outer, total, inner] = around(shape, axis);
  const copy = (end: 'lower' | 'upper') => {
    const to = new Float64Array(outer * total * inner);
    let start = 0;
    for (const [i, x] of inputs.entries()) {
      const size = shapeOf(node.inputs[i])[axis]! * inner;
      for (let o = 0; o < outer; o++)
        to.set(x![end].subarray(o * size, (o + 1) * size), o * total * inner + start);
      start += size;
    }
    return to;
  };
  const lower = copy('lower');
  return [{ lower, upper: inputs.every((x) => isPoint(x!)) ? lower : copy('upper') }];
};

const split: Rule = (node, [x]) => {
  const { shape } = node.inputs[0]!;
  const axis = axisOf((node.attributes.axis as number | undefined) ?? 0, shape.length);
  const [outer, total, inner] = around(shape, axis);
  let start = 0;
  return node.outputs.map((output) => {
    const length = output.shape[axis]!;
    const from = start;
    start += length;
    const index = affineIndex([outer, length * inner], [total * inner, 1], from * inner);
    return picked(x!, index);
  });
};

const slice: Rule = (node, [x]) => {
  const { shape } = node.inputs[0]!;
  const out = node.outputs[0]!.shape;
  const starts = constantOf(node, 1);
  const axes = node.inputs[3] ? constantOf(node, 3) : starts.map((_, i) => i);
  const steps = node.inputs[4] ? constantOf(node, 4) : starts.map(() => 1);
  const strides = stridesOf(shape);
  const walk = [...strides];
  let offset = 0;
  for (const [i, given] of axes.entries()) {
    const axis = axisOf(given, shape.length);
    const n = shape[axis]!;
    const start = starts[i]! < 0 ? starts[i]! + n : starts[i]!;
    offset += Math.min(Math.max(start, 0), steps[i]! > 0 ? n : n - 1) * strides[axis]!;
    walk[axis] = steps[i]! * strides[axis]!;
  }
  return [picked(x!, affineIndex(out, walk, offset))];
};

/** Which cell of n an axis repeats at a position outside of it. */
function paddedFrom(position: number, n: number, mode: string): number {
  if (position >= 0 && position < n) return position;
  if (mode === 'constant') return -1;
  if (mode === 'edge') return Math.min(Math.max(position, 0), n - 1);
  if (mode === 'wrap') return ((position % n) + n) % n;
  const period = Math.max(2 * (n - 1), 1);
  const phase = ((position % period) + period) % period;
  return phase < n ? phase : period - phase;
}

const pad: Rule = (node, [x, , value]) => {
  const { shape } = node.inputs[0]!;
  const pads = constantOf(node, 1);
  const axes = node.inputs[3]
    ? constantOf(node, 3).map((axis) => axisOf(axis, shape.length))
    : shape.map((_, i) => i);
  const mode = (node.attributes.mode as string | undefined) ?? 'constant';
  const sources = node.outputs[0]!.shape.map((length, axis) => {
    const at = axes.indexOf(axis);
    const before = at < 0 ? 0 : pads[at]!;
    return Int32Array.from({ length }, (_, i) => paddedFrom(i - before, shape[axis]!, mode));
  });
  const index = tableIndex(shape, sources);
  const [low, high] = value ? [value.lower[0]!, value.upper[0]!] : [0, 0];
  if (low === high) return [picked(x!, index, low)];
  return [{ lower: picked(x!, index, low).lower, upper: picked(x!, index, high).upper }];
};

const tile: Rule = (node, [x]) => {
  const { shape } = node.inputs[0]!;
  const sources = node.outputs[0]!.shape.map((length, axis) =>
    Int32Array.from({ length }, (_, i) => i % shape[axis]!),
  );
  return [picked(x!, tableIndex(shape, sources))];
};

const expand: Rule = (node, [x]) => {
  const [from, to] = [node.inputs[0]!.shape, node.outputs[0]!.shape];
  return [sizeOf(from) === sizeOf(to) ? x! : picked(x!, broadcastIndex(from, to))];
};

const trilu: Rule = (node, [x]) => {
  const { shape } = node.inputs[0]!;
  const [rows, columns] = shape.slice(-2) as [number, number];
  const k = node.inputs[1] ? constantOf(node, 1)[0]! : 0;
  const upper = ((node.attributes.upper as number | undefined) ?? 1) === 1;
  const index = Int32Array.from({ length: sizeOf(shape) }, (_, at) => {
    const [i, j] = [Math.floor(at / columns) % rows, at % columns];
    return (upper ? j - i >= k : j - i <= k) ? at : -1;
  });
  return [picked(x!, index)];
};

const dropout: Rule = (node, [x]) => [x!, exactly(new Float64Array(sizeOf(node.outputs[0]!.shape)).fill(1))];

export const LAYOUT: Readonly<Record<string, Rule>> = {
  Reshape: same,
  Flatten: same,
  Squeeze: same,
  Unsqueeze: same,
  Transpose: transpose,
  Concat: concat,
  Split: split,
  Slice: slice,
  Pad: pad,
  Tile: tile,
  Expand: expand,
  Trilu: trilu,
  Dropout: dropout,
};
