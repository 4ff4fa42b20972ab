// Model files on disk: read with size limits and without following paths out of the model's folder.
import { closeSync, constants, fstatSync, openSync, readSync, realpathSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, sep } from 'node:path';
import { RobustlawError } from '../../errors.ts';
import type { OnnxModel } from '../onnx-model.ts';
import { decodeModel } from './decode-model.ts';
import type { ExternalData } from './decode-tensor.ts';

/** 2 GiB, the longest protobuf message. */
const MAX_MODEL_BYTES = 2 ** 31 - 1;

/**
 * Reads an ONNX file and the weights that it keeps in other files of its own folder. Throws `not-found` if a file is not
 * there, `file-too-large` before reading more than `maxBytes` (2 GiB by default) in all, and `malformed-file` for
 * damaged files and for external data outside of the folder of the model or of the file that it names.
 */
export function readModel(path: string, maxBytes = MAX_MODEL_BYTES): OnnxModel {
  let left = maxBytes;
  const read = (file: string, offset: number, length: number | undefined): Uint8Array => {
    const bytes = readRange(file, offset, length, left, maxBytes);
    left -= bytes.length;
    return bytes;
  };
  const bytes = read(path, 0, undefined);
  const folder = realpathSync(dirname(path));
  const external: ExternalData = (location, offset, length) => read(inside(folder, location), offset, length);
  return decodeModel(bytes, basename(path), external);
}

/** The real path of an external data file; throws unless it lies in the folder, symbolic links followed. */
function inside(folder: string, location: string): string {
  const escapes = (path: string) => path === '..' || path.startsWith(`..${sep}`) || isAbsolute(path);
  const refuse = () => {
    throw new RobustlawError(
      'malformed-file',
      `the external data file "${location}" lies outside of the folder of the model`,
    );
  };
  const path = join(folder, location);
  if (location.includes('\0') || isAbsolute(location) || escapes(relative(folder, path))) refuse();
  const real = onDisk(path, () => realpathSync(path));
  if (escapes(relative(folder, real))) refuse();
  return real;
}

/** `length` bytes from `offset` of a regular file, or all the rest of it, sizes checked before memory is taken. */
function readRange(
  path: string,
  offset: number,
  length: number | undefined,
  left: number,
  maxBytes: number,
): Uint8Array {
  // Opening a named pipe would wait for a writer, but not with O_NONBLOCK (which Windows lacks).
  const file = onDisk(path, () => openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)));
  try {
    const status = fstatSync(file);
    if (!status.isFile()) throw new RobustlawError('not-found', `"${path}" is no regular file`);
    const count = length ?? status.size - offset;
    if (offset + count > status.size) {
      throw new RobustlawError(
        'malformed-file',
        `the file "${path}" has ${status.size} bytes; bytes ${offset} to ${offset + count} are asked for`,
      );
    }
    if (count > left) {
      throw new RobustlawError(
        'file-too-large',
        `"${path}": reading ${count} bytes exceeds the limit of ${maxBytes} bytes for a model`,
      );
    }
    const bytes = new Uint8Array(count);
    for (let done = 0; done < count; ) {
      const got = readSync(file, bytes, done, Math.min(count - done, 2 ** 30), offset + done);
      if (got === 0)
        throw new RobustlawError('malformed-file', `the file "${path}" shrank while it was read`);
      done += got;
    }
    return bytes;
  } finally {
    closeSync(file);
  }
}

/** Errors of the file system as ours. */
function onDisk<Result>(path: string, access: () => Result): Result {
  try {
    return access();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const known = {
      ENOENT: 'there is no such file or folder',
      EACCES: 'access is denied',
      EISDIR: 'it is a folder',
    };
    throw new RobustlawError(
      'not-found',
      `cannot open "${path}": ${known[code as keyof typeof known] ?? message}`,
      { cause: error },
    );
  }
}
