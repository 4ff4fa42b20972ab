import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeWhole } from '../../src/files/index.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'robustlaw-files-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('text, bytes and chunks arrive as they are, over an older file, and nothing else is left', () => {
  const path = join(folder, 'new');
  writeWhole(path, 'é');
  expect([...readFileSync(path)]).toStrictEqual([0xc3, 0xa9]);
  writeWhole(path, Uint8Array.of(1, 2, 3));
  expect([...readFileSync(path)]).toStrictEqual([1, 2, 3]);
  writeWhole(path, [Uint8Array.of(4), Uint8Array.of(), Uint8Array.of(5, 6)]);
  expect([...readFileSync(path)]).toStrictEqual([4, 5, 6]);
  expect(readdirSync(folder)).toStrictEqual(['new']);
});

test('into nowhere, in place of a folder, or from chunks that fail, is an error and leaves nothing', () => {
  expect(() => writeWhole(join(folder, 'no/where'), 'a')).toThrow(/no\/where: cannot be written/);
  mkdirSync(join(folder, 'taken'));
  expect(() => writeWhole(join(folder, 'taken'), 'a')).toThrow(/taken: cannot be written/);
  const failing = (function* () {
    yield Uint8Array.of(1);
    throw new Error('out of data');
  })();
  expect(() => writeWhole(join(folder, 'half'), failing)).toThrow(/out of data/);
  expect(readdirSync(folder)).toStrictEqual(['taken']);
});
