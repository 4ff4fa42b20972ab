// The spectral norm of a convolution with zero padding from its kernel at each frequency, without unrolling: part of a
// circular convolution, whose norm is the largest over frequencies (as Sedghi, Gupta and Long 2019), or sampled.
import type { Sweep } from '../../graph/index.ts';
import { largestSpectralNormUpper, type Matrix, matrix } from '../../linalg/index.ts';
import { addUp, gamma, multiplyUp, normEnclosure } from '../../numeric/index.ts';
import { type Stop, whenDone } from '../../stop.ts';
import { type Convolution, indexOf, tapCount } from './convolution.ts';

/** Frequencies per axis and unit of degree: the polynomial exceeds its samples by at most 1 / cos(pi / 48), 0.2 %. */
const SAMPLES_PER_DEGREE = 24;

/** Periods up to which shifted frequencies are tried as well: past them they gain less than about two percent. */
const SHORT = 20;

/**
 * How one axis of stride s is sampled. With x_r[q] = x[s q + r] tap t sees x_r at o + q for s q + r = t dilation - before:
 * the convolution has stride 1 on the phases r that occur.
 */
interface Sampled {
  /** Phase (numbered from 0) and offset q of each tap. */
  readonly phase: readonly number[];
  readonly offset: readonly number[];
  readonly phases: number;
  /** Frequencies pi (2 j + shift) / period, j = 0 .. period - 1. */
  readonly period: number;
  /** The shifts with which the bound holds, 0 or 1. */
  readonly shifts: readonly number[];
  /** The norm is at most this times the largest over these frequencies. */
  readonly excess: number;
}

/**
 * The periods for which the convolution is exactly part of a circular one, or fewer frequencies with the bound below.
 *
 * 1. Circular: on Z_M the windows o = 0 .. count - 1 are distinct places if M >= count; what they see outside of the
 *    image, at places in [lowest, 0) and [length, count + highest), must be zero: M >= length - lowest and
 *    M >= count + highest do (q from lowest to highest). Then T = P C E, where E embeds and P picks, both of norm <= 1,
 *    and |C|_2 = max_j |K(2 pi j / M)|_2, K(theta) = sum_t W_t e^{i theta q_t}, by the unitary Fourier transform.
 *    The same holds for the extension of x with x[q + M] = -x[q], which has the frequencies pi (2 j + 1) / M: where the
 *    peak is at theta = 0, as for means, these come much closer on short axes (exactly for [1, 1, 1]).
 * 2. Sampled: M -> infinity gives |T|_2 <= sup_theta |K(theta)|_2. Let |u* K(theta_0) v| = |K(theta_0)|_2 = sup for unit
 *    u, v. After the factor e^{-i theta (lowest + highest) / 2} and a constant phase the real part of u* K v is a
 *    trigonometric polynomial p of degree D / 2, D = highest - lowest (in theta / 2 of degree D), with p(theta_0) = sup |p|.
 *    So p(theta) >= p(theta_0) cos(D (theta - theta_0) / 2) for |theta - theta_0| <= pi / D (M. Riesz 1914), and one of M
 *    equally spaced theta is within pi / M: sup <= max_j |K(2 pi j / M)|_2 / cos(pi D / (2 M)) for M > D. One axis after
 *    the other.
 */
function sampled(s: Sweep): Sampled {
  const places = Array.from({ length: s.kernel }, (_, t) => t * s.dilation - s.before);
  const offset = places.map((p) => Math.floor(p / s.stride));
  const residues = places.map((p, t) => p - s.stride * offset[t]!);
  const distinct = [...new Set(residues)];
  const [lowest, highest] = [Math.min(...offset), Math.max(...offset)];
  const circular = Math.max(
    Math.ceil(s.length / s.stride) + Math.max(0, -lowest),
    s.count + Math.max(0, highest),
  );
  const degree = highest - lowest;
  const enough = Math.max(1, SAMPLES_PER_DEGREE * degree);
  const common = { phase: residues.map((r) => distinct.indexOf(r)), offset, phases: distinct.length };
  if (circular <= enough) {
    const shifts = degree > 0 && circular <= SHORT ? [0, 1] : [0];
    return { ...common, period: circular, shifts, excess: 1 };
  }
  // With M = 24 D: 1 / cos(pi / 48), rounded upwards by far.
  return {
    ...common,
    period: enough,
    shifts: [0],
    excess: degree === 0 ? 1 : 1 / Math.cos(Math.PI / 48) + 1e-12,
  };
}

/** Far above the error of sin and cos (each within one unit in the last place) of an angle of a few rounded operations. */
const TRIGONOMETRIC_ERROR = 2 ** -45;

/**
 * An upper bound on the spectral norm of the convolution with the stored kernel (without its error), never unrolled: the
 * largest norm of the kernel over frequencies, see sampled(). Above the norm by what the boundary takes from it: a few
 * percent at 8 x 8 cells, less than one at 32 x 32. Infinite once `stop` says so.
 */
export function spectrumUpper(c: Convolution, stop: Stop = whenDone): number {
  let largest = 0;
  for (let group = 0; group < c.group; group++) largest = Math.max(largest, spectrumOfGroup(c, group, stop));
  return largest;
}

