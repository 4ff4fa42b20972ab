// The robustness ratio rho of Kim, Moon and Yun 2025, and what it says of the parameters that a robust memorizer needs.
import { requireInteger, requirePositive } from '../errors.ts';

/**
 * rho = mu / eps_D for the robustness radius mu and eps_D = delta / 2, half the least distance delta between differently
 * labelled points (Kim, Moon and Yun, "Cost of Robustness", arXiv 2510.24643). Below 1 some classifier is right on the whole
 * ball of radius mu around every point; from 1 on two such balls of different labels touch, and none is.
 *
 * @param radius mu >= 0 and @param closest delta > 0, in one norm. Exact.
 */
export function robustnessRatio(radius: number, closest: number): number {
  if (radius !== 0) requirePositive('radius', radius);
  requirePositive('least distance between differently labelled points', closest);
  return (2 * radius) / closest;
}

/**
 * The order of the number of parameters, zeros counted, that ReLU networks need to memorize any n points of d features with
 * labels at l2 robustness ratio rho (same source, lower bound; its constant is not explicit):
 *
 *   rho^2 min(n, d) d + sqrt(n / (1 - rho^2)),   the root at most sqrt(n d)
 *
 * A statement about the worst data of this size and ratio, not about the data at hand: a scaling, no bound.
 *
 * @param ratio rho in [0, 1).
 */
export function robustMemorizerScaling(n: number, d: number, ratio: number): number {
  requireInteger('n', n);
  requireInteger('d', d);
  if (ratio !== 0) requirePositive('robustness ratio', ratio, 1 - 2 ** -53);
  const root = Math.min(Math.sqrt(n * d), Math.sqrt(n / (1 - ratio ** 2)));
  return ratio ** 2 * Math.min(n, d) * d + root;
}
