// Pooling over spatial axes: the largest or the mean element of each window (ONNX, MaxPool and its relatives).
import { RobustlawError } from '../../errors.ts';
import { required, requireRank } from '../shape.ts';
import { sizeOf, tensor } from '../tensor.ts';
import type { Attributes, AttributeType, Node, Op, Value } from '../value.ts';
import { constant, emit, emit1 } from '../value.ts';
import { add, div, equal, mul } from './arithmetic.ts';
import { intOf, intsOf } from './attributes.ts';
import { cast } from './cast.ts';
import { zeros } from './fill.ts';
import { scatterElements } from './indexing.ts';
import { reshape } from './layout.ts';
import { reduceMax, reduceMean } from './reduction.ts';
import { repeatCells } from './resize.ts';
import { pad, padAxis, slice } from './slicing.ts';
import type { Sweep } from './window.ts';
import { explicitPads, extent, overhang, padFor, sweeps, tapOf, untap, withoutAutoPad } from './window.ts';

const POOLING: Readonly<Record<string, AttributeType>> = {
  auto_pad: 'string',
  ceil_mode: 'int',
  dilations: 'ints',
  kernel_shape: 'ints',
  pads: 'ints',
  strides: 'ints',
};

const spatial = (x: Value) => x.shape.slice(2);
const spatialAxes = (x: Value) => spatial(x).map((_, i) => i + 2);

export function poolSweeps(inputs: readonly (Value | undefined)[], attributes: Attributes): Sweep[] {
  const x = requireRank(required(inputs, 0), 3, 64);
  return sweeps(spatial(x), intsOf(attributes, 'kernel_shape', []), attributes);
}

function pooledShape(inputs: readonly (Value | undefined)[], attributes: Attributes): number[] {
  const counts = poolSweeps(inputs, attributes).map((s) => s.count);
  return [...required(inputs, 0).shape.slice(0, 2), ...counts];
}

/**
 * The largest element of each window, and its position in the flattened input. At ties the cotangent is shared
 * equally where windows lie side by side; where they overlap the first of them takes it all.
 */
export const MaxPool: Op = {
  name: 'MaxPool',
  attributes: { ...POOLING, storage_order: 'int' },
  infer: (inputs, attributes) => {
    const shape = pooledShape(inputs, attributes);
    return [
      { dtype: required(inputs, 0).dtype, shape },
      { dtype: 'int64', shape },
    ];
  },
  vjp: (node, [g]) => {
    if (!g) return [undefined];
    if (intOf(node.attributes, 'storage_order', 0) !== 0)
      throw new RobustlawError(
        'unsupported-op',
        'MaxPool with column-major indices (storage_order 1) has no rule',
      );
    const x = node.inputs[0]!;
    const all = poolSweeps(node.inputs, node.attributes);
    if (all.every(tiles)) return [toLargestOfTile(x, node.outputs[0]!, g, all)];
    return [put(g, node.outputs[1]!, x.shape)];
  },
  explicit: explicitPooling,
};

/**
 * The cotangent of x where windows tile it: shared among the cells that attain the largest value y of their tile.
 * Forward and backward take two thirds of the time of the way by indices, whose kernels are scalar loops.
 */
function toLargestOfTile(x: Value, y: Value, g: Value, all: readonly Sweep[]): Value {
  const factors = all.map((s) => s.kernel);
  const attains = cast(equal(coveredByTiles(x, all), repeatCells(y, factors)), g.dtype);
  const ties = mul(averagePool(attains, factors, { strides: factors }), sizeOf(factors));
  return uncoverTiles(mul(attains, repeatCells(div(g, ties), factors)), all);
}

/** The cells that belong to some tile; the last ones of an axis may not. */
function coveredByTiles(x: Value, all: readonly Sweep[]): Value {
  return slice(
    x,
    spatialAxes(x),
    all.map(() => 0),
    all.map((s) => s.count * s.kernel),
  );
}

/** Adjoint of coveredByTiles(). */
function uncoverTiles(x: Value, all: readonly Sweep[]): Value {
  return pad(x, new Array<number>(x.shape.length).fill(0), [
    0,
    0,
    ...all.map((s) => s.length - s.count * s.kernel),
  ]);
}

/**
 * Explicit pads instead of auto_pad and ceil_mode. ONNX Runtime disagrees with itself about ceil_mode where a last,
 * partial window would start in the padding: its shape inference counts it, its kernels don't.
 */
function explicitPooling(node: Node): Attributes | undefined {
  const all = poolSweeps(node.inputs, node.attributes);
  const { ceil_mode = 0, ...rest } = withoutAutoPad(node.attributes, all) ?? node.attributes;
  const padded = ceil_mode === 1 && !countsPadding(node) && all.every((s) => overhang(s) < s.kernel);
  if (padded) return { ...rest, ...explicitPads(all.map((s) => ({ ...s, after: overhang(s) }))) };
  return node.attributes.auto_pad === undefined ? undefined : { ...rest, ceil_mode };
}

const countsPadding = (node: Node): boolean => intOf(node.attributes, 'count_include_pad', 0) === 1;

/** Whether padding is left over after the last window, as where ceil_mode would count a window that does not count. */
const dropsPartial = (s: Sweep): boolean =>
  (s.count - 1) * s.stride + extent(s) < s.before + s.length + s.after;

