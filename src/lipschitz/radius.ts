// From margins and Lipschitz constants to certified radii (Tsuzuku, Sato and Sugiyama 2018, "Lipschitz-margin training").
import { invalidArgument, requireInteger } from '../errors.ts';
import { divideDown } from '../numeric/index.ts';
import type { PairwiseConstants } from './semidefinite/pairs.ts';

/**
 * min_{j != y} (f_y(x) - f_j(x)) / L_yj, rounded downwards: for every x' with |x' - x|_2 below it, f_y(x') is the largest
 * output. 0 where some margin is not positive. With constants that hold on a Euclidean ball around x only, at most
 * the radius of that ball.
 *
 * @param margins lower bounds on f_y(x) - f_j(x), one per class; the entry of y is not read.
 * @param y the class in question.
 * @throws invalid-argument for margins that do not fit or are NaN, or constants on a domain that is no such ball.
 * Certified lower bound on the distance to another class.
 */
export function certifiedRadius(margins: ArrayLike<number>, y: number, constants: PairwiseConstants): number {
  const { classes, bounds, domain } = constants;
  requireInteger('class', y, 0, classes - 1);
  if (margins.length !== classes) throw invalidArgument('number of margins', margins.length, `${classes}`);
  if (domain.kind !== 'global' && !(domain.kind === 'ball' && domain.norm === 'l2')) {
    throw invalidArgument('domain of the constants', domain.kind, 'the whole space or an l2 ball');
  }
  let radius = domain.kind === 'ball' ? domain.radius : Number.POSITIVE_INFINITY;
  for (let j = 0; j < classes; j++) {
    if (j === y) continue;
    const margin = margins[j]!;
    if (Number.isNaN(margin)) throw invalidArgument(`margin over class ${j}`, margin, 'a number');
    if (!(margin > 0)) return 0;
    const constant = bounds[y]![j]!.value;
    radius = Math.min(radius, constant === 0 ? Number.POSITIVE_INFINITY : divideDown(margin, constant));
  }
  return Math.max(0, radius);
}
