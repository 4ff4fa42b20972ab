// The uniform distribution on the corners of a cube inscribed in the unit sphere.
import { requireInteger } from '../../errors.ts';
import { signs } from '../../random/index.ts';
import { boundedBy, type Distribution, requireSampleSize } from './distribution.ts';

/**
 * Uniform on `{-1/sqrt d, +1/sqrt d}^d`: radius 1, diameter 2. (Bubeck and Sellke 2021 scale it to diameter 1: half of this.)
 *
 * Isoperimetry belongs to the Hamming metric: with h(x, x') the fraction of coordinates that differ, a function that is
 * L-Lipschitz in h changes by at most L/d per coordinate, and McDiarmid's inequality gives `2 exp(-2 d t^2 / L^2)`, c = 1/4.
 * |x - x'| = 2 sqrt(h), so this says nothing of l2-Lipschitz functions: for those only the convex ones concentrate at the scale
 * 1/sqrt d (Talagrand 1988); the distance to `{x : sum x_k <= 0}` fluctuates at d^(-1/4). `isoperimetry` is therefore absent.
 *
 * @throws RobustlawError `invalid-argument` unless d is an integer >= 1.
 */
export function hypercube(d: number): Distribution {
  requireInteger('d', d);
  return {
    name: `uniform on the hypercube {-1/sqrt d, +1/sqrt d}^d, d = ${d}`,
    dimension: d,
    sample(rng, n) {
      requireSampleSize(n, d);
      const corner = 1 / Math.sqrt(d);
      return signs(rng, n * d).map((sign) => sign * corner);
    },
    hammingIsoperimetry: {
      metric: 'hamming',
      constant: 1 / 4,
      dimension: d,
      components: 1,
      method: "McDiarmid's bounded differences inequality",
    },
    ...boundedBy(1),
    symmetric: true,
  };
}
