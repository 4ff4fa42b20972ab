// One application of an operator in an ONNX file, as the import rules see it, and how they emit OPSET operators.
import { RobustlawError } from '../errors.ts';
import { FOLD_LIMIT, fold } from './fold.ts';
import type { AttributeKinds, OnnxAttributes, OnnxNode } from './onnx-model.ts';
import { MAX_RANK, supportedTensor } from './onnx-model.ts';
import { operators } from './ops/registry.ts';
import type { Tensor } from './tensor.ts';
import { isFloat, numbersOf, showType, sizeOf } from './tensor.ts';
import type { Attributes, AttributeType, AttributeValue, Value } from './value.ts';
import { CONSTANT, constant, emit, tensorOf } from './value.ts';

export type Values = readonly (Value | undefined)[];

/** A node with its inputs found and the attributes of an enclosing function put in. */
export interface Call {
  readonly node: OnnxNode;
  /** Version of the operator set of the node's domain. */
  readonly opset: number;
  readonly inputs: Values;
  readonly attributes: OnnxAttributes;
  /** The Value of a float tensor that the node itself carries: a parameter of this name. */
  readonly parameter: (name: string, value: Tensor) => Value;
  /** Whether another node uses the output as a weight, so that a Constant node holds a parameter. */
  readonly isWeight: boolean;
}

/** A rule gives the outputs of a node in terms of OPSET operators. */
export type Rule = (call: Call) => Values;

/** Values of more elements than this fit no runtime: its indices are 32-bit in places. */
const MAX_ELEMENTS = 2 ** 31 - 1;

/** Inputs that hold shapes, axes or positions: integers, in a list (Gather takes its indices in any shape). */
const INTEGER_INPUTS: Readonly<Record<string, readonly number[]>> = {
  Reshape: [1],
  Expand: [1],
  Tile: [1],
  Squeeze: [1],
  Unsqueeze: [1],
  Split: [1],
  Slice: [1, 2, 3, 4],
  Pad: [1, 3],
  Gather: [1],
  ...Object.fromEntries([...operators.keys()].filter((op) => op.startsWith('Reduce')).map((op) => [op, [1]])),
};

/** Integer attributes that mean yes or no. */
const FLAGS: ReadonlySet<string> = new Set([
  'allowzero',
  'ceil_mode',
  'count_include_pad',
  'exclusive',
  'fmod',
  'keepdims',
  'noop_with_empty_axes',
  'reverse',
  'storage_order',
  'transA',
  'transB',
  'upper',
]);

/** Applies an operator of OPSET, folding it if all inputs are known, and refuses shapes that cannot be. */
export function apply(name: string, inputs: Values, attributes: Attributes = {}): readonly Value[] {
  const op = operators.get(name);
  if (!op) throw unsupportedOperator(name);
  for (const i of INTEGER_INPUTS[name] ?? []) {
    const value = inputs[i];
    if (!value) continue;
    const integers = value.dtype === 'int64' || value.dtype === 'int32';
    // One axis may be given without a list.
    const axes = name.endsWith('queeze') || name.startsWith('Reduce');
    const fits = name === 'Gather' || value.shape.length === 1 || (axes && value.shape.length === 0);
    if (!integers || !fits)
      throw new RobustlawError('malformed-file', `input ${i} is ${showType(value)}; expected int64 [n]`);
  }
  const outputs = emit(op, inputs, attributes);
  for (const value of outputs) {
    if (value.shape.length > MAX_RANK || !value.shape.every((n) => Number.isSafeInteger(n) && n >= 0))
      throw new RobustlawError('shape-mismatch', `the result would have the shape [${value.shape}]`);
    if (sizeOf(value.shape) > MAX_ELEMENTS)
      throw new RobustlawError('file-too-large', `the result ${showType(value)} has more than 2^31 elements`);
  }
  if (inputs.every((value) => !value || value.node.op === CONSTANT)) {
    const tensors = inputs.map((value) => value && tensorOf(value));
    const folded = fold(name, tensors, attributes, outputs);
    if (folded) return folded.map(constant);
  }
  requireSafeDivision(name, inputs);
  return outputs;
}

/** apply() for an operator with one output. */
export function apply1(name: string, inputs: Values, attributes: Attributes = {}): Value {
  return apply(name, inputs, attributes)[0]!;
}

/** An integer division by zero ends the process inside the runtime. */
function requireSafeDivision(name: string, [dividend, divisor]: Values): void {
  if ((name !== 'Div' && name !== 'Mod') || !dividend || isFloat(dividend.dtype)) return;
  const known = divisor && tensorOf(divisor);
  if (!known || numbersOf(known).some((x) => x === 0 || x === -1))
    throw new RobustlawError(
      'unsupported-op',
      'an integer division by a number that is computed, 0 or -1 can end the process in ONNX Runtime',
    );
}

