// Piecewise linear activations: exact slopes on every interval.
import { nextDown, nextUp, UNIT_ROUNDOFF } from '../numeric/index.ts';
import type { Activation } from './activation.ts';
import { clamped, hull, type Range } from './range.ts';

/** A function that is rounded once or twice. */
const TWO_ROUNDINGS = 2 * UNIT_ROUNDOFF;

/**
 * A continuous activation with slope slopes[i] between breakpoints[i - 1] and breakpoints[i].
 *
 * @param breakpoints ascending, infinite ones left out; within a fraction `breakpointError` of the true ones.
 * @param relativeError of value().
 */
export function piecewiseLinear(
  name: string,
  breakpoints: readonly number[],
  slopes: readonly number[],
  value: (z: number) => number,
  relativeError = 0,
  breakpointError = 0,
): Activation {
  const from = (i: number) => (i === 0 ? -Infinity : moved(breakpoints[i - 1]!, -breakpointError));
  const to = (i: number) => (i === breakpoints.length ? Infinity : moved(breakpoints[i]!, breakpointError));
  const slopesOn = (low: number, high: number): Range => {
    let [least, largest] = [Infinity, -Infinity];
    for (let i = 0; i < slopes.length; i++) {
      const met = low < high ? from(i) < high && to(i) > low : from(i) <= high && to(i) >= low;
      if (!met) continue;
      least = Math.min(least, slopes[i]!);
      largest = Math.max(largest, slopes[i]!);
    }
    return [least, largest];
  };
  const valueOn = (z: number): Range => {
    const v = value(z);
    if (relativeError === 0 || v === 0 || !Number.isFinite(v)) return [v, v];
    return [nextDown(v - Math.abs(v) * relativeError), nextUp(v + Math.abs(v) * relativeError)];
  };
  const rangeOn = (low: number, high: number): Range => {
    let range = hull(valueOn(low), valueOn(high));
    for (const b of breakpoints) if (low < b && b < high) range = hull(range, valueOn(b));
    return range;
  };
  return {
    name,
    slopes: [Math.min(...slopes), Math.max(...slopes)],
    value,
    relativeError,
    slopesOn,
    rangeOn,
    pieces: { breakpoints, slopes },
  };
}

const moved = (b: number, fraction: number): number =>
  fraction === 0
    ? b
    : fraction < 0
      ? nextDown(b + Math.abs(b) * fraction)
      : nextUp(b + Math.abs(b) * fraction);

/** max(z, 0). */
export const RELU: Activation = piecewiseLinear('Relu', [0], [0, 1], (z) => Math.max(0, z));

/** |z|. */
export const ABS: Activation = piecewiseLinear('Abs', [0], [-1, 1], Math.abs);

/** z. */
export const IDENTITY: Activation = piecewiseLinear('Identity', [], [1], (z) => z);

/** z for z > 0 and slope z otherwise: LeakyRelu, and PRelu on a channel with this slope. */
export function leakyReluOf(slope: number, name = 'LeakyRelu'): Activation {
  const exact = slope === 0 || slope === 1 || slope === -1;
  return piecewiseLinear(
    name,
    [0],
    [slope, 1],
    // 0 times an infinite end is not a number.
    (z) => (z > 0 ? z : z === 0 || slope === 0 ? 0 : slope * z),
    exact ? 0 : TWO_ROUNDINGS,
  );
}

/** min(max(z, low), high), where low > high gives high (ONNX). */
export function clipOf(low: number, high: number): Activation {
  const bottom = Math.min(low, high);
  const value = (z: number) => Math.min(high, Math.max(low, z));
  if (bottom === high) return piecewiseLinear('Clip', [], [0], () => high);
  const breakpoints = [bottom, high].filter(Number.isFinite);
  const slopes = [...(bottom > -Infinity ? [0] : []), 1, ...(high < Infinity ? [0] : [])];
  return piecewiseLinear('Clip', breakpoints, slopes, value);
}

/** max(0, min(1, alpha z + beta)). */
export function hardSigmoidOf(alpha: number, beta: number): Activation {
  const value = (z: number) => Math.max(0, Math.min(1, line(alpha, z, beta)));
  if (alpha === 0) return piecewiseLinear('HardSigmoid', [], [0], () => value(0));
  const ends = [-beta / alpha, (1 - beta) / alpha].sort((a, b) => a - b);
  // 1 - beta may cancel: its rounding counts against the size of beta.
  const cancelled = beta === 1 ? 0 : (Math.abs(beta) + 1) / Math.abs(1 - beta);
  const error = (4 + 2 * cancelled) * UNIT_ROUNDOFF;
  const unit = piecewiseLinear('HardSigmoid', ends, [0, alpha, 0], value, 2 * TWO_ROUNDINGS, error);
  return { ...unit, rangeOn: (low, high) => clamped(unit.rangeOn(low, high), [0, 1]) };
}

/** alpha z + beta within a few units in the last place, also where the two terms cancel (Dekker 1971; Knuth). */
function line(alpha: number, z: number, beta: number): number {
  const product = alpha * z;
  const sum = product + beta;
  if (!Number.isFinite(sum) || Math.abs(z) > 2 ** 900 || Math.abs(alpha) > 2 ** 900) return sum;
  const [a, b] = [halves(alpha), halves(z)];
  const productError = a[0] * b[0] - product + a[0] * b[1] + a[1] * b[0] + a[1] * b[1];
  const back = sum - product;
  const sumError = product - (sum - back) + (beta - back);
  return sum + (sumError + productError);
}

/** x as the sum of two numbers of 26 bits. */
function halves(x: number): readonly [number, number] {
  const scaled = (2 ** 27 + 1) * x;
  const head = scaled - (scaled - x);
  return [head, x - head];
}
