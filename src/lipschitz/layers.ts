// Sequential networks as a list of layers in float64, read off the graph from output to input.
import { invalidArgument, RobustlawError } from '../errors.ts';
import type { Graph, Node, Shape, Tensor, Value } from '../graph/index.ts';
import { numbersOf, sameShape, showType, sizeOf, tensorOf } from '../graph/index.ts';
import type { Activation } from '../intervals/index.ts';
import { activationOf } from '../intervals/index.ts';
import type { Matrix } from '../linalg/index.ts';
import { matrix, transpose } from '../linalg/index.ts';

/** z -> M z + bias, M `[out, in]`. */
export interface DenseLayer {
  readonly kind: 'dense';
  readonly matrix: Matrix;
  readonly bias: Float64Array;
}

/** z_i -> scale_i z_i + shift_i; each scale within half a unit in the last place of the true one. */
export interface DiagonalLayer {
  readonly kind: 'diagonal';
  readonly scale: Float64Array;
  readonly shift: Float64Array;
}

/** z_i -> activation(z_i). */
export interface ActivationLayer {
  readonly kind: 'activation';
  readonly activation: Activation;
}

export type Layer = DenseLayer | DiagonalLayer | ActivationLayer;

/** A sequential network on R^features; rows of a batch do not influence each other. */
export interface Sequential {
  readonly features: number;
  readonly outputs: number;
  readonly layers: readonly Layer[];
}

/**
 * Reads a graph with one input `[batch, ...]` and one output `[batch, ...]` as a sequence of layers. The weights of
 * float32 graphs are exact in float64, so the layers describe the function that the weights define in real arithmetic.
 *
 * @throws unsupported-op naming the operator when the graph is no such sequence; invalid-argument when a weight is not
 *   finite.
 */
export function sequential(g: Graph): Sequential {
  const outputs = Object.values(g.outputs);
  if (g.inputs.length !== 1 || outputs.length !== 1) {
    throw new RobustlawError(
      'unsupported-op',
      `expected a graph with one input and one output; this one has ${g.inputs.length} and ${outputs.length}`,
    );
  }
  const [x] = g.inputs as [Value];
  const [y] = outputs as [Value];
  const batch = x.shape[0];
  const layers: Layer[] = [];
  let value = y;
  while (value !== x) {
    if (batch === undefined || value.shape[0] !== batch)
      throw unsupported(value.node, 'mixes the batch axis');
    const { layer, from } = readNode(value.node, value);
    if (layer) layers.unshift(layer);
    value = from;
  }
  if (batch === undefined)
    throw new RobustlawError('unsupported-op', `the input is ${showType(x)}; expected a batch axis`);
  return { features: featuresOf(x), outputs: featuresOf(y), layers: biasesMerged(layers) };
}

const featuresOf = (value: Value): number => sizeOf(value.shape.slice(1));

/** One node: its layer (none if it only renames the same numbers) and the value it acts on. */
function readNode(node: Node, value: Value): { layer?: Layer; from: Value } {
  const computed = node.inputs.filter((v): v is Value => v !== undefined && tensorOf(v) === undefined);
  if (computed.length !== 1) throw unsupported(node, `has ${computed.length} computed inputs`);
  const [from] = computed as [Value];
  const position = node.inputs.indexOf(from);
  const activation = activationOf(node);
  if (activation) return { layer: { kind: 'activation', activation }, from };
  switch (node.op.name) {
    case 'Identity':
    case 'Flatten':
    case 'Reshape':
    case 'Squeeze':
    case 'Unsqueeze':
      return { from };
    case 'Neg':
      return { layer: diagonal(value, -1, 0), from };
    case 'Gemm':
    case 'MatMul':
      return { layer: dense(node, from, position), from };
    case 'Add':
    case 'Sub':
    case 'Mul':
    case 'Div':
      return { layer: arithmetic(node, value, from, position), from };
    default:
      throw unsupported(node, 'is no layer of a sequential network');
  }
}

function unsupported(node: Node, why: string): RobustlawError {
  return new RobustlawError(
    'unsupported-op',
    `the operator ${node.op.name} ${why}; this measure takes sequential networks of dense layers and elementwise activations`,
  );
}

