// Tensors of one value, and stretching along broadcast axes: Expand.
import { broadcast, known, required } from '../shape.ts';
import type { DataType, Shape } from '../tensor.ts';
import { sameShape } from '../tensor.ts';
import type { Op, Value } from '../value.ts';
import { emit1, int64s, scalar } from '../value.ts';
import { sumTo } from './reduction.ts';

export const Expand: Op = {
  name: 'Expand',
  attributes: {},
  infer: (inputs) => {
    const x = required(inputs, 0);
    return [{ dtype: x.dtype, shape: broadcast(x.shape, known(inputs, 1, 'the shape')) }];
  },
  vjp: (node, [g]) => [sumTo(g!, node.inputs[0]!.shape)],
};

/** `x` stretched to `shape` by broadcasting. */
export function expand(x: Value, shape: Shape): Value {
  return sameShape(x.shape, shape) ? x : emit1(Expand, [x, int64s(shape)]);
}

/** A tensor of one repeated value. */
export function full(dtype: DataType, shape: Shape, value: number): Value {
  return expand(scalar(dtype, value), shape);
}

export function zeros(dtype: DataType, shape: Shape): Value {
  return full(dtype, shape, 0);
}
