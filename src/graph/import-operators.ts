// What operator set versions 7 to 23 mean in terms of OPSET: operators whose form or meaning changed, and those that only
// make or arrange known numbers.
import { RobustlawError } from '../errors.ts';
import { computedType, typeName } from './element-types.ts';
import { FOLD_LIMIT } from './fold.ts';
import { requireIndex } from './fold-layout.ts';
import type { Call, Rule } from './import-call.ts';
import {
  apply,
  apply1,
  applySame,
  attribute,
  knownIntegers,
  knownNumbers,
  optionalAttribute,
  unsupported,
} from './import-call.ts';
import { supportedTensor } from './onnx-model.ts';
import { TYPE_CODES } from './ops/cast.ts';
import { normalAxis, required } from './shape.ts';
import type { DataType, Shape, Tensor } from './tensor.ts';
import { isFloat, numbersOf, sizeOf, tensor } from './tensor.ts';
import type { Value } from './value.ts';
import { constant, int64s, scalar, tensorOf } from './value.ts';

// --- values that are known -------------------------------------------------------------------------------------------

/** The forms of a Constant node; a float tensor that is used as a weight is a parameter. */
const constantNode: Rule = (call) => {
  const [found, more] = [...call.attributes.keys()].filter((name) => name !== 'sparse_value');
  if (call.attributes.has('sparse_value')) throw unsupported('sparse constants', 'store the value densely');
  if (found === undefined || more !== undefined)
    throw new RobustlawError('malformed-file', 'a Constant needs exactly one attribute, its value');
  const value = constantValue(call, found);
  return [
    call.isWeight && isFloat(value.dtype) ? call.parameter(call.node.outputs[0]!, value) : constant(value),
  ];
};

function constantValue(call: Call, name: string): Tensor {
  const list = (dtype: DataType, values: readonly number[]) => tensor(dtype, [values.length], values);
  switch (name) {
    case 'value':
      return supportedTensor(attribute(call, name, 'tensor'), 'the value of the Constant');
    case 'value_float':
      return tensor('float32', [], [attribute(call, name, 'float')]);
    case 'value_floats':
      return list('float32', attribute(call, name, 'floats'));
    case 'value_int':
      return tensor('int64', [], [attribute(call, name, 'int')]);
    case 'value_ints':
      return list('int64', attribute(call, name, 'ints'));
    default:
      throw unsupported(`a Constant given as "${name}"`);
  }
}

const constantOfShape: Rule = (call) => {
  const shape = knownIntegers(call, 0, 'the shape') ?? [];
  const given = optionalAttribute(call, 'value', 'tensor');
  const value = given && supportedTensor(given, 'the value');
  if (value && value.data.length !== 1)
    throw new RobustlawError('malformed-file', `the value has ${value.data.length} elements; expected 1`);
  const one = constant(value ? { ...value, shape: [] } : tensor('float32', [], [0]));
  return [shape.length === 0 ? one : apply1('Expand', [one, int64s(shape)])];
};

/** The shape of a value is known, whatever its elements are. */
const shape: Rule = (call) => {
  const lengths = required(call.inputs, 0).shape;
  const start = optionalAttribute(call, 'start', 'int') ?? 0;
  const end = optionalAttribute(call, 'end', 'int') ?? lengths.length;
  return [int64s(lengths.slice(start, end))];
};

const size: Rule = (call) => [scalar('int64', sizeOf(required(call.inputs, 0).shape))];

const range: Rule = (call) => {
  const [start, limit, delta] = [0, 1, 2].map((i) => knownNumbers(call, i, 'the range')?.[0] ?? Number.NaN);
  const count = Math.max(0, Math.ceil((limit! - start!) / delta!));
  if (!(count <= FOLD_LIMIT))
    throw new RobustlawError('malformed-file', `a range from ${start} to ${limit} by ${delta}`);
  const values = Array.from({ length: count }, (_, i) => start! + i * delta!);
  return [constant(tensor(required(call.inputs, 0).dtype, [count], values))];
};

// --- values that stay as they are ------------------------------------------------------------------------------------

const identity: Rule = (call) => [required(call.inputs, 0)];

const EVALUATE = 'export the model in evaluation mode, model.eval() in PyTorch';

