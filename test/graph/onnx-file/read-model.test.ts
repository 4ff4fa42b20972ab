import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create } from '@bufbuild/protobuf';
import { StringStringEntryProtoSchema } from 'onnx-buf';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RobustlawError } from '../../../src/errors.ts';
import type { Tensor } from '../../../src/graph/index.ts';
import { readModel } from '../../../src/graph/onnx-file/index.ts';
import { CODE, fileOf, node, port, raw } from '../handmade.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'robustlaw-files-'));
  mkdirSync(join(folder, 'models'));
  writeFileSync(join(folder, 'secret.bin'), new Float32Array([13, 14]));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const path = (name: string) => join(folder, 'models', name);

/** A model whose weights of 8 bytes are in another file. */
function withExternal(entries: Readonly<Record<string, string>>): string {
  const externalData = Object.entries(entries).map(([key, value]) =>
    create(StringStringEntryProtoSchema, { key, value }),
  );
  const w = raw('w', CODE.FLOAT, [2], new Uint8Array(), { dataLocation: 1, externalData });
  const bytes = fileOf({ inputs: [port('x', [2])], initializers: [w], nodes: [node('Add', 'x w', 'y')] });
  writeFileSync(path('net.onnx'), bytes);
  return path('net.onnx');
}

function failure(work: () => unknown): RobustlawError {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(RobustlawError);
    return error as RobustlawError;
  }
  throw new Error('it succeeded');
}

const weights = (at: string) => [...(readModel(at).graph.initializers.get('w') as Tensor).data];

