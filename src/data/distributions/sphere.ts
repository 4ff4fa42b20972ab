// The uniform distribution on the unit sphere S^{d-1} in R^d: the distribution of the talk.
import { requireInteger } from '../../errors.ts';
import { sphere } from '../../random/index.ts';
import { boundedBy, type Distribution, type Expectation, requireSampleSize } from './distribution.ts';

/**
 * Uniform on `{x in R^d : |x| = 1}`.
 *
 * Its logarithmic Sobolev constant is d - 1 (Mueller and Weissler 1982), so Herbst's argument gives isoperimetry with c = 1 and
 * d - 1 in place of d. For d = 1 it is a fair sign, which does not concentrate: `isoperimetry` is absent.
 *
 * @throws RobustlawError `invalid-argument` unless d is an integer >= 1.
 */
export function uniformSphere(d: number): Distribution {
  requireInteger('d', d);
  return {
    name: `uniform on the unit sphere in R^${d}`,
    dimension: d,
    sample(rng, n) {
      requireSampleSize(n, d);
      return sphere(rng, n, d);
    },
    ...(d > 1 && {
      isoperimetry: {
        metric: 'l2',
        constant: 1,
        dimension: d - 1,
        components: 1,
        method: 'logarithmic Sobolev inequality of the sphere, constant d - 1',
      },
    }),
    ...boundedBy(1),
    symmetric: true,
    projection: projection(d),
  };
}

/**
 * `E h(<v, x>)`: with t = sin(theta) the density of theta is proportional to cos(theta)^(d-2); midpoint rule over the range
 * outside which its mass is below 1e-20.
 */
function projection(d: number): Expectation {
  if (d === 1) return { nodes: Float64Array.of(-1, 1), weights: Float64Array.of(0.5, 0.5) };
  const count = 2000;
  const reach = Math.min(Math.PI / 2, 10 / Math.sqrt(d - 1));
  const theta = Float64Array.from({ length: count }, (_, j) => reach * ((2 * j + 1) / count - 1));
  const density = theta.map((angle) => Math.cos(angle) ** (d - 2));
  const total = density.reduce((sum, value) => sum + value, 0);
  return { nodes: theta.map(Math.sin), weights: density.map((value) => value / total) };
}