/** Without training, dropout keeps everything. */
const dropout: Rule = (call) => {
  const x = required(call.inputs, 0);
  if (knownNumbers(call, 2, 'training_mode')?.[0]) throw unsupported('Dropout in training mode', EVALUATE);
  const all = constant(tensor(call.opset < 10 ? x.dtype : 'bool', [], [1]));
  return call.node.outputs[1] ? [x, apply1('Expand', [all, int64s(x.shape)])] : [x];
};

/** To a half-precision type means to float32 here: see the notes of the model. */
const castTo: Rule = (call) => {
  const x = required(call.inputs, 0);
  const code = attribute(call, 'to', 'int');
  const dtype = computedType(code);
  if (!dtype) throw new RobustlawError('unsupported-type', `a cast to ${typeName(code)}`);
  return [castValue(x, dtype)];
};

const castLike: Rule = (call) => [castValue(required(call.inputs, 0), required(call.inputs, 1).dtype)];

function castValue(x: Value, dtype: DataType): Value {
  return x.dtype === dtype ? x : apply1('Cast', [x], { to: TYPE_CODES[dtype] });
}

// --- attributes that became inputs -----------------------------------------------------------------------------------

/** Before operator set `since` the axes were an attribute; none or an empty list means the same as no input. */
const axesAsInput =
  (since: number): Rule =>
  (call) => {
    if (call.opset >= since) return applySame(call);
    const axes = optionalAttribute(call, 'axes', 'ints') ?? [];
    const inputs = axes.length > 0 ? [call.inputs[0], int64s(axes)] : [call.inputs[0]];
    return applySame(call, inputs, ['axes']);
  };

const slice: Rule = (call) => {
  if (call.opset >= 10) {
    const lengths = call.inputs.slice(1).flatMap((value) => (value ? [sizeOf(value.shape)] : []));
    if (lengths.some((length) => length !== lengths[0]))
      throw new RobustlawError('malformed-file', `starts, ends, axes and steps have the lengths ${lengths}`);
    return applySame(call);
  }
  const starts = attribute(call, 'starts', 'ints');
  const ends = attribute(call, 'ends', 'ints');
  const axes = optionalAttribute(call, 'axes', 'ints') ?? starts.map((_, i) => i);
  return applySame(
    call,
    [call.inputs[0], int64s(starts), int64s(ends), int64s(axes)],
    ['starts', 'ends', 'axes'],
  );
};

const pad: Rule = (call) => {
  if (call.opset >= 11) return applySame(call);
  const x = required(call.inputs, 0);
  const value = scalar(x.dtype, optionalAttribute(call, 'value', 'float') ?? 0);
  return applySame(call, [x, int64s(attribute(call, 'pads', 'ints')), value], ['pads', 'value']);
};

const clip: Rule = (call) => {
  if (call.opset >= 11) return call.inputs[1] || call.inputs[2] ? applySame(call) : identity(call);
  const x = required(call.inputs, 0);
  const [low, high] = ['min', 'max'].map((name) => optionalAttribute(call, name, 'float'));
  if (low === undefined && high === undefined) return [x];
  const bound = (value: number | undefined) => (value === undefined ? undefined : scalar(x.dtype, value));
  return applySame(call, [x, bound(low), bound(high)], ['min', 'max']);
};

/** Parts of given lengths, or as many equal ones as there are outputs. */
const split: Rule = (call) => {
  const x = required(call.inputs, 0);
  const count = call.node.outputs.length;
  const axis = optionalAttribute(call, 'axis', 'int') ?? 0;
  const stated = optionalAttribute(call, 'num_outputs', 'int');
  if (stated !== undefined && stated !== count)
    throw new RobustlawError('malformed-file', `num_outputs is ${stated}, but there are ${count} outputs`);
  const lengths = optionalAttribute(call, 'split', 'ints') ?? knownIntegers(call, 1, 'the split');
  if (lengths && lengths.length !== count)
    throw new RobustlawError('malformed-file', `${lengths.length} parts for ${count} outputs`);
  return lengths
    ? apply('Split', [x, int64s(lengths)], { axis })
    : apply('Split', [x], { axis, num_outputs: count });
};

// --- operators whose meaning changed or depends on how the model is used ---------------------------------------------