describe('readModel', () => {
  it('reads a model and names it after its file', () => {
    const model = readModel(join(import.meta.dirname, '../../fixtures/onnx/mlp-opset16.onnx'));
    expect(model.fileName).toBe('mlp-opset16.onnx');
    expect(model.graph.nodes).toHaveLength(5);
  });

  it('reads external data of its own folder and of folders below', () => {
    mkdirSync(path('deep/er'), { recursive: true });
    writeFileSync(path('deep/er/w.bin'), new Float32Array([9, 1.5, -2, 9]));
    expect(weights(withExternal({ location: 'deep/er/w.bin', offset: '4', length: '8' }))).toStrictEqual([
      1.5, -2,
    ]);
    expect(weights(withExternal({ location: './deep/../deep/er/w.bin', offset: '4' }))).toStrictEqual([
      1.5, -2,
    ]);
  });

  it('reads through a symbolic link to the model, and to data within the folder', () => {
    writeFileSync(path('w.bin'), new Float32Array([1, 2]));
    symlinkSync('w.bin', path('link.bin'));
    withExternal({ location: 'link.bin' });
    symlinkSync(path('net.onnx'), path('link.onnx'));
    expect(weights(path('link.onnx'))).toStrictEqual([1, 2]);
  });

  it.each([
    ['a parent folder', '../secret.bin'],
    ['a parent folder, further in', 'a/../../secret.bin'],
    ['the folder itself', '.'],
    ['a device', '/dev/zero'],
    ['a password file', '/etc/passwd'],
    ['a zero byte', 'w.bin\0.txt'],
  ])('refuses external data at %s', (_, location) => {
    const error = failure(() => readModel(withExternal({ location })));
    expect(error.message).toMatch(/outside of the folder of the model|no regular file/);
  });

  it('refuses external data behind symbolic links that lead outside', () => {
    symlinkSync('../secret.bin', path('link.bin'));
    symlinkSync('..', path('up'));
    for (const location of ['link.bin', 'up/secret.bin'])
      expect(failure(() => readModel(withExternal({ location }))).message).toMatch(/outside of the folder/);
  });

  it.each([
    [
      { location: 'w.bin', offset: '4' },
      'malformed-file',
      /"net\.onnx: |has 8 bytes; bytes 4 to 12 are asked for/,
    ],
    [{ location: 'w.bin', offset: '9007199254740991' }, 'malformed-file', /has 8 bytes/],
    [{ location: 'missing.bin' }, 'not-found', /missing\.bin": there is no such file/],
  ])('refuses external data that is not there: %j', (entries, code, message) => {
    writeFileSync(path('w.bin'), new Float32Array([1, 2]));
    const error = failure(() => readModel(withExternal(entries)));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
  });

  it('checks sizes before it reads, weights in other files included', () => {
    writeFileSync(path('w.bin'), new Float32Array([1, 2]));
    const at = withExternal({ location: 'w.bin' });
    const size = readFileSync(at).length;
    expect(readModel(at, size + 8).graph.initializers.size).toBe(1);
    for (const limit of [size + 7, size, size - 1, 0]) {
      const error = failure(() => readModel(at, limit));
      expect(error.code).toBe('file-too-large');
      expect(error.message).toMatch(new RegExp(`limit of ${limit} bytes`));
    }
  });

  it('large weights take their own size and that of the file, halves twice theirs, and no more', () => {
    const count = 2 ** 24;
    const model = (code: number, data: ArrayBufferView) =>
      fileOf({
        inputs: [port('x', [count])],
        initializers: [raw('w', code, [count], data)],
        nodes: [node('Add', 'x w', 'y')],
      });
    for (const [name, bytes, held] of [
      ['single.onnx', model(CODE.FLOAT, new Float32Array(count).fill(2)), 4],
      ['half.onnx', model(CODE.FLOAT16, new Float16Array(count).fill(2)), 4],
    ] as const) {
      writeFileSync(path(name), bytes);
      const before = process.memoryUsage().arrayBuffers;
      const { data } = readModel(path(name)).graph.initializers.get('w') as Tensor;
      // Copies that garbage collection has not found yet are counted, so this bounds what was ever taken.
      const taken = process.memoryUsage().arrayBuffers - before;
      expect(data.byteLength).toBe(held * count);
      expect([data[0], data[count - 1]]).toEqual([2, 2]);
      expect(taken).toBeLessThan(bytes.length + (name === 'half.onnx' ? 2 + held : held) * count + 2 ** 20);
      // A file that ends early is told before its weights are copied.
      writeFileSync(path(name), bytes.subarray(0, bytes.length / 2));
      const start = process.memoryUsage().arrayBuffers;
      expect(failure(() => readModel(path(name))).message).toMatch(/damaged or truncated one \(\d+ bytes\)/);
      expect(process.memoryUsage().arrayBuffers - start).toBeLessThan(bytes.length / 2 + 2 ** 20);
    }
  });

  it('claims of size are checked against the file before memory is taken', () => {
    const claims = [
      raw('w', CODE.FLOAT, [2 ** 40], new Uint8Array(8)),
      raw('w', CODE.FLOAT16, [2 ** 30, 2 ** 20], new Uint8Array(8)),
    ];
    for (const w of claims) {
      writeFileSync(path('claim.onnx'), fileOf({ initializers: [w], nodes: [node('Add', 'w w', 'y')] }));
      const before = process.memoryUsage().arrayBuffers;
      const error = failure(() => readModel(path('claim.onnx')));
      expect(error.message).toMatch(
        /^claim\.onnx: initializer "w" needs \d+ elements of .* it holds 8 bytes$/,
      );
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 20);
    }
    writeFileSync(path('w.bin'), new Float32Array([1, 2]));
    const external = withExternal({ location: 'w.bin', length: '8000000000000' });
    expect(failure(() => readModel(external)).message).toMatch(/needs 8 bytes; .* has length 8000000000000/);
  });

  it('files that are none: missing, a folder, a named pipe, empty', () => {
    expect(failure(() => readModel(path('missing.onnx')))).toMatchObject({ code: 'not-found' });
    expect(failure(() => readModel(folder)).message).toMatch(/no regular file|folder/);
    execFileSync('mkfifo', [path('pipe')]);
    expect(failure(() => readModel(path('pipe'))).message).toMatch(/no regular file/);
    writeFileSync(path('empty.onnx'), '');
    expect(failure(() => readModel(path('empty.onnx'))).message).toMatch(/^empty\.onnx: .*no graph/);
  });
});
