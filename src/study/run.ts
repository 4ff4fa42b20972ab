// Running a study: trials are claimed from the store, run by worker threads, and reported, until all are settled.
import { setImmediate } from 'node:timers/promises';
import { RobustlawError } from '../errors.ts';
import { createPool, type Outcome, type Pool } from '../runtime/index.ts';
import { fromJson } from './json.ts';
import { isGone, newOwner } from './owner.ts';
import type { TrialParameters } from './plan.ts';
import type { TrialOutcome } from './result.ts';
import { type Claim, type Counts, LEASE_SECONDS, type Store } from './store.ts';
import type { TrialJob } from './trial-job.ts';

/** The module of `createPool`; sources and build differ in the extension only. */
export const TRIAL_WORKER = new URL(
  `./trial-job.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`,
  import.meta.url,
);

/** How far the study is, whoever works on it. */
export interface Progress {
  readonly done: number;
  readonly failed: number;
  readonly total: number;
  /** The trial that was just reported; absent at the start. */
  readonly latest?: TrialOutcome;
}

/** What a run needs; the store has been planned. */
export interface Run {
  readonly store: Store;
  /** Threads, one trial at a time in each. */
  readonly workers: number;
  /** The worker module, `TRIAL_WORKER` but in tests. */
  readonly module: URL;
  /** Directory for .onnx files. */
  readonly models: string;
  /** Stored beside every outcome. */
  readonly versions: Readonly<Record<string, string>>;
  readonly onProgress: (progress: Progress) => void;
  /**
   * Aborting ends the run: trials at work end, and are stored, or break off where they can; what was reported stays,
   * and the rest becomes claimable.
   */
  readonly signal: AbortSignal;
}

/** A trial whose worker dies is tried once more: the machine may have been short of memory. */
const MOST_DEATHS = 2;

/** Trials that are claimed before a worker is free, so that none waits for the store. Another process cannot have them meanwhile. */
const CLAIMED_AHEAD = 1;

/**
 * Trials of a job take about so long together: until a worker that is done has its next job, milliseconds pass on a busy
 * machine.
 */
const JOB_SECONDS = 0.5;

/** A job has at most this share of what is open for each worker, so that all workers are done at about the same time. */
const MOST_AT_ONCE = 1 / 4;

/** Milliseconds between looks at trials that another process holds. */
const PATIENCE = 500;

/**
 * Works until every trial of the store has an outcome. Several processes may do so on the same store: each trial goes
 * to one of them, and the trials of a process that dies go to the others when they notice.
 *
 * @throws RobustlawError `interrupted` when the signal aborts.
 */
export async function runTrials(run: Run): Promise<void> {
  const { store } = run;
  // Aborted from outside, or by a loop that cannot go on (a full disk, a broken database).
  const stop = new AbortController();
  const signal = AbortSignal.any([run.signal, stop.signal]);
  const pool = createPool<TrialJob, void, string>(run.module, run.workers);
  const pace: Pace = { seconds: Number.POSITIVE_INFINITY, open: 0 };
  const shared: Shared = { ...run, signal, owner: newOwner(), pool, deaths: new Map(), pace };
  const breakOff = () => void pool.close(true);
  signal.addEventListener('abort', breakOff);
  const heartbeat = setInterval(() => store.renew(shared.owner).catch(() => {}), (LEASE_SECONDS * 1000) / 4);
  try {
    await tell(shared);
    const loops = Array.from({ length: run.workers + CLAIMED_AHEAD }, () => work(shared));
    for (const one of loops) one.catch(() => stop.abort());
    const settled = await Promise.allSettled(loops);
    const failure = settled.find((one) => one.status === 'rejected');
    if (failure) throw failure.reason;
    if (run.signal.aborted) throw await interruption(store);
  } finally {
    await pool.close(true);
    signal.removeEventListener('abort', breakOff);
    clearInterval(heartbeat);
    await store.release(shared.owner);
  }
}

/** Of late. */
interface Pace {
  /** Of the last trial. */
  seconds: number;
  /** Trials that nobody holds. */
  open: number;
}

interface Shared extends Run {
  readonly owner: string;
  readonly pool: Pool<TrialJob, void, string>;
  /** Workers that died at a trial, by its id. */
  readonly deaths: Map<string, number>;
  readonly pace: Pace;
}

