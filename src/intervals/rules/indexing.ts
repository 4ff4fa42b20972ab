// Rules of operators that pick or place elements by index.
import { RobustlawError } from '../../errors.ts';
import type { Node } from '../../graph/index.ts';
import { affineIndex, sizeOf, stridesOf } from '../../graph/index.ts';
import type { Bounds, Box, Rule } from '../box.ts';
import { emptyBox, isPoint, picked } from '../box.ts';
import { productDown, productUp } from '../product.ts';
import { addDown, addUp } from '../rounding.ts';
import { around } from '../strides.ts';
import { axisOf } from './layout.ts';

/** Positions along an axis of length n that an index can be; a wide one when the index is undecided. */
function indexRange(indices: Bounds, i: number, n: number): readonly [number, number] {
  const wrap = (k: number) => (k < 0 ? k + n : k);
  const [low, high] = [indices.lower[i]!, indices.upper[i]!];
  if (low === high) return [wrap(low), wrap(low)];
  return low < 0 ? [0, n - 1] : [low, Math.min(high, n - 1)];
}

function hullOf(x: Box, positions: Iterable<number>): readonly [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const p of positions) {
    low = Math.min(low, x.lower[p]!);
    high = Math.max(high, x.upper[p]!);
  }
  return [low, high];
}

const gather: Rule = (node, [x, indices]) => {
  const { shape } = node.inputs[0]!;
  const axis = axisOf((node.attributes.axis as number | undefined) ?? 0, shape.length);
  const [outer, n, inner] = around(shape, axis);
  const count = indices!.lower.length;
  const out = emptyBox(outer * count * inner);
  for (let o = 0; o < outer; o++) {
    for (let k = 0; k < count; k++) {
      const [from, to] = indexRange(indices!, k, n);
      for (let i = 0; i < inner; i++) {
        const at = (o * count + k) * inner + i;
        const range = hullOf(
          x!,
          Array.from({ length: to - from + 1 }, (_, s) => (o * n + from + s) * inner + i),
        );
        [out.lower[at], out.upper[at]] = range;
      }
    }
  }
  return [out];
};

const gatherElements: Rule = (node, [x, indices]) => {
  const [from, to] = [node.inputs[0]!.shape, node.inputs[1]!.shape];
  const axis = axisOf((node.attributes.axis as number | undefined) ?? 0, from.length);
  const strides = stridesOf(from);
  const base = affineIndex(
    to,
    strides.map((s, i) => (i === axis ? 0 : s)),
  );
  const out = emptyBox(base.length);
  for (let i = 0; i < base.length; i++) {
    const [low, high] = indexRange(indices!, i, from[axis]!);
    const range = hullOf(
      x!,
      Array.from({ length: high - low + 1 }, (_, s) => base[i]! + (low + s) * strides[axis]!),
    );
    [out.lower[i], out.upper[i]] = range;
  }
  return [out];
};

/** Where each update goes; the indices must be decided. */
function decided(node: Node, indices: Bounds): Float64Array {
  if (!isPoint(indices) && indices.lower.some((low, i) => low !== indices.upper[i]!)) {
    throw new RobustlawError(
      'unsupported-op',
      `${node.op.name} places elements by indices that change within the box; take a smaller box`,
    );
  }
  return indices.lower;
}

function scattered(node: Node, target: Box, updates: Box, positions: Int32Array): Box {
  const reduction = (node.attributes.reduction as string | undefined) ?? 'none';
  const out = { lower: target.lower.slice(), upper: target.upper.slice() };
  for (let i = 0; i < positions.length; i++) {
    const at = positions[i]!;
    const [low, high] = [updates.lower[i]!, updates.upper[i]!];
    place(node, out, at, low, high, reduction);
  }
  return out;
}

function place(node: Node, out: Box, at: number, low: number, high: number, reduction: string): void {
  const [l, u] = [out.lower[at]!, out.upper[at]!];
  switch (reduction) {
    case 'none':
      [out.lower[at], out.upper[at]] = [low, high];
      return;
    case 'add':
      [out.lower[at], out.upper[at]] = [addDown(l, low), addUp(u, high)];
      return;
    case 'mul':
      [out.lower[at], out.upper[at]] = [productDown(l, u, low, high), productUp(l, u, low, high)];
      return;
    case 'max':
      [out.lower[at], out.upper[at]] = [Math.max(l, low), Math.max(u, high)];
      return;
    case 'min':
      [out.lower[at], out.upper[at]] = [Math.min(l, low), Math.min(u, high)];
      return;
    default:
      throw new RobustlawError(
        'unsupported-op',
        `${node.op.name} with reduction "${reduction}" is not known`,
      );
  }
}

const scatterElements: Rule = (node, [target, indices, updates]) => {
  const [shape, at] = [node.inputs[0]!.shape, node.inputs[1]!.shape];
  const axis = axisOf((node.attributes.axis as number | undefined) ?? 0, shape.length);
  const strides = stridesOf(shape);
  const base = affineIndex(
    at,
    strides.map((s, i) => (i === axis ? 0 : s)),
  );
  const places = decided(node, indices!);
  const positions = base.map((b, i) => b + axisOf(places[i]!, shape[axis]!) * strides[axis]!);
  return [scattered(node, target!, updates!, positions)];
};

/** The positions that index vectors name: each vector the start of `inner` elements in a row. */
function vectorPositions(
  places: ArrayLike<number>,
  depth: number,
  shape: readonly number[],
  batch: number,
  perBatch: number,
): Int32Array {
  const strides = stridesOf(shape);
  const inner = sizeOf(shape.slice(batch + depth));
  const count = places.length / depth;
  const positions = new Int32Array(count * inner);
  for (let v = 0; v < count; v++) {
    let start = batch === 0 ? 0 : Math.floor(v / perBatch) * strides[batch - 1]!;
    for (let d = 0; d < depth; d++)
      start += axisOf(places[v * depth + d]!, shape[batch + d]!) * strides[batch + d]!;
    for (let i = 0; i < inner; i++) positions[v * inner + i] = start + i;
  }
  return positions;
}

const gatherND: Rule = (node, [x, indices]) => {
  const [shape, at] = [node.inputs[0]!.shape, node.inputs[1]!.shape];
  const batch = (node.attributes.batch_dims as number | undefined) ?? 0;
  const perBatch = sizeOf(at.slice(batch, -1));
  return [picked(x!, vectorPositions(decided(node, indices!), at.at(-1)!, shape, batch, perBatch))];
};

const scatterND: Rule = (node, [target, indices, updates]) => {
  const [shape, at] = [node.inputs[0]!.shape, node.inputs[1]!.shape];
  const positions = vectorPositions(decided(node, indices!), at.at(-1)!, shape, 0, 1);
  return [scattered(node, target!, updates!, positions)];
};

export const INDEXING: Readonly<Record<string, Rule>> = {
  Gather: gather,
  GatherElements: gatherElements,
  GatherND: gatherND,
  ScatterElements: scatterElements,
  ScatterND: scatterND,
};
