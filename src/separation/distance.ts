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
  const [a, b] = [i * features, j * features];
  let total = 0;
  for (let k = 0; k < features; k++) {
    const difference = Math.abs(points[a + k]! - points[b + k]!);
    if (norm === 'l1') total += difference;
    else if (difference > total) total = difference;
  }
  return total;
}

function euclidean(points: ArrayLike<number>, features: number, i: number, j: number): number {
  const [a, b] = [i * features, j * features];
  let sum = 0;
  for (let k = 0; k < features; k++) {
    const difference = points[a + k]! - points[b + k]!;
    sum += difference * difference;
  }
  if (sum > SAFE_LEAST && sum < SAFE_MOST) return Math.sqrt(sum);
  const largest = distanceBetween('linf', points, features, i, j);
  if (largest === 0 || largest === Infinity) return largest;
  const scale = powerOfTwoNear(largest);
  sum = 0;
  for (let k = 0; k < features; k++) sum += ((points[a + k]! - points[b + k]!) * scale) ** 2;
  return Math.sqrt(sum) / scale;
}

/** Between these, squares that vanish are below rounding and none has overflowed. */
const SAFE_LEAST = 1e-280;
const SAFE_MOST = 1e300;
