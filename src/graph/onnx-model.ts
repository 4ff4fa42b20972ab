// An ONNX file as plain data: decoded and validated, but not yet given static shapes or operators robustlaw knows.
import { RobustlawError } from '../errors.ts';
import type { DataType, Shape, Tensor } from './tensor.ts';

/** More axes than any model has: beyond them a file is damaged or malicious. */
export const MAX_RANK = 64;

/** The name under which encode() signs its files. */
export const PRODUCER = 'robustlaw';

/** A length, the name of a symbolic length, or undefined where the file says nothing. */
export type Dimension = number | string | undefined;

/** A declared input or output of a graph. */
export interface OnnxPort {
  readonly name: string;
  /** The type as messages name it: `float32`, `float16`, `string`, `sequence`. */
  readonly type: string;
  /** The element type robustlaw computes in (float32 for the half-precision types); undefined if it has none. */
  readonly dtype: DataType | undefined;
  /** undefined where the file declares no shape at all. */
  readonly dimensions: readonly Dimension[] | undefined;
}

/** A stored tensor, or one whose element type robustlaw does not compute with (an error only where it is needed). */
export type OnnxTensor = Tensor | UnsupportedTensor;

export interface UnsupportedTensor {
  readonly unsupported: string;
  readonly shape: Shape;
}

/**
 * Attribute values by kind. Integers beyond 2^53, which files use only as "to the very end" of a slice, are clamped to
 * the safe integers. `reference` is an attribute of the function that a node of its body stands in.
 */
export interface AttributeKinds {
  readonly int: number;
  readonly ints: readonly number[];
  readonly float: number;
  readonly floats: readonly number[];
  readonly string: string;
  readonly strings: readonly string[];
  readonly tensor: OnnxTensor;
  readonly graph: OnnxGraph;
  readonly reference: string;
  readonly unsupported: string;
}

export type OnnxAttribute = {
  readonly [Kind in keyof AttributeKinds]: { readonly type: Kind; readonly value: AttributeKinds[Kind] };
}[keyof AttributeKinds];

export type OnnxAttributes = ReadonlyMap<string, OnnxAttribute>;

export interface OnnxNode {
  readonly name: string;
  readonly op: string;
  /** '' is the default domain, ai.onnx. */
  readonly domain: string;
  /** Names of values; '' is an optional one left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: OnnxAttributes;
}

export interface OnnxGraph {
  /** The inputs that are not initializers. */
  readonly inputs: readonly OnnxPort[];
  readonly outputs: readonly OnnxPort[];
  readonly nodes: readonly OnnxNode[];
  readonly initializers: ReadonlyMap<string, OnnxTensor>;
}

/** A function of the model itself: an operator defined by nodes. */
export interface OnnxFunction {
  readonly name: string;
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly defaults: OnnxAttributes;
  readonly nodes: readonly OnnxNode[];
  readonly opsets: Opsets;
}

/** Operator set version by domain. */
export type Opsets = ReadonlyMap<string, number>;

export interface OnnxModel {
  /** How error messages call the file. */
  readonly fileName: string;
  readonly irVersion: number;
  readonly producer: string;
  readonly opsets: Opsets;
  readonly metadata: Readonly<Record<string, string>>;
  readonly graph: OnnxGraph;
  /** By `functionKey()`. */
  readonly functions: ReadonlyMap<string, OnnxFunction>;
  /** What was changed or left out on reading, for the user to know. */
  readonly notes: readonly string[];
}

export const functionKey = (domain: string, name: string): string => `${domain}::${name}`;

/** `node "conv1" (Conv)`, as messages refer to a node. */
export function describeNode(node: OnnxNode): string {
  const op = node.domain === '' ? node.op : `${node.domain}.${node.op}`;
  return node.name !== '' ? `node "${node.name}" (${op})` : `node (${op}) of "${node.outputs.join('", "')}"`;
}

/** The tensor, if its element type is one that robustlaw computes with. */
export function supportedTensor(t: OnnxTensor, what: string): Tensor {
  if ('unsupported' in t) throw new RobustlawError('unsupported-type', `${what} is ${t.unsupported}`);
  return t;
}
