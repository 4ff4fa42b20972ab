// Resize: interpolation along each axis by a fixed matrix (ONNX, Resize; modes nearest, linear and cubic).
import { RobustlawError } from '../../errors.ts';
import { known, normalAxis, required } from '../shape.ts';
import { sizeOf, tensor } from '../tensor.ts';
import type { Attributes, Node, Op, Value } from '../value.ts';
import { constant, emit1 } from '../value.ts';
import { mul } from './arithmetic.ts';
import { floatOf, intOf, intsOf, stringOf } from './attributes.ts';
import { expand } from './fill.ts';
import { reshape } from './layout.ts';
import { matMul } from './matmul.ts';
import { averagePool } from './pooling.ts';

/** One axis: from `length` to `size` cells; `scale` is the ratio that the coordinates use. */
interface Stretch {
  readonly axis: number;
  readonly length: number;
  readonly size: number;
  readonly scale: number;
}

/** Cells of the input, with weights, from which one cell of the output is interpolated. */
type Taps = readonly (readonly [cell: number, weight: number])[];

/** Entries of the largest interpolation matrix that is built. */
const MAX_ENTRIES = 2 ** 26;

export const Resize: Op = {
  name: 'Resize',
  attributes: {
    antialias: 'int',
    axes: 'ints',
    coordinate_transformation_mode: 'string',
    cubic_coeff_a: 'float',
    exclude_outside: 'int',
    extrapolation_value: 'float',
    keep_aspect_ratio_policy: 'string',
    mode: 'string',
    nearest_mode: 'string',
  },
  infer: (inputs, attributes) => {
    const { dtype, shape } = required(inputs, 0);
    const result = [...shape];
    for (const { axis, size } of stretches(inputs, attributes)) result[axis] = size;
    return [{ dtype, shape: result }];
  },
  vjp: (node, [g]) => {
    const factors = repetition(node);
    if (factors) return [mul(averagePool(g!, factors, { strides: factors }), sizeOf(factors))];
    return [interpolate(g!, node, true)];
  },
  decompose: (node) => {
    const x = node.inputs[0]!;
    const factors = repetition(node);
    return [factors ? repeated(x, factors) : interpolate(x, node, false)];
  },
  // The scales stay float32 whatever the image is, which the kernel knows and a change of type does not.
  refused: (node) => node.inputs[0]!.dtype === 'float64',
};

function stretches(inputs: readonly (Value | undefined)[], attributes: Attributes): Stretch[] {
  const { shape } = required(inputs, 0);
  if (intOf(attributes, 'antialias', 0) !== 0) throw unsupported('antialias');
  if (stringOf(attributes, 'keep_aspect_ratio_policy', 'stretch') !== 'stretch')
    throw unsupported('keep_aspect_ratio_policy');
  const axes = intsOf(
    attributes,
    'axes',
    shape.map((_, i) => i),
  ).map((axis) => normalAxis(axis, shape.length));
  const given = (i: number) =>
    inputs[i] && sizeOf(inputs[i].shape) > 0 ? known(inputs, i, 'it') : undefined;
  const [scales, sizes] = [given(2), given(3)];
  const list = scales ?? sizes;
  if (!list || list.length !== axes.length || list.some((n) => !(n > 0))) {
    throw new RobustlawError(
      'shape-mismatch',
      `scales or sizes [${list ?? ''}]; expected ${axes.length} positive numbers`,
    );
  }
  return axes.map((axis, i) => {
    const length = shape[axis]!;
    if (scales) return { axis, length, size: Math.floor(length * scales[i]!), scale: scales[i]! };
    return { axis, length, size: sizes![i]!, scale: sizes![i]! / length };
  });
}

function unsupported(what: string): RobustlawError {
  return new RobustlawError(
    'unsupported-op',
    `Resize with ${what} is not supported; resize the data instead`,
  );
}

/** Where the output's cell lies on the input's axis. */
function coordinate(i: number, { length, size, scale }: Stretch, attributes: Attributes): number {
  const mode = stringOf(attributes, 'coordinate_transformation_mode', 'half_pixel');
  switch (mode) {
    case 'half_pixel':
      return (i + 0.5) / scale - 0.5;
    case 'pytorch_half_pixel':
      return size > 1 ? (i + 0.5) / scale - 0.5 : 0;
    case 'align_corners':
      return size > 1 ? (i * (length - 1)) / (size - 1) : 0;
    case 'asymmetric':
      return i / scale;
    case 'half_pixel_symmetric': {
      const offset = (length / 2) * (1 - size / (scale * length));
      return offset + (i + 0.5) / scale - 0.5;
    }
    default:
      throw unsupported(`coordinate_transformation_mode "${mode}"`);
  }
}

function roundedNearest(x: number, mode: string): number {
  switch (mode) {
    case 'round_prefer_floor':
      return Math.ceil(x - 0.5);
    case 'round_prefer_ceil':
      return Math.floor(x + 0.5);
    case 'floor':
      return Math.floor(x);
    case 'ceil':
      return Math.ceil(x);
    default:
      throw unsupported(`nearest_mode "${mode}"`);
  }
}

