// Rules of operators whose windows slide over spatial axes: Conv, ConvTranspose, MaxPool.
import type { Node, Shape, Value } from '../../graph/index.ts';
import { affineIndex, convSweeps, input, sizeOf, stridesOf, transposedSweeps } from '../../graph/index.ts';
import type { Box, Rule } from '../box.ts';
import { emptyBox, isPoint, picked } from '../box.ts';
import { product } from '../product.ts';
import { addDown, addUp } from '../rounding.ts';

/** How a window moves along one axis, as src/graph describes it. */
type Sweep = ReturnType<typeof convSweeps>[number];

/** Columns of the matrix of windows that are built at a time. */
const BLOCK = 4096;

/** For each tap (rows) and position (columns) the spatial cell that is read, or -1 for none. */
function windowCells(
  taps: Shape,
  positions: Shape,
  cells: Shape,
  cellOf: (axis: number, tap: number, position: number) => number,
): Int32Array {
  const strides = stridesOf(cells);
  const [tapStrides, positionStrides] = [stridesOf(taps), stridesOf(positions)];
  const [t, p] = [sizeOf(taps), sizeOf(positions)];
  const index = new Int32Array(t * p);
  for (const axis of cells.keys()) {
    for (let i = 0; i < t; i++) {
      const tap = Math.floor(i / tapStrides[axis]!) % taps[axis]!;
      for (let j = 0; j < p; j++) {
        const at = i * p + j;
        if (index[at]! < 0) continue;
        const cell = cellOf(axis, tap, Math.floor(j / positionStrides[axis]!) % positions[axis]!);
        index[at] = cell < 0 ? -1 : index[at]! + cell * strides[axis]!;
      }
    }
  }
  return index;
}

const inside = (cell: number, length: number): number => (cell >= 0 && cell < length ? cell : -1);

/** Cells that the windows of a convolution or pooling read. */
export function sweptCells(all: readonly Sweep[]): Int32Array {
  return windowCells(
    all.map((s) => s.kernel),
    all.map((s) => s.count),
    all.map((s) => s.length),
    (axis, tap, position) => {
      const s = all[axis]!;
      return inside(position * s.stride + tap * s.dilation - s.before, s.length);
    },
  );
}

/** Cells of the input of a ConvTranspose that reach a cell of its output by a tap. */
function reachingCells(all: readonly Sweep[]): Int32Array {
  return windowCells(
    all.map((s) => s.kernel),
    all.map((s) => s.length),
    all.map((s) => s.count),
    (axis, tap, position) => {
      const s = all[axis]!;
      const shifted = position + s.before - tap * s.dilation;
      return shifted % s.stride === 0 ? inside(shifted / s.stride, s.count) : -1;
    },
  );
}

/** The windows of some channels of an image as a matrix `[channels * taps, columns from..to]`, zeros outside of the image. */
function windowMatrix(
  image: Box,
  start: number,
  channels: number,
  cells: number,
  index: Int32Array,
  positions: number,
  from: number,
  to: number,
): Box {
  const taps = index.length / positions;
  const width = to - from;
  const gather = (source: Float64Array) => {
    const out = new Float64Array(channels * taps * width);
    for (let c = 0; c < channels; c++) {
      const base = start + c * cells;
      for (let t = 0; t < taps; t++) {
        const row = (c * taps + t) * width;
        for (let j = 0; j < width; j++) {
          const cell = index[t * positions + from + j]!;
          if (cell >= 0) out[row + j] = source[base + cell]!;
        }
      }
    }
    return out;
  };
  const lower = gather(image.lower);
  return { lower, upper: isPoint(image) ? lower : gather(image.upper) };
}

interface Layers {
  readonly batch: number;
  readonly channels: number;
  readonly filters: number;
  readonly group: number;
}

