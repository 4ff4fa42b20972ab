import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findRun, listRuns, openExistingRun, openRun } from '../../src/study/directory.ts';
import type { TrialOutcome } from '../../src/study/index.ts';
import { planStudy } from '../../src/study/plan.ts';
import { parseStudy, readStudyFile, studyHash } from '../../src/study/specification.ts';
import { openSqliteStore } from '../../src/study/sqlite-store.ts';

const TEXT = `
name: stub
title: Stub
data: { sphere: { distribution: sphere, n: 1000, d: 3, labels: { signal: zero, noise: signs } } }
families: { f: { memorizer: mcshane } }
trials: [{ data: [sphere], families: [f], seeds: 2 }]
`;

describe('run directories', () => {
  let runs: string;
  beforeEach(() => {
    runs = mkdtempSync(join(tmpdir(), 'robustlaw-runs-'));
  });
  afterEach(() => rmSync(runs, { recursive: true }));

  const open = async (text = TEXT, anew = false) => {
    const study = parseStudy('study.yaml', text);
    const run = await openRun(runs, study, planStudy(study), anew);
    const counts = await run.store.counts();
    await run.store.close();
    return { ...run, counts };
  };
  const conflict = (message: RegExp) =>
    expect.objectContaining({ code: 'study-conflict', message: expect.stringMatching(message) });

  it('are named by study and hash and hold the resolved study and its trials', async () => {
    const { path, study, counts } = await open();
    expect(basename(path)).toBe(`stub-${studyHash(study)}`);
    expect(readStudyFile(join(path, 'study.yaml'))).toEqual(study);
    expect(counts).toEqual({ open: 2, running: 0, done: 0, failed: 0 });
    expect(readdirSync(path).filter((file) => !file.startsWith('study.'))).toEqual([]);
  });

  it('are opened again as they are', async () => {
    const { path } = await open();
    const before = readFileSync(join(path, 'study.yaml'), 'utf8');
    expect((await open()).path).toBe(path);
    expect(readFileSync(join(path, 'study.yaml'), 'utf8')).toBe(before);
    expect(listRuns(runs)).toEqual([path]);
  });

  it('refuse a changed study under the name of an earlier one, name the key, and write nothing', async () => {
    await open();
    await expect(open(TEXT.replace('n: 1000', 'n: 500'))).rejects.toEqual(
      conflict(/data\.sphere\.n: 1000 in the earlier run, 500 in the file\n.*another name, or pass --new/),
    );
    await expect(open(TEXT.replace('mcshane', 'rbf').replace('seeds: 2', 'seeds: 3'))).rejects.toEqual(
      conflict(/families\.f\.memorizer: "mcshane".*"rbf".*\n.*trials\[0\]\.seeds: 2 .* 3 /),
    );
    await expect(
      open(TEXT.replace('families: { f', 'seed: 9\nfamilies: { g: { memorizer: rbf }, f')),
    ).rejects.toEqual(conflict(/seed: 0 .* 9 [\s\S]*families\.g: absent in the earlier run/));
    expect(listRuns(runs)).toHaveLength(1);
    expect(readdirSync(runs)).toHaveLength(1);
  });

  it('stand side by side when asked, and are then both resumed without asking', async () => {
    const first = await open();
    const second = await open(TEXT.replace('n: 1000', 'n: 500'), true);
    expect(second.path).not.toBe(first.path);
    expect((await open()).path).toBe(first.path);
    expect((await open(TEXT.replace('n: 1000', 'n: 500'))).path).toBe(second.path);
  });

  /** The run of the text with outcomes reported for its first trials. */
  const finish = async (text: string, states: readonly ('done' | 'failed')[]) => {
    const study = parseStudy('study.yaml', text);
    const { path, store } = await openRun(runs, study, planStudy(study), true);
    for (const state of states) {
      const claim = (await store.claim('test'))!;
      const trial = { id: claim.id, data: 'sphere', family: 'f', seed: 0 };
      const outcome =
        state === 'done'
          ? { state, trial, seconds: 1.5, result: { n: 41 } }
          : { state, trial, seconds: 1, error: { code: 'internal', message: 'no' } };
      await store.report('test', { outcome: outcome as TrialOutcome, versions: { robustlaw: 'earlier' } });
    }
    await store.close();
    return path;
  };
  const ANALYSED =
    `${TEXT}analysis: { fits: [{ title: F, quantity: upper, predictor: n, sums: [[n, d]] }] }\n`.replace(
      'title: Stub',
      'title: Other',
    );

  it('take over what an earlier run finished, where only the analysis differs', async () => {
    await finish(TEXT, ['done']);
    await expect(open(ANALYSED)).rejects.toEqual(
      conflict(/pass --new[\s\S]*takes over the trials that are the same/),
    );
    const { counts, path } = await open(ANALYSED, true);
    expect(counts).toEqual({ open: 1, running: 0, done: 1, failed: 0 });
    const run = await openExistingRun(path);
    const [report] = await run.store.reports();
    await run.store.close();
    expect(report).toMatchObject({
      versions: { robustlaw: 'earlier' },
      outcome: { state: 'done', seconds: 1.5, result: { n: 41 } },
    });
    // Once more: what is there stays, and the run of a study that grew takes over from both.
    expect((await open(ANALYSED, true)).counts.done).toBe(1);
    expect((await open(TEXT.replace('seeds: 2', 'seeds: 3'), true)).counts).toMatchObject({
      done: 1,
      open: 2,
    });
  });

  it('take over nothing of other trials, of failed ones, and of runs that cannot be read', async () => {
    const path = await finish(TEXT, ['failed', 'done']);
    expect((await open(TEXT.replace('n: 1000', 'n: 500'), true)).counts).toMatchObject({ done: 0, open: 2 });
    expect((await open(ANALYSED, true)).counts).toEqual({ open: 1, running: 0, done: 1, failed: 0 });
    writeFileSync(join(path, 'study.sqlite'), 'broken');
    const other = ANALYSED.replace('title: Other', 'title: Third');
    expect((await open(other, true)).counts.done).toBe(1);
  });

  it('take over a trial with its model, and none without it', async () => {
    const withModel = TEXT.replace('seeds: 2', 'seeds: 2, measures: [model]');
    const path = await finish(withModel, ['done', 'done']);
    const study = parseStudy('study.yaml', withModel);
    const [first] = planStudy(study).trials;
    mkdirSync(join(path, 'models'));
    writeFileSync(join(path, 'models', `${first!.id}.onnx`), 'model');
    const { counts, path: next } = await open(withModel.replace('title: Stub', 'title: Next'), true);
    expect(counts).toEqual({ open: 1, running: 0, done: 1, failed: 0 });
    expect(readFileSync(join(next, 'models', `${first!.id}.onnx`), 'utf8')).toBe('model');
  });

  it('refuse a study.yaml that was edited by hand, with the key', async () => {
    const { path } = await open();
    const file = join(path, 'study.yaml');
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.replace('n: 1000', 'n: 999'));
    const message = conflict(
      /data\.sphere\.n: 1000 in the run, 999 in study\.yaml\n.*restore the file, or delete it/,
    );
    await expect(open()).rejects.toEqual(message);
    await expect(openExistingRun(path)).rejects.toEqual(message);
    writeFileSync(file, text.replace('seeds: 2', 'seeds: two'));
    await expect(open()).rejects.toEqual(conflict(/seeds: "two"[\s\S]*has been changed since/));
    rmSync(file);
    await open();
    expect(readFileSync(file, 'utf8')).toBe(text);
  });

  it('refuse a database of another study', async () => {
    const { path } = await open();
    const other = await open(TEXT.replace('name: stub', 'name: other').replace('d: 3', 'd: 4'));
    writeFileSync(join(path, 'study.sqlite'), readFileSync(join(other.path, 'study.sqlite')));
    await expect(openExistingRun(path)).rejects.toEqual(
      conflict(/name: "other" in the run, "stub" in study\.yaml/),
    );
  });

  it('survive a death between any two steps of their making', async () => {
    const { path } = await open();
    const text = readFileSync(join(path, 'study.yaml'), 'utf8');
    const clear = () => {
      rmSync(path, { recursive: true });
      mkdirSync(path);
    };
    clear();
    expect((await open()).counts.open).toBe(2);
    clear();
    await openSqliteStore(join(path, 'study.sqlite')).close();
    expect((await open()).counts.open).toBe(2);
    rmSync(join(path, 'study.yaml'));
    writeFileSync(join(path, `study.yaml.123.tmp`), text.slice(0, 20));
    expect((await open()).counts.open).toBe(2);
    expect(readFileSync(join(path, 'study.yaml'), 'utf8')).toBe(text);
  });

  it('are found by path, by directory name, and by study name, where the last written one counts', async () => {
    const first = await open();
    const second = await open(TEXT.replace('n: 1000', 'n: 500'), true);
    const old = new Date(2000, 0);
    utimesSync(join(first.path, 'study.sqlite'), old, old);
    expect(findRun(runs, 'stub')).toBe(second.path);
    expect(findRun(runs, basename(first.path))).toBe(first.path);
    expect(findRun('/nowhere', first.path)).toBe(first.path);
    expect(() => findRun(runs, 'stup')).toThrow(/no run "stup".*did you mean "stub"\?/);
    expect(() => findRun('/nowhere', 'stub')).toThrow(/start one with/);
    expect(existsSync('/nowhere')).toBe(false);
  });

  it('are told from other directories', async () => {
    mkdirSync(join(runs, 'stub-0123456789ab'));
    mkdirSync(join(runs, 'something'));
    expect(listRuns(runs)).toEqual([]);
    await expect(openExistingRun(join(runs, 'something'))).rejects.toMatchObject({ code: 'not-found' });
    expect(listRuns('/nowhere')).toEqual([]);
  });
});