/** `instead` is what to do. */
export function unsupported(what: string, instead = 'export the model without it'): RobustlawError {
  return new RobustlawError(
    'unsupported-op',
    `robustlaw does not support ${what}; ${instead}, or import only outputs that do not depend on it`,
  );
}

/** What to do about operators that exporters do write. */
const INSTEAD: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    ['Loop', 'Scan'].map((op) => [op, 'unroll the loop before exporting the model, over a fixed length']),
  ),
  ...Object.fromEntries(
    ['LSTM', 'GRU', 'RNN'].map((op) => [op, 'write the recurrence out in single steps, over a fixed length']),
  ),
  ...Object.fromEntries(
    ['QuantizeLinear', 'DequantizeLinear', 'DynamicQuantizeLinear', 'QLinearConv', 'QLinearMatMul'].map(
      (op) => [op, 'export the model before it is quantised'],
    ),
  ),
  ...Object.fromEntries(
    ['NonMaxSuppression', 'NonZero', 'Unique'].map((op) => [
      op,
      'the number of its results depends on the data, so end the model before it',
    ]),
  ),
  TopK: 'ReduceMax and ArgMax give the largest entry; else end the model before it',
};

/** The error for an operator without a rule. */
export function unsupportedOperator(op: string): RobustlawError {
  return unsupported(`the operator ${op}`, INSTEAD[op]);
}

/** The attribute, or undefined; throws if it has another type. */
export function optionalAttribute<Kind extends keyof AttributeKinds>(
  call: Call,
  name: string,
  kind: Kind,
): AttributeKinds[Kind] | undefined {
  const found = call.attributes.get(name);
  if (found && found.type !== kind) {
    throw new RobustlawError(
      'malformed-file',
      `the attribute "${name}" has the type ${found.type === 'unsupported' ? found.value : found.type}; expected ${kind}`,
    );
  }
  return found?.value as AttributeKinds[Kind] | undefined;
}

/** The attribute, which the operator cannot do without. */
export function attribute<Kind extends keyof AttributeKinds>(
  call: Call,
  name: string,
  kind: Kind,
): AttributeKinds[Kind] {
  const value = optionalAttribute(call, name, kind);
  if (value === undefined)
    throw new RobustlawError('malformed-file', `the attribute "${name}" (${kind}) is missing`);
  return value;
}

/** Attributes that change nothing here: about training, storage, or outputs that cannot be asked for. */
const IGNORED: Readonly<Record<string, readonly string[]>> = {
  BatchNormalization: ['momentum', 'spatial', 'training_mode'],
  Cast: ['saturate', 'round_mode'],
  GroupNormalization: ['stash_type'],
  LayerNormalization: ['stash_type'],
};

/** The node's operator as it is, on other inputs and without the attributes `except`. */
export function applySame(
  call: Call,
  inputs: Values = call.inputs,
  except: readonly string[] = [],
): readonly Value[] {
  const { op } = call.node;
  const known = operators.get(op)?.attributes;
  if (!known) throw unsupportedOperator(op);
  const attributes: Record<string, AttributeValue> = {};
  for (const name of call.attributes.keys()) {
    if (except.includes(name) || IGNORED[op]?.includes(name)) continue;
    const type: AttributeType | undefined = known[name];
    if (!type) throw unsupported(`the attribute "${name}" of ${op}`);
    const value = attribute(call, name, type);
    if (FLAGS.has(name) && value !== 0 && value !== 1)
      throw new RobustlawError('malformed-file', `the attribute "${name}" is ${value}; expected 0 or 1`);
    attributes[name] =
      type === 'tensor'
        ? supportedTensor(value as Tensor, `the attribute "${name}"`)
        : (value as AttributeValue);
  }
  return apply(op, inputs, attributes);
}

/** knownNumbers() of an input of integers. */
export function knownIntegers(call: Call, i: number, what: string): number[] | undefined {
  const numbers = knownNumbers(call, i, what);
  if (numbers && isFloat(call.inputs[i]!.dtype))
    throw new RobustlawError(
      'malformed-file',
      `${what} (input ${i}) is ${showType(call.inputs[i]!)}; expected int64`,
    );
  return numbers;
}

/** The numbers of an input that must be known when the model is imported; undefined where it is left out. */
export function knownNumbers(call: Call, i: number, what: string): number[] | undefined {
  const value = call.inputs[i];
  if (!value) return undefined;
  const t = tensorOf(value);
  if (!t)
    throw new RobustlawError(
      'unsupported-op',
      `${what} (input ${i}) depends on the values of the model's inputs; only what depends on their shapes can be imported`,
    );
  if (sizeOf(t.shape) > FOLD_LIMIT)
    throw new RobustlawError('malformed-file', `${what} (input ${i}) has ${sizeOf(t.shape)} elements`);
  return numbersOf(t);
}
