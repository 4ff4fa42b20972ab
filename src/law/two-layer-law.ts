// The law for two-layer networks, sqrt(n / k) (Bubeck, Li and Nagaraj, arXiv 2009.14444, Conjecture 1), and its inverses.
import { requirePositive } from '../errors.ts';

/**
 * C sqrt(n / k): the order of the smallest Lipschitz constant of a two-layer network with k neurons that fits
 * n generic points with random signs. With k neurons of d weights, P = k d turns `scalingLaw` into it.
 *
 * A conjecture, proven up to logarithms for bounded weights by the universal law; C defaults to 1. Estimate.
 *
 * @throws invalid-argument unless all arguments are positive.
 */
export function twoLayerLaw(n: number, k: number, C = 1): number {
  requirePositive('n', n);
  requirePositive('k', k);
  requirePositive('C', C);
  return C * Math.sqrt(n / k);
}

/** k = C^2 n / L^2 neurons. Estimate. */
export function twoLayerNeurons(n: number, L: number, C = 1): number {
  requirePositive('n', n);
  requirePositive('L', L);
  requirePositive('C', C);
  return (C / L) ** 2 * n;
}

/** n = k L^2 / C^2 points. Estimate. */
export function twoLayerSampleSize(k: number, L: number, C = 1): number {
  requirePositive('k', k);
  requirePositive('L', L);
  requirePositive('C', C);
  return (L / C) ** 2 * k;
}
