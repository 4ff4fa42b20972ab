// Mixtures of k shifted and scaled copies of one distribution: `Real datasets are mixtures` (cat component, dog component).
import { invalidArgument, requireInteger, requirePositive } from '../../errors.ts';
import { type Rng, sphere, uniform } from '../../random/index.ts';
import { type Distribution, type Isoperimetry, requireSampleSize } from './distribution.ts';

/** One component: `centre + scale * x` with x of the base distribution, taken with a probability proportional to `weight`. */
export interface Component {
  readonly weight: number;
  /** `[d]`. */
  readonly centre: Float64Array;
  readonly scale: number;
}

/** A mixture, which also tells the component of each point. */
export interface Mixture extends Distribution {
  readonly components: readonly Component[];
  /** The component, in 0 .. k-1, of each of the n points that `sample` draws with the same key. */
  assign(rng: Rng, n: number): Int32Array;
}

/**
 * The mixture `sum_l alpha_l mu_l`, alpha_l = weight_l / sum of weights, mu_l the law of `centre_l + scale_l x`, x ~ base.
 *
 * If the base is c-isoperimetric, component l is (scale_l^2 c)-isoperimetric, so all of them are with the largest of these.
 *
 * @param components at least one; every centre of length d, weights and scales finite and > 0.
 * @throws RobustlawError `invalid-argument` naming the component and what is wrong with it.
 */
export function mixture(base: Distribution, components: readonly Component[]): Mixture {
  requireInteger('number of components', components.length);
  const d = base.dimension;
  components.forEach(({ weight, centre, scale }, l) => {
    requirePositive(`weight of component ${l}`, weight);
    requirePositive(`scale of component ${l}`, scale);
    if (centre.length !== d) {
      throw invalidArgument(
        `length of the centre of component ${l}`,
        centre.length,
        `${d}, the dimension of the base`,
      );
    }
    const bad = centre.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0) throw invalidArgument(`centre[${bad}] of component ${l}`, centre[bad], 'a finite number');
  });
  const cumulative = cumulativeWeights(components);
  const maxScale = largest(components.map(({ scale }) => scale));
  const norms = components.map(({ centre }) =>
    Math.sqrt(centre.reduce((sum, value) => sum + value * value, 0)),
  );
  const reach = (baseRadius: number) =>
    largest(components.map(({ scale }, l) => norms[l]! + scale * baseRadius));
  const assign = (rng: Rng, n: number) => {
    requireInteger('n', n);
    return Int32Array.from(uniform(rng.split('component'), n), (u) => componentOf(cumulative, u));
  };
  return {
    name: `mixture of ${components.length} copies of ${base.name}`,
    dimension: d,
    components,
    assign,
    sample(rng, n) {
      requireSampleSize(n, d);
      const x = base.sample(rng.split('point'), n);
      const component = assign(rng, n);
      for (let i = 0; i < n; i++) {
        const { centre, scale } = components[component[i]!]!;
        for (let k = 0; k < d; k++) x[i * d + k] = centre[k]! + scale * x[i * d + k]!;
      }
      return x;
    },
    ...(base.isoperimetry && { isoperimetry: ofMixture(base.isoperimetry, maxScale, components.length) }),
    supportRadius: reach(base.supportRadius),
    radius: (n, failure) => reach(base.radius(n, failure)),
    symmetric: base.symmetric && components.every(({ centre }) => centre.every((value) => value === 0)),
  };
}

/**
 * k components of equal weight whose centres are independent and uniform on the sphere of radius `separation`.
 *
 * @param separation the norm of every centre, >= 0.
 * @param scale of every component, > 0.
 */
export function randomComponents(
  rng: Rng,
  k: number,
  d: number,
  separation: number,
  scale: number,
): readonly Component[] {
  requireInteger('number of components', k);
  requireInteger('d', d);
  if (!(separation >= 0 && separation < Infinity)) {
    throw invalidArgument('separation', separation, 'a finite number >= 0');
  }
  requirePositive('scale', scale);
  const directions = sphere(rng, k, d);
  return Array.from({ length: k }, (_, l) => ({
    weight: 1,
    centre: directions.slice(l * d, (l + 1) * d).map((value) => separation * value),
    scale,
  }));
}

function ofMixture(base: Isoperimetry, maxScale: number, count: number): Isoperimetry {
  return {
    ...base,
    constant: base.constant * maxScale ** 2,
    components: base.components * count,
    method: `${base.method}, for each component`,
  };
}

function largest(values: readonly number[]): number {
  return values.reduce((max, value) => Math.max(max, value), -Infinity);
}

function cumulativeWeights(components: readonly Component[]): Float64Array {
  const total = components.reduce((sum, { weight }) => sum + weight, 0);
  let sum = 0;
  return Float64Array.from(components, ({ weight }) => (sum += weight) / total);
}

/** The first component whose cumulative weight exceeds u; the last one should rounding leave none. */
function componentOf(cumulative: Float64Array, u: number): number {
  let [low, high] = [0, cumulative.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (u < cumulative[middle]!) high = middle;
    else low = middle + 1;
  }
  return low;
}
