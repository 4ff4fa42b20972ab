// The numbers of values that do not depend on the input of a graph.
import { invalidArgument } from '../../errors.ts';
import type { Node, Tensor, Value } from '../../graph/index.ts';
import { nameOf, showType, tensorOf } from '../../graph/index.ts';
import { positions, stridesOf } from '../network/positions.ts';

/** Flat, row-major, without rounding: float32 weights are exact in float64. */
export type Constant = Float64Array;

/**
 * The numbers of a constant, a parameter, or one of them rearranged by a shape operator; undefined for any other value.
 *
 * @throws invalid-argument naming the weight when a number is NaN or infinite.
 */
export function constantOf(value: Value): Constant | undefined {
  const t = tensorOf(value);
  if (t) return finiteNumbers(t, value);
  const [from] = value.node.inputs;
  if (!from || !RESHAPING.has(value.node.op.name)) return undefined;
  const numbers = constantOf(from);
  return numbers && value.node.op.name === 'Transpose' ? transposed(numbers, from, value.node) : numbers;
}

/** Operators whose output has the numbers of the first input: in the same order, but for Transpose. */
const RESHAPING: ReadonlySet<string> = new Set([
  'Identity',
  'Reshape',
  'Flatten',
  'Squeeze',
  'Unsqueeze',
  'Transpose',
]);

function transposed(numbers: Constant, { shape }: Value, { attributes }: Node): Constant {
  const order = (attributes.perm as readonly number[] | undefined) ?? shape.map((_, i) => i).reverse();
  const strides = stridesOf(shape);
  const from = positions(
    order.map((axis) => shape[axis]!),
    order.map((axis) => strides[axis]!),
  );
  return Float64Array.from(from, (position) => numbers[position]!);
}

function finiteNumbers(t: Tensor, value: Value): Constant {
  const { data } = t;
  const numbers = data instanceof BigInt64Array ? Float64Array.from(data, Number) : Float64Array.from(data);
  const at = numbers.findIndex((v) => !Number.isFinite(v));
  if (at < 0) return numbers;
  const name = nameOf(value);
  const where = name === undefined ? `a constant ${showType(value)}` : `the weight "${name}"`;
  throw invalidArgument(`entry ${at} of ${where}`, numbers[at], 'a finite number');
}
