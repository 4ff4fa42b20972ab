// The record of the finished steps of an audit: what is in it is never computed again, whatever is killed and when.
import type { DatabaseSync } from 'node:sqlite';
import { deserialize, serialize } from 'node:v8';
import { openDatabase, transaction } from '../database/index.ts';
import { RobustlawError } from '../errors.ts';

/** Version of the tables; a journal of another version is refused. */
const FORMAT = 1;

const TABLES = `
  CREATE TABLE audit (identity TEXT NOT NULL) STRICT;
  CREATE TABLE step (key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
`;

export interface Journal {
  /** What put() was given under this key, typed arrays included; undefined where the step has not been finished. */
  get(key: string): unknown;
  /** Records a finished step, flushed to the disk when it returns. What is there already stays. */
  put(key: string, value: unknown): void;
  close(): void;
}

/**
 * Opens the journal of an audit, or of other work in steps, new or to be resumed.
 *
 * @param identity of everything that the results depend on.
 * @param work what it is a journal of, for messages.
 * @throws RobustlawError `study-conflict` when the file belongs to another audit, `malformed-file` when it is no journal.
 */
export function openJournal(path: string, identity: string, work = 'an audit'): Journal {
  const database = opened(path, work);
  try {
    let known: unknown;
    transaction(database, () => {
      known = database.prepare('SELECT identity FROM audit').get()?.identity;
      if (known === undefined) database.prepare('INSERT INTO audit VALUES (?)').run(identity);
    });
    if (known !== undefined && known !== identity) {
      throw new RobustlawError(
        'study-conflict',
        `${path} belongs to ${work} of another model, other data or with other settings; choose another folder`,
      );
    }
  } catch (error) {
    database.close();
    throw error;
  }
  const select = database.prepare('SELECT value FROM step WHERE key = ?');
  const insert = database.prepare('INSERT OR IGNORE INTO step VALUES (?, ?)');
  return {
    get(key) {
      const value = select.get(key)?.value as Uint8Array | undefined;
      return value && deserialize(value);
    },
    put(key, value) {
      insert.run(key, serialize(value));
    },
    close: () => database.close(),
  };
}

function opened(path: string, work: string): DatabaseSync {
  try {
    const database = openDatabase(path, TABLES, FORMAT);
    database.exec('PRAGMA synchronous = FULL');
    return database;
  } catch (error) {
    throw new RobustlawError(
      'malformed-file',
      `${path}: no journal of ${work} (${(error as Error).message}); move it away, or choose another folder`,
      { cause: error },
    );
  }
}
