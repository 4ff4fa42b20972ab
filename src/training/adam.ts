// Adam (Kingma and Ba 2015, "Adam: a method for stochastic optimization", Algorithm 1), and with decoupled weight decay (Loshchilov and Hutter 2019).
import { invalidArgument, requirePositive } from '../errors.ts';
import { add, div, mul, sqrt, square, sub } from '../graph/index.ts';
import { isWeight } from './objective.ts';
import type { Optimiser } from './optimiser.ts';

/**
 * m <- beta1 m + (1 - beta1) g,  v <- beta2 v + (1 - beta2) g^2,
 * theta <- theta - alpha m^ / (sqrt(v^) + epsilon),  m^ = m / (1 - beta1^t), v^ = v / (1 - beta2^t).
 *
 * Kept are M = m / (1 - beta1) and V = v / (1 - beta2), which saves two passes over every parameter; the factors go
 * into the two scalars: theta <- theta - stepSize M / (sqrt(V) + floor) is the same update, with
 * stepSize = alpha (1 - beta1) / (1 - beta1^t) / s, floor = epsilon / s, s = sqrt((1 - beta2) / (1 - beta2^t)).
 *
 * Defaults are those of the paper.
 */
export function adam(beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8): Optimiser {
  requireDecay('beta1', beta1);
  requireDecay('beta2', beta2);
  requirePositive('epsilon', epsilon);
  return {
    name: 'adam',
    moments: ['first', 'second'],
    scalars: ['stepSize', 'floor'],
    knowsWeights: false,
    scalarsAt: (step, learningRate) => {
      const scale = Math.sqrt((1 - beta2) / (1 - beta2 ** step));
      return {
        stepSize: (learningRate * (1 - beta1)) / (1 - beta1 ** step) / scale,
        floor: epsilon / scale,
      };
    },
    update: (parameter, gradient, moments, scalars) => {
      const first = add(mul(moments.first!, beta1), gradient);
      const second = add(mul(moments.second!, beta2), square(gradient));
      const direction = div(first, add(sqrt(second), scalars.floor!));
      return {
        parameter: sub(parameter, mul(direction, scalars.stepSize!)),
        moments: { first, second },
      };
    },
  };
}

/**
 * Adam with decoupled weight decay: theta <- theta - alpha weightDecay theta before the step of adam() (Loshchilov and
 * Hutter 2019, "Decoupled weight decay regularization", Algorithm 2, with the schedule in alpha, as PyTorch has it). Only
 * weights decay: parameters with two axes or more.
 *
 * @param weightDecay >= 0; 0.01 by default.
 */
export function adamW(weightDecay = 0.01, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8): Optimiser {
  if (!(weightDecay >= 0 && Number.isFinite(weightDecay))) {
    throw invalidArgument('weight decay', weightDecay, 'a finite number >= 0');
  }
  const base = adam(beta1, beta2, epsilon);
  return {
    ...base,
    name: 'adamw',
    scalars: [...base.scalars, 'keep'],
    knowsWeights: true,
    scalarsAt: (step, rate) => ({ ...base.scalarsAt(step, rate), keep: 1 - rate * weightDecay }),
    update: (parameter, gradient, moments, scalars) =>
      base.update(
        isWeight(parameter) ? mul(parameter, scalars.keep!) : parameter,
        gradient,
        moments,
        scalars,
      ),
  };
}

function requireDecay(name: string, value: number): void {
  if (!(value >= 0 && value < 1)) throw invalidArgument(name, value, 'a number in [0, 1)');
}
