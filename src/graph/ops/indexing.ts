// Operators that pick or place elements: Slice, Gather, GatherElements, ScatterElements, Pad.
import { RobustlawError } from '../../errors.ts';
import { known, normalAxis, required } from '../shape.ts';
import { sizeOf, tensor } from '../tensor.ts';
import type { Attributes, Node, Op, Value } from '../value.ts';
import { constant, emit1, int64s } from '../value.ts';
import { expand, zeros } from './fill.ts';
import { reshape } from './layout.ts';

interface AxisSlice {
  readonly axis: number;
  readonly start: number;
  readonly step: number;
  readonly length: number;
}

/** The slices of a Slice node, with starts and lengths clamped as the ONNX specification says. */
function slices(inputs: readonly (Value | undefined)[]): AxisSlice[] {
  const { shape } = required(inputs, 0);
  const starts = known(inputs, 1, 'the starts');
  const ends = known(inputs, 2, 'the ends');
  const axes = inputs[3] ? known(inputs, 3, 'the axes') : starts.map((_, i) => i);
  const steps = inputs[4] ? known(inputs, 4, 'the steps') : starts.map(() => 1);
  return axes.map((given, i) => {
    const axis = normalAxis(given, shape.length);
    const n = shape[axis]!;
    const step = steps[i]!;
    if (step === 0) throw new RobustlawError('shape-mismatch', `step 0 along axis ${axis}`);
    const wrap = (position: number) => (position < 0 ? position + n : position);
    const clamp = (position: number, low: number, high: number) => Math.min(Math.max(position, low), high);
    const start = step > 0 ? clamp(wrap(starts[i]!), 0, n) : clamp(wrap(starts[i]!), 0, n - 1);
    const end = step > 0 ? clamp(wrap(ends[i]!), 0, n) : clamp(wrap(ends[i]!), -1, n - 1);
    return { axis, start, step, length: Math.max(0, Math.ceil((end - start) / step)) };
  });
}

export const Slice: Op = {
  name: 'Slice',
  attributes: {},
  infer: (inputs) => {
    const { dtype, shape } = required(inputs, 0);
    const lengths = [...shape];
    for (const { axis, length } of slices(inputs)) lengths[axis] = length;
    return [{ dtype, shape: lengths }];
  },
  vjp: (node, [g]) => {
    const { shape } = node.inputs[0]!;
    return [slices(node.inputs).reduce((value, part) => unslice(value, part, shape[part.axis]!), g!)];
  },
};

/** Adjoint of a slice along one axis: the elements at their places among zeros. */
function unslice(g: Value, { axis, start, step, length }: AxisSlice, n: number): Value {
  if (step === 1) return padAxis(g, axis, start, n - start - length);
  return scatterAdd(g, axis, int64s(Array.from({ length }, (_, i) => start + i * step)), n);
}

export const Gather: Op = {
  name: 'Gather',
  attributes: { axis: 'int' },
  infer: (inputs, attributes) => {
    const x = required(inputs, 0);
    const axis = normalAxis((attributes.axis as number | undefined) ?? 0, x.shape.length);
    const indices = required(inputs, 1);
    return [
      { dtype: x.dtype, shape: [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)] },
    ];
  },
  vjp: (node, [g]) => {
    const [x, indices] = node.inputs as [Value, Value];
    const axis = normalAxis((node.attributes.axis as number | undefined) ?? 0, x.shape.length);
    const count = sizeOf(indices.shape);
    const flat = reshape(g!, [...x.shape.slice(0, axis), count, ...x.shape.slice(axis + 1)]);
    return [scatterAdd(flat, axis, reshape(indices, [count]), x.shape[axis]!), undefined];
  },
};

/** out[..., indices[k], ...] += g[..., k, ...] along `axis` of length n. */
function scatterAdd(g: Value, axis: number, indices: Value, n: number): Value {
  const target = zeros(
    g.dtype,
    g.shape.map((m, i) => (i === axis ? n : m)),
  );
  const column = reshape(
    indices,
    g.shape.map((m, i) => (i === axis ? m : 1)),
  );
  return scatterElements(target, expand(column, g.shape), g, axis);
}

export const GatherElements: Op = {
  name: 'GatherElements',
  attributes: { axis: 'int' },
  infer: (inputs) => [{ dtype: required(inputs, 0).dtype, shape: required(inputs, 1).shape }],
  vjp: (node, [g]) => {
    const [x, indices] = node.inputs as [Value, Value];
    const axis = (node.attributes.axis as number | undefined) ?? 0;
    return [scatterElements(zeros(x.dtype, x.shape), indices, g!, axis), undefined];
  },
};