function dense(node: Node, from: Value, position: number): DenseLayer {
  const { alpha = 1, beta = 1, transA = 0, transB = 0 } = node.attributes as Record<string, number>;
  const weight = node.inputs[1] && tensorOf(node.inputs[1]);
  if (position !== 0 || transA || from.shape.length !== 2 || weight?.shape.length !== 2)
    throw unsupported(node, 'does not multiply a batch of rows by a constant matrix');
  if (alpha !== 1 || beta !== 1) throw unsupported(node, 'has a factor alpha or beta other than 1');
  const [rows, columns] = weight.shape as [number, number];
  const stored = matrix(rows, columns, finite(node, numbersOf(weight)));
  const matrixOf = transB ? stored : transpose(stored);
  const c = node.inputs[2];
  const bias = c ? perFeature(node, tensorOf(c)!, [from.shape[0]!, matrixOf.rows]) : undefined;
  return { kind: 'dense', matrix: matrixOf, bias: bias ?? new Float64Array(matrixOf.rows) };
}

/** Addition of, or multiplication by, a constant that is the same for all rows of the batch. */
function arithmetic(node: Node, value: Value, from: Value, position: number): DiagonalLayer {
  if (!sameShape(value.shape, from.shape)) throw unsupported(node, 'stretches its input');
  const c = perFeature(node, tensorOf(node.inputs[1 - position]!)!, value.shape);
  const all = (fill: number) => c.map(() => fill);
  switch (node.op.name) {
    case 'Add':
      return { kind: 'diagonal', scale: all(1), shift: c };
    case 'Sub':
      return position === 0
        ? { kind: 'diagonal', scale: all(1), shift: c.map((v) => -v) }
        : { kind: 'diagonal', scale: all(-1), shift: c };
    case 'Mul':
      return { kind: 'diagonal', scale: c, shift: all(0) };
    default:
      if (position !== 0) throw unsupported(node, 'divides by its input');
      return { kind: 'diagonal', scale: c.map((v) => 1 / v), shift: all(0) };
  }
}

function diagonal(like: Value, scale: number, shift: number): DiagonalLayer {
  const size = featuresOf(like);
  return {
    kind: 'diagonal',
    scale: new Float64Array(size).fill(scale),
    shift: new Float64Array(size).fill(shift),
  };
}

/** The constant broadcast to one row of `shape` = [batch, ...features]. */
function perFeature(node: Node, t: Tensor, shape: Shape): Float64Array {
  const axes = [...new Array<number>(Math.max(0, shape.length - t.shape.length)).fill(1), ...t.shape];
  if (axes.length > shape.length || axes[0] !== 1)
    throw unsupported(node, 'has a constant that differs between rows of the batch');
  const values = finite(node, numbersOf(t));
  const features = shape.slice(1);
  return Float64Array.from({ length: sizeOf(features) }, (_, flat) => {
    // Row-major position of feature `flat` in the constant, whose axes of length 1 are stretched.
    let rest = flat;
    let offset = 0;
    let stride = 1;
    for (let axis = shape.length - 1; axis >= 1; axis--) {
      const index = rest % shape[axis]!;
      rest = Math.floor(rest / shape[axis]!);
      if (axes[axis] !== 1) offset += index * stride;
      stride *= axes[axis]!;
    }
    return values[offset]!;
  });
}

function finite(node: Node, values: readonly number[]): Float64Array {
  const at = values.findIndex((v) => !Number.isFinite(v));
  if (at >= 0) throw invalidArgument(`weight ${at} of ${node.op.name}`, values[at], 'a finite number');
  return Float64Array.from(values);
}

/** MatMul followed by Add becomes one dense layer with a bias. */
function biasesMerged(layers: readonly Layer[]): Layer[] {
  const merged: Layer[] = [];
  for (const layer of layers) {
    const last = merged.at(-1);
    const shifts = layer.kind === 'diagonal' && layer.scale.every((s) => s === 1);
    if (shifts && last?.kind === 'dense' && last.bias.every((b) => b === 0))
      merged[merged.length - 1] = { ...last, bias: layer.shift };
    else merged.push(layer);
  }
  return merged;
}
