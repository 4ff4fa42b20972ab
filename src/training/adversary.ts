// Adversaries within a training step: projected gradient ascent on the batch, unrolled in the graph (Madry et al. 2018, "Towards deep learning models resistant to adversarial attacks").
import { invalidArgument, requireInteger, requirePositive } from '../errors.ts';
import type { InputBounds, Value } from '../graph/index.ts';
import {
  abs,
  add,
  detach,
  div,
  equal,
  gradient,
  maximum,
  minimum,
  mul,
  reduceMax,
  reduceSum,
  sign,
  sqrt,
  square,
  sub,
  where,
} from '../graph/index.ts';
import type { Draws } from './draws.ts';

/** Norms that an adversary of a training is bounded in. */
export type AdversaryNorm = 'l2' | 'linf';

export interface Adversary {
  /** Random inputs of each step. */
  readonly draws: Draws;
  /**
   * Points x' `[batch, ...]` with |x'_i - x_i| <= radius, up to rounding, within the bounds of inputs, at which `rise` is
   * larger. They are constants for derivatives: the gradient of the training does not pass through the ascent.
   *
   * @param rise from points to a scalar.
   */
  perturb(rise: (x: Value) => Value, x: Value, draws: Readonly<Record<string, Value>>): Value;
}

/**
 * Steps of projected gradient ascent from a random start, uniform in the ball: x <- P(x + stepSize s(grad)), where s is
 * the sign for linf and grad / |grad| per point for l2, and P the projection on the ball, then clipping into the bounds.
 *
 * Cost: `steps` forward and backward passes. Data must lie within the bounds.
 *
 * @param radius in the units of the data.
 * @param stepSize defaults to 2.5 radius / steps (Madry et al.).
 * @param bounds least and largest value of an input entry; none by default.
 */
export function pgdAdversary(
  norm: AdversaryNorm,
  radius: number,
  stepSize?: number,
  steps = 10,
  bounds?: InputBounds,
): Adversary {
  requirePositive('radius', radius);
  requireInteger('steps', steps, 1, 1000);
  const size = stepSize ?? (2.5 * radius) / steps;
  requirePositive('step size', size);
  if (bounds && !(bounds[0] < bounds[1])) throw invalidArgument('input bounds', `[${bounds}]`, 'low < high');
  return {
    draws: { start: norm === 'linf' ? 'cube' : 'ball' },
    perturb(rise, x, draws) {
      const within = (change: Value) => clipped(add(x, change), bounds);
      let point = detach(within(mul(draws.start!, radius)));
      for (let step = 0; step < steps; step++) {
        const [slope] = gradient(rise(point), [point]) as [Value];
        const moved = add(sub(point, x), mul(norm === 'linf' ? sign(slope) : unitRows(slope), size));
        point = detach(within(projected(norm, radius, moved)));
      }
      return point;
    },
  };
}

/**
 * The fast gradient sign method with random start (Wong, Rice and Kolter 2020, "Fast is better than free"): one step.
 *
 * @param stepSize defaults to 1.25 radius, as they use.
 */
export function fgsmRandomStart(
  norm: AdversaryNorm,
  radius: number,
  stepSize = 1.25 * radius,
  bounds?: InputBounds,
): Adversary {
  return pgdAdversary(norm, radius, stepSize, 1, bounds);
}

function clipped(x: Value, bounds: InputBounds | undefined): Value {
  return bounds ? minimum(maximum(x, bounds[0]), bounds[1]) : x;
}

/** The nearest change of norm <= radius, per point. */
function projected(norm: AdversaryNorm, radius: number, change: Value): Value {
  if (norm === 'linf') return minimum(maximum(change, -radius), radius);
  return mul(change, minimum(1, div(radius, maximum(lengths(change), radius / 2))));
}

/** Every row divided by its length; rows of zeros stay. Rows of tiny numbers do not underflow. */
function unitRows(x: Value): Value {
  const largest = reduceMax(abs(x), rowAxes(x), true);
  const scaled = div(x, where(equal(largest, 0), 1, largest));
  return div(scaled, maximum(lengths(scaled), 1));
}

function lengths(x: Value): Value {
  return sqrt(reduceSum(square(x), rowAxes(x), true));
}

function rowAxes(x: Value): number[] {
  return x.shape.slice(1).map((_, i) => i + 1);
}
