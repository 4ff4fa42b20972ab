// Penalties on gradients are themselves differentiated: the activation must have a second derivative.
import { RobustlawError } from '../errors.ts';
import { ACTIVATIONS, type Activation, activationOf, type ModelSpecification } from '../models/index.ts';
import type { TrainingSpecification } from './schema.ts';

const PENALTIES = { gradientPenalty: 'gradient penalty', jacobianPenalty: 'Jacobian penalty' } as const;

/**
 * Refuses a penalty on input gradients where the activation has no second derivative, such as relu: the gradient of the
 * penalty then lacks what the kinks contribute when they move, so that a descent along it does not minimise the penalty.
 *
 * @throws invalid-argument naming the penalty, the activation, and those that would do.
 */
export function requireSecondDerivatives(model: ModelSpecification, training: TrainingSpecification): void {
  const activation = activationOf(model);
  if (ACTIVATIONS[activation].smooth) return;
  for (const [key, name] of Object.entries(PENALTIES)) {
    if (training[key as keyof typeof PENALTIES] === undefined) continue;
    const own = 'activation' in model;
    throw new RobustlawError(
      'invalid-argument',
      `${name}: ${activation}, the activation of this ${model.model} model, has no second derivative, so that a descent on the ` +
        `penalty would not see its kinks; ${own ? `use ${smoothOnes().join(', ')}, or ` : ''}leave the penalty out`,
    );
  }
}

function smoothOnes(): readonly Activation[] {
  return (Object.keys(ACTIVATIONS) as Activation[]).filter((name) => ACTIVATIONS[name].smooth);
}
