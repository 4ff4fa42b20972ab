// Tensors as plain data: an element type, a shape and one flat row-major typed array.
import { RobustlawError } from '../errors.ts';

/** Element types that appear in models robustlaw handles, under their ONNX names. */
export type DataType = 'float32' | 'float64' | 'int32' | 'int64' | 'bool' | 'uint8' | 'int8';

export type FloatType = 'float32' | 'float64';

export type Shape = readonly number[];

/** The array behind a tensor: int64 in BigInt64Array, bool in Uint8Array (0 or 1). */
export type TensorData = Float32Array | Float64Array | Int32Array | BigInt64Array | Uint8Array | Int8Array;

export interface TensorType {
  readonly dtype: DataType;
  readonly shape: Shape;
}

export interface Tensor extends TensorType {
  readonly data: TensorData;
}

/** Number of elements, the product of the axes (1 for a scalar). */
export function sizeOf(shape: Shape): number {
  return shape.reduce((product, axis) => product * axis, 1);
}

const ARRAYS = {
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  int64: BigInt64Array,
  bool: Uint8Array,
  uint8: Uint8Array,
  int8: Int8Array,
} as const;

/** A zero-filled array for `size` elements of `dtype`. */
export function allocate(dtype: DataType, size: number): TensorData {
  return new ARRAYS[dtype](size);
}

/** The tensor of `shape` with these elements, converted to `dtype`; throws if their number does not fit the shape. */
export function tensor(dtype: DataType, shape: Shape, values: ArrayLike<number> | TensorData): Tensor {
  const size = sizeOf(shape);
  if (values.length !== size) {
    throw new RobustlawError(
      'shape-mismatch',
      `a tensor of shape [${shape}] holds ${size} elements; ${values.length} were given`,
    );
  }
  if (values instanceof ARRAYS[dtype]) return { dtype, shape, data: values };
  const data = allocate(dtype, size);
  if (data instanceof BigInt64Array) for (let i = 0; i < size; i++) data[i] = BigInt(values[i]!);
  else if (values instanceof BigInt64Array) for (let i = 0; i < size; i++) data[i] = Number(values[i]!);
  else data.set(values);
  return { dtype, shape, data };
}

/** The elements as JavaScript numbers. */
export function numbersOf(t: Tensor): number[] {
  return Array.from(t.data as ArrayLike<number | bigint>, Number);
}

export function isFloat(dtype: DataType): dtype is FloatType {
  return dtype === 'float32' || dtype === 'float64';
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((axis, i) => axis === b[i]);
}

/** `float32 [8, 3]`, as error messages show a type. */
export function showType(t: TensorType): string {
  return `${t.dtype} [${t.shape.join(', ')}]`;
}
