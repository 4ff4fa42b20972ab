// Nodes that are affine in their one computed input, read as linear maps with structure.
import type { Node, Shape, Value } from '../../graph/index.ts';
import {
  add,
  convSweeps,
  div,
  reshape,
  sameShape,
  sizeOf,
  sqrt,
  tensorOf,
  transposedSweeps,
} from '../../graph/index.ts';
import { type Matrix, matrix, transpose } from '../../linalg/index.ts';
import { addUp, divideUp, multiplyUp, SMALLEST_SUBNORMAL, UNIT_ROUNDOFF } from '../../numeric/index.ts';
import { axisOf, broadcastPositions } from '../network/positions.ts';
import { constantOf } from './constants.ts';
import { largestSize } from './entries.ts';
import { type AlongAxis, IDENTITY, type LinearMap, uniform } from './linear-map.ts';

/**
 * The linear part of a node whose inputs other than `x` are constants, as a map from flat x to flat output; undefined
 * for other operators and for maps without one of the structures.
 *
 * @throws invalid-argument naming a weight that is not finite.
 */
export function linearMapOf(node: Node, x: Value): LinearMap | undefined {
  const y = node.outputs[0]!;
  switch (node.op.name) {
    case 'Identity':
    case 'Dropout':
    case 'Reshape':
    case 'Flatten':
    case 'Squeeze':
    case 'Unsqueeze':
      return IDENTITY;
    case 'Cast':
      return y.dtype.startsWith('float') ? IDENTITY : undefined;
    case 'Transpose':
      return keepsOrder(node, x) ? IDENTITY : undefined;
    case 'Neg':
      return uniform(-1);
    case 'Mul':
      return multiplied(otherThan(node, x), x, y);
    case 'Div':
      return node.inputs[0] === x ? multiplied(div(1, node.inputs[1]!), x, y) : undefined;
    case 'BatchNormalization':
      return node.inputs[0] === x ? batchNormalized(node, x) : undefined;
    case 'Gemm': {
      const product = gemmProduct(node, x);
      return product?.keepsOrder ? product.map : undefined;
    }
    case 'MatMul':
      return matMulProduct(node, x)?.map;
    case 'Conv':
    case 'ConvTranspose':
      return node.inputs[0] === x ? convolution(node, x) : undefined;
    case 'Expand':
      return expanded(x.shape, y.shape);
    case 'ReduceSum':
    case 'ReduceMean':
      return reduced(node, x);
    default:
      return undefined;
  }
}

/** Whether a transposition moves axes of length 1 alone. */
function keepsOrder({ attributes }: Node, { shape }: Value): boolean {
  const order = (attributes.perm as readonly number[] | undefined) ?? shape.map((_, i) => i).reverse();
  const long = order.filter((axis) => shape[axis] !== 1);
  return long.every((axis, i) => i === 0 || axis > long[i - 1]!);
}

/** The map that stretches x to `shape` by broadcasting, where the stretched axes are neighbours. */
export function expanded(shape: Shape, to: Shape): LinearMap | undefined {
  const from = [...new Array<number>(Math.max(0, to.length - shape.length)).fill(1), ...shape];
  // Axes of length 1 on both sides are no matter.
  const axes = to.map((n, i) => ({ n, from: from[i]! })).filter(({ n }) => n !== 1);
  const stretched = axes.flatMap(({ n, from }, i) => (n === from ? [] : [i]));
  if (stretched.length === 0) return IDENTITY;
  const [first, last] = [stretched[0]!, stretched.at(-1)!];
  if (last - first + 1 !== stretched.length) return undefined;
  const size = (part: typeof axes) => part.reduce((product, { n }) => product * n, 1);
  const repeats = size(axes.slice(first, last + 1));
  return alongAxis(size(axes.slice(0, first)), ones(repeats, 1), size(axes.slice(last + 1)));
}

function ones(rows: number, columns: number): Matrix {
  return matrix(rows, columns, new Float64Array(rows * columns).fill(1));
}

const alongAxis = (outer: number, m: Matrix, inner: number, error = 0): AlongAxis => ({
  kind: 'along axis',
  outer,
  matrix: m,
  inner,
  error,
});

/** x times a constant, stretched to the shape of the output; undefined if x is stretched. */
function multiplied(factors: Value | undefined, x: Value, y: Value): LinearMap | undefined {
  const constant = factors && sameShape(x.shape, y.shape) ? constantOf(factors) : undefined;
  if (!constant) return undefined;
  const { values, error } = constant;
  if (values.length === 1) return { kind: 'diagonal', scale: values, error };
  const scale = Float64Array.from(
    broadcastPositions(factors!.shape, y.shape),
    (position) => values[position]!,
  );
  return { kind: 'diagonal', scale, error };
}

/** scale / sqrt(variance + epsilon) per channel of `[batch, channels, ...]`. */
function batchNormalized(node: Node, x: Value): LinearMap | undefined {
  const [, scale, , , variance] = node.inputs as [Value, Value, Value, Value, Value];
  const epsilon = (node.attributes.epsilon as number | undefined) ?? Math.fround(1e-5);
  const factors = div(scale, sqrt(add(variance, epsilon)));
  return multiplied(reshape(factors, [scale.shape[0]!, ...x.shape.slice(2).map(() => 1)]), x, x);
}

