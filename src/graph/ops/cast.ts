// Change of element type.
import { RobustlawError } from '../../errors.ts';
import { required } from '../shape.ts';
import type { DataType } from '../tensor.ts';
import { isFloat } from '../tensor.ts';
import type { Op, Value } from '../value.ts';
import { emit1 } from '../value.ts';

/** TensorProto.DataType numbers of the element types (ONNX specification). */
export const TYPE_CODES: Readonly<Record<DataType, number>> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
  float64: 11,
};

/** The element type with this TensorProto.DataType number. */
export function typeOfCode(code: number): DataType {
  const found = Object.entries(TYPE_CODES).find(([, c]) => c === code);
  if (!found) {
    throw new RobustlawError(
      'unsupported-type',
      `element type number ${code} is not supported; expected one of ${Object.keys(TYPE_CODES).join(', ')}`,
    );
  }
  return found[0] as DataType;
}

export const Cast: Op = {
  name: 'Cast',
  attributes: { to: 'int' },
  infer: (inputs, attributes) => [
    { dtype: typeOfCode(attributes.to as number), shape: required(inputs, 0).shape },
  ],
  vjp: (node, [g]) => {
    const x = node.inputs[0]!;
    return [isFloat(x.dtype) && isFloat(g!.dtype) ? cast(g!, x.dtype) : undefined];
  },
};

/** `x` in another element type. */
export function cast(x: Value, dtype: DataType): Value {
  return x.dtype === dtype ? x : emit1(Cast, [x], { to: TYPE_CODES[dtype] });
}
