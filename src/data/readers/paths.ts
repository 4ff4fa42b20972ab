// Paths inside of a folder: what is listed or named there must also lie there, symbolic links followed.
import { type Dirent, opendirSync, realpathSync, statSync } from 'node:fs';
import { isAbsolute, join, relative, sep } from 'node:path';
import { RobustlawError } from '../../errors.ts';
import { malformed } from './bytes.ts';

/** Most entries of one folder, and most images of a data set. */
export const MAX_FILES = 1_000_000;

/** Whether a path names a folder; false where there is nothing. */
export function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/** An entry of a folder, symbolic links followed. */
export interface Entry {
  readonly name: string;
  readonly path: string;
  readonly kind: 'file' | 'folder' | 'other';
}

/**
 * The entries of a folder in alphabetical order (of UTF-16 code units), hidden ones (`.name`) left out.
 *
 * @param root the folder that no symbolic link may lead out of.
 * @throws RobustlawError `not-found` for a folder that cannot be listed, `malformed-file` for a link that leads out of the root
 *   or nowhere, `file-too-large` beyond a million entries.
 */
export function listFolder(folder: string, root: string): readonly Entry[] {
  const found: Dirent[] = [];
  try {
    const directory = opendirSync(folder);
    try {
      for (let entry = directory.readSync(); entry !== null; entry = directory.readSync()) {
        if (entry.name.startsWith('.')) continue;
        if (found.length === MAX_FILES) {
          throw new RobustlawError(
            'file-too-large',
            `${folder}: holds more than ${MAX_FILES} files; split the data`,
          );
        }
        found.push(entry);
      }
    } finally {
      directory.closeSync();
    }
  } catch (error) {
    if (error instanceof RobustlawError) throw error;
    throw new RobustlawError(
      'not-found',
      `${folder}: cannot be listed (${(error as Error).message}); check the path and its permissions`,
      { cause: error },
    );
  }
  return found
    .map((entry) => {
      const path = join(folder, entry.name);
      const resolved = entry.isSymbolicLink()
        ? statSync(insideFolder(root, relative(root, path), root))
        : entry;
      const kind = resolved.isDirectory() ? 'folder' : resolved.isFile() ? 'file' : 'other';
      return { name: entry.name, path, kind } as const;
    })
    .toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

/**
 * The path of a file that a list names, once it is known to lie in the folder.
 *
 * @param file opens the message.
 * @throws RobustlawError `malformed-file` for an absolute path, one that leads out of the folder, by itself or by a symbolic
 *   link, and one that leads nowhere.
 */
export function insideFolder(folder: string, name: string, file: string): string {
  const path = join(folder, name);
  const outside = () =>
    malformed(file, `${JSON.stringify(name)} leads out of the folder; expected files inside of ${folder}`);
  if (name.includes('\0') || isAbsolute(name) || escapes(relative(folder, path))) throw outside();
  let real: string;
  let root: string;
  try {
    [real, root] = [realpathSync(path), realpathSync(folder)];
  } catch (error) {
    throw malformed(file, `there is no file ${JSON.stringify(name)} in ${folder}`, error);
  }
  if (escapes(relative(root, real))) throw outside();
  return path;
}

function escapes(path: string): boolean {
  return path === '..' || path.startsWith(`..${sep}`) || isAbsolute(path);
}
