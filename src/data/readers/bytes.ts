// Files as bytes, with every size checked before memory is taken: reading, gzip, and the errors all readers share.
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { gunzipSync, constants as zlib } from 'node:zlib';
import { RobustlawError } from '../../errors.ts';

/** The most bytes a file, its decompressed form or its decoded values may take, unless the caller says otherwise: 2 GiB. */
export const DEFAULT_MAX_BYTES = 2 ** 31;

/** The bytes of a file, with the name that errors give it and the limit its decoding must keep. */
export interface FileBytes {
  readonly file: string;
  readonly bytes: Uint8Array;
  readonly maxBytes: number;
}

/** `a.npy: invalid header: ...; expected ...`, code `malformed-file`. */
export function malformed(file: string, problem: string, cause?: unknown): RobustlawError {
  return new RobustlawError(
    'malformed-file',
    `${file}: ${problem}`,
    cause === undefined ? undefined : { cause },
  );
}

/** Code `file-too-large`, naming the field that declares the size. */
export function tooLarge(file: string, what: string, size: number, maxBytes: number): RobustlawError {
  return new RobustlawError(
    'file-too-large',
    `${file}: ${what} ${size} bytes; expected at most ${maxBytes}: split the data or raise the limit (maxBytes)`,
  );
}

/**
 * The bytes of a regular file.
 *
 * @throws RobustlawError `not-found` when it does not exist or cannot be opened, `malformed-file` when it is no regular file
 * (a directory, a pipe, a device), `file-too-large` when it exceeds maxBytes.
 */
export function readBytes(file: string, maxBytes = DEFAULT_MAX_BYTES): FileBytes {
  const descriptor = open(file);
  try {
    const stats = fstatSync(descriptor);
    if (!stats.isFile()) throw malformed(file, 'not a regular file; expected a data file');
    if (stats.size > maxBytes) throw tooLarge(file, 'the file has', stats.size, maxBytes);
    const bytes = new Uint8Array(stats.size);
    let length = 0;
    while (length < bytes.length) {
      const read = readSync(descriptor, bytes, length, Math.min(bytes.length - length, 2 ** 30), null);
      if (read === 0) break;
      length += read;
    }
    return { file, bytes: bytes.subarray(0, length), maxBytes };
  } catch (error) {
    if (error instanceof RobustlawError) throw error;
    throw malformed(file, `cannot be read (${(error as Error).message})`, error);
  } finally {
    closeSync(descriptor);
  }
}

/**
 * The bytes of several regular files, which maxBytes limits together: their sizes are added up before any is read.
 *
 * @throws RobustlawError as readBytes() does.
 */
export function readBytesOfAll(files: readonly string[], maxBytes = DEFAULT_MAX_BYTES): FileBytes[] {
  const sizes = files.map(sizeOfFile);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (total > maxBytes && files.length > 1)
    throw tooLarge(files[0]!, `the file and the ${files.length - 1} after it have`, total, maxBytes);
  return files.map((file) => readBytes(file, maxBytes));
}

function sizeOfFile(file: string): number {
  const descriptor = open(file);
  try {
    return fstatSync(descriptor).size;
  } finally {
    closeSync(descriptor);
  }
}

/** The first bytes of a regular file, at most `count`; undefined where there is none or it cannot be read. */
export function firstBytes(file: string, count: number): Uint8Array | undefined {
  let descriptor: number | undefined;
  try {
    descriptor = open(file);
    if (!fstatSync(descriptor).isFile()) return undefined;
    const bytes = new Uint8Array(count);
    return bytes.subarray(0, readSync(descriptor, bytes, 0, count, 0));
  } catch {
    return undefined;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/** Whether the bytes begin as gzip does. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes.length >= 2 && bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/**
 * The decompressed bytes, at most `limit` of them.
 *
 * @param limit defaults to maxBytes; a smaller one is used where a header has declared the size.
 * @throws RobustlawError `file-too-large` beyond the limit, `malformed-file` when the stream is damaged or cut off.
 */
export function gunzip({ file, bytes, maxBytes }: FileBytes, limit = maxBytes): Uint8Array {
  try {
    return gunzipSync(bytes, { maxOutputLength: Math.max(1, limit) });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      if (limit >= maxBytes) throw tooLarge(file, 'the decompressed data has more than', limit, maxBytes);
      throw malformed(file, `the gzip stream holds more than the ${limit} bytes its header declares`, error);
    }
    throw malformed(file, `the gzip stream is damaged or cut off (${(error as Error).message})`, error);
  }
}

/** What the first kilobytes of a gzip stream decompress to: enough to read a header before memory is taken for the rest. */
export function gunzipStart({ file, bytes }: FileBytes): Uint8Array {
  try {
    return gunzipSync(bytes.subarray(0, 4096), { finishFlush: zlib.Z_SYNC_FLUSH });
  } catch (error) {
    throw malformed(file, `the gzip stream is damaged (${(error as Error).message})`, error);
  }
}

/** Throws unless `count` values of `bytesEach` stay within the limit. */
export function requireDecodable(file: string, count: number, bytesEach: number, maxBytes: number): void {
  if (!(count * bytesEach <= maxBytes)) {
    throw tooLarge(file, `${count} values take`, count * bytesEach, maxBytes);
  }
}

function open(file: string): number {
  try {
    // O_NONBLOCK: opening a pipe that nobody writes to must not wait.
    return openSync(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const what = code === 'ENOENT' ? 'no such file' : `cannot be opened (${message})`;
    throw new RobustlawError('not-found', `${file}: ${what}; check the path and its permissions`, {
      cause: error,
    });
  }
}
