// Rules of the four operations, powers, extrema, and sums and means of several operands, with broadcasting.
import type { Node, Shape, Value } from '../../graph/index.ts';
import { broadcastIndex, isFloat, sameShape, sizeOf } from '../../graph/index.ts';
import type { Bounds, Box, Rule } from '../box.ts';
import { emptyBox, exactly, isPoint, picked } from '../box.ts';
import { productDown, productUp } from '../product.ts';
import type { Range } from '../range.ts';
import { hull, outwards, REALS } from '../range.ts';
import { addDown, addUp, divideDown, divideUp, multiplyDown, multiplyUp } from '../rounding.ts';
import { mapped } from './elementwise.ts';

/** The operand stretched to the shape. */
export function stretched(x: Box, from: Shape, to: Shape): Box {
  if (sameShape(from, to)) return x;
  if (x.lower.length === sizeOf(to)) return x;
  if (x.lower.length === 1) {
    const fill = (v: number) => new Float64Array(sizeOf(to)).fill(v);
    return isPoint(x) ? exactly(fill(x.lower[0]!)) : { lower: fill(x.lower[0]!), upper: fill(x.upper[0]!) };
  }
  return picked(x, broadcastIndex(from, to));
}

type Combine = (al: number, au: number, bl: number, bu: number, out: Box, i: number) => void;

/** Entry by entry over two operands. */
export function combined(node: Node, inputs: readonly (Bounds | undefined)[], combine: Combine): Box {
  const { shape } = node.outputs[0]!;
  const [a, b] = [0, 1].map((i) => stretched(inputs[i]!, node.inputs[i]!.shape, shape)) as [Box, Box];
  const out = emptyBox(sizeOf(shape));
  for (let i = 0; i < out.lower.length; i++) {
    combine(a.lower[i]!, a.upper[i]!, b.lower[i]!, b.upper[i]!, out, i);
  }
  return out;
}

const binary =
  (combine: Combine): Rule =>
  (node, inputs) => [combined(node, inputs, combine)];

const add: Combine = (al, au, bl, bu, out, i) => {
  out.lower[i] = addDown(al, bl);
  out.upper[i] = addUp(au, bu);
};

const subtract: Combine = (al, au, bl, bu, out, i) => {
  out.lower[i] = addDown(al, -bu);
  out.upper[i] = addUp(au, -bl);
};

const multiply: Combine = (al, au, bl, bu, out, i) => {
  out.lower[i] = productDown(al, au, bl, bu);
  out.upper[i] = productUp(al, au, bl, bu);
};

const divide: Combine = (al, au, bl, bu, out, i) => {
  [out.lower[i], out.upper[i]] = quotient(al, au, bl, bu);
};

/** [al, au] / [bl, bu], unbounded where the divisor may be 0. */
export function quotient(al: number, au: number, bl: number, bu: number): Range {
  if (bl > 0 || bu < 0) {
    const [nl, nu, dl, du] = bl > 0 ? [al, au, bl, bu] : [-au, -al, -bu, -bl];
    return [divideDown(nl, nl >= 0 ? du : dl), divideUp(nu, nu >= 0 ? dl : du)];
  }
  if (al === 0 && au === 0 && !(bl === 0 && bu === 0)) return [0, 0];
  // One-signed over one-signed keeps its sign.
  if (bl === 0 && bu > 0) {
    if (al >= 0) return [divideDown(al, bu), Infinity];
    if (au <= 0) return [-Infinity, divideUp(au, bu)];
  }
  if (bu === 0 && bl < 0) {
    if (al >= 0) return [-Infinity, divideUp(al, bl)];
    if (au <= 0) return [divideDown(au, bl), Infinity];
  }
  return REALS;
}

/** x^2 for one interval. */
export function squared(low: number, high: number): Range {
  const [near, far] = low >= 0 ? [low, high] : high <= 0 ? [-high, -low] : [0, Math.max(-low, high)];
  return [Math.max(0, multiplyDown(near, near)), multiplyUp(far, far)];
}

/** x^p, p a fixed number. Where x < 0 and p is not whole there is no value. */
export function powerOn(low: number, high: number, p: number): Range {
  if (p === 0) return [1, 1];
  if (p === 1) return [low, high];
  if (p === 2) return squared(low, high);
  if (p < 0) {
    const [bottom, top] = powerOn(low, high, -p);
    return quotient(1, 1, bottom, top);
  }
  if (!Number.isInteger(p)) {
    if (high < 0) return REALS;
    if (p === 0.5) return powerRange(Math.sqrt, Math.max(low, 0), high);
    return powerRange((x) => x ** p, Math.max(low, 0), high);
  }
  if (p % 2 === 1) return powerRange((x) => x ** p, low, high);
  const near = low > 0 ? low : high < 0 ? -high : 0;
  return powerRange((x) => x ** p, near, Math.max(-low, high));
}

