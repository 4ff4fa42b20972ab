// Operators that only rearrange the same numbers: Reshape and its relatives, Transpose, Concat, Split.
import { RobustlawError } from '../../errors.ts';
import { commonType, known, normalAxes, normalAxis, required } from '../shape.ts';
import type { Shape } from '../tensor.ts';
import { sameShape, sizeOf } from '../tensor.ts';
import type { Attributes, Op, Value } from '../value.ts';
import { emit, emit1, int64s } from '../value.ts';
import { zeros } from './fill.ts';

/** An operator whose output holds the input's elements in the same order under another shape. */
function reshaping(
  name: string,
  attributes: Op['attributes'],
  shapeOf: (inputs: readonly (Value | undefined)[], attributes: Attributes) => number[],
): Op {
  return {
    name,
    attributes,
    infer: (inputs, given) => {
      const x = required(inputs, 0);
      const shape = shapeOf(inputs, given);
      if (sizeOf(shape) !== sizeOf(x.shape)) {
        throw new RobustlawError(
          'shape-mismatch',
          `${sizeOf(x.shape)} elements do not fit the shape [${shape}]`,
        );
      }
      return [{ dtype: x.dtype, shape }];
    },
    vjp: (node, [g]) => [reshape(g!, node.inputs[0]!.shape)],
  };
}

export const Reshape = reshaping('Reshape', { allowzero: 'int' }, (inputs, attributes) => {
  const x = required(inputs, 0);
  const wanted = known(inputs, 1, 'the shape').map((axis, i) =>
    axis === 0 && attributes.allowzero !== 1 ? (x.shape[i] ?? 0) : axis,
  );
  const hole = wanted.indexOf(-1);
  if (hole < 0) return wanted;
  const rest = wanted.reduce((product, axis, i) => (i === hole ? product : product * axis), 1);
  return wanted.map((axis, i) => (i === hole ? sizeOf(x.shape) / rest : axis));
});

export const Flatten = reshaping('Flatten', { axis: 'int' }, (inputs, attributes) => {
  const { shape } = required(inputs, 0);
  const axis = (attributes.axis as number | undefined) ?? 1;
  const split = axis < 0 ? axis + shape.length : axis;
  return [sizeOf(shape.slice(0, split)), sizeOf(shape.slice(split))];
});

export const Squeeze = reshaping('Squeeze', {}, (inputs) => {
  const { shape } = required(inputs, 0);
  const axes = inputs[1] ? normalAxes(known(inputs, 1, 'the axes'), shape.length) : undefined;
  return shape.filter((axis, i) => (axes ? !axes.includes(i) : axis !== 1));
});

export const Unsqueeze = reshaping('Unsqueeze', {}, (inputs) => {
  const { shape } = required(inputs, 0);
  const axes = known(inputs, 1, 'the axes');
  const rank = shape.length + axes.length;
  const rest = [...shape];
  const inserted = new Set(normalAxes(axes, rank));
  return Array.from({ length: rank }, (_, i) => (inserted.has(i) ? 1 : rest.shift()!));
});

export const Transpose: Op = {
  name: 'Transpose',
  attributes: { perm: 'ints' },
  infer: (inputs, attributes) => {
    const x = required(inputs, 0);
    const order = permutationOf(x, attributes);
    if (order.length !== x.shape.length || x.shape.some((_, i) => !order.includes(i))) {
      throw new RobustlawError(
        'shape-mismatch',
        `perm [${order}] is no permutation of ${x.shape.length} axes`,
      );
    }
    return [{ dtype: x.dtype, shape: order.map((i) => x.shape[i]!) }];
  },
  vjp: (node, [g]) => {
    const order = permutationOf(node.inputs[0]!, node.attributes);
    return [
      transpose(
        g!,
        order.map((_, i) => order.indexOf(i)),
      ),
    ];
  },
};

function permutationOf(x: Value, attributes: Attributes): readonly number[] {
  return (attributes.perm as readonly number[] | undefined) ?? x.shape.map((_, i) => x.shape.length - 1 - i);
}

