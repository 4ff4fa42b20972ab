// Rules of reductions over axes: sums, means, extrema, products, logarithms of sums of exponentials, running sums.
import type { Node } from '../../graph/index.ts';
import { sizeOf } from '../../graph/index.ts';
import type { Box, Rule } from '../box.ts';
import { emptyBox } from '../box.ts';
import { productDown, productUp } from '../product.ts';
import { addDown, addUp, divideDown, divideUp, expDown, expUp, sqrtDown, sqrtUp } from '../rounding.ts';
import { around, groupsOf, membersOf } from '../strides.ts';
import { squared } from './arithmetic.ts';
import { mapped } from './elementwise.ts';
import { axisOf, constantOf } from './layout.ts';

/** The axes that a reduction node reduces. */
export function reducedAxes(node: Node): number[] {
  const { shape } = node.inputs[0]!;
  const axes = node.inputs[1] ? constantOf(node, 1) : [];
  if (axes.length === 0) return node.attributes.noop_with_empty_axes === 1 ? [] : shape.map((_, i) => i);
  return axes.map((axis) => axisOf(axis, shape.length)).sort((a, b) => a - b);
}

type Step = (out: Box, at: number, low: number, high: number) => void;

/** Folds every group of elements into one, starting from `start`. */
function reduced(node: Node, x: Box, start: readonly [number, number], step: Step): Box {
  const { group, count } = groupsOf(node.inputs[0]!.shape, reducedAxes(node));
  const out = emptyBox(count);
  out.lower.fill(start[0]);
  out.upper.fill(start[1]);
  for (let i = 0; i < group.length; i++) step(out, group[i]!, x.lower[i]!, x.upper[i]!);
  return out;
}

const reduction =
  (start: readonly [number, number], step: Step): Rule =>
  (node, [x]) => [reduced(node, x!, start, step)];

const plus: Step = (out, at, low, high) => {
  out.lower[at] = addDown(out.lower[at]!, low);
  out.upper[at] = addUp(out.upper[at]!, high);
};

const times: Step = (out, at, low, high) => {
  const [l, u] = [out.lower[at]!, out.upper[at]!];
  out.lower[at] = productDown(l, u, low, high);
  out.upper[at] = productUp(l, u, low, high);
};

const larger: Step = (out, at, low, high) => {
  out.lower[at] = Math.max(out.lower[at]!, low);
  out.upper[at] = Math.max(out.upper[at]!, high);
};

const smaller: Step = (out, at, low, high) => {
  out.lower[at] = Math.min(out.lower[at]!, low);
  out.upper[at] = Math.min(out.upper[at]!, high);
};

const mean: Rule = (node, [x]) => {
  const sum = reduced(node, x!, [0, 0], plus);
  const n = x!.lower.length / sum.lower.length;
  return [{ lower: sum.lower.map((v) => divideDown(v, n)), upper: sum.upper.map((v) => divideUp(v, n)) }];
};

/** sqrt sum x^2. */
const lengthOf: Rule = (node, [x]) => {
  const { lower, upper } = reduced(node, mapped(x!, squared), [0, 0], plus);
  return [{ lower: lower.map(sqrtDown), upper: upper.map(sqrtUp) }];
};

/** log sum e^x, increasing in every x: at the lower ends and at the upper ones. */
const logSumExp: Rule = (node, [x]) => {
  const { index, each } = membersOf(node.inputs[0]!.shape, reducedAxes(node));
  const out = emptyBox(index.length / each);
  for (let g = 0; g < out.lower.length; g++) {
    const members = index.subarray(g * each, (g + 1) * each);
    out.lower[g] = logOfSum(x!.lower, members, expDown, addDown)[0];
    out.upper[g] = logOfSum(x!.upper, members, expUp, addUp)[1];
  }
  return [out];
};

