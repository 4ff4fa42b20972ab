import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { openSqliteStore } from '../../src/study/sqlite-store.ts';
import { done, storeConformance } from './store-conformance.ts';

storeConformance('openSqliteStore', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'robustlaw-'));
  let time = 1e12;
  return {
    open: async () => openSqliteStore(join(directory, 'study.sqlite'), () => time),
    advance: (seconds) => {
      time += 1000 * seconds;
    },
    dispose: async () => rmSync(directory, { recursive: true }),
  };
});

describe('openSqliteStore', () => {
  const inDirectory = async (work: (path: string) => Promise<void>) => {
    const directory = mkdtempSync(join(tmpdir(), 'robustlaw-'));
    try {
      await work(join(directory, 'study.sqlite'));
    } finally {
      rmSync(directory, { recursive: true });
    }
  };

  it('keeps what was reported when the process is killed right afterwards', () =>
    inDirectory(async (path) => {
      const store = openSqliteStore(path);
      await store.plan('{}', [{ id: 'a', parameters: 1 }]);
      await store.close();
      const child = spawnSync(
        process.execPath,
        [
          '--input-type=module',
          '-e',
          `import { openSqliteStore } from ${JSON.stringify(`${import.meta.dirname}/../../src/study/sqlite-store.ts`)};
           const store = openSqliteStore(${JSON.stringify(path)});
           await store.claim('child');
           const report = JSON.parse(process.argv[1]);
           if (await store.report('child', report)) process.kill(process.pid, 'SIGKILL');`,
          JSON.stringify({ ...done('a'), outcome: { ...done('a').outcome, result: {} } }),
        ],
        { encoding: 'utf8' },
      );
      expect(child.signal, child.stderr).toBe('SIGKILL');
      const again = openSqliteStore(path);
      expect(await again.counts()).toEqual({ open: 0, running: 0, done: 1, failed: 0 });
      await again.close();
    }));

  it('refuses a file that is no database, and one of another format, with what to do', () =>
    inDirectory(async (path) => {
      writeFileSync(path, 'not a database, but long enough to be looked at as one '.repeat(100));
      expect(() => openSqliteStore(path)).toThrow(/not a study database.*start another run/);
      rmSync(path);
      const newer = new DatabaseSync(path);
      newer.exec('CREATE TABLE x (y); PRAGMA user_version = 99;');
      newer.close();
      expect(() => openSqliteStore(path)).toThrow(/format 99/);
    }));

  it('shows the results to whoever opens the file with another program', () =>
    inDirectory(async (path) => {
      const store = openSqliteStore(path);
      await store.plan('{}', [{ id: 'a', parameters: 1 }]);
      await store.claim('me');
      await store.report('me', done('a'));
      await store.close();
      const database = new DatabaseSync(path, { readOnly: true });
      const row = database
        .prepare(`SELECT family, size, state, measurements ->> '$.parameterCount' AS p FROM trial`)
        .get();
      expect({ ...row }).toEqual({ family: 'projected-rbf', size: 2, state: 'done', p: 6 });
      database.close();
    }));
});
