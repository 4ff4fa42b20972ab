// A run directory, `runs/<name>-<hash>`: the resolved study.yaml, study.sqlite, and later the report.
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { RobustlawError } from '../errors.ts';
import { writeWhole } from '../files/index.ts';
import { suggestion } from '../validation/index.ts';
import { type Difference, describeDifference, differences } from './difference.ts';
import { canonicalJson, fromJson } from './json.ts';
import type { Plan } from './plan.ts';
import { formatStudy, readStudyFile, type StudySpecification, studyHash } from './specification.ts';
import { openSqliteStore } from './sqlite-store.ts';
import type { Store } from './store.ts';
import { takeOver } from './take-over.ts';

const STUDY_FILE = 'study.yaml';
const DATABASE = 'study.sqlite';
/** `<name>-<12 hexadecimal digits>`. */
const DIRECTORY_NAME = /^(.+)-([0-9a-f]{12})$/;

export interface RunDirectory {
  readonly path: string;
  readonly study: StudySpecification;
  readonly store: Store;
}

/** Where the run of a study lives. */
export function runPath(runs: string, study: StudySpecification): string {
  return join(runs, `${study.name}-${studyHash(study)}`);
}

/**
 * Opens the run of a study, new or to be resumed, with its trials planned.
 *
 * @param anew whether a study of the same name with other contents may stand beside earlier runs of it; the trials that
 * they have finished are then taken over.
 * @throws RobustlawError `study-conflict` naming the keys that differ from an earlier run of the same name, or from
 * the run's own database. Nothing is written then.
 */
export async function openRun(
  runs: string,
  study: StudySpecification,
  plan: Plan,
  anew: boolean,
): Promise<RunDirectory> {
  const path = runPath(runs, study);
  if (existsSync(join(path, STUDY_FILE))) requireUnchanged(path, study, readRunStudy(path));
  else if (!anew) requireNoOther(runs, study);
  mkdirSync(path, { recursive: true });
  const store = openSqliteStore(join(path, DATABASE));
  try {
    const stored = await store.specification();
    if (stored !== undefined) requireUnchanged(path, fromJson(stored), study);
    await store.plan(canonicalJson(study), plan.trials);
    if (!existsSync(join(path, STUDY_FILE))) writeWhole(join(path, STUDY_FILE), studyFileText(study));
    if (anew) await takeOverFrom(earlierRuns(runs, study), { path, store });
  } catch (error) {
    await store.close();
    throw error;
  }
  return { path, study, store };
}

/** An earlier run that cannot be read has nothing to give. */
async function takeOverFrom(
  earlier: readonly string[],
  run: { readonly path: string; readonly store: Store },
) {
  for (const path of earlier) {
    let from: RunDirectory;
    try {
      from = await openExistingRun(path);
    } catch (error) {
      if (error instanceof RobustlawError) continue;
      throw error;
    }
    try {
      await takeOver(run, from);
    } finally {
      await from.store.close();
    }
  }
}

/** Other runs of the same name, the last written first. */
function earlierRuns(runs: string, study: StudySpecification): readonly string[] {
  return listRuns(runs)
    .filter((path) => nameOf(path) === study.name && path !== runPath(runs, study))
    .toSorted((a, b) => lastWrite(b) - lastWrite(a));
}

/**
 * Opens a finished or interrupted run to look at it.
 *
 * @throws RobustlawError `not-found` when the directory holds no run, `study-conflict` when its study.yaml and its
 * database disagree.
 */
export async function openExistingRun(path: string): Promise<RunDirectory> {
  for (const file of [STUDY_FILE, DATABASE]) {
    if (!existsSync(join(path, file))) {
      throw new RobustlawError(
        'not-found',
        `${path}: no run directory, ${file} is missing; expected one that "study run" made`,
      );
    }
  }
  const study = readRunStudy(path);
  const store = openSqliteStore(join(path, DATABASE));
  try {
    const stored = await store.specification();
    if (stored !== undefined) requireUnchanged(path, fromJson(stored), study);
  } catch (error) {
    await store.close();
    throw error;
  }
  return { path, study, store };
}

