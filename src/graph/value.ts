// The graph as a plain value: a Value knows the Node that computes it, a Node knows its input Values.
// Shapes are static: a model with a symbolic batch axis is imported once per batch size, which makes every
// shape computation a constant and every gradient rule a statement about known shapes.
import { RobustlawError } from '../errors.ts';
import type { DataType, Tensor, TensorType } from './tensor.ts';
import { showType, tensor } from './tensor.ts';

/** One output of a node. */
export interface Value extends TensorType {
  readonly node: Node;
  readonly index: number;
}

/** One application of an ONNX operator. Optional inputs that are left out are `undefined`. */
export interface Node {
  readonly op: Op;
  readonly inputs: readonly (Value | undefined)[];
  readonly attributes: Attributes;
  readonly outputs: readonly Value[];
}

export type AttributeType = 'int' | 'ints' | 'float' | 'floats' | 'string' | 'strings' | 'tensor';
export type AttributeValue = number | readonly number[] | string | readonly string[] | Tensor;
export type Attributes = Readonly<Record<string, AttributeValue>>;

/**
 * An ONNX operator of the default domain at OPSET, with what robustlaw knows about it.
 * `vjp` or `decompose` makes it differentiable; `decompose` also serves where the runtime lacks a kernel.
 */
export interface Op {
  readonly name: string;
  /** The domain of an operator that is not ONNX's own; graphs for the runtime alone may hold such ones. */
  readonly domain?: string;
  /** Attribute names and types; JavaScript numbers alone do not say whether 1 is an int or a float. */
  readonly attributes: Readonly<Record<string, AttributeType>>;
  /** Types of all outputs, or an error that says which input does not fit. */
  readonly infer: (inputs: readonly (Value | undefined)[], attributes: Attributes) => TensorType[];
  /**
   * Vector-Jacobian product: from the cotangents of the outputs (undefined = zero) to those of the inputs
   * (undefined = zero), as new nodes.
   */
  readonly vjp?: (node: Node, cotangents: readonly (Value | undefined)[]) => (Value | undefined)[];
  /**
   * The same outputs from more elementary operators, from `node.inputs`. Of `node.outputs` only the types may be used:
   * a lowering asks for the decomposition in order to do without the node.
   */
  readonly decompose?: (node: Node) => (Value | undefined)[];
  /** Attributes that say the same as the node's in a way that every kernel understands; undefined if they do already. */
  readonly explicit?: (node: Node) => Attributes | undefined;
  /** Whether ONNX Runtime refuses the node whatever its element type, although the specification allows it. */
  readonly refused?: (node: Node) => boolean;
  /** Each entry of the output depends on the entries of the inputs at its place alone, under broadcasting. */
  readonly elementwise?: true;
  /** Piecewise constant: the derivative is zero wherever it exists. */
  readonly constantAlmostEverywhere?: true;
}

/** The ONNX operator set that graphs are built for and encoded with. */
export const OPSET = 20;

/** Applies an operator: infers the output types and returns the output values. */
export function emit(
  op: Op,
  inputs: readonly (Value | undefined)[],
  attributes: Attributes = {},
): readonly Value[] {
  let types: TensorType[];
  const rounded = roundFloats(op, attributes);
  try {
    types = op.infer(inputs, rounded);
  } catch (error) {
    if (!(error instanceof RobustlawError)) throw error;
    throw new RobustlawError(
      error.code,
      `${op.name}(${inputs.map((v) => (v ? showType(v) : '-')).join(', ')}): ${error.message}`,
    );
  }
  const outputs: Value[] = [];
  const node: Node = { op, inputs, attributes: rounded, outputs };
  for (const [index, { dtype, shape }] of types.entries()) outputs.push({ node, index, dtype, shape });
  return outputs;
}

/** Float attributes are float32 in ONNX; rounded here, so that rules and lowerings use the number the kernel uses. */
function roundFloats(op: Op, attributes: Attributes): Attributes {
  const names = Object.keys(attributes).filter((name) => op.attributes[name] === 'float');
  if (names.length === 0) return attributes;
  return {
    ...attributes,
    ...Object.fromEntries(names.map((name) => [name, Math.fround(attributes[name] as number)])),
  };
}

/** An operator with one output. */
export function emit1(op: Op, inputs: readonly (Value | undefined)[], attributes: Attributes = {}): Value {
  return emit(op, inputs, attributes)[0]!;
}

/** The three kinds of leaves. Their operator name is no ONNX operator; the encoder knows them. */
const leaf = (name: string): Op => ({ name, attributes: {}, infer: () => [] });
export const INPUT = leaf('Input');
export const PARAMETER = leaf('Parameter');
export const CONSTANT: Op = { ...leaf('Constant'), attributes: { value: 'tensor' } };

function emitLeaf(op: Op, type: TensorType, attributes: Attributes): Value {
  const outputs: Value[] = [];
  const value: Value = {
    node: { op, inputs: [], attributes, outputs },
    index: 0,
    dtype: type.dtype,
    shape: type.shape,
  };
  outputs.push(value);
  return value;
}

/** A named input of a graph. */
export function input(name: string, dtype: DataType, shape: readonly number[]): Value {
  return emitLeaf(INPUT, { dtype, shape }, { name });
}

/** A named weight: it counts towards P and is encoded as an ONNX initializer. */
export function parameter(name: string, value: Tensor): Value {
  return emitLeaf(PARAMETER, value, { name, value });
}

/** A fixed tensor that is not a parameter (a shape, a fixed projection, a number in a formula). */
export function constant(value: Tensor): Value {
  return emitLeaf(CONSTANT, value, { value });
}

/** A scalar constant of shape []. */
export function scalar(dtype: DataType, value: number): Value {
  return constant(tensor(dtype, [], [value]));
}

/** An int64 vector constant, as ONNX wants shapes and axes. */
export function int64s(values: readonly number[]): Value {
  return constant(tensor('int64', [values.length], values));
}

/** The tensor behind a constant or parameter; undefined for a computed value. */
export function tensorOf(value: Value): Tensor | undefined {
  return value.node.op === CONSTANT || value.node.op === PARAMETER
    ? (value.node.attributes.value as Tensor)
    : undefined;
}

/** The name of an input or parameter. */
export function nameOf(value: Value): string | undefined {
  return value.node.op === INPUT || value.node.op === PARAMETER
    ? (value.node.attributes.name as string)
    : undefined;
}
