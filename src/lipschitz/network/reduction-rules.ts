// Sums and means along axes.
import type { Node, Value } from '../../graph/index.ts';
import { numbersOf, tensorOf } from '../../graph/index.ts';
import type { Form } from './form.ts';
import { axisOf, positions, stridesOf } from './positions.ts';
import { reciprocalOf } from './powers.ts';
import type { Reading } from './reading.ts';
import { combined, formOf } from './reading.ts';
import type { Rule } from './rule.ts';

/** y[row] = factor sum_s x[at[row] + along[s]]. */
export function summation(
  node: Node,
  at: Int32Array,
  along: Int32Array,
  factor: number,
  error: number,
  reading: Reading,
): Form {
  return combined(node.outputs[0]!, [formOf(node.inputs[0]!, reading)], reading, (row, add) => {
    for (const step of along) add(0, at[row]! + step, factor, error);
  });
}

function reduction(average: boolean): Rule {
  return (node, reading) => {
    const [x, axes] = node.inputs as [Value, Value | undefined];
    const listed = axes ? numbersOf(tensorOf(axes)!).map((axis) => axisOf(axis, x.shape.length)) : [];
    if (listed.length === 0 && node.attributes.noop_with_empty_axes === 1) return [formOf(x, reading)];
    return [overAxes(node, listed.length === 0 ? x.shape.map((_, i) => i) : listed, average, reading)];
  };
}

/** The sum or mean over axes, which may be kept with length 1. */
function overAxes(node: Node, axes: readonly number[], average: boolean, reading: Reading): Form {
  const { shape } = node.inputs[0]!;
  const strides = stridesOf(shape);
  const pick = (values: readonly number[], reduced: boolean) =>
    values.filter((_, i) => axes.includes(i) === reduced);
  const along = positions(pick(shape, true), pick(strides, true));
  const [factor, error] = average ? reciprocalOf(along.length) : [1, 0];
  return summation(node, positions(pick(shape, false), pick(strides, false)), along, factor, error, reading);
}

const globalAverage: Rule = (node, reading) => [
  overAxes(node, node.inputs[0]!.shape.map((_, i) => i).slice(2), true, reading),
];

const runningSum: Rule = (node, reading) => {
  const [x, axisInput] = node.inputs as [Value, Value];
  const axis = axisOf(numbersOf(tensorOf(axisInput)!)[0]!, x.shape.length);
  const stride = stridesOf(x.shape)[axis]!;
  const n = x.shape[axis]!;
  const { exclusive = 0, reverse = 0 } = node.attributes as Record<string, number>;
  return [
    combined(node.outputs[0]!, [formOf(x, reading)], reading, (row, add) => {
      const position = Math.floor(row / stride) % n;
      const [from, to] = reverse ? [position + exclusive, n - 1] : [0, position - exclusive];
      for (let k = from; k <= to; k++) add(0, row + (k - position) * stride, 1);
    }),
  ];
};

export const REDUCTION_RULES: Readonly<Record<string, Rule>> = {
  ReduceSum: reduction(false),
  ReduceMean: reduction(true),
  GlobalAveragePool: globalAverage,
  CumSum: runningSum,
};
