// The classes that the cone (radial basis function) memorizers belong to, with the diameter W of their parameters and the constant J of the parametrisation.
import { requireInteger, requirePositive } from '../errors.ts';
import { checkedClass, type ParametricClass } from './parametric-class.ts';

/**
 * n cones in R^m with |centre| <= C, |height| <= H and one common slope in [0, S], seen by inputs z with
 * |z| <= R: p = n (m + 1) + 1 parameters (centres c_i, heights a_i, slope L).
 *
 * For cones after a projection P that is fixed or drawn before the data, z = P x and m is the dimension
 * projected to; P itself is no parameter.
 *
 * The norm of the parameters is |w| = max( max_i |(a_i, c_i)|, (W/S) |L| ) with W = 2 sqrt(C^2 + H^2), so that
 * W is the diameter. (In the Euclidean norm W would grow with sqrt(n) and the bounds would be some 15 %
 * weaker.)
 */
export interface ConeClass {
  /** Number of cones, n. */
  readonly cones: number;
  /** Dimension m of z. */
  readonly dimension: number;
  /** C. */
  readonly centreRadius: number;
  /** H. */
  readonly heightBound: number;
  /** S. */
  readonly slopeBound: number;
  /** R. */
  readonly inputRadius: number;
}

/**
 * f(z) = max_i (a_i - L|z - c_i|)_+ - max_i (-a_i - L|z - c_i|)_+: same-sign cones merged by their maximum. J
 * does not grow with n:
 *
 *   J = 2 sqrt(1 + S^2) + (R + C) S / W.
 *
 * Proof. Where it is positive, one cone has gradient (1 in a_i, L u in c_i, -|z - c_i| in L), |u| = 1, and a
 * maximum has the gradient of an active cone: the two blocks (a_i, c_i) that are active in the two maxima move
 * f by at most sqrt(1 + L^2) each. The derivative in L is the difference of two numbers in [0, R + C]. f is
 * Lipschitz along segments of the convex parameter set, so the bound on the gradient is one on f.
 */
export function mergedConeClass(family: ConeClass): ParametricClass {
  return coneClass(family, 2 * Math.hypot(1, family.slopeBound), 1);
}

/**
 * f(z) = sum_i a_i max(0, 1 - L|z - c_i|): one radial basis function per point, support radius r = 1/L,
 *
 *   J = n sqrt(1 + H^2 S^2) + n H (R + C) S / W.
 *
 * Proof. The derivatives are at most 1 in a_i and |a_i| L in c_i, and sum_i |a_i| |z - c_i| in L.
 */
export function coneSumClass(family: ConeClass): ParametricClass {
  const { cones, heightBound, slopeBound } = family;
  return coneClass(family, cones * Math.hypot(1, heightBound * slopeBound), cones * heightBound);
}

/**
 * f(z) = (max_i (a_i - L|z - c_i|) + min_i (a_i + L|z - c_i|)) / 2, the extension of McShane and Whitney,
 *
 *   J = sqrt(1 + S^2) + (R + C) S / W.
 *
 * Proof. f is the mean of two functions, each with the gradient of one affine cone: (1, L u, +-|z - c_i|).
 */
export function mcShaneClass(family: ConeClass): ParametricClass {
  return coneClass(family, Math.hypot(1, family.slopeBound), 1);
}

/**
 * The class whose functions move by at most `blocks` per unit of the largest block (a_i, c_i) and by `slopes`
 * (R + C) per unit of L.
 */
function coneClass(family: ConeClass, blocks: number, slopes: number): ParametricClass {
  checkCones(family);
  const { cones, dimension, centreRadius, heightBound, slopeBound, inputRadius } = family;
  const W = 2 * Math.hypot(centreRadius, heightBound);
  const J = blocks + (slopes * (inputRadius + centreRadius) * slopeBound) / W;
  return checkedClass({ p: cones * (dimension + 1) + 1, W, logJ: Math.log(J) });
}

function checkCones(family: ConeClass): void {
  requireInteger('number of cones', family.cones);
  requireInteger('dimension', family.dimension);
  requirePositive('centre radius', family.centreRadius);
  requirePositive('height bound', family.heightBound);
  requirePositive('slope bound', family.slopeBound);
  requirePositive('input radius', family.inputRadius);
}
