// Files appear whole or not at all: written beside the target under another name, flushed, then renamed.
import { randomUUID } from 'node:crypto';
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { RobustlawError } from '../errors.ts';

/**
 * Writes the content, text as UTF-8 or chunks of bytes one after another, to the file `path`, replacing what was there.
 *
 * @throws RobustlawError `not-found` when the folder does not exist or cannot be written; nothing is left behind then.
 */
export function writeWhole(path: string, content: string | Uint8Array | Iterable<Uint8Array>): void {
  const chunks =
    typeof content === 'string'
      ? [new TextEncoder().encode(content)]
      : content instanceof Uint8Array
        ? [content]
        : content;
  const temporary = `${path}.${randomUUID()}.tmp`;
  let descriptor: number | undefined;
  try {
    descriptor = openSync(temporary, 'wx');
    for (const chunk of chunks) writeAll(descriptor, chunk);
    fsyncSync(descriptor);
    closeSync(descriptor);
    descriptor = undefined;
    renameSync(temporary, path);
  } catch (error) {
    if (descriptor !== undefined) closeSync(descriptor);
    rmSync(temporary, { force: true });
    if (error instanceof RobustlawError) throw error;
    const message = `${path}: cannot be written (${(error as Error).message}); check the folder, its permissions and free space`;
    throw new RobustlawError('not-found', message, { cause: error });
  }
}

function writeAll(descriptor: number, chunk: Uint8Array): void {
  for (let written = 0; written < chunk.length; ) {
    written += writeSync(descriptor, chunk, written, Math.min(chunk.length - written, 2 ** 30));
  }
}
