// What attacks increase: the losses of Croce and Hein, "Reliable evaluation of adversarial robustness with an ensemble of diverse parameter-free attacks" (2020), and simpler ones that every model has.
import {
  ArgMax,
  abs,
  add,
  cast,
  div,
  emit1,
  equal,
  greater,
  int64s,
  logSoftmax,
  maximum,
  mul,
  neg,
  reduceMax,
  reduceSum,
  sub,
  type Value,
  where,
} from '../graph/index.ts';
import type { Loss, Victim } from './victim.ts';

/** -log softmax(z)_y. */
export const crossEntropy: Loss = {
  name: 'cross-entropy',
  of: (z, labels) => neg(sum(where(greater(labels, 0), logSoftmax(z, 1), 0))),
};

/** max_{k != y} z_k - z_y: positive exactly where the prediction is wrong. Any number of classes from 2. */
export const margin: Loss = {
  name: 'margin',
  of: (z, labels) => sum(mul(z, sub(largest(without(z, labels)), labels))),
};

/** z_t - z_y for the target t: a linear function of the scores, so that its gradient is never zero by saturation. */
export const targetedDifference: Loss = {
  name: 'targeted difference',
  of: (z, labels, targets) => sum(mul(z, sub(targets, labels))),
};

/**
 * Difference of logits ratio (DLR): (max_{k != y} z_k - z_y) / (z_(1) - z_(3)) with the scores in decreasing order
 * z_(1) >= z_(2) >= ..., which no shift or scale of the scores changes. Three classes or more. Where z_(1) = z_(3), or nearly
 * so, the denominator is 1. Source: Croce and Hein (2020), equation 6.
 */
export const dlr: Loss = {
  name: 'DLR',
  of: (scores, labels) => {
    const z = mul(scores, SMALLER);
    const [first, , third] = ranked(z, 3) as [Value, Value, Value];
    const other = largest(without(z, labels));
    return ratio(sum(mul(z, sub(other, labels))), sum(mul(z, sub(first, third))));
  },
};

/**
 * Targeted DLR: (z_t - z_y) / (z_(1) - (z_(3) + z_(4)) / 2) for the target t. Four classes or more. Where the denominator
 * nearly vanishes it is 1. Source: Croce and Hein (2020), equation 7.
 */
export const targetedDlr: Loss = {
  name: 'targeted DLR',
  of: (scores, labels, targets) => {
    const z = mul(scores, SMALLER);
    const [first, , third, fourth] = ranked(z, 4) as [Value, Value, Value, Value];
    const scale = sum(mul(z, sub(first, mul(0.5, add(third, fourth)))));
    return ratio(sum(mul(z, sub(targets, labels))), scale);
  },
};

/** max_k |f_k - y_k|, for regression. */
export const deviation: Loss = {
  name: 'deviation',
  of: (outputs, labels) => reduceMax(abs(sub(outputs, labels)), [1]),
};

/**
 * The loss that stands in for `loss` where that has no meaning for the victim: the deviation in regression, the margin for
 * DLR with two classes, the targeted difference for targeted DLR with two or three.
 */
export function suited(loss: Loss, { task, outputs }: Pick<Victim, 'task' | 'outputs'>): Loss {
  if (task.kind === 'regression') return deviation;
  if (loss === dlr && outputs < 3) return margin;
  if (loss === targetedDlr && outputs < 4) return targetedDifference;
  return loss;
}

/** Exact, changes no ratio, and keeps differences of the largest numbers finite. */
const SMALLER = 0.25;

const sum = (x: Value): Value => reduceSum(x, [1]);

/** -Infinity where `mask` is 1. */
const without = (z: Value, mask: Value): Value => where(greater(mask, 0), -Infinity, z);

/** above / below, or `above` alone where that would lead out of float32. */
function ratio(above: Value, below: Value): Value {
  const least = maximum(mul(1e-12, abs(above)), 1e-20);
  return div(above, where(greater(below, least), below, 1));
}

/** One-hot rows at the first largest entry. No gradient flows through them. */
export function largest(z: Value): Value {
  const classes = z.shape[1]!;
  const positions = int64s(Array.from({ length: classes }, (_, k) => k));
  return cast(equal(emit1(ArgMax, [z], { axis: 1, keepdims: 1 }), positions), z.dtype);
}

/** One-hot rows at the largest, the second largest, ... entries. */
function ranked(z: Value, count: number): Value[] {
  const masks: Value[] = [];
  for (let rest = z; masks.length < count; rest = without(rest, masks.at(-1)!)) masks.push(largest(rest));
  return masks;
}
