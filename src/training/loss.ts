// Losses: what training minimises, as values of the graph.
import type { Value } from '../graph/index.ts';
import { div, innerProduct, sub } from '../graph/index.ts';

/** From predictions and targets, both `[batch, outputs]`, to a scalar. */
export type Loss = (prediction: Value, target: Value) => Value;

/**
 * (1/n) sum_i |f(x_i) - y_i|^2: the mean over the batch of the squared error summed over the outputs, without a
 * factor 1/2, as in the hypothesis of the law of robustness.
 */
export const squaredLoss: Loss = (prediction, target) => {
  const error = sub(prediction, target);
  return div(innerProduct(error, error), prediction.shape[0]!);
};
