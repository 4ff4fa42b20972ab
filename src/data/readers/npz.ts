// The NPZ format of NumPy: NPY files in a ZIP archive (APPNOTE.TXT of PKWARE, 6.3), stored or deflated.
import { crc32, inflateRawSync } from 'node:zlib';
import { type FileBytes, malformed, tooLarge } from './bytes.ts';
import type { NumericArray } from './elements.ts';
import { decodeNpy } from './npy.ts';

const END_OF_DIRECTORY = 0x06054b50;
const DIRECTORY_ENTRY = 0x02014b50;
const LOCAL_HEADER = 0x04034b50;
const STORED = 0;
const DEFLATED = 8;
/** Deflate cannot expand by more than 1032 (zlib technical details); the rest is for tiny members. */
const MAX_EXPANSION = 1032;

/** Whether the bytes begin as a ZIP archive does (an empty one has only the end of its directory). */
export function isZip(bytes: Uint8Array): boolean {
  return (
    bytes[0] === 0x50 &&
    bytes[1] === 0x4b &&
    ((bytes[2] === 3 && bytes[3] === 4) || (bytes[2] === 5 && bytes[3] === 6))
  );
}

/** An archive whose directory has been read; arrays are decoded one by one, when asked for. */
export interface NpzArchive {
  /** The names of the arrays, without `.npy`. */
  readonly names: readonly string[];
  /**
   * @throws RobustlawError `malformed-file` when there is no such array, or its member or the array in it is damaged;
   * `file-too-large`.
   */
  array(name: string): NumericArray;
}

/**
 * Reads the directory of an NPZ file. Member names are only ever compared, never used as paths.
 *
 * @throws RobustlawError `malformed-file` naming the field.
 */
export function openNpz(source: FileBytes): NpzArchive {
  const members = readDirectory(source);
  return {
    names: [...members.keys()],
    array(name) {
      const member = members.get(name);
      if (member === undefined) {
        const list = [...members.keys()].map((key) => JSON.stringify(key)).join(', ') || 'none';
        throw malformed(source.file, `has no array ${JSON.stringify(name)}; it holds ${list}`);
      }
      const file = `${source.file}(${name})`;
      return decodeNpy({ file, bytes: extract(source, member, file), maxBytes: source.maxBytes });
    },
  };
}

interface Member {
  readonly method: number;
  readonly crc: number;
  readonly compressedSize: number;
  readonly size: number;
  readonly localHeader: number;
}

function readDirectory({ file, bytes }: FileBytes): ReadonlyMap<string, Member> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = findEndOfDirectory(view);
  if (end < 0) throw malformed(file, 'the ZIP directory is missing: the file is cut off or no archive');
  const count = view.getUint16(end + 10, true);
  const size = view.getUint32(end + 12, true);
  const start = view.getUint32(end + 16, true);
  if (count === 0xffff || size === 0xffffffff || start === 0xffffffff) {
    throw malformed(file, 'is a ZIP64 archive; expected one of less than 4 GiB and 65,535 arrays');
  }
  if (start + size > end)
    throw malformed(file, `the ZIP directory at ${start} of ${size} bytes overlaps its end at ${end}`);
  const members = new Map<string, Member>();
  let position = start;
  for (let i = 0; i < count; i++) {
    if (position + 46 > end || view.getUint32(position, true) !== DIRECTORY_ENTRY) {
      throw malformed(file, `ZIP directory entry ${i} of ${count} is damaged or missing`);
    }
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((at) =>
      view.getUint16(position + at, true),
    );
    const next = position + 46 + nameLength! + extraLength! + commentLength!;
    if (next > end) throw malformed(file, `ZIP directory entry ${i} of ${count} is cut off`);
    const name = new TextDecoder().decode(bytes.subarray(position + 46, position + 46 + nameLength!));
    if ((view.getUint16(position + 8, true) & 1) !== 0) {
      throw malformed(
        file,
        `ZIP member ${JSON.stringify(name)} is encrypted; expected an archive written by NumPy`,
      );
    }
    if (name.endsWith('.npy')) {
      const key = name.slice(0, -'.npy'.length);
      if (members.has(key)) throw malformed(file, `holds two arrays named ${JSON.stringify(key)}`);
      members.set(key, {
        method: view.getUint16(position + 10, true),
        crc: view.getUint32(position + 16, true),
        compressedSize: view.getUint32(position + 20, true),
        size: view.getUint32(position + 24, true),
        localHeader: view.getUint32(position + 42, true),
      });
    }
    position = next;
  }
  return members;
}

/** The record at the end, before a comment of at most 65,535 bytes; -1 when there is none. */
function findEndOfDirectory(view: DataView): number {
  const lowest = Math.max(0, view.byteLength - 22 - 0xffff);
  for (let at = view.byteLength - 22; at >= lowest; at--) {
    if (view.getUint32(at, true) === END_OF_DIRECTORY) return at;
  }
  return -1;
}

function extract({ bytes, maxBytes }: FileBytes, member: Member, file: string): Uint8Array {
  const { method, crc, compressedSize, size, localHeader } = member;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (localHeader + 30 > bytes.length || view.getUint32(localHeader, true) !== LOCAL_HEADER) {
    throw malformed(file, `the ZIP member's local header at ${localHeader} is damaged or missing`);
  }
  const dataStart =
    localHeader + 30 + view.getUint16(localHeader + 26, true) + view.getUint16(localHeader + 28, true);
  if (dataStart + compressedSize > bytes.length) {
    throw malformed(
      file,
      `the ZIP member's ${compressedSize} bytes at ${dataStart} reach beyond the end of the file`,
    );
  }
  if (size > maxBytes) throw tooLarge(file, 'the ZIP member declares', size, maxBytes);
  const compressed = bytes.subarray(dataStart, dataStart + compressedSize);
  const content = method === STORED ? compressed : inflate(compressed, method, size, file);
  if (content.length !== size) {
    throw malformed(file, `the ZIP member has ${content.length} bytes; its directory declares ${size}`);
  }
  const found = crc32(content);
  if (found !== crc) {
    throw malformed(file, `the ZIP member's checksum is ${hex(found)}; its directory declares ${hex(crc)}`);
  }
  return content;
}

function inflate(compressed: Uint8Array, method: number, size: number, file: string): Uint8Array {
  if (method !== DEFLATED) {
    throw malformed(
      file,
      `the ZIP member uses compression method ${method}; expected 0 (stored) or 8 (deflate)`,
    );
  }
  if (size > MAX_EXPANSION * (compressed.length + 1)) {
    throw malformed(
      file,
      `the ZIP member declares ${size} bytes, more than ${compressed.length} bytes can deflate to`,
    );
  }
  try {
    return inflateRawSync(compressed, { maxOutputLength: Math.max(1, size) });
  } catch (error) {
    throw malformed(
      file,
      `the ZIP member is damaged or longer than declared (${(error as Error).message})`,
      error,
    );
  }
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(8, '0')}`;
}
