// The IDX format of MNIST (yann.lecun.com/exdb/mnist): two zero bytes, a type, a rank, big-endian axes, then the elements.
import { type FileBytes, gunzip, gunzipStart, isGzip, malformed, requireDecodable } from './bytes.ts';
import {
  decodedBytes,
  decodeElements,
  type ElementType,
  elementBytes,
  elementCount,
  type NumericArray,
  requireElementCount,
} from './elements.ts';

const TYPES: ReadonlyMap<number, ElementType> = new Map([
  [0x08, 'u1'],
  [0x09, 'i1'],
  [0x0b, 'i2'],
  [0x0c, 'i4'],
  [0x0d, 'f4'],
  [0x0e, 'f8'],
]);

/** Whether the bytes begin as an IDX file does. */
export function isIdx(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && bytes[0] === 0 && bytes[1] === 0 && TYPES.has(bytes[2]!) && bytes[3]! > 0;
}

/**
 * The array of an IDX file, plain or gzip.
 *
 * @throws RobustlawError `malformed-file` naming the field, `file-too-large`.
 */
export function decodeIdx(source: FileBytes): NumericArray {
  const { file, maxBytes } = source;
  if (!isGzip(source.bytes)) return decodePlain(source.bytes, file, maxBytes);
  const { shape, type, dataStart } = readHeader(gunzipStart(source), file);
  const count = elementCount(shape);
  requireDecodable(file, count, Math.max(decodedBytes(type), elementBytes(type)), maxBytes);
  return decodePlain(gunzip(source, dataStart + count * elementBytes(type)), file, maxBytes);
}

function decodePlain(bytes: Uint8Array, file: string, maxBytes: number): NumericArray {
  const { shape, type, dataStart } = readHeader(bytes, file);
  const count = requireElementCount(file, shape, type, bytes.length - dataStart, maxBytes);
  return { shape, data: decodeElements(file, bytes.subarray(dataStart), count, type, false) };
}

interface IdxHeader {
  readonly shape: readonly number[];
  readonly type: ElementType;
  readonly dataStart: number;
}

function readHeader(bytes: Uint8Array, file: string): IdxHeader {
  if (bytes.length < 4) throw malformed(file, `IDX header has ${bytes.length} bytes; expected at least 4`);
  if (bytes[0] !== 0 || bytes[1] !== 0) {
    throw malformed(file, `IDX magic number begins with bytes ${bytes[0]} ${bytes[1]}; expected 0 0`);
  }
  const type = TYPES.get(bytes[2]!);
  if (type === undefined) {
    throw malformed(
      file,
      `IDX type is 0x${bytes[2]!.toString(16)}; expected one of 0x8, 0x9, 0xb, 0xc, 0xd, 0xe`,
    );
  }
  const rank = bytes[3]!;
  if (rank === 0) throw malformed(file, 'IDX rank is 0; expected at least one axis');
  const dataStart = 4 + 4 * rank;
  if (bytes.length < dataStart) {
    throw malformed(file, `IDX header has ${bytes.length} bytes; expected ${dataStart} for rank ${rank}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { shape: Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis)), type, dataStart };
}
