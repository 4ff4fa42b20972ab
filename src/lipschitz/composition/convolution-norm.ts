// Certified operator norms of convolutions with zero padding: l1 and linf exactly, l2 by the least of three bounds.
import type { Sweep } from '../../graph/index.ts';
import type { Norm } from '../../guarantee/index.ts';
import { largestSpectralNormUpper } from '../../linalg/index.ts';
import { addUp, divideUp, gamma, multiplyUp, nextDown, nextUp, sqrtUp } from '../../numeric/index.ts';
import { type Stop, whenDone } from '../../stop.ts';
import { type Convolution, cells, seenBy, tapCount, unrolled } from './convolution.ts';
import { spectrumUpper } from './convolution-spectrum.ts';

/**
 * An upper bound on max ||T x|| / ||x|| over images x, T the convolution, the same norm on both sides.
 *
 * - linf: the largest sum of |kernel| over what one window sees, l1: over the windows that see one cell; exact, padding
 *   included (rounded upwards).
 * - l2: the lesser of sqrt(l1 linf) (Schur) and the certified norm of the matrix where writing it out takes at most
 *   UNROLLED_ENTRIES entries and UNROLLED_WORK multiply-adds, else of the kernel over all frequencies (spectrumUpper).
 *
 * Groups act on channels of their own, images side by side on pixels of their own: the norm is the largest of theirs.
 *
 * Time in l2: F (m^2 n / 2 + m^3 / 6) multiply-adds, m and n twice the smaller and larger side of the kernel at one
 * frequency (filters and channels times stride per axis, of a group), F half the number of frequencies, of which an axis
 * has at most 24 for each cell by which windows overlap: about 0.4 s for 3 x 3 on 32 channels of 32 x 32 or 128 of 8 x 8.
 *
 * Upper bound; once `stop` says so, in l2 the geometric mean of those in l1 and linf; in l1 and linf exact, in l2 exact where the matrix is written out and else within a few percent on maps of
 * 8 x 8 and more, ten on 4 x 4.
 */
export function convolutionNormUpper(c: Convolution, norm: Norm, stop: Stop = whenDone): number {
  if (norm === 'l2') return spectral(c, stop);
  // The adjoint exchanges the two.
  return (norm === 'linf') === c.transposed ? columnSums(c) : rowSums(c);
}

/** The norm of what the entries of the kernel may be off: row and column sums are at most that times taps and channels. */
function errorNorm(c: Convolution): number {
  if (c.error === 0) return 0;
  return nextUp(multiplyUp(c.error * tapCount(c), sqrtUp((c.filters / c.group) * (c.channels / c.group))));
}

/** Limits for writing out a matrix: 128 MiB, about two seconds. */
const UNROLLED_ENTRIES = 2 ** 24;
const UNROLLED_WORK = 2.5e9;

function spectral(c: Convolution, stop: Stop): number {
  const { image, windows } = cells(c);
  const [filters, channels] = [c.filters / c.group, c.channels / c.group];
  const simple = sqrtUp(multiplyUp(rowSums(c), columnSums(c)));
  if (simple === 0) return 0;
  const [rows, columns] = [filters * windows, channels * image];
  const small = Math.min(rows, columns);
  const work = c.group * small * small * (Math.max(rows, columns) / 2 + small / 6);
  const bound =
    work <= UNROLLED_WORK && rows * columns <= UNROLLED_ENTRIES
      ? largestSpectralNormUpper(c.group, (group) => unrolled(c, group), stop)
      : spectrumUpper(c, stop);
  return Math.min(simple, addUp(bound, errorNorm(c)));
}

/** max over filters and windows of the sum of |kernel| over what the window sees. */
function rowSums(c: Convolution): number {
  const perAxis = c.sweeps.map((s) => largestSets(s.count, (o) => tapsInside(s, o)));
  return largestSum(c, perAxis, 'filters');
}

/** max over channels and cells of the sum of |kernel| over the taps that see the cell from some window. */
function columnSums(c: Convolution): number {
  const perAxis = c.sweeps.map((s) => largestSets(s.length, (p) => tapsSeeing(s, p)));
  return largestSum(c, perAxis, 'channels');
}

function tapsInside(s: Sweep, o: number): number[] {
  return taps(s).filter((t) => seenBy(s, o, t) >= 0 && seenBy(s, o, t) < s.length);
}

function tapsSeeing(s: Sweep, p: number): number[] {
  return taps(s).filter((t) => {
    const o = (p + s.before - t * s.dilation) / s.stride;
    return Number.isInteger(o) && o >= 0 && o < s.count;
  });
}

const taps = (s: Sweep): number[] => Array.from({ length: s.kernel }, (_, t) => t);

/** The sets that are in no other: sums of nonnegative numbers are largest over one of them. */
function largestSets(count: number, setOf: (i: number) => number[]): number[][] {
  const distinct = new Map<string, number[]>();
  for (let i = 0; i < count; i++) {
    const set = setOf(i);
    distinct.set(set.join(), set);
  }
  const sets = [...distinct.values()];
  return sets.filter(
    (set) => !sets.some((other) => other.length > set.length && set.every((t) => other.includes(t))),
  );
}

/** The largest sum of |kernel| over the taps of one set per axis and, for one filter (channel), all its channels (filters). */
function largestSum(c: Convolution, perAxis: readonly number[][][], fixed: 'filters' | 'channels'): number {
  const shape = c.sweeps.map((s) => s.kernel);
  const combinations = perAxis.reduce<number[][]>(
    (products, sets, axis) =>
      products.flatMap((product) =>
        sets.map((set) => product.flatMap((t) => set.map((u) => t * shape[axis]! + u))),
      ),
    [[0]],
  );
  const [filters, channels] = [c.filters / c.group, c.channels / c.group];
  const size = tapCount(c);
  const others = fixed === 'filters' ? channels : filters;
  let largest = 0;
  for (const set of combinations) {
    for (let i = 0; i < c[fixed]; i++) {
      let sum = 0;
      for (let k = 0; k < others; k++) {
        const [m, ch] = fixed === 'filters' ? [i, k] : [Math.floor(i / channels) * filters + k, i % channels];
        const from = (m * channels + ch) * size;
        for (const t of set) sum += Math.abs(c.kernel[from + t]!);
      }
      largest = Math.max(largest, upwards(sum, others * set.length, c.error));
    }
  }
  return largest;
}

/** The exact sum of so many nonnegative numbers, each off by at most `error`, from above. */
function upwards(sum: number, terms: number, error: number): number {
  const exact = terms <= 1 || sum === 0 ? sum : divideUp(sum, nextDown(1 - gamma(terms)));
  return error === 0 ? exact : addUp(exact, multiplyUp(terms, error));
}