export const Concat: Op = {
  name: 'Concat',
  attributes: { axis: 'int' },
  infer: (inputs, attributes) => {
    const first = required(inputs, 0);
    const axis = normalAxis(attributes.axis as number, first.shape.length);
    for (const value of inputs) {
      if (
        !value ||
        value.shape.length !== first.shape.length ||
        value.shape.some((n, i) => i !== axis && n !== first.shape[i])
      ) {
        throw new RobustlawError('shape-mismatch', `shapes must agree on all axes but ${axis}`);
      }
    }
    const total = inputs.reduce((sum, value) => sum + value!.shape[axis]!, 0);
    return [{ dtype: commonType(inputs), shape: first.shape.map((n, i) => (i === axis ? total : n)) }];
  },
  vjp: (node, [g]) => {
    const axis = normalAxis(node.attributes.axis as number, g!.shape.length);
    return [
      ...split(
        g!,
        axis,
        node.inputs.map((value) => value!.shape[axis]!),
      ),
    ];
  },
};

export const Split: Op = {
  name: 'Split',
  attributes: { axis: 'int', num_outputs: 'int' },
  infer: (inputs, attributes) => {
    const x = required(inputs, 0);
    const axis = normalAxis((attributes.axis as number | undefined) ?? 0, x.shape.length);
    const length = x.shape[axis]!;
    const count = attributes.num_outputs as number | undefined;
    const chunk = Math.ceil(length / (count ?? 1));
    const sizes = inputs[1]
      ? known(inputs, 1, 'the split')
      : Array.from({ length: count ?? 0 }, (_, i) => Math.min(chunk, length - i * chunk));
    if (sizes.reduce((a, b) => a + b, 0) !== length || sizes.some((n) => n < 0)) {
      throw new RobustlawError(
        'shape-mismatch',
        `parts [${sizes}] do not add up to ${length} along axis ${axis}`,
      );
    }
    return sizes.map((n) => ({ dtype: x.dtype, shape: x.shape.map((m, i) => (i === axis ? n : m)) }));
  },
  vjp: (node, cotangents) => {
    const axis = (node.attributes.axis as number | undefined) ?? 0;
    return [
      concat(
        node.outputs.map((output, i) => cotangents[i] ?? zerosLike(output)),
        axis,
      ),
    ];
  },
};

function zerosLike(value: Value): Value {
  return zeros(value.dtype, value.shape);
}

/** The same elements in the same order under another shape; one axis may be -1. */
export function reshape(x: Value, shape: Shape): Value {
  if (sameShape(x.shape, shape)) return x;
  // A zero would otherwise mean "as in the input".
  return emit1(Reshape, [x, int64s(shape)], shape.includes(0) ? { allowzero: 1 } : {});
}

/** `[n, ...]` to `[n, product of the rest]`. */
export const flatten = (x: Value, axis = 1): Value => emit1(Flatten, [x], { axis });

/** Axes reordered: output axis i is input axis order[i]; reversed by default. */
export function transpose(
  x: Value,
  order: readonly number[] = x.shape.map((_, i) => x.shape.length - 1 - i),
): Value {
  return order.every((axis, i) => axis === i) ? x : emit1(Transpose, [x], { perm: order });
}

export const squeeze = (x: Value, axes: readonly number[]): Value => emit1(Squeeze, [x, int64s(axes)]);
export const unsqueeze = (x: Value, axes: readonly number[]): Value => emit1(Unsqueeze, [x, int64s(axes)]);

export function concat(values: readonly Value[], axis: number): Value {
  return values.length === 1 ? values[0]! : emit1(Concat, values, { axis });
}

/** Consecutive parts of the given lengths along an axis. */
export function split(x: Value, axis: number, lengths: readonly number[]): readonly Value[] {
  return lengths.length === 1 ? [x] : emit(Split, [x, int64s(lengths)], { axis });
}
