// What computed a result: stored beside it, because a result is only reproducible together with the software.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

/** Versions of robustlaw, ONNX Runtime and Node, and the machine kind; the bits of a result depend on no other thing. */
export function versions(): Readonly<Record<string, string>> {
  const require = createRequire(import.meta.url);
  const versionOf = (path: string | URL) => JSON.parse(readFileSync(path, 'utf8')).version as string;
  return {
    robustlaw: versionOf(new URL('../../package.json', import.meta.url)),
    'onnxruntime-node': versionOf(require.resolve('onnxruntime-node/package.json')),
    node: process.versions.node,
    platform: `${process.platform}-${process.arch}`,
  };
}
