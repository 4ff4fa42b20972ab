// Reductions over axes. ONNX takes the axes as a second input; none means all.
import { known, normalAxes, normalAxis, required } from '../shape.ts';
import type { Shape } from '../tensor.ts';
import { sameShape, sizeOf } from '../tensor.ts';
import type { Attributes, Node, Op, Value } from '../value.ts';
import { emit1, int64s } from '../value.ts';
import { div, equal, mul, sub, where } from './arithmetic.ts';
import { cast } from './cast.ts';
import { abs, exp, log, sqrt, square } from './elementary.ts';
import { expand } from './fill.ts';
import { reshape } from './layout.ts';
import { softmax } from './softmax.ts';

/** Reduced axes of a reduction node, normalised and sorted; empty when noop_with_empty_axes applies. */
function reducedAxes(inputs: readonly (Value | undefined)[], attributes: Attributes): number[] {
  const rank = required(inputs, 0).shape.length;
  const axes = inputs[1] ? known(inputs, 1, 'the axes') : [];
  if (axes.length === 0)
    return attributes.noop_with_empty_axes === 1 ? [] : Array.from({ length: rank }, (_, i) => i);
  return normalAxes(axes, rank);
}

function reducedShape(shape: Shape, axes: readonly number[], keep: boolean): number[] {
  return keep
    ? shape.map((axis, i) => (axes.includes(i) ? 1 : axis))
    : shape.filter((_, i) => !axes.includes(i));
}

function reduction(name: string, parts: Pick<Op, 'vjp' | 'decompose'>): Op {
  return {
    name,
    attributes: { keepdims: 'int', noop_with_empty_axes: 'int' },
    infer: (inputs, attributes) => {
      const { dtype, shape } = required(inputs, 0);
      return [
        { dtype, shape: reducedShape(shape, reducedAxes(inputs, attributes), attributes.keepdims !== 0) },
      ];
    },
    ...parts,
  };
}

/** A value of the reduced shape, with the reduced axes put back as 1, so that it broadcasts against the input. */
function kept(node: Node, value: Value): Value {
  const { shape } = node.inputs[0]!;
  return reshape(value, reducedShape(shape, reducedAxes(node.inputs, node.attributes), true));
}

export const ReduceSum = reduction('ReduceSum', {
  vjp: (node, [g]) => [expand(kept(node, g!), node.inputs[0]!.shape)],
});

export const ReduceMean = reduction('ReduceMean', {
  vjp: (node, [g]) => {
    const count = sizeOf(node.inputs[0]!.shape) / sizeOf(node.outputs[0]!.shape);
    return [expand(div(kept(node, g!), count), node.inputs[0]!.shape)];
  },
});

/** At ties the cotangent is shared equally. */
function extremal(name: string): Op {
  return reduction(name, {
    vjp: (node, [g]) => {
      const x = node.inputs[0]!;
      const attains = cast(equal(x, kept(node, node.outputs[0]!)), x.dtype);
      const count = reduceSum(attains, reducedAxes(node.inputs, node.attributes), true);
      return [mul(attains, div(kept(node, g!), count))];
    },
  });
}
export const ReduceMax = extremal('ReduceMax');
export const ReduceMin = extremal('ReduceMin');

/** Right for inputs without zeros; a product with a zero has no such formula and gives NaN rather than a wrong number. */
export const ReduceProd = reduction('ReduceProd', {
  vjp: (node, [g]) => [div(mul(kept(node, g!), kept(node, node.outputs[0]!)), node.inputs[0]!)],
});

function fromSum(name: string, before: (x: Value) => Value, after: (s: Value) => Value): Op {
  return reduction(name, {
    decompose: (node) => {
      const axes = reducedAxes(node.inputs, node.attributes);
      return [after(reduceSum(before(node.inputs[0]!), axes, node.attributes.keepdims !== 0))];
    },
  });
}
export const ReduceSumSquare = fromSum('ReduceSumSquare', square, (s) => s);
export const ReduceL1 = fromSum('ReduceL1', abs, (s) => s);

/** d|x|/dx = x / |x|; at x = 0 the subgradient 0. */
export const ReduceL2 = reduction('ReduceL2', {
  ...fromSum('ReduceL2', square, sqrt),
  vjp: (node, [g]) => {
    const norm = kept(node, node.outputs[0]!);
    return [mul(node.inputs[0]!, div(kept(node, g!), where(equal(norm, 0), 1, norm)))];
  },
});

export const ReduceLogSum = fromSum('ReduceLogSum', (x) => x, log);

/** The gradient is the softmax. */
export const ReduceLogSumExp = reduction('ReduceLogSumExp', {
  vjp: (node, [g]) => {
    const x = node.inputs[0]!;
    const axes = reducedAxes(node.inputs, node.attributes);
    const p = axes.length === 1 ? softmax(x, axes[0]) : exp(sub(x, kept(node, node.outputs[0]!)));
    return [mul(kept(node, g!), p)];
  },
});

/** Position of the extreme element along an axis, int64; the first of equal ones unless select_last_index is 1. */
function position(name: string): Op {
  return {
    name,
    attributes: { axis: 'int', keepdims: 'int', select_last_index: 'int' },
    infer: (inputs, attributes) => {
      const { shape } = required(inputs, 0);
      const axis = normalAxis((attributes.axis as number | undefined) ?? 0, shape.length);
      return [{ dtype: 'int64', shape: reducedShape(shape, [axis], attributes.keepdims !== 0) }];
    },
    constantAlmostEverywhere: true,
  };
}
export const ArgMax = position('ArgMax');
export const ArgMin = position('ArgMin');

const reduce =
  (op: Op) =>
  (x: Value, axes?: readonly number[], keepdims = false): Value =>
    axes?.length === 0 ? x : emit1(op, axes ? [x, int64s(axes)] : [x], { keepdims: keepdims ? 1 : 0 });

/** Reductions over `axes` (all by default); `keepdims` keeps them as axes of length 1. */
export const reduceSum = reduce(ReduceSum);
export const reduceMean = reduce(ReduceMean);
export const reduceMax = reduce(ReduceMax);
export const reduceMin = reduce(ReduceMin);
export const reduceL1 = reduce(ReduceL1);
export const reduceL2 = reduce(ReduceL2);
export const reduceLogSumExp = reduce(ReduceLogSumExp);

/** The adjoint of broadcasting: sums `value` over the axes along which `shape` was stretched. */
export function sumTo(value: Value, shape: Shape): Value {
  if (sameShape(value.shape, shape)) return value;
  // A cotangent may itself be a yet unstretched value (a scalar zero, say).
  const offset = value.shape.length - shape.length;
  if (offset < 0) return expand(value, shape);
  const axes = value.shape.flatMap((axis, i) =>
    i < offset || (shape[i - offset] === 1 && axis !== 1) ? [i] : [],
  );
  const summed = axes.length === 0 ? value : reduceSum(value, axes, true);
  const trimmed = reshape(summed, summed.shape.slice(offset));
  return expand(trimmed, shape);
}
