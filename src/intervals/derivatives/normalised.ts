// Centring and standardisation, with the dependence of the mean and of the deviation on each element taken into account:
// d / sqrt(scale sum d^2 + epsilon) is bounded whatever d is.
import type { Op, Value } from '../../graph/index.ts';
import { add, emit1, mul, reciprocal, reduceSum, reshape, sqrt, square, sub } from '../../graph/index.ts';
import type { Box, EnclosedOp } from '../box.ts';
import { emptyBox } from '../box.ts';
import {
  addDown,
  addUp,
  divideDown,
  divideUp,
  multiplyDown,
  multiplyUp,
  sqrtDown,
  sqrtUp,
} from '../rounding.ts';
import { squared } from '../rules/arithmetic.ts';
import { mapped } from '../rules/elementwise.ts';
import { sumsOfOthers } from '../rules/reductions.ts';
import { enclosedOp } from './slopes.ts';

const countOf = (x: Value, axes: readonly number[]): number =>
  axes.reduce((n, axis) => n * x.shape[axis]!, 1);

/** x - mean x over the axes; its own adjoint. */
export function centred(x: Value, axes: readonly number[]): Value {
  const op: EnclosedOp = {
    ...enclosedOp('Centre', (node, [box]) => {
      const { shape } = node.inputs[0]!;
      const n = countOf(node.inputs[0]!, axes);
      const others = sumsOfOthers(box!, shape, axes);
      const out = emptyBox(box!.lower.length);
      for (let i = 0; i < out.lower.length; i++) {
        // ((n - 1) x_i - the sum of the others) / n.
        const [low, high] = [multiplyDown(box!.lower[i]!, n - 1), multiplyUp(box!.upper[i]!, n - 1)];
        out.lower[i] = divideDown(addDown(low, -others.upper[i]!), n);
        out.upper[i] = divideUp(addUp(high, -others.lower[i]!), n);
      }
      return [out];
    }),
    vjp: (_node, [g]) => [centred(g!, axes)],
  };
  return emit1(op, [x]);
}

/** Bounds on d_i / sqrt(scale (d_i^2 + S_i) + epsilon), increasing in d_i, S_i the sum of the other squares. */
function ratios(
  d: Box,
  shape: readonly number[],
  axes: readonly number[],
  count: number,
  epsilon: number,
): Box {
  const squares = mapped(d, squared);
  const others = sumsOfOthers(squares, shape, axes);
  const out = emptyBox(d.lower.length);
  for (let i = 0; i < out.lower.length; i++) {
    const [least, most] = [others.lower[i]!, others.upper[i]!];
    // A larger sum brings the ratio closer to 0.
    out.lower[i] = -ratioUp(-d.lower[i]!, least, most, count, epsilon);
    out.upper[i] = ratioUp(d.upper[i]!, least, most, count, epsilon);
  }
  return out;
}

/** The largest value of z / sqrt((z^2 + S) / count + epsilon) for S in [least, most]. */
function ratioUp(z: number, least: number, most: number, count: number, epsilon: number): number {
  // |z| / sqrt(z^2 / count) = sqrt(count).
  const limit = sqrtUp(count);
  if (z === 0) return least === 0 && epsilon === 0 ? limit : 0;
  if (z > 0) {
    const root = sqrtDown(addDown(divideDown(addDown(multiplyDown(z, z), least), count), epsilon));
    return root > 0 && z < Infinity ? Math.min(limit, divideUp(z, root)) : limit;
  }
  const root = sqrtUp(addUp(divideUp(addUp(multiplyUp(z, z), most), count), epsilon));
  return root > 0 && root < Infinity ? Math.min(0, divideUp(z, root)) : 0;
}

/**
 * d / sqrt(sum d^2 / count + epsilon) over the axes; count is the number of elements for a standard deviation and 1 for a
 * length. The derivative along v is (v - y <y, v> / count) / sqrt(...).
 */
export function standardised(d: Value, axes: readonly number[], count: number, epsilon: number): Value {
  const op: EnclosedOp = {
    ...enclosedOp('Standardise', (node, [box]) => [
      ratios(box!, node.inputs[0]!.shape, axes, count, epsilon),
    ]),
    vjp: (node, [g]) => {
      const [x, y] = [node.inputs[0]!, node.outputs[0]!];
      const sum = reduceSum(square(x), axes, true);
      const scale = reciprocal(sqrt(add(countedBy(sum, count), epsilon)));
      const along = countedBy(reduceSum(mul(g!, y), axes, true), count);
      return [mul(scale, sub(g!, mul(y, along)))];
    },
  };
  return emit1(op, [d]);
}

/** x / count. */
function countedBy(x: Value, count: number): Value {
  const by = enclosedOp('DivideByCount', (_node, [box]) => [
    { lower: box!.lower.map((v) => divideDown(v, count)), upper: box!.upper.map((v) => divideUp(v, count)) },
  ]);
  return count === 1 ? x : emit1(by, [x]);
}

/** ReduceL2, whose derivative is the direction of x: of length 1, any of that length at x = 0. */
export function sharpLength(op: Op, axesOf: (node: Parameters<NonNullable<Op['vjp']>>[0]) => number[]): Op {
  return {
    ...op,
    vjp: (node, [g]) => {
      const x = node.inputs[0]!;
      const axes = axesOf(node);
      const kept = reshape(
        g!,
        x.shape.map((n, i) => (axes.includes(i) ? 1 : n)),
      );
      return [mul(standardised(x, axes, 1, 0), kept)];
    },
  };
}
