// Rules of Softmax and LogSoftmax: exact up to rounding, since each output is monotone in every input.
import type { Node } from '../../graph/index.ts';
import type { Box, Rule } from '../box.ts';
import { emptyBox } from '../box.ts';
import {
  addDown,
  addUp,
  divideDown,
  divideUp,
  expDown,
  expUp,
  multiplyDown,
  multiplyUp,
} from '../rounding.ts';
import { around } from '../strides.ts';
import { axisOf } from './layout.ts';

/**
 * For each i below and above R_i = sum_{j != i} e^(x_j - x_i), from which p_i = 1 / (1 + R_i): R_i grows with the others and
 * falls with x_i.
 */
function ratios(node: Node, x: Box): Box {
  const { shape } = node.inputs[0]!;
  const [outer, n, inner] = around(
    shape,
    axisOf((node.attributes.axis as number | undefined) ?? -1, shape.length),
  );
  const out = emptyBox(x.lower.length);
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      const start = o * n * inner + i;
      othersOf(
        x.lower,
        x.upper,
        start,
        inner,
        n,
        { exp: expDown, add: addDown, multiply: multiplyDown },
        out.lower,
      );
      othersOf(
        x.upper,
        x.lower,
        start,
        inner,
        n,
        { exp: expUp, add: addUp, multiply: multiplyUp },
        out.upper,
      );
    }
  }
  return out;
}

interface Rounded {
  readonly exp: (z: number) => number;
  readonly add: (a: number, b: number) => number;
  readonly multiply: (a: number, b: number) => number;
}

/** sum_{j != i} e^(others_j - own_i), scaled by the largest of the others. */
function othersOf(
  others: Float64Array,
  own: Float64Array,
  start: number,
  step: number,
  n: number,
  { exp, add, multiply }: Rounded,
  out: Float64Array,
): void {
  let largest = -Infinity;
  for (let k = 0; k < n; k++) largest = Math.max(largest, others[start + k * step]!);
  // Without an upper end, or with nothing but minus infinities, the ratio may be anything.
  const shift = Number.isFinite(largest) ? largest : 0;
  const terms = Float64Array.from({ length: n }, (_, k) => exp(add(others[start + k * step]!, -shift)));
  const after = new Float64Array(n + 1);
  for (let k = n - 1; k >= 0; k--) after[k] = add(after[k + 1]!, terms[k]!);
  let before = 0;
  for (let k = 0; k < n; k++) {
    const at = start + k * step;
    const sum = add(before, after[k + 1]!);
    out[at] = multiply(sum, exp(add(shift, -own[at]!)));
    before = add(before, terms[k]!);
  }
}

const softmax: Rule = (node, [x]) => {
  const { lower, upper } = ratios(node, x!);
  return [
    {
      lower: upper.map((r) => (r < Infinity ? Math.max(0, divideDown(1, addUp(1, r))) : 0)),
      // An infinite ratio stands for an element that takes no part, such as a masked one.
      upper: lower.map((r) => (r < Infinity ? Math.min(1, divideUp(1, addDown(1, r))) : 0)),
    },
  ];
};

/** -log(1 + R_i). */
const logSoftmax: Rule = (node, [x]) => {
  const { lower, upper } = ratios(node, x!);
  const slack = (y: number) => Math.abs(y) * 2 ** -50;
  const log = (r: number) => -Math.log1p(r);
  return [
    {
      lower: upper.map((r, i) => (r < Infinity ? addDown(log(r), -slack(log(r))) : farBelow(node, x!, i))),
      upper: lower.map((r) => (r < Infinity ? Math.min(0, addUp(log(r), slack(log(r)))) : -Infinity)),
    },
  ];
};

/** Where R_i overflows: x_i - max_j x_j - log n, at most. */
function farBelow(node: Node, x: Box, i: number): number {
  const { shape } = node.inputs[0]!;
  const [, n, inner] = around(
    shape,
    axisOf((node.attributes.axis as number | undefined) ?? -1, shape.length),
  );
  const start = Math.floor(i / (n * inner)) * n * inner + (i % inner);
  let largest = -Infinity;
  for (let k = 0; k < n; k++) largest = Math.max(largest, x.upper[start + k * inner]!);
  return addDown(addDown(x.lower[i]!, -largest), -Math.log(n) - 1e-9);
}

export const SOFTMAX: Readonly<Record<string, Rule>> = { Softmax: softmax, LogSoftmax: logSoftmax };
