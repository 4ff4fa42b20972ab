// Databases that several threads and processes open at the same time, and files that are none.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openDatabase, transaction } from '../../src/database/index.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'robustlaw-database-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const TABLES = 'CREATE TABLE number (value INTEGER NOT NULL) STRICT';
const MODULE = new URL('../../src/database/index.ts', import.meta.url).href;

/** Opens 40 new files, each when the others are about to, and writes a number to each. */
const OPENING = `
  const { workerData, parentPort } = require('node:worker_threads');
  const { folder, arrived, threads } = workerData;
  import(${JSON.stringify(MODULE)}).then(({ openDatabase, transaction }) => {
    for (let file = 0; file < 40; file++) {
      Atomics.add(arrived, 0, 1);
      while (Atomics.load(arrived, 0) < threads * (file + 1));
      const database = openDatabase(folder + '/' + file, ${JSON.stringify(TABLES)}, 1);
      transaction(database, () => database.exec('INSERT INTO number VALUES (' + file + ')'));
      database.close();
    }
    parentPort.postMessage('all');
  });
`;

test('several may open the same new file at once', async () => {
  const threads = 3;
  const workerData = { folder, threads, arrived: new Int32Array(new SharedArrayBuffer(4)) };
  const ends = Array.from({ length: threads }, () => {
    const worker = new Worker(OPENING, { eval: true, workerData });
    return new Promise((resolve, reject) => worker.on('message', resolve).on('error', reject));
  });
  expect(await Promise.all(ends)).toEqual(['all', 'all', 'all']);
  for (let file = 0; file < 40; file++) {
    const database = openDatabase(join(folder, `${file}`), TABLES, 1);
    const rows = database.prepare('SELECT value FROM number').all();
    expect(rows.map(({ value }) => value)).toEqual([file, file, file]);
    database.close();
  }
});

test('what a transaction did before it failed is undone', () => {
  const database = openDatabase(join(folder, 'one'), TABLES, 1);
  const failing = () =>
    transaction(database, () => {
      database.exec('INSERT INTO number VALUES (1)');
      throw new Error('no');
    });
  expect(failing).toThrow('no');
  expect(database.prepare('SELECT * FROM number').all()).toEqual([]);
  transaction(database, () => database.exec('INSERT INTO number VALUES (2)'));
  expect(database.prepare('SELECT value FROM number').get()).toMatchObject({ value: 2 });
  database.close();
});

test('keeps its format, and refuses another, other databases, other files and folders', () => {
  const path = join(folder, 'one');
  openDatabase(path, TABLES, 3).close();
  expect(() => openDatabase(path, TABLES, 4)).toThrow(
    /format 3, where this robustlaw reads 4: use the version that made it/,
  );
  openDatabase(path, TABLES, 3).close();
  const other = new DatabaseSync(join(folder, 'other'));
  other.exec('CREATE TABLE other (value)');
  other.close();
  expect(() => openDatabase(join(folder, 'other'), TABLES, 3)).toThrow(/format 0/);
  writeFileSync(join(folder, 'text'), 'not a database, but long enough to be looked at as one '.repeat(100));
  expect(() => openDatabase(join(folder, 'text'), TABLES, 3)).toThrow(/not a database/);
  expect(() => openDatabase(folder, TABLES, 3)).toThrow(/unable to open/);
});
