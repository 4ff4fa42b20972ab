// The derivative of Softmax, p_i (g_i - sum_j p_j g_j), with p on the simplex.
import type { Op } from '../../graph/index.ts';
import { emit1 } from '../../graph/index.ts';
import type { Box } from '../box.ts';
import { emptyBox } from '../box.ts';
import { productDown, productUp } from '../product.ts';
import { addDown, addUp, multiplyDown, multiplyUp } from '../rounding.ts';
import { axisOf } from '../rules/layout.ts';
import { around } from '../strides.ts';
import { enclosedOp } from './slopes.ts';

/** Softmax with this derivative. */
export function sharpSoftmax(op: Op): Op {
  return {
    ...op,
    vjp: (node, [g]) => {
      const y = node.outputs[0]!;
      const axis = axisOf((node.attributes.axis as number | undefined) ?? -1, y.shape.length);
      const adjoint = enclosedOp('SoftmaxAdjoint', (_node, [p, cotangent]) => {
        const [outer, n, inner] = around(y.shape, axis);
        const out = emptyBox(p!.lower.length);
        for (let o = 0; o < outer; o++) {
          for (let i = 0; i < inner; i++) {
            const members = Int32Array.from({ length: n }, (_, k) => (o * n + k) * inner + i);
            adjointOn(p!, cotangent!, members, out);
          }
        }
        return [out];
      });
      return [emit1(adjoint, [y, g])];
    },
  };
}

/** One distribution. The result is the intersection of two enclosures, each the better one somewhere. */
function adjointOn(p: Box, g: Box, members: Int32Array, out: Box): void {
  const top = meanUp(p, g.upper, members, 1);
  const bottom = -meanUp(p, g.lower, members, -1);
  const [floors, ceilings] = [extremes(g.lower, members, -1), extremes(g.upper, members, 1)];
  for (const at of members) {
    const [pl, pu, gl, gu] = [p.lower[at]!, p.upper[at]!, g.lower[at]!, g.upper[at]!];
    // p_i times g_i less the mean of g.
    const [dl, du] = [addDown(gl, -top), addUp(gu, -bottom)];
    // p_i (1 - p_i) times g_i less the mean of the others.
    const [el, eu] = [addDown(gl, -other(ceilings, at)), addUp(gu, -other(floors, at))];
    const [vl, vu] = spread(pl, pu);
    const low = Math.max(productDown(pl, pu, dl, du), productDown(vl, vu, el, eu));
    const high = Math.min(productUp(pl, pu, dl, du), productUp(vl, vu, el, eu));
    out.lower[at] = low;
    out.upper[at] = high;
  }
}

/** p (1 - p) on [low, high] within [0, 1]. */
function spread(low: number, high: number): readonly [number, number] {
  const ends = [low, high].map((p) => [
    Math.max(0, multiplyDown(p, addDown(1, -p))),
    multiplyUp(p, addUp(1, -p)),
  ]) as [[number, number], [number, number]];
  const highest = low <= 0.5 && high >= 0.5 ? 0.25 : Math.max(ends[0][1], ends[1][1]);
  return [Math.min(ends[0][0], ends[1][0]), highest];
}

interface Extremes {
  readonly first: number;
  readonly firstAt: number;
  readonly second: number;
}

/** The two largest (sign 1) or smallest (sign -1) values. */
function extremes(values: Float64Array, members: Int32Array, sign: 1 | -1): Extremes {
  let [first, firstAt, second] = [-Infinity, -1, -Infinity];
  for (const at of members) {
    const v = sign * values[at]!;
    if (v > first) [first, firstAt, second] = [v, at, first];
    else if (v > second) second = v;
  }
  return { first: sign * first, firstAt, second: sign * second };
}

/** The extreme of the others; of a single element its own value, since the share 1 - p is then 0. */
function other({ first, firstAt, second }: Extremes, at: number): number {
  const value = at === firstAt ? second : first;
  return Number.isFinite(value) || Math.abs(first) === Infinity ? value : first;
}

/**
 * An upper bound on sign sum_j p_j g_j over p in its box with sum 1. For every t, sum p_j g_j = t + sum p_j (g_j - t), whose terms
 * take p_j at one of its ends; the best t is the value at which the mass 1 is used up.
 */
function meanUp(p: Box, g: Float64Array, members: Int32Array, sign: 1 | -1): number {
  const order = Array.from(members).sort((a, b) => sign * (g[b]! - g[a]!));
  let mass = 1 - order.reduce((sum, at) => sum + p.lower[at]!, 0);
  let threshold = sign * g[order.at(-1)!]!;
  for (const at of order) {
    mass -= p.upper[at]! - p.lower[at]!;
    if (mass > 0) continue;
    threshold = sign * g[at]!;
    break;
  }
  if (!Number.isFinite(threshold)) return sign * g[order[0]!]!;
  let bound = threshold;
  for (const at of order) {
    const excess = addUp(sign * g[at]!, -threshold);
    bound = addUp(bound, multiplyUp(excess, excess > 0 ? p.upper[at]! : p.lower[at]!));
  }
  return bound;
}
