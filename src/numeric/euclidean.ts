// Dot products, Euclidean norms and distances enclosed with rounding accounted for (Higham 2002, chapter 3), in one pass at full speed.
import { requireFinite, requireSameLength } from './checks.ts';
import {
  addDown,
  addUp,
  divideDown,
  divideUp,
  gamma,
  multiplyDown,
  multiplyUp,
  nextDown,
  sqrtDown,
  sqrtUp,
} from './float.ts';
import type { Enclosure } from './sum.ts';

/**
 * Lower and upper bound on the exact dot product sum_i a_i b_i.
 *
 * |fl(a.b) - a.b| <= gamma(n) |a|.|b| plus what underflow takes (Higham 2002, (3.5)). Overflow gives
 * [-Infinity, Infinity].
 *
 * @throws invalid-argument when the lengths differ or a number is NaN or infinite. Enclosure.
 */
export function dotEnclosure(a: ArrayLike<number>, b: ArrayLike<number>): Enclosure {
  requireSameLength(a, b);
  const n = a.length;
  let dot = 0;
  let magnitude = 0;
  for (let i = 0; i < n; i++) {
    const product = a[i]! * b[i]!;
    dot += product;
    magnitude += Math.abs(product);
  }
  if (!Number.isFinite(magnitude)) {
    requireFinite(a);
    requireFinite(b);
    return [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  }
  if (magnitude === 0 && (isZero(a) || isZero(b))) return [0, 0];
  // |a|.|b| is itself rounded: gamma(2n) >= gamma(n) / (1 - gamma(n)) covers both. Each product underflows by
  // at most 2^-1075.
  const radius = addUp(multiplyUp(gamma(2 * n), magnitude), n * 2 ** -1074);
  return [addDown(dot, -radius), addUp(dot, radius)];
}

/**
 * Lower and upper bound on the exact Euclidean norm |x|, relative width about n 2^-53; exact for zero and for
 * one number. Safe at every scale: neither overflow nor underflow of the squares loses it.
 *
 * @throws invalid-argument when a number is NaN or infinite. Enclosure.
 */
export function normEnclosure(x: ArrayLike<number>): Enclosure {
  const n = x.length;
  let squares = 0;
  for (let i = 0; i < n; i++) squares += x[i]! * x[i]!;
  if (n > 1 && squares >= SAFE_LOW && squares <= SAFE_HIGH) return root(squares, n);
  requireFinite(x);
  return n === 1 ? [Math.abs(x[0]!), Math.abs(x[0]!)] : scaledNorm(x);
}

/**
 * Lower and upper bound on the exact Euclidean distance |a - b|, relative width about n 2^-53; [0, 0] only
 * for equal points. Safe at every scale.
 *
 * @throws invalid-argument when the lengths differ or a number is NaN or infinite. Enclosure.
 */
export function distanceEnclosure(a: ArrayLike<number>, b: ArrayLike<number>): Enclosure {
  requireSameLength(a, b);
  const n = a.length;
  let squares = 0;
  for (let i = 0; i < n; i++) {
    const difference = a[i]! - b[i]!;
    squares += difference * difference;
  }
  if (squares >= SAFE_LOW && squares <= SAFE_HIGH) return root(squares, n);
  requireFinite(a);
  requireFinite(b);
  const differences = Float64Array.from({ length: n }, (_, i) => a[i]! - b[i]!);
  if (differences.every((difference) => Number.isFinite(difference))) return scaledNorm(differences);
  // A difference overflows, so the distance is huge and the bits that halving may take are far below it.
  const halves = differences.map((_, i) => a[i]! / 2 - b[i]! / 2);
  const [lower, upper] = scaledNorm(halves);
  return [Math.min(2 * lower, Number.MAX_VALUE), 2 * upper];
}

/** Sums of squares in this range have lost nothing to underflow that the slack of `root` does not cover. */
const SAFE_LOW = 2 ** -900;
const SAFE_HIGH = 2 ** 1000;

/**
 * The root of a computed sum of n squares, each of a number within a relative u of the true one: at most
 * n + 2 factors (1 + t) per term, and one more for the underflow of squares below SAFE_LOW.
 */
function root(squares: number, n: number): Enclosure {
  const error = gamma(n + 3);
  return [sqrtDown(divideDown(squares, addUp(1, error))), sqrtUp(divideUp(squares, nextDown(1 - error)))];
}

/**
 * |x| for finite x of any scale (entries exact or rounded differences), by a power of two that brings the
 * largest entry near 1.
 */
function scaledNorm(x: ArrayLike<number>): Enclosure {
  let largest = 0;
  for (let i = 0; i < x.length; i++) largest = Math.max(largest, Math.abs(x[i]!));
  if (largest === 0) return [0, 0];
  const exponent = Math.max(-1000, Math.min(1000, Math.floor(Math.log2(largest))));
  const scale = 2 ** -exponent;
  let squares = 0;
  for (let i = 0; i < x.length; i++) squares += (x[i]! * scale) ** 2;
  const [lower, upper] = root(squares, x.length);
  return [multiplyDown(lower, 2 ** exponent), multiplyUp(upper, 2 ** exponent)];
}

function isZero(values: ArrayLike<number>): boolean {
  for (let i = 0; i < values.length; i++) if (values[i] !== 0) return false;
  return true;
}
