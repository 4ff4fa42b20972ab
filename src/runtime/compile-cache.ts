// Workers load their code through Node's cache of compiled code, which for sources holds the JavaScript without types as well.
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * The environment of a worker: that of this process, with the folder of the cache where it names none. In the environment, it
 * counts from the first module on. Where the folder cannot be written, Node does without.
 */
export function withCompileCache(): NodeJS.ProcessEnv {
  // The folder that module.enableCompileCache() takes.
  return { NODE_COMPILE_CACHE: join(tmpdir(), 'node-compile-cache'), ...process.env };
}
