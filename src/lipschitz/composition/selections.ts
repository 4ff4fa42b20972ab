// Operators each of whose output elements is one input element or a constant: how often an element is repeated.
import type { Node, Value } from '../../graph/index.ts';
import { numbersOf, sizeOf, tensorOf } from '../../graph/index.ts';
import type { Norm } from '../../guarantee/index.ts';
import { sqrtUp } from '../../numeric/index.ts';
import { axisOf, positions, stridesOf } from '../network/positions.ts';

/**
 * The norm of a map that repeats each entry at most k times: k in l1, sqrt(k) in l2, 1 in linf, each attained where an
 * entry is repeated k times (0 where no entry is taken).
 */
export function repetitionNorm(k: number, norm: Norm): number {
  if (k <= 1 || norm === 'l1') return k;
  return norm === 'l2' ? sqrtUp(k) : 1;
}

/** The largest number of times that a node repeats an element of x; undefined for operators that do not select. */
export function repetitionsOf(node: Node, x: Value, y: Value): number | undefined {
  if (node.inputs[0] !== x) return undefined;
  switch (node.op.name) {
    case 'Transpose':
    case 'Slice':
    case 'Split':
    case 'Trilu':
    case 'DepthToSpace':
    case 'SpaceToDepth':
      return 1;
    case 'Expand':
    case 'Tile':
      return sizeOf(y.shape) / Math.max(1, sizeOf(x.shape));
    case 'Pad':
      return padded(node, x, y);
    case 'Gather': {
      const indices = integers(node, 1);
      const axis = axisOf((node.attributes.axis as number | undefined) ?? 0, x.shape.length);
      return indices && mostFrequent(indices.map((i) => axisOf(i, x.shape[axis]!)));
    }
    case 'GatherElements':
      return gatheredElements(node, x, y);
    case 'GatherND':
      return gatheredParts(node, x);
    default:
      return undefined;
  }
}

/** The integers of a constant input. */
function integers(node: Node, i: number): number[] | undefined {
  const t = node.inputs[i] && tensorOf(node.inputs[i]);
  return t && numbersOf(t);
}

/** How often the most frequent number occurs. */
export function mostFrequent(numbers: Iterable<number>): number {
  const counts = new Map<number, number>();
  let most = 0;
  for (const number of numbers) {
    const count = (counts.get(number) ?? 0) + 1;
    counts.set(number, count);
    if (count > most) most = count;
  }
  return most;
}

/** Constant padding repeats nothing; the other modes repeat the cells of each axis on their own. */
function padded(node: Node, x: Value, y: Value): number | undefined {
  const mode = (node.attributes.mode as string | undefined) ?? 'constant';
  if (mode === 'constant') return node.inputs[2] && !tensorOf(node.inputs[2]) ? undefined : 1;
  const pads = integers(node, 1);
  const axes = node.inputs[3] ? integers(node, 3) : x.shape.map((_, i) => i);
  if (!pads || !axes) return undefined;
  return axes.reduce((product, given, i) => {
    const axis = axisOf(given, x.shape.length);
    const cells = Array.from({ length: y.shape[axis]! }, (_, o) =>
      sourceOf(o - pads[i]!, x.shape[axis]!, mode),
    );
    return product * mostFrequent(cells);
  }, 1);
}

/** The cell of an axis of length n that stands at a position outside or inside of it (ONNX, Pad). */
function sourceOf(position: number, n: number, mode: string): number {
  if (mode === 'edge') return Math.min(Math.max(position, 0), n - 1);
  if (mode === 'wrap') return ((position % n) + n) % n;
  const period = Math.max(2 * (n - 1), 1);
  const folded = ((position % period) + period) % period;
  return folded < n ? folded : period - folded;
}

function gatheredElements(node: Node, { shape }: Value, y: Value): number | undefined {
  const indices = integers(node, 1);
  if (!indices) return undefined;
  const axis = axisOf((node.attributes.axis as number | undefined) ?? 0, shape.length);
  const strides = stridesOf(shape);
  const base = positions(
    y.shape,
    strides.map((stride, i) => (i === axis ? 0 : stride)),
  );
  return mostFrequent(base.map((start, i) => start + axisOf(indices[i]!, shape[axis]!) * strides[axis]!));
}

/** Index vectors of `[..., depth]`, counted within each batch. */
function gatheredParts(node: Node, { shape }: Value): number | undefined {
  const indices = integers(node, 1);
  if (!indices) return undefined;
  const batch = (node.attributes.batch_dims as number | undefined) ?? 0;
  const given = node.inputs[1]!.shape;
  const depth = given.at(-1)!;
  const perBatch = sizeOf(given.slice(batch, -1));
  const strides = stridesOf(shape.slice(batch, batch + depth));
  const whole = sizeOf(shape.slice(batch, batch + depth));
  const parts = Array.from({ length: sizeOf(given.slice(0, -1)) }, (_, i) =>
    strides.reduce(
      (flat, stride, k) => flat + stride * axisOf(indices[i * depth + k]!, shape[batch + k]!),
      Math.floor(i / Math.max(1, perBatch)) * whole,
    ),
  );
  return mostFrequent(parts);
}
