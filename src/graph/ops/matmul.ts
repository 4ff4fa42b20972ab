// Matrix products: MatMul (batched, NumPy rules) and Gemm.
import { RobustlawError } from '../../errors.ts';
import { broadcast, commonType, required, requireRank } from '../shape.ts';
import { sameShape, sizeOf } from '../tensor.ts';
import type { Attributes, Op, Value } from '../value.ts';
import { emit1 } from '../value.ts';
import { add, mul } from './arithmetic.ts';
import { reshape, transpose } from './layout.ts';
import { reduceSum, sumTo } from './reduction.ts';

function requireInner(k: number, other: number): void {
  if (k !== other) throw new RobustlawError('shape-mismatch', `inner axes differ: ${k} and ${other}`);
}

export const MatMul: Op = {
  name: 'MatMul',
  attributes: {},
  infer: (inputs) => {
    const a = requireRank(required(inputs, 0), 1, 64);
    const b = requireRank(required(inputs, 1), 1, 64);
    const left = a.shape.length === 1 ? [1, a.shape[0]!] : a.shape;
    const right = b.shape.length === 1 ? [b.shape[0]!, 1] : b.shape;
    requireInner(left.at(-1)!, right.at(-2)!);
    const batch = broadcast(left.slice(0, -2), right.slice(0, -2));
    const matrix = [
      ...(a.shape.length === 1 ? [] : [left.at(-2)!]),
      ...(b.shape.length === 1 ? [] : [right.at(-1)!]),
    ];
    return [{ dtype: commonType(inputs), shape: [...batch, ...matrix] }];
  },
  vjp: (node, [g]) => {
    const [a, b] = node.inputs as [Value, Value];
    // Vectors are matrices with an axis of length 1.
    const left = a.shape.length === 1 ? reshape(a, [1, a.shape[0]!]) : a;
    const right = b.shape.length === 1 ? reshape(b, [b.shape[0]!, 1]) : b;
    const batch = broadcast(left.shape.slice(0, -2), right.shape.slice(0, -2));
    const cotangent = reshape(g!, [...batch, left.shape.at(-2)!, right.shape.at(-1)!]);
    const [ga, gb] = matrixVjp(left, right, cotangent);
    return [reshape(ga, a.shape), reshape(gb, b.shape)];
  },
};

function matrixVjp(a: Value, b: Value, g: Value): [Value, Value] {
  if (b.shape.length === 2) {
    // One product for all batches: the axes before the last are rows.
    const rows = sizeOf(a.shape.slice(0, -1));
    const a2 = reshape(a, [rows, a.shape.at(-1)!]);
    const g2 = reshape(g, [rows, g.shape.at(-1)!]);
    return [reshape(gemm(g2, b, { transB: 1 }), a.shape), gemm(a2, g2, { transA: 1 })];
  }
  return [sumTo(matMul(g, swapLast(b)), a.shape), sumTo(matMul(swapLast(a), g), b.shape)];
}

/** The last two axes exchanged. */
export function swapLast(x: Value): Value {
  const rank = x.shape.length;
  return transpose(
    x,
    x.shape.map((_, i) => (i === rank - 1 ? rank - 2 : i === rank - 2 ? rank - 1 : i)),
  );
}

/** alpha * op(A) op(B) + beta * C, C broadcast to the result. */
export const Gemm: Op = {
  name: 'Gemm',
  attributes: { alpha: 'float', beta: 'float', transA: 'int', transB: 'int' },
  infer: (inputs, attributes) => {
    const a = requireRank(required(inputs, 0), 2);
    const b = requireRank(required(inputs, 1), 2);
    const [m, k] = attributes.transA ? [a.shape[1]!, a.shape[0]!] : [a.shape[0]!, a.shape[1]!];
    const [k2, n] = attributes.transB ? [b.shape[1]!, b.shape[0]!] : [b.shape[0]!, b.shape[1]!];
    requireInner(k, k2);
    if (inputs[2] && !sameShape(broadcast(inputs[2].shape, [m, n]), [m, n])) {
      throw new RobustlawError(
        'shape-mismatch',
        `C of shape [${inputs[2].shape}] does not broadcast to [${m}, ${n}]`,
      );
    }
    return [{ dtype: commonType(inputs), shape: [m, n] }];
  },
  vjp: (node, [g]) => {
    const [a, b, c] = node.inputs as [Value, Value, Value | undefined];
    const { alpha = 1, beta = 1, transA = 0, transB = 0 } = node.attributes as Record<string, number>;
    const ga = transA
      ? gemm(b, g!, { transA: transB, transB: 1, alpha })
      : gemm(g!, b, { transB: transB ? 0 : 1, alpha });
    const gb = transB
      ? gemm(g!, a, { transA: 1, transB: transA, alpha })
      : gemm(a, g!, { transA: transA ? 0 : 1, alpha });
    const gc = c && sumTo(beta === 1 ? g! : mul(g!, beta), c.shape);
    return [ga, gb, gc];
  },
};

/** Batched matrix product under NumPy's rules. */
export const matMul = (a: Value, b: Value): Value => emit1(MatMul, [a, b]);

/** alpha * op(A) op(B) + beta * C for matrices. */
export function gemm(a: Value, b: Value, attributes: Attributes = {}, c?: Value): Value {
  const meant = Object.fromEntries(
    Object.entries(attributes).filter(
      ([key, value]) => value !== (key === 'alpha' || key === 'beta' ? 1 : 0),
    ),
  );
  return emit1(Gemm, c ? [a, b, c] : [a, b], meant);
}

/**
 * c + product, added within the product where that is a Gemm without an addend of its own: one pass over memory less,
 * which shows in the update of a large weight.
 */
export function addProduct(c: Value, product: Value): Value {
  const { op, inputs, attributes } = product.node;
  const [a, b, addend] = inputs;
  if (op !== Gemm || addend || !sameShape(c.shape, product.shape)) return add(c, product);
  return gemm(a!, b!, attributes, c);
}

/** x W^T + b, as PyTorch's Linear: x `[batch, in]`, W `[out, in]`, b `[out]`. */
export function linear(x: Value, weight: Value, bias?: Value): Value {
  return gemm(x, weight, { transB: 1 }, bias);
}

/** sum_i a_i b_i over all elements. */
export const innerProduct = (a: Value, b: Value): Value => reduceSum(mul(a, b));
