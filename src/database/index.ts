// SQLite databases, one a file, that several processes may open at the same time.
import { DatabaseSync } from 'node:sqlite';

/** SQLite's code for a file that another process has locked. */
const BUSY = 5;

/** Milliseconds for which such a lock is waited for. */
const PATIENCE = 30_000;

/**
 * Opens the database in a file, which is made with these tables if it is not there, in write-ahead mode. The file keeps the
 * `format` of its tables, an integer >= 1.
 *
 * @throws Error when the file cannot be opened, is no database or one of another format; whoever calls says what it is for.
 */
export function openDatabase(path: string, tables: string, format: number): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: PATIENCE });
  try {
    patiently(() => database.exec('PRAGMA journal_mode = WAL'));
    transaction(database, () => {
      const version = database.prepare('PRAGMA user_version').get()?.user_version;
      const isEmpty = database.prepare('SELECT count(*) AS count FROM sqlite_schema').get()?.count === 0;
      if (version === 0 && isEmpty) database.exec(`${tables}; PRAGMA user_version = ${format}`);
      else if (version !== format) {
        throw new Error(
          `format ${version}, where this robustlaw reads ${format}: use the version that made it`,
        );
      }
    });
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** All or nothing, and alone: no other process writes in between. */
export function transaction(database: DatabaseSync, work: () => void): void {
  database.exec('BEGIN IMMEDIATE');
  try {
    work();
    database.exec('COMMIT');
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

/** Again while another process has the lock: SQLite's own patience does not hold for a change of mode. */
function patiently(work: () => void): void {
  const end = performance.now() + PATIENCE;
  for (;;) {
    try {
      work();
      return;
    } catch (error) {
      if ((error as { errcode?: number }).errcode !== BUSY || performance.now() > end) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
  }
}
