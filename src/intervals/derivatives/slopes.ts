// Generalised derivatives (Clarke 1983) of elementwise operators: slopes over an interval, with both sides at a kink.
import type { Node, Op, Value } from '../../graph/index.ts';
import { emit1, minimum, mul, sizeOf, sumTo, tensorOf } from '../../graph/index.ts';
import { nextDown, nextUp } from '../../numeric/index.ts';
import type { Activation } from '../activation.ts';
import { activationOf } from '../activation.ts';
import type { EnclosedOp } from '../box.ts';
import { emptyBox } from '../box.ts';
import type { Range } from '../range.ts';
import { outwards, REALS } from '../range.ts';
import { multiplyDown, multiplyUp } from '../rounding.ts';
import { powerOn, stretched } from '../rules/arithmetic.ts';
import { mapped } from '../rules/elementwise.ts';

/** An operator on values of one shape, which it keeps. */
export function enclosedOp(name: string, enclose: EnclosedOp['enclose']): EnclosedOp {
  return {
    name,
    domain: 'robustlaw.intervals',
    attributes: {},
    infer: (inputs) => [{ dtype: inputs[0]!.dtype, shape: inputs[0]!.shape }],
    enclose,
  };
}

/** h'(x), both sides of a kink at x itself or at the end of its interval. */
function slopeOf(activation: Activation): EnclosedOp {
  return enclosedOp('Slope', (_node, [x]) => [
    mapped(x!, (low, high) => activation.slopesOn(nextDown(low), nextUp(high))),
  ]);
}

/** A node's operator with the slopes of its activation; undefined where it applies none. */
export function sharpActivation(node: Node): Op | undefined {
  const activation = activationOf(node);
  if (!activation) return undefined;
  const slope = slopeOf(activation);
  return { ...node.op, vjp: ({ inputs: [x] }, [g]) => [mul(g!, emit1(slope, [x]))] };
}

/** 1 or the slope given as second input, by the sign of the first. */
const PRELU_SLOPE = enclosedOp('PReluSlope', (node, [x, slope]) => {
  const s = stretched(slope!, node.inputs[1]!.shape, node.outputs[0]!.shape);
  const out = emptyBox(x!.lower.length);
  for (let i = 0; i < out.lower.length; i++) {
    const [low, high] = [x!.lower[i]!, x!.upper[i]!];
    out.lower[i] = low > 0 ? 1 : high < 0 ? s.lower[i]! : Math.min(1, s.lower[i]!);
    out.upper[i] = low > 0 ? 1 : high < 0 ? s.upper[i]! : Math.max(1, s.upper[i]!);
  }
  return [out];
});

/** max(x, 0) + slope min(x, 0). */
export const sharpPRelu = (op: Op): EnclosedOp => ({
  ...op,
  vjp: ({ inputs: [x, slope] }, [g]) => [
    mul(g!, emit1(PRELU_SLOPE, [x, slope])),
    sumTo(mul(g!, minimum(x!, 0)), slope!.shape),
  ],
  enclose: (node, [x, slope]) => {
    const s = stretched(slope!, node.inputs[1]!.shape, node.outputs[0]!.shape);
    const out = emptyBox(x!.lower.length);
    for (let i = 0; i < out.lower.length; i++) {
      const [low, high] = [x!.lower[i]!, x!.upper[i]!];
      const [below, above] = [Math.min(low, 0), Math.min(high, 0)];
      const products = [s.lower[i]!, s.upper[i]!].flatMap((t) => [
        [multiplyDown(below, t), multiplyUp(below, t)],
        [multiplyDown(above, t), multiplyUp(above, t)],
      ]) as [number, number][];
      const least = Math.min(...products.map(([l]) => l));
      const most = Math.max(...products.map(([, u]) => u));
      // Positive x are themselves; negative ones are scaled.
      out.lower[i] = low > 0 ? low : Math.min(least, high > 0 ? 0 : Infinity);
      out.upper[i] = high > 0 ? Math.max(high, low > 0 ? -Infinity : most) : most;
    }
    return [out];
  },
});

/** p x^(p-1). */
function powerSlope(p: number): EnclosedOp {
  const range = (low: number, high: number): Range => {
    if (p === 0) return [0, 0];
    if (p === 1) return [1, 1];
    // Across a pole the quotients have both signs.
    if (p < 0 && low <= 0 && high >= 0) return REALS;
    const exponent = p - 1;
    let [bottom, top] = powerOn(low, high, exponent);
    // The exponent may be rounded by 2^-54, which counts by log x, at most 745.
    if (exponent + 1 !== p)
      [bottom, top] = outwards(bottom - Math.abs(bottom) * 2 ** -42, top + Math.abs(top) * 2 ** -42);
    const ends = p > 0 ? [bottom, top] : [top, bottom];
    return [multiplyDown(ends[0]!, p), multiplyUp(ends[1]!, p)];
  };
  return enclosedOp('PowerSlope', (_node, [x]) => [mapped(x!, range)]);
}

/** x^p with a fixed exponent of one element; undefined for others. */
export function sharpPow(node: Node): Op | undefined {
  const exponent = node.inputs[1]!;
  const t = sizeOf(exponent.shape) === 1 ? tensorOf(exponent) : undefined;
  if (!t || exponent.shape.length > node.inputs[0]!.shape.length) return undefined;
  const slope = powerSlope(Number(t.data[0]));
  return { ...node.op, vjp: ({ inputs: [x] }, [g]) => [mul(g!, emit1(slope, [x])), undefined] };
}

/** Which share of a maximum (or, negated, minimum) operand i can be: 1 where it is above all others, 0 where it is below one. */
function shareOf(i: number, sign: 1 | -1): EnclosedOp {
  return {
    ...enclosedOp('Share', (node, inputs) => {
      const { shape } = node.outputs[0]!;
      const boxes = inputs.map((x, j) => stretched(x!, node.inputs[j]!.shape, shape));
      const out = emptyBox(sizeOf(shape));
      const [least, most] = sign === 1 ? (['lower', 'upper'] as const) : (['upper', 'lower'] as const);
      for (let at = 0; at < out.lower.length; at++) {
        let [floor, ceiling] = [-Infinity, -Infinity];
        for (const [j, x] of boxes.entries()) {
          if (j === i) continue;
          floor = Math.max(floor, sign * x[least][at]!);
          ceiling = Math.max(ceiling, sign * x[most][at]!);
        }
        out.lower[at] = sign * boxes[i]![least][at]! > ceiling ? 1 : 0;
        out.upper[at] = sign * boxes[i]![most][at]! < floor ? 0 : 1;
      }
      return [out];
    }),
    infer: (inputs) => [{ dtype: inputs[0]!.dtype, shape: broadcastOf(inputs) }],
  };
}

/** The common shape of operands that are known to broadcast. */
function broadcastOf(inputs: readonly (Value | undefined)[]): number[] {
  const rank = Math.max(...inputs.map((x) => x!.shape.length));
  return Array.from({ length: rank }, (_, axis) =>
    inputs.reduce((n, x) => {
      const own = x!.shape[axis - rank + x!.shape.length] ?? 1;
      return own === 1 ? n : own;
    }, 1),
  );
}

/** Max and Min: a cotangent goes to operands that can attain the extreme. */
export function sharpExtremum(op: Op): Op {
  const sign = op.name === 'Max' ? 1 : -1;
  return {
    ...op,
    vjp: ({ inputs }, [g]) => inputs.map((x, i) => sumTo(mul(g!, emit1(shareOf(i, sign), inputs)), x!.shape)),
  };
}
