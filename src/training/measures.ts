// What is measured of a model on labelled points, in a graph and on arrays.
import type { Value } from '../graph/index.ts';
import {
  abs,
  cast,
  greater,
  innerProduct,
  mul,
  reduceMax,
  reduceMean,
  reduceMin,
  sub,
} from '../graph/index.ts';
import type { LabelKind } from './labels.ts';
import { marginsOf } from './loss.ts';

/** What is measured of the weights before an update. */
export interface Measures {
  /** What the training minimises, penalties included. */
  readonly loss: number;
  /** (1/n) sum_i |f(x_i) - y_i|^2. */
  readonly meanSquaredError: number;
  /** max over points and outputs of |f(x_i) - y_i|. */
  readonly maxError: number;
  /**
   * min over points of y f for one label, of f_y - max_{k != y} f_k for one-hot labels, and of all f_k y_k for other
   * labels; for labels +-1 or one-hot it is positive exactly where every point is classified rightly.
   */
  readonly margin: number;
  /** Share of the points that are classified rightly; for labels +-1 or one-hot. A tie is wrong. */
  readonly accuracy?: number;
  /**
   * The same at the points that the adversary of the training made; under adversarial training. An upper bound on the
   * robust accuracy of these weights on these points, since a stronger attack may find more.
   */
  readonly robustAccuracy?: number;
}

/** How well a model fits, whatever the training minimises. */
export type Fit = Omit<Measures, 'loss'>;

/** What is measured of a model as it is used. */
export type Evaluated = Omit<Fit, 'robustAccuracy'>;

/** All but the losses, as scalars of a graph. */
export function measuresInGraph(prediction: Value, target: Value, labels: LabelKind): Record<string, Value> {
  const error = sub(prediction, target);
  const common = {
    meanSquaredError: mul(innerProduct(error, error), 1 / prediction.shape[0]!),
    maxError: reduceMax(abs(error)),
  };
  if (labels === 'values') return { ...common, margin: reduceMin(mul(prediction, target)) };
  const margins = marginsOf(prediction, target);
  return { ...common, margin: reduceMin(margins), accuracy: shareOfPositive(margins) };
}

/** Share of the points that are classified rightly, as a scalar of a graph; labels are +-1 or one-hot. */
export function accuracyInGraph(prediction: Value, target: Value): Value {
  return shareOfPositive(marginsOf(prediction, target));
}

function shareOfPositive(margins: Value): Value {
  return reduceMean(cast(greater(margins, 0), margins.dtype));
}

/** What has been counted of some points, from which the measures follow. */
export interface Tally {
  readonly points: number;
  /** Sum of squared errors. */
  readonly squares: number;
  readonly maxError: number;
  readonly margin: number;
  /** Points that are classified rightly. */
  readonly right: number;
}

/** Of no points. */
export const UNCOUNTED: Tally = {
  points: 0,
  squares: 0,
  maxError: 0,
  margin: Number.POSITIVE_INFINITY,
  right: 0,
};

/** With points more, of predictions and targets `[points, outputs]`, in float64. */
export function counted(
  before: Tally,
  prediction: ArrayLike<number>,
  target: ArrayLike<number>,
  outputs: number,
  labels: LabelKind,
): Tally {
  let { squares, maxError, margin, right } = before;
  for (let i = 0; i < target.length; i += outputs) {
    for (let k = i; k < i + outputs; k++) {
      const error = Math.abs(prediction[k]! - target[k]!);
      squares += error * error;
      maxError = Math.max(maxError, error);
    }
    const own = marginOf(prediction, target, i, outputs, labels);
    margin = Math.min(margin, own);
    if (own > 0) right++;
  }
  return { points: before.points + target.length / outputs, squares, maxError, margin, right };
}

/** The measures of n points if those that are not counted have no error: the best that they may turn out to be. */
export function measuresOf(
  { points, squares, maxError, margin, right }: Tally,
  n: number,
  labels: LabelKind,
): Evaluated {
  const common = { meanSquaredError: squares / n, maxError, margin };
  return labels === 'values' ? common : { ...common, accuracy: (right + n - points) / n };
}

function marginOf(
  prediction: ArrayLike<number>,
  target: ArrayLike<number>,
  from: number,
  outputs: number,
  labels: LabelKind,
): number {
  if (labels !== 'classes') {
    let least = Number.POSITIVE_INFINITY;
    for (let k = from; k < from + outputs; k++) least = Math.min(least, prediction[k]! * target[k]!);
    return least;
  }
  let [right, other] = [0, Number.NEGATIVE_INFINITY];
  for (let k = from; k < from + outputs; k++) {
    if (target[k] === 1) right = prediction[k]!;
    else other = Math.max(other, prediction[k]!);
  }
  return right - other;
}
