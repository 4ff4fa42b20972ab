// The Gaussian distribution N(0, I/d) on R^d: the first example of Bubeck and Sellke 2021, section 1.2.
import { requireInteger } from '../../errors.ts';
import { normal } from '../../random/index.ts';
import {
  type Distribution,
  type Expectation,
  requireRadiusArguments,
  requireSampleSize,
} from './distribution.ts';

/**
 * N(0, I/d), for which |x| is about 1 when d is large.
 *
 * c-isoperimetric with c = 1 (Gaussian concentration: Tsirelson, Ibragimov and Sudakov 1976). The norm is 1-Lipschitz with
 * mean at most 1, so n points all lie within `1 + sqrt(2 log(n / failure) / d)` with probability >= 1 - failure.
 *
 * @throws RobustlawError `invalid-argument` unless d is an integer >= 1.
 */
export function gaussian(d: number): Distribution {
  requireInteger('d', d);
  return {
    name: `N(0, I/d) in R^${d}`,
    dimension: d,
    sample(rng, n) {
      requireSampleSize(n, d);
      const scale = 1 / Math.sqrt(d);
      const x = normal(rng, n * d);
      for (let i = 0; i < x.length; i++) x[i]! *= scale;
      return x;
    },
    isoperimetry: {
      metric: 'l2',
      constant: 1,
      dimension: d,
      components: 1,
      method: 'Gaussian concentration inequality',
    },
    supportRadius: Infinity,
    radius(n, failure) {
      requireRadiusArguments(n, failure);
      return 1 + Math.sqrt((2 * Math.log(n / failure)) / d);
    },
    symmetric: true,
    projection: projection(d),
  };
}

/** `E h(<v, x>)` with <v, x> of law N(0, 1/d): trapezoidal rule within 10 standard deviations. */
function projection(d: number): Expectation {
  const count = 2001;
  const z = Float64Array.from({ length: count }, (_, j) => (20 * j) / (count - 1) - 10);
  const density = z.map((value) => Math.exp((-value * value) / 2));
  const total = density.reduce((sum, value) => sum + value, 0);
  return { nodes: z.map((value) => value / Math.sqrt(d)), weights: density.map((value) => value / total) };
}
