// Stochastic gradient descent with momentum (Polyak 1964) and Nesterov's variant, in the form of Sutskever et al. 2013 that frameworks use.
import { invalidArgument } from '../errors.ts';
import { add, mul, sub } from '../graph/index.ts';
import type { Optimiser } from './optimiser.ts';

/**
 * v <- momentum v + g, theta <- theta - rate v; with `nesterov`, theta <- theta - rate (g + momentum v). Without
 * momentum, theta <- theta - rate g and nothing is kept.
 *
 * @throws invalid-argument for a momentum outside of [0, 1), or Nesterov's variant without momentum.
 */
export function sgd(momentum = 0, nesterov = false): Optimiser {
  if (!(momentum >= 0 && momentum < 1)) throw invalidArgument('momentum', momentum, 'a number in [0, 1)');
  if (nesterov && momentum === 0) {
    throw invalidArgument('momentum', momentum, "a number in (0, 1) for Nesterov's variant");
  }
  return {
    name: 'sgd',
    moments: momentum === 0 ? [] : ['velocity'],
    scalars: ['rate'],
    knowsWeights: false,
    scalarsAt: (_, rate) => ({ rate }),
    update(parameter, gradient, moments, scalars) {
      if (momentum === 0) return { parameter: sub(parameter, mul(gradient, scalars.rate!)), moments: {} };
      const velocity = add(mul(moments.velocity!, momentum), gradient);
      const direction = nesterov ? add(gradient, mul(velocity, momentum)) : velocity;
      return { parameter: sub(parameter, mul(direction, scalars.rate!)), moments: { velocity } };
    },
  };
}