/** Cubic convolution (Keys 1981) at distance t from the cell. */
function cubic(t: number, a: number): number {
  const d = Math.abs(t);
  if (d <= 1) return (a + 2) * d ** 3 - (a + 3) * d ** 2 + 1;
  return d < 2 ? a * d ** 3 - 5 * a * d ** 2 + 8 * a * d - 4 * a : 0;
}

function tapsOf(i: number, stretch: Stretch, attributes: Attributes): Taps {
  // An axis that is not resized is copied whatever the mode.
  if (stretch.scale === 1) return [[i, 1]];
  const last = stretch.length - 1;
  const held = (cell: number) => Math.min(Math.max(cell, 0), last);
  const x = coordinate(i, stretch, attributes);
  const below = Math.floor(x);
  const mode = stringOf(attributes, 'mode', 'nearest');
  switch (mode) {
    case 'nearest':
      return [[held(roundedNearest(x, stringOf(attributes, 'nearest_mode', 'round_prefer_floor'))), 1]];
    case 'linear': {
      const inside = Math.min(Math.max(x, 0), last);
      const cell = Math.floor(inside);
      return [
        [cell, 1 - (inside - cell)],
        [held(cell + 1), inside - cell],
      ];
    }
    case 'cubic': {
      const a = floatOf(attributes, 'cubic_coeff_a', -0.75);
      const all = [-1, 0, 1, 2].map((k) => [below + k, cubic(x - below - k, a)] as const);
      if (intOf(attributes, 'exclude_outside', 0) === 0) return all.map(([cell, w]) => [held(cell), w]);
      const inside = all.filter(([cell]) => cell === held(cell));
      const sum = inside.reduce((total, [, w]) => total + w, 0);
      return inside.map(([cell, w]) => [cell, w / sum]);
    }
    default:
      throw unsupported(`mode "${mode}"`);
  }
}

/** The factors by which a node repeats the cells of its spatial axes; undefined if it does anything else. */
function repetition(node: Node): number[] | undefined {
  const rank = node.inputs[0]!.shape.length;
  const all = stretches(node.inputs, node.attributes);
  if (rank < 3 || rank > 5 || stringOf(node.attributes, 'mode', 'nearest') !== 'nearest') return undefined;
  const factors = new Array<number>(rank).fill(1);
  for (const stretch of all) {
    const factor = stretch.size / stretch.length;
    const repeats = (i: number) => tapsOf(i, stretch, node.attributes)[0]![0] === Math.floor(i / factor);
    if (!Number.isInteger(factor) || !Array.from({ length: stretch.size }, (_, i) => i).every(repeats))
      return undefined;
    factors[stretch.axis] = factor;
  }
  return factors[0] === 1 && factors[1] === 1 ? factors.slice(2) : undefined;
}

/** Repetition by broadcasting, which is exact for infinite cells too. */
function repeated(x: Value, factors: readonly number[]): Value {
  const [outer, inner] = [x.shape.slice(0, 2), x.shape.slice(2)];
  const apart = reshape(x, [...outer, ...inner.flatMap((n) => [n, 1])]);
  const stretched = expand(apart, [...outer, ...inner.flatMap((n, i) => [n, factors[i]!])]);
  return reshape(stretched, [...outer, ...inner.map((n, i) => n * factors[i]!)]);
}

/** Each axis times its interpolation matrix, or, for the adjoint, its transpose. */
function interpolate(x: Value, node: Node, adjoint: boolean): Value {
  return stretches(node.inputs, node.attributes)
    .filter((stretch) => stretch.size !== stretch.length || stretch.scale !== 1)
    .reduce((value, stretch) => {
      const { length, size } = stretch;
      if (length * size > MAX_ENTRIES) throw unsupported(`an axis of ${length} to ${size} cells`);
      const shape = adjoint ? [length, size] : [size, length];
      const entries = new Float64Array(length * size);
      for (let i = 0; i < size; i++) {
        for (const [cell, weight] of tapsOf(i, stretch, node.attributes))
          entries[adjoint ? cell * size + i : i * length + cell]! += weight;
      }
      return alongAxis(value, stretch.axis, constant(tensor(x.dtype, shape, entries)));
    }, x);
}

/** matrix `[m, n]` times x `[..., n, ...]` along `axis`. */
function alongAxis(x: Value, axis: number, matrix: Value): Value {
  const [before, after] = [x.shape.slice(0, axis), x.shape.slice(axis + 1)];
  const [m, n] = matrix.shape as [number, number];
  const product = matMul(matrix, reshape(x, [sizeOf(before), n, sizeOf(after)]));
  return reshape(product, [...before, m, ...after]);
}

/** Each cell of the spatial axes of x `[batch, channels, ...]` repeated `factors[i]` times along axis i + 2. */
export function repeatCells(x: Value, factors: readonly number[]): Value {
  if (factors.every((factor) => factor === 1)) return x;
  const scales = constant(tensor('float32', [factors.length + 2], [1, 1, ...factors]));
  return emit1(Resize, [x, undefined, scales], {
    coordinate_transformation_mode: 'asymmetric',
    mode: 'nearest',
    nearest_mode: 'floor',
  });
}
