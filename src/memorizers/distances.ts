// Euclidean distances to fixed points as graph nodes, from direct differences so that they are right next to the points.
import type { Value } from '../graph/index.ts';
import { emit1, int64s, maximum, ReduceSumSquare, sqrt, sub, unsqueeze } from '../graph/index.ts';

/** |x_b - c_i| for x `[batch, d]` and centres `[n, d]`, as `[batch, n]`: `distances`, or a faster form of it. */
export type Distances = (x: Value, centres: Value) => Value;

/**
 * |x_b - c_i| for x `[batch, d]` and centres `[n, d]`, as `[batch, n]`.
 *
 * The expansion |x|^2 - 2 x.c + |c|^2 would lose half of the digits near a centre, where a memorizer must be exact.
 * The squares are kept above 2^-1022, so that the derivative at a centre is 0 and not 0/0.
 */
export function distances(x: Value, centres: Value): Value {
  return sqrt(maximum(squaredDistances(x, centres), 2 ** -1022));
}

/** |x_b - c_i|^2, as `[batch, n]`. */
export function squaredDistances(x: Value, centres: Value): Value {
  const differences = sub(unsqueeze(x, [1]), centres);
  return emit1(ReduceSumSquare, [differences, int64s([2])], { keepdims: 0 });
}
