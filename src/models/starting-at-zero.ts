// Networks whose first function is zero, so that all they are was learned.
import { sizeOf, tensor } from '../graph/index.ts';
import type { ModelFamily } from './family.ts';

/**
 * The family with the weights of `layer`, its last, at 0 in the beginning; biases start at 0 in every family, so that
 * f = 0. At the usual initial weights a network with batch normalisation starts with gradients of order sqrt(d) on
 * x ~ N(0, I/d), which a short training keeps. The other weights start as they do in `family`, with the same bits.
 */
export function startingAtZero(family: ModelFamily, layer: string): ModelFamily {
  const name = `${layer}.weight`;
  return {
    ...family,
    initialise: (rng, dtype = 'float32') => {
      const weights = family.initialise(rng, dtype);
      const { shape } = weights[name]!;
      return { ...weights, [name]: tensor(dtype, shape, new Float64Array(sizeOf(shape))) };
    },
  };
}