/** Claims, runs and reports trials until none is left. */
async function work(shared: Shared): Promise<void> {
  const { store, signal, owner } = shared;
  while (!signal.aborted) {
    const claims = await claimSome(shared);
    if (claims.length > 0) await runJob(shared, claims);
    else if (!(await waitForOthers(store, owner, signal))) return;
  }
}

/** The trials of the next job. Once a worker has died, each goes alone: the one to blame is then known for sure. */
async function claimSome({ store, owner, workers, deaths, pace }: Shared): Promise<Claim[]> {
  const quick = Math.floor(JOB_SECONDS / pace.seconds);
  const share = Math.floor((MOST_AT_ONCE * pace.open) / workers);
  const most = deaths.size > 0 ? 1 : Math.max(1, Math.min(quick, share));
  const claims: Claim[] = [];
  while (claims.length < most) {
    const claim = await store.claim(owner);
    if (!claim) break;
    claims.push(claim);
  }
  return claims;
}

/** Reports every outcome as it comes; what has none, when the job breaks off or its worker dies, is given back or has failed. */
async function runJob(shared: Shared, claims: readonly Claim[]): Promise<void> {
  const { store, owner, pool, models } = shared;
  const left = [...claims];
  let reported = Promise.resolve();
  const report = (read: () => TrialOutcome) => {
    reported = reported.then(async () => {
      // First the message that the job is over: its worker has the next one while the disk is waited for.
      await setImmediate();
      const outcome = read();
      if (await store.report(owner, { outcome, versions: shared.versions })) await tell(shared, outcome);
    });
    // Whoever waits for it hears of a failure.
    reported.catch(() => {});
  };
  const trials = claims.map(({ parameters }) => parameters as TrialParameters);
  const result = await pool.run({ trials, models }, (text) => {
    left.shift();
    report(() => {
      const outcome = fromJson(text) as TrialOutcome;
      shared.pace.seconds = outcome.seconds;
      return outcome;
    });
  });
  const [at] = left;
  if (!result.ok && at) {
    const failure = failureOf(shared, at, result);
    if (failure) {
      left.shift();
      report(() => failure);
    }
  }
  await reported;
  for (const { id } of left) await store.release(owner, id);
}

/** The outcome of the trial at which a job ended; undefined when it broke off, or its worker died for the first time. */
function failureOf(
  { deaths }: Shared,
  { id, parameters }: Claim,
  { error: { code, message }, crashed }: Exclude<Outcome<void>, { ok: true }>,
): TrialOutcome | undefined {
  if (code === 'interrupted') return undefined;
  const { trial } = parameters as TrialParameters;
  const failed = (error: { code: string; message: string }): TrialOutcome => {
    return { state: 'failed', trial, error, seconds: 0 };
  };
  if (!crashed) return failed({ code, message });
  const count = (deaths.get(id) ?? 0) + 1;
  deaths.set(id, count);
  if (count < MOST_DEATHS) return undefined;
  return failed({ code: 'worker-died', message: `the worker at this trial died ${count} times: ${message}` });
}

/** Nothing to claim: true when it is worth another look, after a pause; false when all is settled or in our own hands. */
async function waitForOthers(store: Store, owner: string, signal: AbortSignal): Promise<boolean> {
  const others = (await store.owners()).filter((name) => name !== owner);
  const gone = others.filter(isGone);
  await Promise.all(gone.map((name) => store.release(name)));
  if (gone.length > 0) return true;
  if (others.length === 0) return (await store.counts()).open > 0;
  await new Promise<void>((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, PATIENCE);
    signal.addEventListener('abort', done);
  });
  return true;
}

async function tell({ store, onProgress, pace }: Shared, latest?: TrialOutcome): Promise<void> {
  const counts = await store.counts();
  pace.open = counts.open;
  onProgress({
    done: counts.done,
    failed: counts.failed,
    total: total(counts),
    ...(latest && { latest }),
  });
}

async function interruption(store: Store): Promise<RobustlawError> {
  const counts = await store.counts();
  return new RobustlawError(
    'interrupted',
    `interrupted after ${counts.done + counts.failed} of ${total(counts)} trials; all of them are stored: ` +
      'run the same command again to go on',
  );
}

function total({ open, running, done, failed }: Counts): number {
  return open + running + done + failed;
}
