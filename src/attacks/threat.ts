// The threat model: which changes of an input an adversary may make.
import { invalidArgument } from '../errors.ts';
import type { InputBounds } from '../graph/index.ts';
import type { Norm } from '../guarantee/index.ts';

/** All x' with ||x' - x|| <= radius and every entry in [low, high]; an infinite radius asks for the nearest one that does harm. */
export interface Threat {
  readonly norm: Norm;
  /** > 0, in the units of the data; Infinity where only the distance matters. */
  readonly radius: number;
  /** [-Infinity, Infinity] where inputs may be anything. */
  readonly bounds: InputBounds;
}

export const UNBOUNDED: InputBounds = [-Infinity, Infinity];

/**
 * A threat model.
 *
 * @throws RobustlawError `invalid-argument` unless radius > 0 and low < high.
 */
export function createThreat(norm: Norm, radius: number, bounds: InputBounds = UNBOUNDED): Threat {
  if (!(radius > 0)) throw invalidArgument('radius', radius, 'a number > 0');
  if (!(bounds[0] < bounds[1])) throw invalidArgument('input bounds', `[${bounds}]`, 'low < high');
  return { norm, radius, bounds };
}

/** ||x' - x|| of two points of the same length, in float64. */
export function distance(norm: Norm, x: ArrayLike<number>, changed: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) {
    const step = Math.abs(changed[i]! - x[i]!);
    if (norm === 'linf') sum = Math.max(sum, step);
    else sum += norm === 'l1' ? step : step * step;
  }
  return norm === 'l2' ? Math.sqrt(sum) : sum;
}

/** Whether the change is one that the threat model allows, computed in float64; NaN never is. */
export function allows(
  { norm, radius, bounds }: Threat,
  x: ArrayLike<number>,
  changed: ArrayLike<number>,
): boolean {
  for (let i = 0; i < changed.length; i++) {
    if (!(changed[i]! >= bounds[0] && changed[i]! <= bounds[1])) return false;
  }
  return distance(norm, x, changed) <= radius;
}
