// Convolutions as linear maps: the kernel with the geometry of its windows, and the matrix written out.
import type { Sweep } from '../../graph/index.ts';
import { type Matrix, matrix } from '../../linalg/index.ts';
import { stridesOf } from '../network/positions.ts';

/**
 * y[m, o] = sum over c, t of x[c, o stride + t dilation - before] kernel[m, c, t] along all axes, the channels c those of
 * the group of m, x zero outside of [0, length); its adjoint when `transposed`. Applied to `outer` images side by side.
 */
export interface Convolution {
  readonly kind: 'convolution';
  readonly outer: number;
  /** `[filters, channels / group, ...taps]`, row-major. */
  readonly kernel: Float64Array;
  readonly filters: number;
  readonly channels: number;
  readonly group: number;
  /** One for each spatial axis. */
  readonly sweeps: readonly Sweep[];
  readonly transposed: boolean;
  /** Each true entry of the kernel lies within `error` of the stored one. */
  readonly error: number;
}

/** Spatial cells of the image that the windows see, and window positions. */
export function cells({ sweeps }: Convolution): { image: number; windows: number } {
  return {
    image: sweeps.reduce((product, s) => product * s.length, 1),
    windows: sweeps.reduce((product, s) => product * s.count, 1),
  };
}

/** Taps of a window: of all axes together. */
export function tapCount({ sweeps }: Convolution): number {
  return sweeps.reduce((product, s) => product * s.kernel, 1);
}

/** Where tap t of the window at position o lies on the axis; outside of [0, length) it sees a zero. */
export function seenBy({ stride, dilation, before }: Sweep, o: number, t: number): number {
  return o * stride + t * dilation - before;
}

/**
 * The matrix of one group of one image, `[filters / group * windows, channels / group * image]`, not transposed. Without
 * rounding: no two taps of a window see the same cell.
 */
export function unrolled(c: Convolution, group: number): Matrix {
  const { image, windows } = cells(c);
  const taps = tapCount(c);
  const filters = c.filters / c.group;
  const channels = c.channels / c.group;
  const result = matrix(filters * windows, channels * image);
  const ofImage = stridesOf(c.sweeps.map((s) => s.length));
  const shape = c.sweeps.map((s) => s.count);
  // The (tap, window, cell) triples in which a tap sees a cell of the image.
  const seen: { tap: number; window: number; cell: number }[] = [];
  for (let tap = 0; tap < taps; tap++) {
    const index = indexOf(
      tap,
      c.sweeps.map((s) => s.kernel),
    );
    for (let window = 0; window < windows; window++) {
      const at = indexOf(window, shape);
      const cell = c.sweeps.map((s, axis) => seenBy(s, at[axis]!, index[axis]!));
      if (cell.every((p, axis) => p >= 0 && p < c.sweeps[axis]!.length))
        seen.push({ tap, window, cell: cell.reduce((sum, p, axis) => sum + p * ofImage[axis]!, 0) });
    }
  }
  for (let m = 0; m < filters; m++) {
    for (let k = 0; k < channels; k++) {
      const from = ((group * filters + m) * channels + k) * taps;
      for (const { tap, window, cell } of seen) {
        result.data[(m * windows + window) * result.columns + k * image + cell] = c.kernel[from + tap]!;
      }
    }
  }
  return result;
}

/** The multi-index of a flat row-major position. */
export function indexOf(position: number, shape: readonly number[]): number[] {
  const index = new Array<number>(shape.length);
  let rest = position;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    index[axis] = rest % shape[axis]!;
    rest = Math.floor(rest / shape[axis]!);
  }
  return index;
}
