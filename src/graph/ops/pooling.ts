// Pooling over spatial axes: the largest or the mean element of each window (ONNX, MaxPool and its relatives).
import { RobustlawError } from '../../errors.ts';
import { known, required, requireRank } from '../shape.ts';
import { sizeOf, tensor } from '../tensor.ts';
import type { Attributes, AttributeType, Node, Op, Value } from '../value.ts';
import { constant, emit, emit1, int64s } from '../value.ts';
import { add, mul } from './arithmetic.ts';
import { intOf, intsOf } from './attributes.ts';
import { zeros } from './fill.ts';
import { gatherElements, scatterElements } from './indexing.ts';
import { reshape } from './layout.ts';
import { reduceMax, reduceMean } from './reduction.ts';
import type { Sweep } from './window.ts';
import { explicitPads, extent, overhang, padFor, sweeps, tapOf, withoutAutoPad } from './window.ts';

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

function poolSweeps(inputs: readonly (Value | undefined)[], attributes: Attributes): Sweep[] {
  const x = requireRank(required(inputs, 0), 3, 64);
  return sweeps(spatial(x), intsOf(attributes, 'kernel_shape', []), attributes);
}

function pooledShape(inputs: readonly (Value | undefined)[], attributes: Attributes): number[] {
  const counts = poolSweeps(inputs, attributes).map((s) => s.count);
  return [...required(inputs, 0).shape.slice(0, 2), ...counts];
}

/**
 * The largest element of each window, and its position in the flattened input. Of equal elements the first takes the
 * whole cotangent. Linear in its input once the positions are fixed: the adjoint puts, the adjoint of that picks.
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
    const indices = node.outputs[1]!;
    const all = poolSweeps(node.inputs, node.attributes);
    return [all.every(unpoolable) ? maxUnpool(g, indices, x.shape, all) : put(g, indices, x.shape)];
  },
  explicit: explicitPooling,
};

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

/** The elements at flat positions; adjoint of put(). */
function pick(x: Value, indices: Value): Value {
  const size = sizeOf(indices.shape);
  const flat = gatherElements(reshape(x, [sizeOf(x.shape)]), reshape(indices, [size]), 0);
  return reshape(flat, indices.shape);
}

/** Each element at the flat position that the second input names, zeros elsewhere; positions must not repeat. */
export const MaxUnpool: Op = {
  name: 'MaxUnpool',
  attributes: { kernel_shape: 'ints', pads: 'ints', strides: 'ints' },
  infer: (inputs, attributes) => {
    const x = requireRank(required(inputs, 0), 3, 64);
    const { dtype, shape } = x;
    if (inputs[2]) return [{ dtype, shape: known(inputs, 2, 'the output shape') }];
    const kernel = intsOf(attributes, 'kernel_shape', []);
    const rank = kernel.length;
    const strides = intsOf(
      attributes,
      'strides',
      kernel.map(() => 1),
    );
    const pads = intsOf(attributes, 'pads', [...kernel, ...kernel].fill(0));
    const lengths = spatial(x).map((n, i) => (n - 1) * strides[i]! + kernel[i]! - pads[i]! - pads[rank + i]!);
    return [{ dtype, shape: [...shape.slice(0, 2), ...lengths] }];
  },
  vjp: (node, [g]) => [pick(g!, node.inputs[1]!)],
  decompose: (node) => [put(node.inputs[0]!, node.inputs[1]!, node.outputs[0]!.shape)],
};

/** Whether windows do not overlap and do not reach beyond the input, as MaxUnpool's kernel wants it. */
const unpoolable = (s: Sweep): boolean =>
  s.stride >= extent(s) && (s.count - 1) * s.stride + s.kernel <= s.length;

/** The fast form of put(). */
function maxUnpool(g: Value, indices: Value, shape: readonly number[], all: readonly Sweep[]): Value {
  return emit1(MaxUnpool, [g, indices, int64s(shape)], {
    kernel_shape: all.map((s) => s.kernel),
    strides: all.map((s) => s.stride),
  });
}

/** The mean of each window; padding counts as zeros if `count_include_pad` is 1 and not at all otherwise. */
export const AveragePool: Op = {
  name: 'AveragePool',
  attributes: { ...POOLING, count_include_pad: 'int' },
  infer: (inputs, attributes) => [
    { dtype: required(inputs, 0).dtype, shape: pooledShape(inputs, attributes) },
  ],
  decompose: (node) => {
    const all = poolSweeps(node.inputs, node.attributes);
    return all.every(tiles) ? [tileMeans(node.inputs[0]!, all)] : [windowMeans(node, all)];
  },
  explicit: explicitPooling,
  refused: (node) => {
    const { ceil_mode } = explicitPooling(node) ?? node.attributes;
    return ceil_mode === 1 && poolSweeps(node.inputs, node.attributes).some(dropsPartial);
  },
};

/** Whether the windows lie side by side and cover the axis. */
const tiles = (s: Sweep): boolean =>
  s.before === 0 && s.dilation === 1 && s.stride === s.kernel && s.count * s.stride === s.length;

function tileMeans(x: Value, all: readonly Sweep[]): Value {
  const split = reshape(x, [...x.shape.slice(0, 2), ...all.flatMap((s) => [s.count, s.kernel])]);
  return reduceMean(
    split,
    all.map((_, i) => 3 + 2 * i),
  );
}

/** Sums over windows, axis by axis, times the reciprocal numbers of cells. */
function windowMeans(node: Node, all: readonly Sweep[]): Value {
  const includesPadding = countsPadding(node);
  const sums = all.reduce((value, sweep, i) => windowSums(value, i + 2, sweep), node.inputs[0]!);
  const weights = all.map((s) => reciprocalCounts(s, includesPadding));
  const product = weights.reduce((a, b) => a.flatMap((x) => b.map((y) => x * y)));
  return mul(
    sums,
    constant(
      tensor(
        sums.dtype,
        all.map((s) => s.count),
        product,
      ),
    ),
  );
}

/** sum over the taps of each window along one axis, of which padFor() fills what lies outside with zeros. */
export function windowSums(x: Value, axis: number, sweep: Sweep): Value {
  const padded = padFor(x, axis, sweep);
  return Array.from({ length: sweep.kernel }, (_, tap) => tapOf(padded, axis, sweep, tap)).reduce((a, b) =>
    add(a, b),
  );
}

/** 1 / number of taps of each window that count. */
function reciprocalCounts(s: Sweep, includesPadding: boolean): number[] {
  const [low, high] = includesPadding ? [-s.before, s.length + s.after] : [0, s.length];
  return Array.from({ length: s.count }, (_, o) => {
    const start = o * s.stride - s.before;
    const taps = Array.from({ length: s.kernel }, (_, t) => start + t * s.dilation);
    return 1 / taps.filter((position) => position >= low && position < high).length;
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
