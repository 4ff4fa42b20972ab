// Steps by the sign of the gradient in linf, as a graph that follows the gradient in one execution: carried through JavaScript, gradient and step would take as long again as the gradient of a small network.
import { add, cast, greater, less, maximum, minimum, mul, sub, type Value } from '../graph/index.ts';
import { project } from './projection.ts';
import type { Threat } from './threat.ts';
import type { Following } from './victim.ts';

/** The least and the largest entries that the threat model allows in linf, `[rows, features]` each. */
export interface Limits {
  readonly least: Float32Array;
  readonly most: Float32Array;
}

export function linfLimits(threat: Threat, points: Float32Array, features: number): Limits {
  const extreme = (entry: number) => {
    const rows = new Float32Array(points.length).fill(entry);
    project(threat, points, rows, features);
    return rows;
  };
  return { least: extreme(-Infinity), most: extreme(Infinity) };
}

/** Larger steps lead to infinity, and from there to no number. */
const LONGEST = 2 ** 126;

/** Sizes of steps as signStep takes them. */
export const stepSizes = (sizes: Float64Array): Float32Array =>
  Float32Array.from(sizes, (size) => Math.min(size, LONGEST));

/**
 * With z = clip(x + size sign(gradient)), leads to z or, where `fresh` is given, to
 * clip(x + fresh (z - x) + (1 - fresh) (x - previous)), never leaving the limits. An entry without slope, or without number,
 * takes no step. Given are `least`, `most` and, where there is momentum, `previous`, `[rows, features]` each, and `sizes`
 * `[rows]`.
 *
 * @param fresh the share of a step that is no momentum.
 */
export function signStep(fresh?: number): Following {
  return {
    name: `sign step ${fresh ?? ''}`,
    of(x, gradients, given) {
      const features = x.shape[1]!;
      const [least, most] = [given('least', features), given('most', features)];
      const clip = (value: Value) => minimum(maximum(value, least), most);
      // Not the operator Sign, which is no number where its argument is none.
      const signs = sub(cast(greater(gradients, 0), x.dtype), cast(less(gradients, 0), x.dtype));
      const z = clip(add(x, mul(given('sizes', 1), signs)));
      if (fresh === undefined) return z;
      const last = sub(x, given('previous', features));
      return clip(add(x, add(mul(fresh, sub(z, x)), mul(1 - fresh, last))));
    },
  };
}
