// Slice and Pad, which are adjoint to each other, and what is made of them.
import { RobustlawError } from '../../errors.ts';
import { known, normalAxis, required } from '../shape.ts';
import { tensor } from '../tensor.ts';
import type { Attributes, Node, Op, Value } from '../value.ts';
import { constant, emit1, int64s } from '../value.ts';
import { zeros } from './fill.ts';
import { scatterAdd } from './indexing.ts';
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
  if (length === 0)
    return zeros(
      g.dtype,
      g.shape.map((m, i) => (i === axis ? n : m)),
    );
  if (step < 0) {
    const last = start + (length - 1) * step;
    return unslice(reverse(g, axis), { axis, start: last, step: -step, length }, n);
  }
  const stuffed = spread(g, axis, step);
  return padAxis(stuffed, axis, start, n - start - stuffed.shape[axis]!);
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

/** Zeros put before and after one axis; negative numbers crop. */
export function padAxis(x: Value, axis: number, before: number, after: number): Value {
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

/** The elements of an axis in reversed order. */
export function reverse(x: Value, axis: number): Value {
  return emit1(Slice, [x, int64s([-1]), int64s([-(x.shape[axis]! + 1)]), int64s([axis]), int64s([-1])]);
}

/** `step - 1` zeros put between neighbours along an axis: n elements become (n - 1) step + 1. */
export function spread(x: Value, axis: number, step: number): Value {
  const n = x.shape[axis]!;
  if (step === 1 || n <= 1) return x;
  const [before, after] = [x.shape.slice(0, axis), x.shape.slice(axis + 1)];
  const stuffed = padAxis(reshape(x, [...before, n, 1, ...after]), axis + 1, 0, step - 1);
  return padAxis(reshape(stuffed, [...before, n * step, ...after]), axis, 0, 1 - step);
}
