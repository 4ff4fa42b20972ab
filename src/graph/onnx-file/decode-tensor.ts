// Reads a TensorProto: raw bytes, typed fields or external data, every size checked before memory is taken.
import type { TensorProto } from 'onnx-buf';
import { TensorProto_DataType as Code, TensorProto_DataLocation as Location } from 'onnx-buf';
import { RobustlawError } from '../../errors.ts';
import { fromLittleEndian } from '../bytes.ts';
import { STORED, type Stored, typeName } from '../element-types.ts';
import type { OnnxTensor } from '../onnx-model.ts';
import { MAX_RANK } from '../onnx-model.ts';
import type { TensorData } from '../tensor.ts';
import { allocate } from '../tensor.ts';

/**
 * Returns `length` bytes from `offset` of the file `location` that stands beside the model (all the rest if `length` is
 * undefined). It must refuse locations outside of the model's folder and ranges outside of the file.
 */
export type ExternalData = (location: string, offset: number, length: number | undefined) => Uint8Array;

/** The tensor; `what` names it in errors. */
export function decodeTensor(proto: TensorProto, what: string, external?: ExternalData): OnnxTensor {
  if (proto.dims.length > MAX_RANK) throw malformed(`${what} has ${proto.dims.length} axes`);
  const shape = proto.dims.map((axis) => {
    if (axis < 0n || axis > BigInt(Number.MAX_SAFE_INTEGER))
      throw malformed(`${what} has an axis of length ${axis}`);
    return Number(axis);
  });
  const size = shape.reduce((product, axis) => product * axis, 1);
  if (!Number.isSafeInteger(size)) throw malformed(`${what} of shape [${shape}] has more than 2^53 elements`);
  const stored = STORED[proto.dataType];
  if (!stored) {
    return {
      shape,
      unsupported: `${typeName(proto.dataType)}; expected one of ${Object.keys(STORED)
        .map((code) => typeName(Number(code)))
        .join(', ')}`,
    };
  }
  if (proto.segment) throw malformed(`${what} is stored in segments, which no ONNX runtime reads`);
  return { dtype: stored.dtype, shape, data: decodeData(proto, stored, size, what, external) };
}

function decodeData(
  proto: TensorProto,
  stored: Stored,
  size: number,
  what: string,
  external: ExternalData | undefined,
): TensorData {
  const typed = typedField(proto);
  const isExternal = proto.dataLocation === Location.EXTERNAL;
  const places = [proto.rawData.length > 0, typed.length > 0, isExternal].filter(Boolean).length;
  if (places > 1)
    throw malformed(`${what} stores its elements twice (raw_data, a typed field or external data)`);
  const needed = `${what} needs ${size} elements of ${typeName(proto.dataType)}`;
  if (typed.length > 0) {
    if (typed.length !== size) throw malformed(`${needed}; it holds ${typed.length}`);
    return fromTyped(typed, stored, what);
  }
  const bytes = size * stored.width;
  const raw = isExternal ? externalBytes(proto, bytes, what, external) : proto.rawData;
  if (raw.length !== bytes) throw malformed(`${needed}, ${bytes} bytes; it holds ${raw.length} bytes`);
  return fromRaw(raw, stored);
}

/** The typed field that this element type uses (ONNX specification, TensorProto). */
function typedField(proto: TensorProto): readonly number[] | readonly bigint[] {
  if (proto.dataType === Code.FLOAT) return proto.floatData;
  if (proto.dataType === Code.DOUBLE) return proto.doubleData;
  return proto.dataType === Code.INT64 ? proto.int64Data : proto.int32Data;
}

function fromTyped(
  values: readonly number[] | readonly bigint[],
  { dtype, widen }: Stored,
  what: string,
): TensorData {
  if (widen) return widen(Uint16Array.from(values as readonly number[]));
  const data = allocate(dtype, values.length);
  if (data instanceof BigInt64Array) {
    for (let i = 0; i < data.length; i++) data[i] = values[i] as bigint;
    return data;
  }
  for (let i = 0; i < data.length; i++) {
    const value = values[i] as number;
    data[i] = dtype === 'bool' ? Number(value !== 0) : value;
    if ((dtype === 'int8' || dtype === 'uint8') && data[i] !== value)
      throw malformed(`element ${i} of ${what} is ${value}, which is no ${dtype}`);
  }
  return data;
}

/** A copy, so that the tensor neither keeps the whole file alive nor changes with it. */
function fromRaw(raw: Uint8Array, { dtype, width, widen }: Stored): TensorData {
  const bytes = fromLittleEndian(raw, width);
  if (widen) return widen(new Uint16Array(bytes));
  switch (dtype) {
    case 'float32':
      return new Float32Array(bytes);
    case 'float64':
      return new Float64Array(bytes);
    case 'int32':
      return new Int32Array(bytes);
    case 'int64':
      return new BigInt64Array(bytes);
    case 'int8':
      return new Int8Array(bytes);
    case 'uint8':
      return new Uint8Array(bytes);
    case 'bool':
      return new Uint8Array(bytes).map((byte) => Number(byte !== 0));
  }
}

function externalBytes(
  proto: TensorProto,
  needed: number,
  what: string,
  external: ExternalData | undefined,
): Uint8Array {
  const entries = new Map(proto.externalData.map(({ key, value }) => [key, value]));
  const location = entries.get('location');
  if (!location) throw malformed(`${what} is external data without a location`);
  const offset = byteCount(entries.get('offset') ?? '0', `the offset of ${what}`);
  const length = entries.has('length')
    ? byteCount(entries.get('length')!, `the length of ${what}`)
    : undefined;
  if (length !== undefined && length !== needed)
    throw malformed(`${what} needs ${needed} bytes; its external data has length ${length}`);
  if (!external) {
    throw new RobustlawError(
      'not-found',
      `${what} is stored in the file "${location}" beside the model; read the model from its folder with readModel()`,
    );
  }
  return external(location, offset, needed);
}

function byteCount(text: string, what: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value))
    throw malformed(`${what} is ${JSON.stringify(text)}; expected a number of bytes`);
  return value;
}

function malformed(message: string): RobustlawError {
  return new RobustlawError('malformed-file', message);
}