/** Sum over channels and taps of kernel times windows, plus bias; kernel rows are `[filters, channels / group, taps]`. */
function correlated(
  image: Box,
  kernel: Box,
  bias: Box | undefined,
  layers: Layers,
  cells: number,
  positions: number,
  index: Int32Array,
): Box {
  const { batch, channels, filters, group } = layers;
  const [perGroup, rows] = [channels / group, filters / group];
  const k = perGroup * (index.length / positions);
  const out = emptyBox(batch * filters * positions);
  for (let b = 0; b < batch; b++) {
    for (let g = 0; g < group; g++) {
      for (let from = 0; from < positions; from += BLOCK) {
        const to = Math.min(from + BLOCK, positions);
        const start = (b * channels + g * perGroup) * cells;
        const windows = windowMatrix(image, start, perGroup, cells, index, positions, from, to);
        const part = emptyBox(rows * (to - from));
        const factor = { box: kernel, offset: g * rows * k };
        product({ m: rows, k, n: to - from }, factor, { box: windows, offset: 0 }, false, part, 0);
        for (let f = 0; f < rows; f++) {
          const filter = g * rows + f;
          const [low, high] = bias ? [bias.lower[filter]!, bias.upper[filter]!] : [0, 0];
          const target = (b * filters + filter) * positions + from;
          for (let j = 0; j < to - from; j++) {
            const at = f * (to - from) + j;
            out.lower[target + j] = addDown(part.lower[at]!, low);
            out.upper[target + j] = addUp(part.upper[at]!, high);
          }
        }
      }
    }
  }
  return out;
}

const spatialSize = (shape: Shape) => sizeOf(shape.slice(2));

function layersOf(node: Node): Layers {
  const [batch, channels] = node.inputs[0]!.shape as [number, number];
  const group = (node.attributes.group as number | undefined) ?? 1;
  return { batch, channels, filters: node.outputs[0]!.shape[1]!, group };
}

const conv: Rule = (node, [x, w, bias]) => {
  const [image, kernel] = node.inputs as [Value, Value];
  const index = sweptCells(convSweeps(image, kernel, node.attributes));
  const [cells, positions] = [spatialSize(image.shape), spatialSize(node.outputs[0]!.shape)];
  return [correlated(x!, w!, bias, layersOf(node), cells, positions, index)];
};

const convTranspose: Rule = (node, [x, w, bias]) => {
  const [image, kernel] = node.inputs as [Value, Value];
  const index = reachingCells(transposedSweeps(image, kernel, node.attributes));
  const layers = layersOf(node);
  const [perGroup, taps] = [layers.channels / layers.group, spatialSize(kernel.shape)];
  const rows = layers.filters / layers.group;
  // [group, channels / group, filters / group, taps] to [group, filters / group, channels / group, taps]
  const order = affineIndex(
    [layers.group, rows, perGroup, taps],
    [perGroup * rows * taps, taps, rows * taps, 1],
  );
  const [cells, positions] = [spatialSize(image.shape), spatialSize(node.outputs[0]!.shape)];
  return [correlated(x!, picked(w!, order), bias, layers, cells, positions, index)];
};

/** The sweeps of a pooling node. */
export function poolingSweeps(node: Node): Sweep[] {
  const x = node.inputs[0]!;
  const kernel = input('window', x.dtype, [1, 1, ...(node.attributes.kernel_shape as readonly number[])]);
  return convSweeps(x, kernel, node.attributes);
}

const maxPool: Rule = (node, [x]) => {
  const [image, pooled] = [node.inputs[0]!.shape, node.outputs[0]!.shape];
  const index = sweptCells(poolingSweeps(node));
  const [cells, positions] = [spatialSize(image), spatialSize(pooled)];
  const taps = index.length / positions;
  const out = emptyBox(sizeOf(pooled));
  for (let c = 0; c < out.lower.length / positions; c++) {
    for (let j = 0; j < positions; j++) {
      let [low, high] = [-Infinity, -Infinity];
      for (let t = 0; t < taps; t++) {
        const cell = index[t * positions + j]!;
        if (cell < 0) continue;
        low = Math.max(low, x!.lower[c * cells + cell]!);
        high = Math.max(high, x!.upper[c * cells + cell]!);
      }
      out.lower[c * positions + j] = low;
      out.upper[c * positions + j] = high;
    }
  }
  const anywhere = { lower: new Float64Array(sizeOf(pooled)), upper: new Float64Array(sizeOf(pooled)) };
  anywhere.upper.fill(sizeOf(image) - 1);
  return node.outputs.length > 1 ? [out, anywhere] : [out];
};

export const WINDOWS: Readonly<Record<string, Rule>> = {
  Conv: conv,
  ConvTranspose: convTranspose,
  MaxPool: maxPool,
};
