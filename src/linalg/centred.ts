// Rows of data without their mean and at a scale where squares are safe: what covariances and distances are computed from.
import { invalidArgument } from '../errors.ts';
import { type Matrix, matrix } from './matrix.ts';

/**
 * The chosen rows of points `[rows, features]` without their mean, times a power of two that brings the largest entry near 1.
 * Features that do not vary are exactly 0.
 *
 * @throws RobustlawError `invalid-argument` naming a number that is not finite.
 */
export function centredRows(points: ArrayLike<number>, features: number, rows: ArrayLike<number>): Matrix {
  const n = rows.length;
  const middle = new Float64Array(features);
  const varies = new Uint8Array(features);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < features; j++) {
      const value = points[rows[i]! * features + j]!;
      if (!Number.isFinite(value)) {
        throw invalidArgument(`feature ${j} of row ${rows[i]} (counted from 0)`, value, 'a finite number');
      }
      middle[j]! += value / n;
      if (value !== points[rows[0]! * features + j]!) varies[j] = 1;
    }
  }
  const result = matrix(n, features);
  let largest = 0;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < features; j++) {
      if (!varies[j]) continue;
      const value = points[rows[i]! * features + j]! - middle[j]!;
      result.data[i * features + j] = value;
      largest = Math.max(largest, Math.abs(value));
    }
  }
  const scale = powerOfTwoNear(largest);
  for (let at = 0; at < result.data.length; at++) result.data[at]! *= scale;
  return result;
}

/** A factor that rounds nothing and brings `largest` near 1, so that squares neither overflow nor vanish. */
export function powerOfTwoNear(largest: number): number {
  return largest > 0 ? 2 ** -Math.max(-1000, Math.min(1000, Math.floor(Math.log2(largest)))) : 1;
}
