// Sums of convolutions with the same geometry, and of a convolution with a scaling of channels, as one convolution.
import type { Sweep } from '../../graph/index.ts';
import { type Convolution, indexOf, tapCount } from './convolution.ts';
import { sumError } from './entries.ts';

/**
 * a + b as one convolution over the union of their taps, for the same images, windows, strides and groups and taps on a
 * common grid; undefined for others. A 3 x 3, a 1 x 1 and the identity beside each other are one 3 x 3.
 */
export function addedConvolutions(a: Convolution, b: Convolution): Convolution | undefined {
  const alike =
    a.outer === b.outer &&
    a.filters === b.filters &&
    a.channels === b.channels &&
    a.group === b.group &&
    a.transposed === b.transposed &&
    a.sweeps.length === b.sweeps.length;
  const sweeps = a.sweeps.map((s, axis) => (alike ? union(s, b.sweeps[axis]!) : undefined));
  if (!alike || !sweeps.every((s) => s !== undefined)) return undefined;
  const shape = sweeps.map((s) => s.kernel);
  const size = shape.reduce((product, n) => product * n, 1);
  const kernel = new Float64Array((a.kernel.length / tapCount(a)) * size);
  for (const part of [a, b]) {
    const taps = tapCount(part);
    const to = Array.from({ length: taps }, (_, tap) => {
      const t = indexOf(
        tap,
        part.sweeps.map((s) => s.kernel),
      );
      // The tap of the union that sees the same cell.
      return sweeps.reduce(
        (flat, s, axis) =>
          flat * s.kernel +
          (t[axis]! * part.sweeps[axis]!.dilation - part.sweeps[axis]!.before + s.before) / s.dilation,
        0,
      );
    });
    part.kernel.forEach((value, i) => {
      kernel[Math.floor(i / taps) * size + to[i % taps]!]! += value;
    });
  }
  return { ...a, sweeps, kernel, error: sumError(a.error, b.error, kernel) };
}

/** The sweep whose taps are those of both, which see cells t dilation - before. */
function union(a: Sweep, b: Sweep): Sweep | undefined {
  // A single tap lies on every grid.
  const dilation = a.kernel === 1 ? b.dilation : a.dilation;
  const fits = (s: Sweep) => s.kernel === 1 || s.dilation === dilation;
  const together = a.length === b.length && a.count === b.count && (a.stride === b.stride || a.count === 1);
  if (!together || !fits(a) || !fits(b) || (a.before - b.before) % dilation !== 0) return undefined;
  const before = Math.max(a.before, b.before);
  const last = Math.max(...[a, b].map((s) => (s.kernel - 1) * dilation - s.before));
  return { ...a, dilation, before, kernel: (last + before) / dilation + 1 };
}

/** The convolution plus diag(scale) on channels, where a tap sees the very cell of its window; undefined without one. */
export function withDiagonalAdded(
  c: Convolution,
  scale: Float64Array,
  error: number,
): Convolution | undefined {
  if (c.filters !== c.channels || !c.sweeps.every((s) => s.stride === 1 && s.length === s.count))
    return undefined;
  const centre = c.sweeps.map((s) => s.before / s.dilation);
  if (!c.sweeps.every((s, axis) => Number.isInteger(centre[axis]) && centre[axis]! < s.kernel))
    return undefined;
  const tap = c.sweeps.reduce((flat, s, axis) => flat * s.kernel + centre[axis]!, 0);
  const kernel = c.kernel.slice();
  const perGroup = c.channels / c.group;
  scale.forEach((value, m) => {
    kernel[(m * perGroup + (m % perGroup)) * tapCount(c) + tap]! += value;
  });
  return { ...c, kernel, error: sumError(c.error, error, kernel) };
}