/** Zeros of `shape` to which each element of `g` is added at the flat position that `indices` names. */
function put(g: Value, indices: Value, shape: readonly number[]): Value {
  const size = sizeOf(g.shape);
  const flat = scatterElements(
    zeros(g.dtype, [sizeOf(shape)]),
    reshape(indices, [size]),
    reshape(g, [size]),
    0,
  );
  return reshape(flat, shape);
}

/** The mean of each window; padding counts as zeros if `count_include_pad` is 1 and not at all otherwise. */
export const AveragePool: Op = {
  name: 'AveragePool',
  attributes: { ...POOLING, count_include_pad: 'int' },
  infer: (inputs, attributes) => [
    { dtype: required(inputs, 0).dtype, shape: pooledShape(inputs, attributes) },
  ],
  vjp: (node, [g]) => {
    const all = poolSweeps(node.inputs, node.attributes);
    const factors = all.map((s) => s.kernel);
    if (all.every(tiles)) return [uncoverTiles(repeatCells(div(g!, sizeOf(factors)), factors), all)];
    const shares = mul(g!, reciprocalCounts(node, all));
    return [all.reduce((value, sweep, i) => unsum(value, i + 2, sweep), shares)];
  },
  decompose: (node) => {
    const x = node.inputs[0]!;
    const all = poolSweeps(node.inputs, node.attributes);
    const sums = all.reduce((value, sweep, i) => windowSums(value, i + 2, sweep), x);
    return [mul(sums, reciprocalCounts(node, all))];
  },
  explicit: explicitPooling,
  refused: (node) => {
    const { ceil_mode } = explicitPooling(node) ?? node.attributes;
    return ceil_mode === 1 && poolSweeps(node.inputs, node.attributes).some(dropsPartial);
  },
};

/** Whether the windows lie side by side from the beginning of the axis, and within it. */
export const tiles = (s: Sweep): boolean =>
  s.before === 0 && s.dilation === 1 && s.stride === s.kernel && s.count * s.stride <= s.length;

/** sum over the taps of each window along one axis, of which padFor() fills what lies outside with zeros. */
export function windowSums(x: Value, axis: number, sweep: Sweep): Value {
  const padded = padFor(x, axis, sweep);
  return Array.from({ length: sweep.kernel }, (_, tap) => tapOf(padded, axis, sweep, tap)).reduce((a, b) =>
    add(a, b),
  );
}

/** Adjoint of windowSums(). */
function unsum(g: Value, axis: number, sweep: Sweep): Value {
  const length = sweep.before + sweep.length + overhang(sweep);
  const taps = Array.from({ length: sweep.kernel }, (_, tap) => untap(g, axis, sweep, tap, length));
  const sum = taps.reduce((a, b) => add(a, b));
  return padAxis(sum, axis, -sweep.before, -overhang(sweep));
}

/** 1 / number of cells of each window that count, of the shape of the window positions. */
function reciprocalCounts(node: Node, all: readonly Sweep[]): Value {
  const counts = all.map((s) => countsAlong(s, countsPadding(node)));
  const products = counts.reduce((a, b) => a.flatMap((m) => b.map((n) => m * n)));
  const shape = all.map((s) => s.count);
  return constant(
    tensor(
      node.inputs[0]!.dtype,
      shape,
      products.map((n) => 1 / n),
    ),
  );
}

function countsAlong(s: Sweep, includesPadding: boolean): number[] {
  const [low, high] = includesPadding ? [-s.before, s.length + s.after] : [0, s.length];
  return Array.from({ length: s.count }, (_, o) => {
    const start = o * s.stride - s.before;
    const taps = Array.from({ length: s.kernel }, (_, t) => start + t * s.dilation);
    return taps.filter((position) => position >= low && position < high).length;
  });
}

function globalPool(name: string, reduce: (x: Value, axes: readonly number[], keep: boolean) => Value): Op {
  return {
    name,
    attributes: {},
    infer: (inputs) => {
      const x = requireRank(required(inputs, 0), 3, 64);
      return [{ dtype: x.dtype, shape: [...x.shape.slice(0, 2), ...spatial(x).map(() => 1)] }];
    },
    decompose: (node) => [reduce(node.inputs[0]!, spatialAxes(node.inputs[0]!), true)],
  };
}
export const GlobalAveragePool = globalPool('GlobalAveragePool', reduceMean);
/** At ties the cotangent is shared equally. */
export const GlobalMaxPool = globalPool('GlobalMaxPool', reduceMax);

/**
 * The largest element of each window of x `[batch, channels, ...]`. `attributes`: `strides` (default 1), `pads` (all
 * beginnings, then all ends), `dilations`, `ceil_mode`, `auto_pad`, as in ONNX.
 */
export function maxPool(x: Value, kernel: readonly number[], attributes: Attributes = {}): Value {
  return emit(MaxPool, [x], { ...attributes, kernel_shape: kernel })[0]!;
}

/** The mean of each window of x `[batch, channels, ...]`; `attributes` as for maxPool(), and `count_include_pad`. */
export function averagePool(x: Value, kernel: readonly number[], attributes: Attributes = {}): Value {
  return emit1(AveragePool, [x], { ...attributes, kernel_shape: kernel });
}

/** The mean over all spatial axes: `[batch, channels, ...]` to `[batch, channels, 1, ...]`. */
export const globalAveragePool = (x: Value): Value => emit1(GlobalAveragePool, [x]);
export const globalMaxPool = (x: Value): Value => emit1(GlobalMaxPool, [x]);