/** Only with `reduction: add`, which is linear; plain overwriting has no rule. */
export const ScatterElements: Op = {
  name: 'ScatterElements',
  attributes: { axis: 'int', reduction: 'string' },
  infer: (inputs) => [{ dtype: required(inputs, 0).dtype, shape: required(inputs, 0).shape }],
  vjp: (node, [g]) => {
    if (node.attributes.reduction !== 'add') {
      throw new RobustlawError(
        'unsupported-op',
        'ScatterElements is differentiable only with reduction "add"',
      );
    }
    const axis = (node.attributes.axis as number | undefined) ?? 0;
    return [g!, undefined, emit1(GatherElements, [g!, node.inputs[1]!], { axis })];
  },
};

export function scatterElements(target: Value, indices: Value, updates: Value, axis: number): Value {
  return emit1(ScatterElements, [target, indices, updates], { axis, reduction: 'add' });
}

/** Pads before and after each axis of a Pad node; negative ones crop. */
function padsOf(inputs: readonly (Value | undefined)[]): { before: number[]; after: number[] } {
  const rank = required(inputs, 0).shape.length;
  const pads = known(inputs, 1, 'the pads');
  const axes = inputs[3]
    ? known(inputs, 3, 'the axes').map((a) => normalAxis(a, rank))
    : Array.from({ length: rank }, (_, i) => i);
  if (pads.length !== 2 * axes.length) {
    throw new RobustlawError(
      'shape-mismatch',
      `${pads.length} pads for ${axes.length} axes; expected ${2 * axes.length}`,
    );
  }
  const before: number[] = new Array(rank).fill(0);
  const after: number[] = new Array(rank).fill(0);
  axes.forEach((axis, i) => {
    before[axis] = pads[i]!;
    after[axis] = pads[axes.length + i]!;
  });
  return { before, after };
}

const isConstantPad = (attributes: Attributes) => (attributes.mode ?? 'constant') === 'constant';

export const Pad: Op = {
  name: 'Pad',
  attributes: { mode: 'string' },
  infer: (inputs) => {
    const { dtype, shape } = required(inputs, 0);
    const { before, after } = padsOf(inputs);
    const padded = shape.map((n, i) => n + before[i]! + after[i]!);
    if (padded.some((n) => n < 0))
      throw new RobustlawError('shape-mismatch', `pads crop more than there is: [${padded}]`);
    return [{ dtype, shape: padded }];
  },
  vjp: (node, [g]) => {
    if (!isConstantPad(node.attributes)) return [unpadByIndex(node, g!)];
    const { before, after } = padsOf(node.inputs);
    return [
      pad(
        g!,
        before.map((n) => -n),
        after.map((n) => -n),
      ),
    ];
  },
};

/** Reflecting, wrapping and edge padding repeat elements: the adjoint adds them up where they came from. */
function unpadByIndex(node: Node, g: Value): Value {
  const { before } = padsOf(node.inputs);
  const { shape } = node.inputs[0]!;
  return shape.reduce((value, n, axis) => {
    const length = value.shape[axis]!;
    if (length === n && before[axis] === 0) return value;
    const sources = Array.from({ length }, (_, i) =>
      sourceOf(i - before[axis]!, n, node.attributes.mode as string),
    );
    return scatterAdd(value, axis, int64s(sources), n);
  }, g);
}

function sourceOf(position: number, n: number, mode: string): number {
  if (mode === 'edge') return Math.min(Math.max(position, 0), n - 1);
  if (mode === 'wrap') return ((position % n) + n) % n;
  const period = Math.max(2 * (n - 1), 1);
  const folded = ((position % period) + period) % period;
  return folded < n ? folded : period - folded;
}

/** Zeros (or `value`) put before and after each axis; negative numbers crop. */
export function pad(x: Value, before: readonly number[], after: readonly number[], value = 0): Value {
  if ([...before, ...after].every((n) => n === 0)) return x;
  const fill = constant(tensor(x.dtype, [], [value]));
  return emit1(Pad, [x, int64s([...before, ...after]), fill], { mode: 'constant' });
}

function padAxis(x: Value, axis: number, before: number, after: number): Value {
  return pad(
    x,
    x.shape.map((_, i) => (i === axis ? before : 0)),
    x.shape.map((_, i) => (i === axis ? after : 0)),
  );
}

/** Elements start, start + step, ... below end along the given axes (all others whole). */
export function slice(
  x: Value,
  axes: readonly number[],
  starts: readonly number[],
  ends: readonly number[],
  steps: readonly number[] = axes.map(() => 1),
): Value {
  const whole = axes.every((axis, i) => starts[i] === 0 && ends[i]! >= x.shape[axis]! && steps[i] === 1);
  return whole ? x : emit1(Slice, [x, int64s(starts), int64s(ends), int64s(axes), int64s(steps)]);
}

/** x[..., indices, ...] along `axis`. */
export function gather(x: Value, indices: Value, axis = 0): Value {
  return emit1(Gather, [x, indices], { axis });
}
