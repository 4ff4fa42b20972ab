// The floor under every interpolant, whatever its size: the steepest pair of data points (McShane 1934).
import { requirePositive } from '../errors.ts';

/**
 * labelGap / distance: a function that takes values `labelGap` apart at points `distance` apart has at least this
 * Lipschitz constant, and McShane's extension attains the largest such quotient over all pairs. Two opposite
 * signs at the smallest distance delta between them: 2 / delta.
 *
 * @throws invalid-argument unless labelGap >= 0 and distance > 0. Lower bound, attained.
 */
export function interpolationFloor(labelGap: number, distance: number): number {
  if (labelGap !== 0) requirePositive('label gap', labelGap);
  requirePositive('distance', distance);
  return labelGap / distance;
}

/**
 * The distance that two points labelled `labelGap` apart need to leave room for Lipschitz constant L: labelGap
 * / L.
 */
export function interpolationDistance(labelGap: number, L: number): number {
  if (labelGap !== 0) requirePositive('label gap', labelGap);
  requirePositive('L', L);
  return labelGap / L;
}
