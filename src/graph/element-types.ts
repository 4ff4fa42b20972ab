// The element types of ONNX: how the bytes of each are laid out, and in which type robustlaw computes with it.
import { widenBfloat16, widenFloat16 } from './bytes.ts';
import { TYPE_CODES } from './ops/cast.ts';
import type { DataType } from './tensor.ts';

/** TensorProto.DataType of the ONNX specification, by number. */
const NAMES = [
  'undefined',
  'float',
  'uint8',
  'int8',
  'uint16',
  'int16',
  'int32',
  'int64',
  'string',
  'bool',
  'float16',
  'double',
  'uint32',
  'uint64',
  'complex64',
  'complex128',
  'bfloat16',
  'float8e4m3fn',
  'float8e4m3fnuz',
  'float8e5m2',
  'float8e5m2fnuz',
  'uint4',
  'int4',
  'float4e2m1',
  'float8e8m0',
  'uint2',
  'int2',
] as const;

/** An element type that can be read. Those to `widen` are computed in float32. */
export interface Stored {
  readonly dtype: DataType;
  /** Bytes per element. */
  readonly width: number;
  readonly widen?: (patterns: Uint16Array) => Float32Array;
}

/** By number. */
export const STORED: Readonly<Record<number, Stored>> = {
  [TYPE_CODES.float32]: { dtype: 'float32', width: 4 },
  [TYPE_CODES.float64]: { dtype: 'float64', width: 8 },
  [TYPE_CODES.int32]: { dtype: 'int32', width: 4 },
  [TYPE_CODES.int64]: { dtype: 'int64', width: 8 },
  [TYPE_CODES.bool]: { dtype: 'bool', width: 1 },
  [TYPE_CODES.uint8]: { dtype: 'uint8', width: 1 },
  [TYPE_CODES.int8]: { dtype: 'int8', width: 1 },
  [NAMES.indexOf('float16')]: { dtype: 'float32', width: 2, widen: widenFloat16 },
  [NAMES.indexOf('bfloat16')]: { dtype: 'float32', width: 2, widen: widenBfloat16 },
};

/** `float16`, `string`, …: the ONNX element type as messages name it. */
export function typeName(code: number): string {
  const known = STORED[code];
  return known && !known.widen ? known.dtype : (NAMES[code] ?? `of the unknown type ${code}`);
}

/** The element type in which robustlaw computes with this ONNX element type; undefined if it has none. */
export function computedType(code: number): DataType | undefined {
  return STORED[code]?.dtype;
}

export function isHalf(code: number): boolean {
  return STORED[code]?.widen !== undefined;
}
