// The concentration function of Gaussian distributions in closed form (Borell 1975; Sudakov and Tsirelson 1974).
import { invalidArgument, requirePositive } from '../../errors.ts';
import { normalCdf, normalQuantile } from '../../numeric/index.ts';

/**
 * h(alpha, epsilon) = Phi(Phi^-1(alpha) + epsilon / sigma): the least mass of the epsilon-expansion of a set that has mass
 * alpha under N(m, S), attained by a half-space. Exact up to rounding of float64, where sigma is
 *
 *   l2    the square root of the largest eigenvalue of S,
 *   linf  the largest standard deviation of a coordinate, max_j sqrt(S_jj): with s this number, the ball of radius epsilon in
 *         linf holds the image under S^(1/2) of the l2 ball of radius epsilon / s, which gives the bound from below, and the
 *         half-space along coordinate j attains it (Prescott, Zhang and Evans 2021 have the spherical case).
 *
 * @param alpha mass of the set, in (0, 1).
 * @param epsilon at least 0.
 * @throws RobustlawError `invalid-argument` for numbers outside of their range.
 */
export function gaussianHalfSpace(alpha: number, epsilon: number, sigma: number): number {
  if (!(alpha > 0 && alpha < 1)) throw invalidArgument('alpha', alpha, 'a mass in (0, 1)');
  if (epsilon !== 0) requirePositive('epsilon', epsilon);
  requirePositive('sigma', sigma);
  return normalCdf(normalQuantile(alpha) + epsilon / sigma);
}