/** A product with a constant matrix: W along one axis of x, after or before a change of the order of the entries or not. */
export interface Product {
  readonly map: AlongAxis;
  readonly keepsOrder: boolean;
}

/** What a Gemm does to its computed operand: op(A) [m, k] times op(B) [k, n], one of them constant. */
export function gemmProduct(node: Node, x: Value): Product | undefined {
  const [a, b] = node.inputs as [Value, Value];
  if (a === b || node.inputs[2] === x) return undefined;
  const { alpha = 1, transA = 0, transB = 0 } = node.attributes as Record<string, number>;
  const weight = a === x ? b : a;
  const constant = constantOf(weight);
  if (!constant) return undefined;
  const stored = matrix(weight.shape[0]!, weight.shape[1]!, constant.values);
  const oriented = (a === x ? !transB : transA) ? transpose(stored) : stored;
  const m = alpha === 1 ? oriented : { ...oriented, data: oriented.data.map((v) => alpha * v) };
  const ofRounding = addUp(multiplyUp(UNIT_ROUNDOFF, largestSize(m.data)), SMALLEST_SUBNORMAL);
  const error = alpha === 1 ? constant.error : addUp(multiplyUp(Math.abs(alpha), constant.error), ofRounding);
  const others = sizeOf(x.shape) / m.columns;
  const [map, turned] =
    a === x ? [alongAxis(others, m, 1, error), transA] : [alongAxis(1, m, others, error), transB];
  return { map, keepsOrder: !turned || others === 1 };
}

/** x W for W `[k, n]` along the last axis of x, or W x for W `[m, k]` along its last but one. */
function matMulProduct(node: Node, x: Value): Product | undefined {
  const [a, b] = node.inputs as [Value, Value];
  const weight = a === x ? b : a;
  const rank = weight.shape.length;
  if (a === b || (rank > 2 && sizeOf(weight.shape.slice(0, -2)) !== 1)) return undefined;
  const constant = constantOf(weight);
  if (!constant) return undefined;
  const { values: numbers, error } = constant;
  const [rows, columns] =
    rank > 1
      ? [weight.shape.at(-2)!, weight.shape.at(-1)!]
      : a === x
        ? [numbers.length, 1]
        : [1, numbers.length];
  const stored = matrix(rows, columns, numbers);
  if (a === x)
    return { map: alongAxis(sizeOf(x.shape) / rows, transpose(stored), 1, error), keepsOrder: true };
  const inner = x.shape.length === 1 ? 1 : x.shape.at(-1)!;
  return { map: alongAxis(sizeOf(x.shape) / (columns * inner), stored, inner, error), keepsOrder: true };
}

function convolution(node: Node, x: Value): LinearMap | undefined {
  const weight = node.inputs[1]!;
  const constant = constantOf(weight);
  if (!constant) return undefined;
  const transposed = node.op.name === 'ConvTranspose';
  const group = (node.attributes.group as number | undefined) ?? 1;
  return {
    kind: 'convolution',
    outer: x.shape[0]!,
    kernel: constant.values,
    filters: weight.shape[0]!,
    channels: weight.shape[1]! * group,
    group,
    sweeps: (transposed ? transposedSweeps : convSweeps)(x, weight, node.attributes),
    transposed,
    error: constant.error,
  };
}

/** Sum or mean over axes that are neighbours. */
function reduced(node: Node, x: Value): LinearMap | undefined {
  const axes = reducedAxes(node, x);
  const long = axes.filter((axis) => x.shape[axis] !== 1);
  const count = long.reduce((product, axis) => product * x.shape[axis]!, 1);
  if (count === 1) return IDENTITY;
  const [first, last] = [long[0]!, long.at(-1)!];
  if (sizeOf(x.shape.slice(first, last + 1)) !== count) return undefined;
  const row = ones(1, count);
  const [outer, inner] = [sizeOf(x.shape.slice(0, first)), sizeOf(x.shape.slice(last + 1))];
  if (node.op.name === 'ReduceSum') return alongAxis(outer, row, inner);
  const mean = 1 / count;
  return alongAxis(outer, { ...row, data: row.data.fill(mean) }, inner, divideUp(UNIT_ROUNDOFF, count));
}

/** The axes that a reduction sums over, ascending. */
export function reducedAxes(node: Node, x: Value): number[] {
  const given = node.inputs[1] && tensorOf(node.inputs[1]);
  const axes = given ? Array.from(given.data as ArrayLike<number | bigint>, Number) : [];
  if (axes.length === 0) return node.attributes.noop_with_empty_axes === 1 ? [] : x.shape.map((_, i) => i);
  return axes.map((axis) => axisOf(axis, x.shape.length)).sort((a, b) => a - b);
}

/** The other of two inputs; undefined if both are x. */
export function otherThan(node: Node, x: Value): Value | undefined {
  return node.inputs[0] === x ? (node.inputs[1] === x ? undefined : node.inputs[1]) : node.inputs[0];
}