/** Paths of all run directories, by name. */
export function listRuns(runs: string): readonly string[] {
  if (!existsSync(runs)) return [];
  return readdirSync(runs)
    .filter((name) => DIRECTORY_NAME.test(name) && existsSync(join(runs, name, STUDY_FILE)))
    .toSorted()
    .map((name) => join(runs, name));
}

/**
 * The run directory that a path or a study's name means; of several runs of one name the one that was last written.
 *
 * @throws RobustlawError `not-found`, with the names there are.
 */
export function findRun(runs: string, pathOrName: string): string {
  if (existsSync(join(pathOrName, STUDY_FILE))) return pathOrName;
  const all = listRuns(runs);
  const matching = all.filter((path) => [nameOf(path), baseName(path)].includes(pathOrName));
  const newest = matching.toSorted((a, b) => lastWrite(b) - lastWrite(a))[0];
  if (newest !== undefined) return newest;
  const known = [...new Set(all.map(nameOf))];
  throw new RobustlawError(
    'not-found',
    `there is no run "${pathOrName}" in ${runs}${suggestion(pathOrName, known)}${known.length === 0 ? '; start one with "robustlaw study run FILE"' : ''}`,
  );
}

/** What `study.yaml` of a run holds: the study with all defaults filled in, and who may change it. */
export function studyFileText(study: StudySpecification): string {
  return (
    '# The study of this run with all defaults filled in. The run refuses to go on when this file is changed:\n' +
    '# copy it elsewhere to start another study from it.\n' +
    formatStudy(study)
  );
}

function readRunStudy(path: string): StudySpecification {
  const file = join(path, STUDY_FILE);
  try {
    return readStudyFile(file);
  } catch (error) {
    if (!(error instanceof RobustlawError)) throw error;
    throw new RobustlawError(
      'study-conflict',
      `${error.message}\nThis file was written by the run in ${path} and has been changed since; restore it, or delete it ` +
        'and run the original study file again, which writes it anew',
      { cause: error },
    );
  }
}

/** `earlier` is what the run was started with, `now` what its study.yaml says. */
function requireUnchanged(path: string, earlier: unknown, now: StudySpecification): void {
  const differing = differences(earlier, now);
  if (differing.length === 0) return;
  throw new RobustlawError(
    'study-conflict',
    `${join(path, STUDY_FILE)} and the run it belongs to disagree:\n${listDifferences(differing, 'the run', STUDY_FILE)}\n` +
      'restore the file, or delete it and run the original study file again, which writes it anew',
  );
}

/** Refuses a changed study under the name of an earlier run. */
function requireNoOther(runs: string, study: StudySpecification): void {
  const [earlier] = earlierRuns(runs, study);
  if (earlier === undefined) return;
  const differing = differences(readRunStudy(earlier), study);
  throw new RobustlawError(
    'study-conflict',
    `the study "${study.name}" has been run before and has changed since; it differs from ${earlier} in\n` +
      `${listDifferences(differing, 'the earlier run', 'the file')}\n` +
      'undo the change to resume that run, give the changed study another name, or pass --new for another run beside it, ' +
      'which takes over the trials that are the same (all of them where only the analysis differs)',
  );
}

function listDifferences(differing: readonly Difference[], earlier: string, now: string): string {
  const lines = differing.slice(0, 5).map((one) => `  ${describeDifference(one, earlier, now)}`);
  if (differing.length > lines.length) lines.push(`  and ${differing.length - lines.length} more`);
  return lines.join('\n');
}

function baseName(path: string): string {
  return resolve(path).split(/[\\/]/).at(-1)!;
}

function nameOf(path: string): string {
  return DIRECTORY_NAME.exec(baseName(path))?.[1] ?? baseName(path);
}

function lastWrite(path: string): number {
  return statSync(join(path, DATABASE), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
