// Convolution, its adjoint and mean pooling as sums over the cells that each window sees (ONNX, Conv, ConvTranspose and
// AveragePool).
import type { Node, Value } from '../../graph/index.ts';
import { convSweeps, sizeOf, transposedSweeps } from '../../graph/index.ts';
import { reciprocalOf } from './powers.ts';
import type { Reading } from './reading.ts';
import { combined, constantOf, formOf, unsupported } from './reading.ts';
import type { Rule } from './rule.ts';

/** How a window moves along one axis; see `convSweeps`. */
export type Sweep = ReturnType<typeof convSweeps>[number];

/** For each position of a window along an axis: pairs of a cell and the tap that sees it, flattened. */
export type Taps = readonly (readonly number[])[];

/** Cells of the input that position o of a window sees: o stride + t dilation - before. */
export function tapsOf(s: Sweep): Taps {
  return Array.from({ length: s.count }, (_, o) => {
    const pairs: number[] = [];
    for (let t = 0; t < s.kernel; t++) {
      const cell = o * s.stride + t * s.dilation - s.before;
      if (cell >= 0 && cell < s.length) pairs.push(cell, t);
    }
    return pairs;
  });
}

/** The same of the adjoint: the positions whose windows see each cell. */
function adjointTaps(s: Sweep): Taps {
  const result: number[][] = Array.from({ length: s.length }, () => []);
  tapsOf(s).forEach((pairs, o) => {
    for (let p = 0; p < pairs.length; p += 2) result[pairs[p]!]!.push(o, pairs[p + 1]!);
  });
  return result;
}

/** Taps over several axes, cells and taps numbered row-major; one list for each position, row-major. */
function product(axes: readonly { taps: Taps; cells: number; kernel: number }[]): Int32Array[] {
  let all: (readonly number[])[] = [[0, 0]];
  for (const { taps, cells, kernel } of axes) {
    all = all.flatMap((outer) =>
      taps.map((inner) => {
        const pairs: number[] = [];
        for (let p = 0; p < outer.length; p += 2)
          for (let q = 0; q < inner.length; q += 2)
            pairs.push(outer[p]! * cells + inner[q]!, outer[p + 1]! * kernel + inner[q + 1]!);
        return pairs;
      }),
    );
  }
  return all.map((pairs) => Int32Array.from(pairs));
}

/** The weight of a convolution, checked. */
function weightOf(node: Node, reading: Reading) {
  const weight = constantOf(node.inputs[1]!, reading);
  if (!weight) throw unsupported(node, 'has a kernel that depends on the input');
  return weight;
}

/**
 * y[b, m, o] = bias[m] + sum over channels c of m's group and taps t of x[b, c, cell] w(m, c, t), where `windows` lists
 * cells and taps of each o and `weightAt` the first tap of w(m, c).
 */
function windowed(
  node: Node,
  reading: Reading,
  windows: readonly Int32Array[],
  weightAt: (filter: number, channel: number) => number,
) {
  const [x, , biasInput] = node.inputs as [Value, Value, Value | undefined];
  const [y] = node.outputs as [Value];
  const { values, error } = weightOf(node, reading);
  const group = (node.attributes.group as number | undefined) ?? 1;
  const [channels, filters] = [x.shape[1]!, y.shape[1]!];
  const [perGroup, filtersPerGroup] = [channels / group, filters / group];
  const cells = sizeOf(x.shape.slice(2));
  const count = windows.length;
  const forms = [formOf(x, reading), ...(biasInput ? [formOf(biasInput, reading)] : [])];
  return combined(y, forms, reading, (row, add) => {
    const window = windows[row % count]!;
    const filter = Math.floor(row / count) % filters;
    const image = Math.floor(row / (count * filters)) * channels;
    const first = Math.floor(filter / filtersPerGroup) * perGroup;
    for (let c = first; c < first + perGroup; c++) {
      const at = weightAt(filter, c);
      const corner = (image + c) * cells;
      for (let p = 0; p < window.length; p += 2) {
        const tap = at + window[p + 1]!;
        add(0, corner + window[p]!, values[tap]!, error?.[tap]);
      }
    }
    if (biasInput) add(1, filter, 1);
  });
}

const conv: Rule = (node, reading) => {
  const [x, w] = node.inputs as [Value, Value];
  const all = convSweeps(x, w, node.attributes);
  const windows = product(all.map((s) => ({ taps: tapsOf(s), cells: s.length, kernel: s.kernel })));
  const perGroup = w.shape[1]!;
  const taps = sizeOf(w.shape.slice(2));
  return [windowed(node, reading, windows, (m, c) => (m * perGroup + (c % perGroup)) * taps)];
};

const convTranspose: Rule = (node, reading) => {
  const [x, w] = node.inputs as [Value, Value];
  const all = transposedSweeps(x, w, node.attributes);
  const windows = product(all.map((s) => ({ taps: adjointTaps(s), cells: s.count, kernel: s.kernel })));
  const perGroup = w.shape[1]!;
  const taps = sizeOf(w.shape.slice(2));
  return [windowed(node, reading, windows, (m, c) => (c * perGroup + (m % perGroup)) * taps)];
};

/** The sweeps of a pooling node. */
export function poolSweeps(node: Node): Sweep[] {
  const x = node.inputs[0]!;
  // A kernel of which only the shape is looked at.
  const kernel = { ...x, shape: [1, 1, ...(node.attributes.kernel_shape as readonly number[])] };
  return convSweeps(x, kernel, node.attributes);
}

const averagePool: Rule = (node, reading) => {
  const all = poolSweeps(node);
  const [x] = node.inputs as [Value];
  const [y] = node.outputs as [Value];
  const windows = product(all.map((s) => ({ taps: tapsOf(s), cells: s.length, kernel: s.kernel })));
  const counts = all
    .map((s) => countsAlong(s, node.attributes.count_include_pad === 1))
    .reduce((a, b) => a.flatMap((m) => b.map((n) => m * n)));
  const cells = sizeOf(x.shape.slice(2));
  return [
    combined(y, [formOf(x, reading)], reading, (row, add) => {
      const o = row % windows.length;
      const corner = Math.floor(row / windows.length) * cells;
      const [share, error] = reciprocalOf(counts[o]!);
      const window = windows[o]!;
      for (let p = 0; p < window.length; p += 2) add(0, corner + window[p]!, share, error);
    }),
  ];
};

/** Cells of each window that count: those of the input, or those of the input and its padding. */
function countsAlong(s: Sweep, includesPadding: boolean): number[] {
  const [low, high] = includesPadding ? [-s.before, s.length + s.after] : [0, s.length];
  return Array.from({ length: s.count }, (_, o) => {
    const taps = Array.from({ length: s.kernel }, (_, t) => o * s.stride + t * s.dilation - s.before);
    return taps.filter((cell) => cell >= low && cell < high).length;
  });
}

export const WINDOW_RULES: Readonly<Record<string, Rule>> = {
  Conv: conv,
  ConvTranspose: convTranspose,
  AveragePool: averagePool,
};
