// Convolution and its adjoint by matrix products, for element types that have no kernel for them.
import type { Value } from '../value.ts';
import { add } from './arithmetic.ts';
import { reshape, transpose } from './layout.ts';
import { matMul } from './matmul.ts';
import { pad, slice } from './slicing.ts';
import type { Sweep } from './window.ts';
import { extent, fold, padFor, tapOf, unfold, untap } from './window.ts';

/**
 * Conv of x `[batch, channels, ...]` by w `[filters, channels / group, ...]`. All spatial axes but the first are
 * unfolded into channels, then one batched product per tap of the first axis adds up the result: for a kernel of
 * 5 x 5 that takes the memory of 5 copies of the image, not of 25.
 */
export function convByProducts(x: Value, w: Value, all: readonly Sweep[], group: number): Value {
  const [batch, channels] = x.shape as [number, number];
  const filters = w.shape[0]!;
  const [first] = all as [Sweep];
  const counts = all.map((s) => s.count);
  const padded = all.reduce((value, sweep, i) => padFor(value, i + 2, sweep), x);
  const grouped = reshape(padded, [batch * group, channels / group, ...padded.shape.slice(2)]);
  const unfolded = all.reduceRight(
    (value, sweep, i) => (i === 0 ? value : unfold(value, i + 2, sweep)),
    grouped,
  );
  const width = unfolded.shape[1]!;
  const positions = counts.reduce((a, b) => a * b);
  const rows = kernelRows(w, [first.kernel, group, filters / group, width]);
  const terms = rows.map((row, tap) => {
    const seen = reshape(tapOf(unfolded, 2, first, tap), [batch, group, width, positions]);
    return matMul(row, seen);
  });
  return reshape(
    terms.reduce((a, b) => add(a, b)),
    [batch, filters, ...counts],
  );
}

/** The kernel `[filters, channels / group, t1, t2, ...]` as one matrix `[group, filters / group, t2 ... channels]` per t1. */
function kernelRows(
  w: Value,
  [taps, group, filters, width]: readonly [number, number, number, number],
): Value[] {
  const ordered = transpose(w, [2, 0, ...w.shape.slice(3).map((_, i) => i + 3), 1]);
  const rows = reshape(ordered, [taps, group, filters, width]);
  return Array.from({ length: taps }, (_, tap) =>
    reshape(slice(rows, [0], [tap], [tap + 1]), [group, filters, width]),
  );
}

/**
 * The adjoint of convByProducts() by the image, x `[batch, channels, ...]`, w `[channels, filters / group, ...]`:
 * products give the windows, which are folded axis by axis.
 */
export function convTransposeByProducts(x: Value, w: Value, all: readonly Sweep[], group: number): Value {
  const [batch, channels] = x.shape as [number, number];
  const perGroup = w.shape[1]!;
  const counts = all.map((s) => s.count);
  const [first] = all as [Sweep];
  const width = all.slice(1).reduce((product, s) => product * s.kernel, perGroup);
  const positions = counts.reduce((a, b) => a * b);
  const images = reshape(x, [batch, group, channels / group, positions]);
  const full = all.map((s) => Math.max((s.count - 1) * s.stride + extent(s), s.length + s.before));
  const terms = kernelRows(w, [first.kernel, group, channels / group, width]).map((row, tap) => {
    const windows = reshape(matMul(transpose(row, [0, 2, 1]), images), [batch * group, width, ...counts]);
    const folded = all.reduce(
      (value, sweep, i) => (i === 0 ? value : fold(value, i + 2, sweep, full[i]!)),
      windows,
    );
    return untap(folded, 2, first, tap, full[0]!);
  });
  const sum = reshape(
    terms.reduce((a, b) => add(a, b)),
    [batch, perGroup * group, ...full],
  );
  const none = [0, 0];
  return pad(
    sum,
    [...none, ...all.map((s) => -s.before)],
    [...none, ...all.map((s, i) => s.length + s.before - full[i]!)],
  );
}
