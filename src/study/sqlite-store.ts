// The store of one machine: a SQLite database file (node:sqlite) in write-ahead mode, flushed to disk on every report.
import type { DatabaseSync } from 'node:sqlite';
import { openDatabase, transaction } from '../database/index.ts';
import { RobustlawError } from '../errors.ts';
import { fromJson, toJson } from './json.ts';
import type { TrialOutcome } from './result.ts';
import { type Counts, LEASE_SECONDS, type PlannedTrial, type Report, type Store } from './store.ts';

/** Version of the tables; a database of another version is refused. */
const FORMAT = 1;

const TABLES = `
  CREATE TABLE study (specification TEXT NOT NULL) STRICT;
  CREATE TABLE trial (
    id TEXT PRIMARY KEY,
    position INTEGER NOT NULL UNIQUE,
    state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'running', 'done', 'failed')),
    parameters TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    owner TEXT,
    lease_until REAL,
    data TEXT,
    family TEXT,
    size REAL,
    seed INTEGER,
    measurements TEXT,
    error_code TEXT,
    error_message TEXT,
    seconds REAL,
    versions TEXT
  ) STRICT;
  CREATE INDEX trial_by_state ON trial (state, position);
`;

/**
 * Opens the store in a file, which is made if it does not exist.
 *
 * @param now milliseconds since any epoch that all processes share; for leases only, never for results.
 * @throws RobustlawError `malformed-file` when the file is no store of this version.
 */
export function openSqliteStore(path: string, now: () => number = Date.now): Store {
  const database = opened(path);
  const sql = (text: string) => database.prepare(text);
  const selectSpecification = sql('SELECT specification FROM study');
  const claimFirst = sql(`
    UPDATE trial SET state = 'running', owner = :owner, lease_until = :until, attempts = attempts + 1
    WHERE id = (
      SELECT id FROM trial WHERE state = 'open' OR (state = 'running' AND lease_until < :now)
      ORDER BY position LIMIT 1
    )
    RETURNING id, parameters, attempts`);
  const renewAll = sql(`UPDATE trial SET lease_until = ? WHERE state = 'running' AND owner = ?`);
  const releaseOne = sql(`
    UPDATE trial SET state = 'open', owner = NULL, lease_until = NULL
    WHERE state = 'running' AND owner = :owner AND (:id IS NULL OR id = :id)`);
  const reportOne = sql(`
    UPDATE trial SET state = :state, lease_until = NULL, data = :data, family = :family, size = :size, seed = :seed,
      measurements = :measurements, error_code = :code, error_message = :message, seconds = :seconds, versions = :versions
    WHERE id = :id AND state = 'running' AND owner = :owner`);
  const selectOwners = sql(`SELECT DISTINCT owner FROM trial WHERE state = 'running' ORDER BY owner`);
  const countStates = sql('SELECT state, count(*) AS count FROM trial GROUP BY state');
  const selectReports = sql(`SELECT * FROM trial WHERE state IN ('done', 'failed') ORDER BY position`);
  const selectIds = sql('SELECT id FROM trial ORDER BY position');
  const insertSpecification = sql('INSERT INTO study VALUES (?)');
  const insertTrial = sql('INSERT INTO trial (id, position, parameters) VALUES (?, ?, ?)');
  const leaseEnd = () => now() + LEASE_SECONDS * 1000;

  return {
    async specification() {
      return selectSpecification.get()?.specification as string | undefined;
    },

    async plan(specification, trials) {
      flushed(database, () =>
        transaction(database, () => {
          const planned = selectSpecification.get()?.specification;
          if (planned === undefined) {
            insertSpecification.run(specification);
            for (const [position, { id, parameters }] of trials.entries()) {
              insertTrial.run(id, position, toJson(parameters));
            }
            return;
          }
          if (planned !== specification) {
            throw new RobustlawError('study-conflict', `${path} holds the trials of another specification`);
          }
          requireSameTrials(path, trials, selectIds.all());
        }),
      );
    },

    async claim(owner) {
      const row = claimFirst.get({ owner, until: leaseEnd(), now: now() });
      return (
        row && {
          id: row.id as string,
          parameters: fromJson(row.parameters as string),
          attempt: row.attempts as number,
        }
      );
    },

    async renew(owner) {
      renewAll.run(leaseEnd(), owner);
    },

    async release(owner, id) {
      releaseOne.run({ owner, id: id ?? null });
    },

    async report(owner, { outcome, versions }) {
      const { trial, seconds, state } = outcome;
      const row = {
        id: trial.id,
        owner,
        state,
        data: trial.data,
        family: trial.family,
        size: trial.size ?? null,
        seed: trial.seed,
        measurements: state === 'done' ? toJson(outcome.result) : null,
        code: state === 'failed' ? outcome.error.code : null,
        message: state === 'failed' ? outcome.error.message : null,
        seconds,
        versions: toJson(versions),
      };
      return flushed(database, () => reportOne.run(row).changes === 1);
    },

    async owners() {
      return selectOwners.all().map(({ owner }) => owner as string);
    },

    async counts() {
      const counts: Record<keyof Counts, number> = { open: 0, running: 0, done: 0, failed: 0 };
      for (const { state, count } of countStates.all()) counts[state as keyof Counts] = count as number;
      return counts;
    },

    async reports() {
      return selectReports.all().map(toReport);
    },

    async close() {
      database.close();
    },
  };
}

function opened(path: string): DatabaseSync {
  try {
    const database = openDatabase(path, TABLES, FORMAT);
    database.exec('PRAGMA synchronous = NORMAL');
    return database;
  } catch (error) {
    throw new RobustlawError(
      'malformed-file',
      `${path}: not a study database (${(error as Error).message}); move it away, or start another run`,
      { cause: error },
    );
  }
}

/**
 * On disk when it returns. Claims are not: a power cut that undoes one has ended its owner as well, and the trial is open
 * again. In write-ahead mode the file is whole either way.
 */
function flushed<T>(database: DatabaseSync, work: () => T): T {
  database.exec('PRAGMA synchronous = FULL');
  try {
    return work();
  } finally {
    database.exec('PRAGMA synchronous = NORMAL');
  }
}

function requireSameTrials(
  path: string,
  trials: readonly PlannedTrial[],
  rows: readonly Record<string, unknown>[],
): void {
  const same = rows.length === trials.length && trials.every(({ id }, i) => rows[i]!.id === id);
  if (same) return;
  throw new RobustlawError(
    'study-conflict',
    `${path} holds other trials for the same specification; a data file has changed since, or the run was planned by ` +
      'another version of robustlaw: restore them, or start another run',
  );
}

function toReport(row: Record<string, unknown>): Report {
  const trial = {
    id: row.id as string,
    data: row.data as string,
    family: row.family as string,
    ...(row.size !== null && { size: row.size as number }),
    seed: row.seed as number,
  };
  const seconds = row.seconds as number;
  const outcome: unknown =
    row.state === 'done'
      ? { state: 'done', trial, result: fromJson(row.measurements as string), seconds }
      : {
          state: 'failed',
          trial,
          error: { code: row.error_code, message: row.error_message },
          seconds,
        };
  return {
    outcome: outcome as TrialOutcome,
    versions: fromJson(row.versions as string) as Report['versions'],
  };
}
