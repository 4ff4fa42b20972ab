// Arrays of binary numbers, as IDX and NPY hold them: element types, byte order, and the array they decode to.
import { malformed, requireDecodable } from './bytes.ts';

/** An array of numbers as a file holds it. */
export interface NumericArray {
  /** Row-major. Types that float32 holds exactly (float32, integers of up to 16 bits, booleans) stay float32. */
  readonly data: Float64Array | Float32Array;
  /** One size per axis; [] for a single number. */
  readonly shape: readonly number[];
}

/** f: float, i: signed, u: unsigned integer, b: boolean; then the bytes of one element, as in NumPy. */
export type ElementType = 'f4' | 'f8' | 'i1' | 'i2' | 'i4' | 'i8' | 'u1' | 'u2' | 'u4' | 'u8' | 'b1';

/** Bytes of one element in the file. */
export function elementBytes(type: ElementType): number {
  return Number(type[1]);
}

/** Bytes of one element once decoded. */
export function decodedBytes(type: ElementType): number {
  return isFloat32(type) ? 4 : 8;
}

/** The product of the axes; Infinity when it overflows. */
export function elementCount(shape: readonly number[]): number {
  return shape.includes(0) ? 0 : shape.reduce((product, size) => product * size, 1);
}

/**
 * The product of the axes, checked against what the file holds and against the limit, before memory is taken.
 *
 * @param available bytes of data that are in the file.
 * @throws RobustlawError `malformed-file` when the shape asks for another number of bytes than there are, `file-too-large`.
 */
export function requireElementCount(
  file: string,
  shape: readonly number[],
  type: ElementType,
  available: number,
  maxBytes: number,
): number {
  const count = elementCount(shape);
  const declared = count * elementBytes(type);
  if (declared !== available) {
    const problem =
      declared > available ? 'the file is cut off or the header wrong' : 'the file has bytes left over';
    throw malformed(
      file,
      `shape [${shape}] of ${type} needs ${declared} bytes of data, but there are ${available}: ${problem}`,
    );
  }
  requireDecodable(file, count, decodedBytes(type), maxBytes);
  return count;
}

/**
 * `count` elements from the start of `bytes`.
 *
 * @throws RobustlawError `malformed-file` for an integer beyond ±2^53, which float64 cannot hold, and a boolean other than 0 and 1.
 */
export function decodeElements(
  file: string,
  bytes: Uint8Array,
  count: number,
  type: ElementType,
  littleEndian: boolean,
): Float64Array | Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const out = isFloat32(type) ? new Float32Array(count) : new Float64Array(count);
  const size = elementBytes(type);
  const read = reader(file, view, type, littleEndian);
  for (let i = 0; i < count; i++) out[i] = read(i * size);
  return out;
}

function isFloat32(type: ElementType): boolean {
  return type === 'f4' || type === 'b1' || type === 'i1' || type === 'u1' || type === 'i2' || type === 'u2';
}

function reader(
  file: string,
  view: DataView,
  type: ElementType,
  little: boolean,
): (offset: number) => number {
  switch (type) {
    case 'f4':
      return (offset) => view.getFloat32(offset, little);
    case 'f8':
      return (offset) => view.getFloat64(offset, little);
    case 'i1':
      return (offset) => view.getInt8(offset);
    case 'i2':
      return (offset) => view.getInt16(offset, little);
    case 'i4':
      return (offset) => view.getInt32(offset, little);
    case 'u1':
      return (offset) => view.getUint8(offset);
    case 'u2':
      return (offset) => view.getUint16(offset, little);
    case 'u4':
      return (offset) => view.getUint32(offset, little);
    case 'i8':
      return (offset) => exactly(file, view.getBigInt64(offset, little), offset);
    case 'u8':
      return (offset) => exactly(file, view.getBigUint64(offset, little), offset);
    case 'b1':
      return (offset) => {
        const value = view.getUint8(offset);
        if (value > 1) throw malformed(file, `boolean at element ${offset} is ${value}; expected 0 or 1`);
        return value;
      };
  }
}

function exactly(file: string, value: bigint, offset: number): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) {
    throw malformed(
      file,
      `element ${offset / 8} is ${value}; expected an integer within ±(2^53 - 1), all float64 holds exactly`,
    );
  }
  return number;
}