/** Before operator set 13 softmax normalised over `axis` and all axes after it together, by default from axis 1. */
const softmax: Rule = (call) => {
  if (call.opset >= 13) return applySame(call);
  const x = required(call.inputs, 0);
  const axis = normalAxis(optionalAttribute(call, 'axis', 'int') ?? 1, x.shape.length);
  if (axis === x.shape.length - 1) return apply(call.node.op, [x], { axis });
  const rows = [sizeOf(x.shape.slice(0, axis)), sizeOf(x.shape.slice(axis))];
  const flat = apply1(call.node.op, [reshaped(x, rows)], { axis: 1 });
  return [reshaped(flat, x.shape)];
};

const gather: Rule = (call) => {
  const x = required(call.inputs, 0);
  const axis = normalAxis(optionalAttribute(call, 'axis', 'int') ?? 0, x.shape.length);
  const indices = tensorOf(required(call.inputs, 1));
  for (const index of indices ? numbersOf(indices) : []) requireIndex(index, x.shape[axis]!);
  return applySame(call);
};

const mod: Rule = (call) => {
  if (isFloat(required(call.inputs, 0).dtype) && optionalAttribute(call, 'fmod', 'int') !== 1)
    throw new RobustlawError('malformed-file', 'Mod of floating-point numbers needs fmod = 1');
  return applySame(call);
};

const batchNormalization: Rule = (call) => {
  const training = optionalAttribute(call, 'training_mode', 'int') ?? 0;
  if (training !== 0 || call.node.outputs.slice(1).some((name) => name !== ''))
    throw unsupported('BatchNormalization in training mode', EVALUATE);
  if ((optionalAttribute(call, 'spatial', 'int') ?? 1) !== 1)
    throw unsupported('BatchNormalization with spatial = 0, which normalises every position on its own');
  return applySame(call);
};

function reshaped(x: Value, to: Shape): Value {
  return apply1('Reshape', [x, int64s(to)], to.includes(0) ? { allowzero: 1 } : {});
}

/** Resize of operator set 10 and Upsample before it: cell i of the output is cell floor(i / scale) of the input. */
const upsample: Rule = (call) => {
  const x = required(call.inputs, 0);
  const given = optionalAttribute(call, 'scales', 'floats') ?? knownNumbers(call, 1, 'the scales') ?? [];
  if (given.some((scale) => scale < 1))
    throw unsupported(`${call.node.op} to fewer cells`, 'export the model with opset_version 11 or newer');
  const scales = constant(tensor('float32', [given.length], given));
  const mode = optionalAttribute(call, 'mode', 'string') ?? 'nearest';
  return apply('Resize', [x, undefined, scales], {
    coordinate_transformation_mode: 'asymmetric',
    nearest_mode: 'floor',
    mode,
  });
};

/** Exporters leave a tensor empty where they could leave it out. */
const resize: Rule = (call) => {
  if (call.opset < 11) return upsample(call);
  const inputs = call.inputs.map((value) => (value && sizeOf(value.shape) === 0 ? undefined : value));
  return applySame(call, inputs);
};

/** Rules for nodes of the default domain; every other operator of OPSET is taken as it is. */
export const OPERATOR_RULES: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ['Constant', constantNode],
  ['ConstantOfShape', constantOfShape],
  ['Shape', shape],
  ['Size', size],
  ['Range', range],
  ['Identity', identity],
  ['Dropout', dropout],
  ['Cast', castTo],
  ['CastLike', castLike],
  ['Squeeze', axesAsInput(13)],
  ['Unsqueeze', axesAsInput(13)],
  ['ReduceSum', axesAsInput(13)],
  ...['Mean', 'Max', 'Min', 'Prod', 'L1', 'L2', 'SumSquare', 'LogSum', 'LogSumExp'].map(
    (name) => [`Reduce${name}`, axesAsInput(18)] as const,
  ),
  ['Slice', slice],
  ['Pad', pad],
  ['Clip', clip],
  ['Split', split],
  ['Softmax', softmax],
  ['LogSoftmax', softmax],
  ['BatchNormalization', batchNormalization],
  ['Gather', gather],
  ['Mod', mod],
  ['Upsample', upsample],
  ['Resize', resize],
]);
