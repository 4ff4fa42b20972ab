// Adversarial training: losses at points that an adversary makes in the same step.
import { requirePositive } from '../errors.ts';
import { add, detach, mul } from '../graph/index.ts';
import type { Adversary } from './adversary.ts';
import type { Loss } from './loss.ts';
import { klDivergence } from './loss.ts';
import type { Objective } from './objective.ts';

/**
 * loss(f(x'), y) at the points x' where the adversary finds this loss large (Madry et al. 2018, equation (2.1)). The
 * adversary attacks f as it is trained.
 */
export function adversarial(loss: Loss, adversary: Adversary): Objective {
  return {
    draws: adversary.draws,
    assess({ model, x, y, draws }) {
      const changed = adversary.perturb((point) => loss(model(point), y), x, draws);
      const attacked = model(changed);
      return { loss: loss(attacked, y), output: attacked, attacked };
    },
  };
}

/**
 * loss(f(x), y) + beta divergence(f(x'), f(x)) at the points x' where the adversary finds the divergence large (TRADES:
 * Zhang et al. 2019, "Theoretically principled trade-off between robustness and accuracy"; beta is their
 * 1/lambda). The outer gradient passes through both predictions.
 *
 * @param beta > 0; 6 in their experiments on CIFAR-10.
 * @param divergence Kullback-Leibler by default; squaredLoss() for regression.
 */
export function trades(
  loss: Loss,
  beta: number,
  adversary: Adversary,
  divergence: Loss = klDivergence,
): Objective {
  requirePositive('beta', beta);
  return {
    draws: adversary.draws,
    assess({ model, x, y, output, draws }) {
      const fixed = detach(output);
      const changed = adversary.perturb((point) => divergence(model(point), fixed), x, draws);
      const attacked = model(changed);
      return { loss: add(loss(output, y), mul(divergence(attacked, output), beta)), output, attacked };
    },
  };
}
