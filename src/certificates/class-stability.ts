// Class stability from below: the mean distance of points to the nearest harmful change is at least the mean of certified radii.
import { invalidArgument } from '../errors.ts';
import { addDown, divideDown } from '../numeric/index.ts';
import type { CertifiedRadius } from './certifier.ts';

/**
 * A lower bound on S = mean_i dist(x_i, harmful changes of x_i) over these very points, 0 for those that are wrong already;
 * what it says of others is a matter of sampling. Infinity where a point has no harmful change at all. Rounded downwards.
 *
 * @throws invalid-argument without points. Lower bound.
 */
export function classStabilityFromBelow(radii: readonly Pick<CertifiedRadius, 'radius'>[]): number {
  if (radii.length === 0) throw invalidArgument('number of certified points', 0, 'at least one');
  if (radii.some(({ radius }) => radius === Infinity)) return Infinity;
  const sum = radii.reduce((total, { radius }) => (radius === 0 ? total : addDown(total, radius)), 0);
  return divideDown(sum, radii.length);
}
