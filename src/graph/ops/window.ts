// Windows that slide over the spatial axes: the geometry that convolution and pooling share (ONNX, Conv and MaxPool),
// and the two adjoint operations on one axis, unfolding it into windows and folding windows back.
import { RobustlawError } from '../../errors.ts';
import type { Attributes, Value } from '../value.ts';
import { add } from './arithmetic.ts';
import { intsOf, stringOf } from './attributes.ts';
import { concat, split } from './layout.ts';
import { padAxis, slice, spread } from './slicing.ts';

/** How a window moves along one spatial axis of length `length`. */
export interface Sweep {
  readonly length: number;
  /** Taps of the window, and the distance between them. */
  readonly kernel: number;
  readonly dilation: number;
  readonly stride: number;
  /** Padding that the attributes ask for; ceil_mode may reach beyond it. */
  readonly before: number;
  readonly after: number;
  /** Number of window positions. */
  readonly count: number;
}

/** Cells from the first to the last tap of a window. */
export function extent({ kernel, dilation }: Pick<Sweep, 'kernel' | 'dilation'>): number {
  return (kernel - 1) * dilation + 1;
}

/** The sweeps of a node along its spatial axes, whose lengths are `lengths`. */
export function sweeps(
  lengths: readonly number[],
  kernel: readonly number[],
  attributes: Attributes,
): Sweep[] {
  const rank = lengths.length;
  const ones = lengths.map(() => 1);
  const strides = intsOf(attributes, 'strides', ones);
  const dilations = intsOf(attributes, 'dilations', ones);
  const pads = intsOf(attributes, 'pads', [...lengths, ...lengths].fill(0));
  requireGeometry(rank, { kernel, strides, dilations }, pads);
  const auto = stringOf(attributes, 'auto_pad', 'NOTSET');
  return lengths.map((length, i) => {
    const base = { length, kernel: kernel[i]!, dilation: dilations[i]!, stride: strides[i]! };
    const span = extent(base);
    const [before, after] = autoPads(auto, base.stride, span, length) ?? [pads[i]!, pads[rank + i]!];
    const free = length + before + after - span;
    if (free < 0) {
      throw new RobustlawError(
        'shape-mismatch',
        `a window of ${span} cells does not fit into ${length} with pads ${before} and ${after} (spatial axis ${i})`,
      );
    }
    let count = Math.floor(free / base.stride) + 1;
    // A last, partial window counts if it starts inside of the input or the padding before it.
    const partial = free % base.stride !== 0 && count * base.stride < length + before;
    if (attributes.ceil_mode === 1 && auto === 'NOTSET' && partial) count += 1;
    return { ...base, before, after, count };
  });
}

/** Throws unless each list has one positive integer per spatial axis, and `pads` two that are not negative. */
export function requireGeometry(
  rank: number,
  positive: Readonly<Record<string, readonly number[]>>,
  pads: readonly number[],
): void {
  for (const [name, values] of Object.entries(positive)) {
    if (values.length !== rank || values.some((n) => !Number.isInteger(n) || n < 1)) {
      throw new RobustlawError('shape-mismatch', `${name} [${values}]; expected ${rank} integers >= 1`);
    }
  }
  if (pads.length !== 2 * rank || pads.some((n) => !Number.isInteger(n) || n < 0)) {
    throw new RobustlawError('shape-mismatch', `pads [${pads}]; expected ${2 * rank} integers >= 0`);
  }
}

/** Pads before and after that auto_pad stands for; undefined for NOTSET. */
function autoPads(
  auto: string,
  stride: number,
  span: number,
  length: number,
): readonly [number, number] | undefined {
  if (auto === 'NOTSET') return undefined;
  if (auto === 'VALID') return [0, 0];
  const total = Math.max(0, (Math.ceil(length / stride) - 1) * stride + span - length);
  return halves(auto, total);
}

/** A total padding split in two; the odd cell goes to the end for SAME_UPPER, to the beginning for SAME_LOWER. */
export function halves(auto: string, total: number): readonly [number, number] {
  const less = Math.floor(total / 2);
  if (auto === 'SAME_UPPER') return [less, total - less];
  if (auto === 'SAME_LOWER') return [total - less, less];
  throw new RobustlawError(
    'shape-mismatch',
    `auto_pad "${auto}"; expected NOTSET, VALID, SAME_UPPER or SAME_LOWER`,
  );
}

/** Cells after the input that the last window reaches into. */
export function overhang(s: Sweep): number {
  return Math.max(0, (s.count - 1) * s.stride + extent(s) - s.length - s.before);
}

/** The attributes that say the same with explicit pads. */
export function explicitPads(all: readonly Sweep[]): Attributes {
  return {
    strides: all.map((s) => s.stride),
    dilations: all.map((s) => s.dilation),
    pads: [...all.map((s) => s.before), ...all.map((s) => s.after)],
  };
}

/** The attributes of a node with explicit pads in place of auto_pad; undefined if it has explicit pads. */
export function withoutAutoPad(attributes: Attributes, all: readonly Sweep[]): Attributes | undefined {
  if (stringOf(attributes, 'auto_pad', 'NOTSET') === 'NOTSET') return undefined;
  const { auto_pad: _, ...rest } = attributes;
  return { ...rest, ...explicitPads(all) };
}

/** `x` with zeros around an axis, so that it begins with the first window of the sweep and ends with the last. */
export function padFor(x: Value, axis: number, sweep: Sweep): Value {
  const needed = (sweep.count - 1) * sweep.stride + extent(sweep);
  return padAxis(x, axis, sweep.before, needed - sweep.length - sweep.before);
}

/** What tap number `tap` sees at each position of the window, along an axis that padFor() has padded. */
export function tapOf(padded: Value, axis: number, sweep: Sweep, tap: number): Value {
  const start = tap * sweep.dilation;
  return slice(padded, [axis], [start], [start + (sweep.count - 1) * sweep.stride + 1], [sweep.stride]);
}

/** Adjoint of tapOf(): the cells among zeros at the places of the padded axis that the tap saw. */
export function untap(seen: Value, axis: number, sweep: Sweep, tap: number, paddedLength: number): Value {
  const stuffed = spread(seen, axis, sweep.stride);
  const start = tap * sweep.dilation;
  return padAxis(stuffed, axis, start, paddedLength - start - stuffed.shape[axis]!);
}

/**
 * Windows along one axis of `[batch, channels, ...]`: the taps become `kernel` times as many channels, tap-major, and
 * the axis gets one cell per position.
 */
export function unfold(padded: Value, axis: number, sweep: Sweep): Value {
  return concat(
    Array.from({ length: sweep.kernel }, (_, tap) => tapOf(padded, axis, sweep, tap)),
    1,
  );
}

/** Adjoint of unfold(): overlapping windows add up. */
export function fold(windows: Value, axis: number, sweep: Sweep, paddedLength: number): Value {
  const channels = windows.shape[1]! / sweep.kernel;
  const taps = split(windows, 1, new Array<number>(sweep.kernel).fill(channels));
  return taps.map((seen, tap) => untap(seen, axis, sweep, tap, paddedLength)).reduce((a, b) => add(a, b));
}