/** The range of an increasing power; 0 and 1 are exact. */
function powerRange(f: (x: number) => number, low: number, high: number): Range {
  const [bottom, top] = outwards(f(low), f(high));
  const sure = (x: number) => x === 0 || x === 1;
  const lower = sure(low) ? low : low > 0 ? Math.max(0, bottom) : bottom;
  return [lower === Infinity && low < Infinity ? Number.MAX_VALUE : lower, sure(high) ? high : top];
}

/** x^y for x > 0 is monotone in each of the two, so its extremes lie at the corners. */
const power: Combine = (al, au, bl, bu, out, i) => {
  let range: Range;
  if (bl === bu) range = powerOn(al, au, bl);
  else if (al > 0)
    range = hull(powerOn(al, al, bl), powerOn(al, al, bu), powerOn(au, au, bl), powerOn(au, au, bu));
  else range = al === 0 ? [0, Infinity] : REALS;
  [out.lower[i], out.upper[i]] = range;
};

/** The remainder of whole numbers, with the sign of the divisor, or with fmod of the dividend. */
const modulo =
  (fmod: boolean): Combine =>
  (al, au, bl, bu, out, i) => {
    const decided = al === au && bl === bu && bl !== 0;
    const reach = Math.max(Math.abs(bl), Math.abs(bu));
    const value = fmod ? al % bl : al - bl * Math.floor(al / bl);
    out.lower[i] = decided ? value : -reach;
    out.upper[i] = decided ? value : reach;
  };

/** Combines any number of operands from left to right. */
const folded =
  (combine: Combine): Rule =>
  (node, inputs) => {
    const { shape } = node.outputs[0]!;
    const operands = inputs.map((x, i) => stretched(x!, node.inputs[i]!.shape, shape));
    return [
      operands.reduce((a, b) => {
        const out = emptyBox(a.lower.length);
        for (let i = 0; i < out.lower.length; i++)
          combine(a.lower[i]!, a.upper[i]!, b.lower[i]!, b.upper[i]!, out, i);
        return out;
      }),
    ];
  };

const larger: Combine = (al, au, bl, bu, out, i) => {
  out.lower[i] = Math.max(al, bl);
  out.upper[i] = Math.max(au, bu);
};

const smaller: Combine = (al, au, bl, bu, out, i) => {
  out.lower[i] = Math.min(al, bl);
  out.upper[i] = Math.min(au, bu);
};

/** Integers divide towards zero. */
const divisionRule: Rule = (node, inputs) => {
  const [box] = [combined(node, inputs, divide)];
  if (isFloat(node.outputs[0]!.dtype)) return [box];
  const [a, b] = inputs as [Bounds, Bounds];
  if (isPoint(a) && isPoint(b)) {
    return [
      combined(node, inputs, (al, _au, bl, _bu, out, i) => {
        out.lower[i] = out.upper[i] = Math.trunc(al / bl);
      }),
    ];
  }
  return [{ lower: box.lower.map(Math.trunc), upper: box.upper.map(Math.trunc) }];
};

const same = (node: Node): boolean => node.inputs[0] === node.inputs[1];

const zeroes = (value: Value): Box => exactly(new Float64Array(sizeOf(value.shape)));

export const ARITHMETIC: Readonly<Record<string, Rule>> = {
  Add: binary(add),
  Sub: (node, inputs) => [same(node) ? zeroes(node.outputs[0]!) : combined(node, inputs, subtract)],
  Mul: (node, inputs) => [same(node) ? mapped(inputs[0]!, squared) : combined(node, inputs, multiply)],
  Div: divisionRule,
  Pow: binary(power),
  Mod: (node, inputs) => [combined(node, inputs, modulo(node.attributes.fmod === 1))],
  Max: folded(larger),
  Min: folded(smaller),
  Sum: folded(add),
  Mean: (node, inputs) => {
    const [sum] = folded(add)(node, inputs);
    const n = inputs.length;
    return [{ lower: sum!.lower.map((x) => divideDown(x, n)), upper: sum!.upper.map((x) => divideUp(x, n)) }];
  },
};
