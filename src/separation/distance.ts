// Distances of two rows in l1, l2 and linf, computed from the differences of their entries.
import type { Norm } from '../guarantee/index.ts';
import { powerOfTwoNear } from '../linalg/index.ts';

/**
 * |x_i - x_j| in float64, the same for (i, j) and (j, i), 0 exactly where the rows are equal, with a relative error of at most
 * (features + 4) 2^-53 at any scale. Infinity where it exceeds the largest number.
 *
 * @param points `[rows, features]`, finite.
 */
export function distanceBetween(
  norm: Norm,
  points: ArrayLike<number>,
  features: number,
  i: number,
  j: number,
): number {
  if (norm === 'l2') return euclidean(points, features, i, j);
  return norm === 'l1' ? sum(points, features, i, j) : largest(points, features, i, j);
}

function sum(points: ArrayLike<number>, features: number, i: number, j: number): number {
  const [a, b] = [i * features, j * features];
  let total = 0;
  for (let k = 0; k < features; k++) total += Math.abs(points[a + k]! - points[b + k]!);
  return total;
}

function largest(points: ArrayLike<number>, features: number, i: number, j: number): number {
  const [a, b] = [i * features, j * features];
  let top = 0;
  for (let k = 0; k < features; k++) {
    const difference = Math.abs(points[a + k]! - points[b + k]!);
    if (difference > top) top = difference;
  }
  return top;
}

function euclidean(points: ArrayLike<number>, features: number, i: number, j: number): number {
  const squares = sumOfSquares(points, i * features, j * features, features);
  if (squares > SAFE_LEAST && squares < SAFE_MOST) return Math.sqrt(squares);
  const top = largest(points, features, i, j);
  if (top === 0 || top === Infinity) return top;
  const scale = powerOfTwoNear(top);
  const [a, b] = [i * features, j * features];
  let scaled = 0;
  for (let k = 0; k < features; k++) scaled += ((points[a + k]! - points[b + k]!) * scale) ** 2;
  return Math.sqrt(scaled) / scale;
}

/** Features from which on one sum after another takes longer than four beside each other. */
const SEVERAL_SUMS = 16;

function sumOfSquares(points: ArrayLike<number>, a: number, b: number, features: number): number {
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let k = 0;
  for (; features >= SEVERAL_SUMS && k + 3 < features; k += 4) {
    const d0 = points[a + k]! - points[b + k]!;
    const d1 = points[a + k + 1]! - points[b + k + 1]!;
    const d2 = points[a + k + 2]! - points[b + k + 2]!;
    const d3 = points[a + k + 3]! - points[b + k + 3]!;
    s0 += d0 * d0;
    s1 += d1 * d1;
    s2 += d2 * d2;
    s3 += d3 * d3;
  }
  for (; k < features; k++) {
    const difference = points[a + k]! - points[b + k]!;
    s0 += difference * difference;
  }
  return s0 + s1 + (s2 + s3);
}

/** Between these, squares that vanish are below rounding and none has overflowed. */
const SAFE_LEAST = 1e-280;
const SAFE_MOST = 1e300;