/** Below and above m + log sum e^(x - m), m the largest x, with exponentials and sums rounded one way. */
function logOfSum(
  x: Float64Array,
  members: Int32Array,
  exp: (z: number) => number,
  add: (a: number, b: number) => number,
): readonly [number, number] {
  let largest = -Infinity;
  for (const i of members) largest = Math.max(largest, x[i]!);
  if (!Number.isFinite(largest)) return [largest, largest];
  let sum = 0;
  for (const i of members) sum = add(sum, exp(add(x[i]!, -largest)));
  const log = Math.log(sum);
  const slack = 4 * 2 ** -52 * Math.abs(log) + 2 ** -1070;
  return sum === 1 ? [largest, largest] : [addDown(largest, log - slack), addUp(largest, log + slack)];
}

/** The position of the extreme along an axis: fixed where one element beats all others, by its ends. */
const position =
  (sign: 1 | -1): Rule =>
  (node, [x]) => {
    const { shape } = node.inputs[0]!;
    const [outer, n, inner] = around(
      shape,
      axisOf((node.attributes.axis as number | undefined) ?? 0, shape.length),
    );
    const last = node.attributes.select_last_index === 1;
    const out = emptyBox(outer * inner);
    const [least, most] = sign === 1 ? [x!.lower, x!.upper] : [x!.upper, x!.lower];
    for (let o = 0; o < outer; o++) {
      for (let i = 0; i < inner; i++) {
        const at = (k: number) => (o * n + k) * inner + i;
        let top = -Infinity;
        for (let k = 0; k < n; k++) top = Math.max(top, sign * least[at(k)]!);
        const candidates = Array.from({ length: n }, (_, k) => k).filter((k) => sign * most[at(k)]! >= top);
        const tied = x!.fixed && candidates.every((k) => x!.lower[at(k)] === x!.upper[at(k)]);
        const [from, to] = [candidates[0]!, candidates.at(-1)!];
        out.lower[o * inner + i] = tied && last ? to : from;
        out.upper[o * inner + i] = tied && !last ? from : to;
      }
    }
    return [out];
  };

const cumSum: Rule = (node, [x]) => {
  const { shape } = node.inputs[0]!;
  const [outer, n, inner] = around(shape, axisOf(constantOf(node, 1)[0]!, shape.length));
  const [exclusive, reverse] = [node.attributes.exclusive === 1, node.attributes.reverse === 1];
  const out = emptyBox(sizeOf(shape));
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      let [low, high] = [0, 0];
      for (let k = 0; k < n; k++) {
        const at = (o * n + (reverse ? n - 1 - k : k)) * inner + i;
        const [l, h] = [addDown(low, x!.lower[at]!), addUp(high, x!.upper[at]!)];
        [out.lower[at], out.upper[at]] = exclusive ? [low, high] : [l, h];
        [low, high] = [l, h];
      }
    }
  }
  return [out];
};

export const REDUCTIONS: Readonly<Record<string, Rule>> = {
  ReduceSum: reduction([0, 0], plus),
  ReduceMean: mean,
  ReduceMax: reduction([-Infinity, -Infinity], larger),
  ReduceMin: reduction([Infinity, Infinity], smaller),
  ReduceProd: reduction([1, 1], times),
  ReduceL2: lengthOf,
  ReduceLogSumExp: logSumExp,
  ArgMax: position(1),
  ArgMin: position(-1),
  CumSum: cumSum,
};

/** For each element the sums of all others of its group, from below and above, without cancellation. */
export function sumsOfOthers(x: Box, shape: readonly number[], axes: readonly number[]): Box {
  const { index, each } = membersOf(shape, axes);
  const out = emptyBox(x.lower.length);
  const sums = (end: 'lower' | 'upper', add: (a: number, b: number) => number) => {
    for (let g = 0; g < index.length; g += each) {
      let before = 0;
      for (let k = 0; k < each; k++) {
        out[end][index[g + k]!] = before;
        before = add(before, x[end][index[g + k]!]!);
      }
      let after = 0;
      for (let k = each - 1; k >= 0; k--) {
        const at = index[g + k]!;
        out[end][at] = add(out[end][at]!, after);
        after = add(after, x[end][at]!);
      }
    }
  };
  sums('lower', addDown);
  sums('upper', addUp);
  return out;
}
