// Concentration of Lipschitz functions in the form the sharper bound needs: a bound on the moment generating function.
import { requireInteger, requirePositive } from '../errors.ts';

/**
 * The concentration dimension D of a distribution: E exp(lambda (f - E f)) <= exp(lambda^2 L^2 / (2 D)) for
 * every L-Lipschitz f and every real lambda. Here for N(m, s^2 I / d), any mean m: D = d / s^2 (Gaussian
 * logarithmic Sobolev inequality and Herbst's argument; Boucheron, Lugosi and Massart 2013, Theorem 5.5).
 *
 * @param d dimension.
 * @param s scale; defaults to 1, inputs of norm about 1. For a general covariance matrix D = 1 / (its
 *   largest eigenvalue).
 */
export function gaussianConcentration(d: number, s = 1): number {
  requireInteger('d', d);
  requirePositive('scale', s);
  return d / s ** 2;
}

/**
 * The concentration dimension of the uniform distribution on the sphere of radius r in R^d, d >= 2: D = (d -
 * 1) / r^2.
 *
 * The sphere S^{d-1} has logarithmic Sobolev constant d - 1: Ent(g^2) <= 2/(d-1) E |grad g|^2 (Mueller and
 * Weissler 1982; for the circle Weissler 1980), and Herbst's argument turns it into the moment bound. It needs
 * f to be Lipschitz on the sphere only; straight-line distance is the shorter one, so that Lip along the
 * sphere <= Lip.
 */
export function sphereConcentration(d: number, r = 1): number {
  requireInteger('d', d, 2);
  requirePositive('radius', r);
  return (d - 1) / r ** 2;
}

/**
 * The radius within which n points of N(0, I / d) all lie with probability at least 1 - delta:
 * 1 + sqrt(2 log(n / delta) / d), since |x| is 1-Lipschitz with mean at most 1. A class that is parametrised with
 * constant J on that ball only serves the sharper bound with delta added to its failure probability.
 */
export function gaussianRadius(n: number, d: number, delta: number): number {
  requirePositive('n', n);
  requireInteger('d', d);
  requirePositive('delta', delta, 1);
  return 1 + Math.sqrt((2 * Math.log(n / delta)) / d);
}
