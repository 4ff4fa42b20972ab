// What one step differentiates: from the model on a batch to a scalar.
import { requirePositive } from '../errors.ts';
import type { Value } from '../graph/index.ts';
import { add, innerProduct, mul } from '../graph/index.ts';
import type { Draws } from './draws.ts';
import type { Loss } from './loss.ts';

/** One step as an objective sees it. */
export interface Batch {
  /**
   * f with the weights of this step, as it is trained: `[batch, ...inputShape]` to `[batch, outputs]`. Every call adds a
   * forward pass to the graph.
   */
  readonly model: (x: Value) => Value;
  readonly x: Value;
  readonly y: Value;
  /** f(x). */
  readonly output: Value;
  /** The parameters by name, in the order of the family. */
  readonly parameters: Readonly<Record<string, Value>>;
  /** The random inputs that the objective declares. */
  readonly draws: Readonly<Record<string, Value>>;
}

export interface Assessment {
  /** What is minimised, a scalar. */
  readonly loss: Value;
  /**
   * The predictions that the labels were compared with: f(x), or f(x') where training is on changed points alone. Under
   * batch normalisation, the statistics after the step are those of this pass.
   */
  readonly output: Value;
  /** f(x') at the points of an adversary, where there is one. */
  readonly attacked?: Value;
}

export interface Objective {
  /** Random inputs that each step is fed. */
  readonly draws: Draws;
  assess(batch: Batch): Assessment;
}

/** The loss on the batch. */
export function plain(loss: Loss): Objective {
  return { draws: {}, assess: ({ output, y }) => ({ loss: loss(output, y), output }) };
}

/**
 * objective + (lambda / 2) sum |W|^2 over the weights W, whose gradient lambda W is what PyTorch's optimisers call weight
 * decay. Weights are the parameters with two axes or more: matrices, kernels and embeddings; biases and the scales and
 * shifts of normalisations are none.
 */
export function weightDecay(objective: Objective, lambda: number): Objective {
  requirePositive('weight decay', lambda);
  return penalised(objective, {}, ({ parameters }) =>
    mul(
      Object.values(parameters)
        .filter(isWeight)
        .map((w) => innerProduct(w, w))
        .reduce((sum, term) => add(sum, term)),
      lambda / 2,
    ),
  );
}

/** Whether decay and constraints apply to a parameter: it has two axes or more. */
export function isWeight({ shape }: { readonly shape: readonly number[] }): boolean {
  return shape.length >= 2;
}

/** The objective plus a term. */
export function penalised(objective: Objective, draws: Draws, term: (batch: Batch) => Value): Objective {
  return {
    draws: { ...objective.draws, ...draws },
    assess(batch) {
      const assessed = objective.assess(batch);
      return { ...assessed, loss: add(assessed.loss, term(batch)) };
    },
  };
}
