// Steps by the sign of the gradient in linf, as a graph.
import { add, cast, greater, less, maximum, minimum, mul, sub, type Value } from '../graph/index.ts';
import type { Limits } from './limits.ts';

/** Larger steps lead to infinity, and from there to no number. */
const LONGEST = 2 ** 126;

/** Sizes of steps as signStep() takes them. */
export const stepSizes = (sizes: ArrayLike<number>): Float32Array =>
  Float32Array.from(sizes, (size) => Math.min(size, LONGEST));

/**
 * z = clip(x + size sign(gradient)), never leaving the limits. An entry without slope, or without number, takes no step.
 *
 * @param x of float32, as the limits; `[rows, features]`, as the gradients.
 * @param sizes `[]` or `[rows, 1]`.
 */
export function signStep(x: Value, gradients: Value, sizes: Value, limits: Limits<Value>): Value {
  // Not the operator Sign, which is no number where its argument is none.
  const signs = sub(cast(greater(gradients, 0), x.dtype), cast(less(gradients, 0), x.dtype));
  return clipTo(limits, add(x, mul(sizes, signs)));
}

/**
 * clip(x + fresh (z - x) + last (x - previous)): where the step to z leads with momentum.
 *
 * @param fresh and `last`: `[]` or `[rows, 1]`.
 */
export function withMomentum(
  x: Value,
  z: Value,
  fresh: Value,
  last: Value,
  previous: Value,
  limits: Limits<Value>,
): Value {
  return clipTo(limits, add(x, add(mul(fresh, sub(z, x)), mul(last, sub(x, previous)))));
}

const clipTo = ({ least, most }: Limits<Value>, value: Value): Value => minimum(maximum(value, least), most);
