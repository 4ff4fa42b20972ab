// Losses: what training minimises, as values of the graph.

import { invalidArgument } from '../errors.ts';
import type { Value } from '../graph/index.ts';
import {
  add,
  concat,
  div,
  exp,
  greater,
  innerProduct,
  logSoftmax,
  mul,
  neg,
  reduceMax,
  reduceSum,
  relu,
  reshape,
  sub,
  where,
  zeros,
} from '../graph/index.ts';

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

/**
 * -(1/n) sum_i sum_k t_ik log softmax(f(x_i))_k with targets t = (1 - smoothing) y + smoothing / K for one-hot labels y
 * of K classes (label smoothing: Szegedy et al. 2016, section 7). For one output and labels +-1 it is the logistic loss
 * log(1 + e^(-y f)), K = 2. Finite for finite predictions: the logarithm is taken before the exponential.
 *
 * @param smoothing in [0, 1); 0 by default.
 */
export function crossEntropy(smoothing = 0): Loss {
  if (!(smoothing >= 0 && smoothing < 1)) {
    throw invalidArgument('label smoothing', smoothing, 'a number in [0, 1)');
  }
  return (prediction, target) => {
    const logits = logitsOf(prediction);
    const hot = target.shape[1] === 1 ? ofSigns(target) : target;
    const classes = hot.shape[1]!;
    const smooth = smoothing === 0 ? hot : add(mul(hot, 1 - smoothing), smoothing / classes);
    return neg(div(innerProduct(smooth, logSoftmax(logits, 1)), prediction.shape[0]!));
  };
}

/**
 * (1/n) sum_i max(0, margin - (f_y - max_{k != y} f_k)(x_i)) for one-hot labels (Crammer and Singer 2001), and
 * (1/n) sum_i max(0, margin - y_i f(x_i)) for one output and labels +-1.
 *
 * @param margin > 0; 1 by default.
 */
export function marginLoss(margin = 1): Loss {
  if (!(margin > 0 && Number.isFinite(margin)))
    throw invalidArgument('margin', margin, 'a finite number > 0');
  return (prediction, target) =>
    div(reduceSum(relu(sub(margin, marginsOf(prediction, target)))), prediction.shape[0]!);
}

/**
 * (1/n) sum_i KL(softmax f(x_i) || softmax f(x'_i)): how far predictions at changed points are from those at the points,
 * the divergence of TRADES (Zhang et al. 2019). One output is a logit against 0.
 */
export const klDivergence: Loss = (changed, prediction) => {
  const log = logSoftmax(logitsOf(prediction), 1);
  const difference = sub(log, logSoftmax(logitsOf(changed), 1));
  return div(innerProduct(exp(log), difference), prediction.shape[0]!);
};

/**
 * How far each point is on the right side: f_y - max_{k != y} f_k for one-hot labels, y f for one output and labels
 * +-1; `[batch]`.
 */
export function marginsOf(prediction: Value, target: Value): Value {
  const batch = prediction.shape[0]!;
  if (target.shape[1] === 1) return reshape(mul(prediction, target), [batch]);
  const right = reduceSum(mul(prediction, target), [1]);
  const other = reduceMax(where(greater(target, 0), Number.NEGATIVE_INFINITY, prediction), [1]);
  return sub(right, other);
}

/** `[batch, classes]`, two classes for one output. */
function logitsOf(prediction: Value): Value {
  if (prediction.shape[1] !== 1) return prediction;
  return concat([prediction, zeros(prediction.dtype, prediction.shape)], 1);
}

/** +-1 `[batch, 1]` as one-hot rows, +1 first. */
function ofSigns(target: Value): Value {
  const positive = mul(add(target, 1), 0.5);
  return concat([positive, sub(1, positive)], 1);
}