function spectrumOfGroup(c: Convolution, group: number, stop: Stop): number {
  const axes = c.sweeps.map(sampled);
  const [filters, channels] = [c.filters / c.group, c.channels / c.group];
  const size = tapCount(c);
  const shape = c.sweeps.map((s) => s.kernel);
  const where = Array.from({ length: size }, (_, tap) => {
    const t = indexOf(tap, shape);
    return {
      phase: axes.reduce((flat, axis, i) => flat * axis.phases + axis.phase[t[i]!]!, 0),
      offset: axes.map((axis, i) => axis.offset[t[i]!]!),
    };
  });
  const phases = axes.reduce((product, axis) => product * axis.phases, 1);
  const first = group * filters * channels * size;
  const { kernel, exponent } = scaledKernel(c.kernel.subarray(first, first + filters * channels * size));

  const at = (frequency: readonly number[]): Matrix => {
    const columns = phases * channels;
    const w = matrix(2 * filters, 2 * columns);
    const { data } = w;
    for (let tap = 0; tap < size; tap++) {
      const { phase, offset } = where[tap]!;
      const turns = axes.reduce((sum, { period }, i) => {
        return sum + ((frequency[i]! * offset[i]!) % (2 * period)) / (2 * period);
      }, 0);
      const [re, im] = [Math.cos(2 * Math.PI * turns), Math.sin(2 * Math.PI * turns)];
      for (let m = 0; m < filters; m++) {
        const top = m * 2 * columns + phase * channels;
        const bottom = top + filters * 2 * columns;
        for (let k = 0; k < channels; k++) {
          const value = kernel[(m * channels + k) * size + tap]!;
          data[top + k]! += re * value;
          data[bottom + k]! += im * value;
        }
      }
    }
    // a + i b acts on (x, y) as the real [[a, -b], [b, a]], of the same norm; where one row suffices, on row vectors.
    if (filters === 1 || columns === 1) return filters === 1 ? stacked(w, columns) : half(w, filters);
    for (let m = 0; m < filters; m++) {
      const top = m * 2 * columns;
      const bottom = top + filters * 2 * columns;
      for (let k = 0; k < columns; k++) {
        data[top + columns + k] = -data[bottom + k]!;
        data[bottom + columns + k] = data[top + k]!;
      }
    }
    return w;
  };

  const periods = axes.map((axis) => axis.period);
  const choices = everyChoice(axes.map((axis) => axis.shifts)).map((shifts) => upToSign(periods, shifts));
  // Every choice gives a bound. Frobenius norms say, at little cost, which is likely to give the least.
  const frobenius = (frequencies: readonly (readonly number[])[]) =>
    frequencies.reduce((largest, frequency) => Math.max(largest, normEnclosure(at(frequency).data)[1]), 0);
  const sizes = choices.length > 1 ? choices.map(frobenius) : [0];
  const frequencies = choices[sizes.indexOf(Math.min(...sizes))]!;
  const largest = largestSpectralNormUpper(frequencies.length, (j) => at(frequencies[j]!), stop);
  // Each entry of K is a sum of at most `size` products: off by at most (gamma + trigonometric) sum_t |w_t| in its real
  // and in its imaginary part.
  const magnitudes = Float64Array.from({ length: filters * channels }, (_, i) =>
    kernel.subarray(i * size, (i + 1) * size).reduce((sum, value) => sum + Math.abs(value), 0),
  );
  const relative = 2 * (TRIGONOMETRIC_ERROR + gamma(2 * size + 2));
  const rounding = multiplyUp(relative, normEnclosure(magnitudes)[1]);
  const excess = axes.reduce(
    (product, axis) => (axis.excess === 1 ? product : multiplyUp(product, axis.excess)),
    1,
  );
  const bound = addUp(largest, rounding);
  return multiplyUp(excess === 1 ? bound : multiplyUp(bound, excess), 2 ** exponent);
}

/** A complex row as one real row (a, b), of the same length: from the two rows (a, .), (b, .). */
function stacked(w: Matrix, columns: number): Matrix {
  const row = matrix(1, 2 * columns);
  row.data.set(w.data.subarray(0, columns));
  row.data.set(w.data.subarray(2 * columns, 3 * columns), columns);
  return row;
}

/** A complex column as one real column (a, b) from the first column of (a, .; b, .). */
function half(w: Matrix, filters: number): Matrix {
  return matrix(
    2 * filters,
    1,
    Float64Array.from({ length: 2 * filters }, (_, i) => w.data[2 * i]!),
  );
}

/** The kernel times 2^-exponent, with largest entry near 1. */
function scaledKernel(kernel: Float64Array): { kernel: Float64Array; exponent: number } {
  const largest = kernel.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
  const exponent = largest === 0 ? 0 : Math.max(-1000, Math.min(1000, Math.floor(Math.log2(largest))));
  return { kernel: kernel.map((value) => value * 2 ** -exponent), exponent };
}

/** One of each list. */
function everyChoice(lists: readonly (readonly number[])[]): number[][] {
  return lists.reduce<number[][]>(
    (all, list) => all.flatMap((chosen) => list.map((item) => [...chosen, item])),
    [[]],
  );
}

/**
 * The frequencies 2 j + shift per axis, in units of pi / period, one of each pair that differs by the sign: the kernel is
 * real, so the two have conjugate matrices.
 */
function upToSign(periods: readonly number[], shifts: readonly number[]): number[][] {
  const count = periods.reduce((product, period) => product * period, 1);
  const result: number[][] = [];
  for (let position = 0; position < count; position++) {
    const index = indexOf(position, periods);
    const opposite = index.reduce((flat, j, axis) => {
      const period = periods[axis]!;
      return flat * period + ((2 * period - j - shifts[axis]!) % period);
    }, 0);
    if (opposite >= position) result.push(index.map((j, axis) => 2 * j + shifts[axis]!));
  }
  return result;
}
