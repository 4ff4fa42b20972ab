// Dense layers with points in columns, z = W x + b, in place of rows, z = x W^T + b: the same numbers, transposed. ONNX
// Runtime then makes the products of the layers and of their gradients in less time: a training step of a fully connected
// network takes 6 % less. To be applied before differentiation: the derivative of a layer in columns is in columns.
import { rebuild, topological } from './graph.ts';
import { Concat, reshape, split, transpose } from './ops/layout.ts';
import { Gemm, gemm } from './ops/matmul.ts';
import { sameShape, sizeOf } from './tensor.ts';
import type { Node, Value } from './value.ts';
import { emit } from './value.ts';

/**
 * The same values, with chains of dense layers and elementwise functions between them computed in columns. A weight that is
 * put together from blocks of its columns, `Concat(W_1, W_2, ...)`, is multiplied by blocks.
 */
export function inColumns(outputs: readonly Value[]): Value[] {
  const layers = layersForColumns(outputs);
  const columns = new Map<Value, Value>();
  const toRows = (z: Value): Value => {
    const rows = transpose(z);
    columns.set(rows, z);
    return rows;
  };
  return rebuild(outputs, (node, inputs) => {
    if (layers.has(node)) return [toRows(layer(inputs as DenseInputs, columns))];
    const given = inputs as readonly Value[];
    if (!isElementwise(node) || !given.some((value) => columns.has(value))) return undefined;
    const turned = given.map((value) =>
      sizeOf(value.shape) === 1 ? value : (columns.get(value) ?? transpose(value)),
    );
    return emit(node.op, turned, node.attributes).map(toRows);
  });
}

/** The weights of dense layers that inColumns() computes in columns and that nothing else uses. */
export function weightsInColumns(outputs: readonly Value[]): Set<Value> {
  const layers = layersForColumns(outputs);
  const weights = new Set([...layers].map((node) => node.inputs[1]!));
  for (const node of topological(outputs)) {
    node.inputs.forEach((value, i) => {
      if (value && !(i === 1 && layers.has(node))) weights.delete(value);
    });
  }
  return weights;
}

type DenseInputs = readonly [x: Value, weight: Value, bias?: Value];

/** W x + b in columns, from points whose columns are known or that are in rows. */
function layer([x, weight, bias]: DenseInputs, columns: ReadonlyMap<Value, Value>): Value {
  const known = columns.get(x);
  const blocks = weight.node.op === Concat ? (weight.node.inputs as readonly Value[]) : [weight];
  const widths = blocks.map(({ shape }) => shape[1]!);
  const parts = known ? split(known, 0, widths) : split(x, 1, widths);
  const start = bias && reshape(bias, [sizeOf(bias.shape), 1]);
  return blocks.reduce<Value | undefined>(
    (sum, block, i) => gemm(block, parts[i]!, known ? {} : { transB: 1 }, sum),
    start,
  )!;
}

/** The dense layers that lead to an output through others, with elementwise functions alone between them, and the last. */
function layersForColumns(outputs: readonly Value[]): Set<Node> {
  const order = topological(outputs);
  const users = new Map<Value, Node[]>();
  for (const node of order) {
    for (const value of node.inputs) if (value) users.set(value, [...(users.get(value) ?? []), node]);
  }
  // Values of which elementwise functions alone lead to an output, and values that lead to a dense layer before one.
  const ending = new Set(outputs);
  const leading = new Set<Value>();
  for (const { outputs: results } of order.toReversed()) {
    const [result] = results as readonly [Value];
    const next = users.get(result);
    if (!next || outputs.includes(result)) continue;
    const to = (at: ReadonlySet<Value>, user: Node) => at.has(user.outputs[0]!);
    if (next.every((user) => isElementwise(user) && to(ending, user))) ending.add(result);
    const leads = (user: Node) => to(leading, user) || (isDense(user) && to(ending, user));
    if (next.every((user) => takesColumns(user, result) && leads(user))) leading.add(result);
  }
  const layers = new Set<Node>();
  const inside = new Set<Value>();
  for (const node of order) {
    const [result] = node.outputs as readonly [Value];
    const follows = node.inputs.some((value) => value && inside.has(value) && takesColumns(node, value));
    const first = isDense(node) && leading.has(result);
    if (isDense(node) && (first || follows)) layers.add(node);
    if ((first || follows) && leading.has(result)) inside.add(result);
  }
  return layers;
}

/** Whether a node may have this input in columns. */
function takesColumns(node: Node, value: Value): boolean {
  return isElementwise(node) || (isDense(node) && node.inputs.lastIndexOf(value) === 0);
}

/** x W^T or x W^T + b with a bias per output. */
function isDense({ op, inputs, attributes }: Node): boolean {
  if (op !== Gemm) return false;
  const { alpha = 1, beta = 1, transA = 0, transB = 0 } = attributes;
  const [, weight, bias] = inputs;
  const perOutput =
    !bias || (sizeOf(bias.shape) === weight!.shape[0]! && bias.shape.at(-1) === weight!.shape[0]!);
  return alpha === 1 && beta === 1 && transA === 0 && transB === 1 && perOutput;
}

/** An elementwise function of matrices of one shape and of scalars. */
function isElementwise({ op, inputs, outputs }: Node): boolean {
  if (!op.elementwise) return false;
  const [{ shape }] = outputs as readonly [Value];
  return (
    shape.length === 2 &&
    inputs.every((value) => value && (sizeOf(value.shape) === 1 || sameShape(value.shape, shape)))
  );
}
