import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { planStudy } from '../../src/study/plan.ts';
import { type Progress, runTrials } from '../../src/study/run.ts';
import { parseStudy } from '../../src/study/specification.ts';
import { openSqliteStore } from '../../src/study/sqlite-store.ts';
import type { Store } from '../../src/study/store.ts';
import { BEGUN } from './stub-worker.ts';

const STUB = new URL('./stub-worker.ts', import.meta.url);

const study = (families: readonly string[], seeds: number) =>
  parseStudy(
    'study.yaml',
    `
name: stub
title: Stub
data: { sphere: { distribution: sphere, n: 5, d: 3, labels: { signal: zero, noise: signs } } }
families: { ${families.map((name) => `${name}: { memorizer: mcshane }`).join(', ')} }
trials: [{ data: [sphere], families: [${families}], seeds: ${seeds} }]
`,
  );

describe('runTrials', () => {
  let directory: string;
  let store: Store;
  const open = () => openSqliteStore(join(directory, 'study.sqlite'));
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'robustlaw-'));
    store = open();
  });
  afterEach(async () => {
    await store.close();
    rmSync(directory, { recursive: true });
  });

  const start = async (families: readonly string[], seeds: number, changes: object = {}) => {
    await store.plan('{}', planStudy(study(families, seeds)).trials);
    const seen: Progress[] = [];
    const onProgress = (progress: Progress) => seen.push(progress);
    const run = {
      store,
      workers: 2,
      module: STUB,
      models: directory,
      versions: { robustlaw: 'x' },
      onProgress,
    };
    await runTrials({ ...run, signal: new AbortController().signal, ...changes });
    return seen;
  };
  const outcomes = async () => (await store.reports()).map(({ outcome }) => outcome);

  it('runs every trial once and tells how far it is', async () => {
    const seen = await start(['quick'], 20);
    const done = await outcomes();
    expect(done.map((outcome) => outcome.state === 'done' && outcome.result.n)).toEqual(
      Array.from({ length: 20 }, (_, i) => i),
    );
    expect(seen.map((progress) => progress.done)).toEqual(Array.from({ length: 21 }, (_, i) => i));
    expect(seen.every(({ total }) => total === 20)).toBe(true);
    expect((await store.reports())[3]!.versions).toEqual({ robustlaw: 'x' });
  });

  it('has one more trial at hand than workers when a trial ends, and no further ones', async () => {
    let claims = 0;
    const atReport: number[] = [];
    const watched: Store = {
      ...store,
      async claim(owner) {
        const claim = await store.claim(owner);
        if (claim) claims++;
        return claim;
      },
      report(owner, report) {
        atReport.push(claims);
        return store.report(owner, report);
      },
    };
    await start(['quick'], 5, { store: watched, workers: 1 });
    expect(atReport).toEqual([2, 3, 4, 5, 5]);
  });

  it('gives a worker several short trials at a time, and fewer and fewer towards the end', async () => {
    let reports = 0;
    const claimedAfter: number[] = [];
    const watched: Store = {
      ...store,
      async claim(owner) {
        const claim = await store.claim(owner);
        if (claim) claimedAfter.push(reports);
        return claim;
      },
      report(owner, report) {
        reports++;
        return store.report(owner, report);
      },
    };
    await start(['quick'], 60, { store: watched, workers: 1 });
    expect(reports).toBe(60);
    // How many trials were at hand, the next one included, when each was claimed.
    const atHand = claimedAfter.map((done, i) => i + 1 - done);
    expect(Math.max(...atHand)).toBeGreaterThan(10);
    expect(Math.max(...atHand)).toBeLessThanOrEqual(2 * 15);
    expect(Math.max(...atHand.slice(-3))).toBeLessThanOrEqual(3);
  });

  it('keeps what a worker answered before it died, and runs the rest', async () => {
    await start(['quick', 'dies-once'], 8);
    expect(await store.counts()).toEqual({ open: 0, running: 0, done: 16, failed: 0 });
  });

  it('blames the trial at which a worker died, not those that it had answered before', async () => {
    const seen = await start(['quick', 'dies'], 16, { workers: 1 });
    expect(await store.counts()).toEqual({ open: 0, running: 0, done: 16, failed: 16 });
    expect(seen).toHaveLength(33);
    const begun = readFileSync(join(directory, BEGUN), 'utf8').trim().split('\n');
    for (const { trial, state } of await outcomes()) {
      expect(begun.filter((id) => id === trial.id)).toHaveLength(state === 'done' ? 1 : 2);
    }
  });

  it('goes on after a trial that fails, and does not run it again', async () => {
    await start(['throws', 'quick'], 3);
    expect((await store.counts()).failed).toBe(3);
    expect(await start(['throws', 'quick'], 3)).toHaveLength(1);
    expect((await outcomes())[0]).toMatchObject({ state: 'failed', error: { message: 'no' } });
  });

  it('replaces a worker that dies and runs its trial once more', async () => {
    await start(['dies-once', 'quick'], 3);
    expect(await store.counts()).toEqual({ open: 0, running: 0, done: 6, failed: 0 });
  });

  it('fails a trial whose worker dies twice, and goes on', async () => {
    await start(['dies', 'quick'], 2);
    expect(await store.counts()).toEqual({ open: 0, running: 0, done: 2, failed: 2 });
    expect((await outcomes())[0]).toMatchObject({
      state: 'failed',
      error: { code: 'worker-died', message: expect.stringMatching(/died 2 times.*code 7/) },
    });
  });

  it('stops at once when asked, keeps what was reported, and leaves the rest open', async () => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 700);
    const begin = Date.now();
    await expect(start(['quick', 'slow'], 3, { signal: controller.signal })).rejects.toMatchObject({
      code: 'interrupted',
      message: expect.stringMatching(/of 6 trials/),
    });
    expect(Date.now() - begin).toBeLessThan(10_000);
    const { done, open, running } = await store.counts();
    expect({ total: done + open, running }).toEqual({ total: 6, running: 0 });
  });

  it('ends all loops when the store breaks', async () => {
    const broken: Store = { ...store, report: () => Promise.reject(new Error('disk full')) };
    await expect(start(['quick', 'slow'], 2, { store: broken })).rejects.toThrow('disk full');
    expect((await store.counts()).running).toBe(0);
  });

  it('shares the trials among processes, and waits for those that others hold', async () => {
    const other = open();
    const versions = { robustlaw: 'x' };
    const shared = {
      workers: 1,
      module: STUB,
      models: directory,
      versions,
      signal: new AbortController().signal,
    };
    await store.plan('{}', planStudy(study(['quick'], 30)).trials);
    let reports = 0;
    const onProgress = ({ latest }: Progress) => {
      if (latest) reports++;
    };
    await Promise.all([
      runTrials({ ...shared, store, onProgress }),
      runTrials({ ...shared, store: other, onProgress }),
    ]);
    expect(reports).toBe(30);
    expect((await store.counts()).done).toBe(30);
    await other.close();
  });

  it('takes over at once from a process of this machine that is gone', async () => {
    await store.plan('{}', planStudy(study(['quick'], 2)).trials);
    const gone = [encodeURIComponent(hostname()), 2 ** 30, 1, 'x'].join('/');
    await store.claim(gone);
    await start(['quick'], 2);
    expect((await store.counts()).done).toBe(2);
  });
});
