// Running a study: workers claim trials from the store and report to it until all are settled.
import { RobustlawError } from '../errors.ts';
import { isGone, newOwner } from './owner.ts';
import type { TrialParameters } from './plan.ts';
import type { TrialOutcome } from './result.ts';
import { type Claim, type Counts, LEASE_SECONDS, type Store } from './store.ts';
import { startWorker, type TrialWorker, WorkerDied } from './workers.ts';

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
  readonly script: URL;
  /** Directory for .onnx files. */
  readonly models: string;
  /** Stored beside every outcome. */
  readonly versions: Readonly<Record<string, string>>;
  readonly onProgress: (progress: Progress) => void;
  /** Aborting ends the run at once; what was reported stays, and the trials at work become claimable. */
  readonly signal: AbortSignal;
}

/** A trial whose worker dies is tried once more: the machine may have been short of memory. */
const MOST_DEATHS = 2;
const WORKER_DIED = 'worker-died';

/** Milliseconds between looks at trials that another process holds. */
const PATIENCE = 500;

/**
 * Works until every trial of the store has an outcome. Several processes may do so on the same store: each trial goes
 * to one of them, and a process that dies is replaced by the others when they notice.
 *
 * @throws RobustlawError `interrupted` when the signal aborts.
 */
export async function runTrials(run: Run): Promise<void> {
  const { store } = run;
  const owner = newOwner();
  // Aborted from outside, or by a slot that cannot go on (a full disk, a broken database).
  const stop = new AbortController();
  const signal = AbortSignal.any([run.signal, stop.signal]);
  const deaths = new Map<string, number>();
  const heartbeat = setInterval(() => store.renew(owner).catch(() => undefined), (LEASE_SECONDS * 1000) / 4);
  try {
    await tell(run);
    const slots = Array.from({ length: run.workers }, () => work({ ...run, signal }, owner, deaths));
    for (const slot of slots) slot.catch(() => stop.abort());
    const settled = await Promise.allSettled(slots);
    if (run.signal.aborted) throw await interruption(store);
    const failure = settled.find((one) => one.status === 'rejected');
    if (failure) throw failure.reason;
  } finally {
    clearInterval(heartbeat);
    await store.release(owner);
  }
}

/** One slot: claims, runs and reports trials with its own worker until none is left. */
async function work(run: Run, owner: string, deaths: Map<string, number>): Promise<void> {
  const { store, signal } = run;
  let worker: TrialWorker | undefined;
  const stopWorker = async () => {
    await worker?.stop();
    worker = undefined;
  };
  signal.addEventListener('abort', stopWorker);
  try {
    while (!signal.aborted) {
      const claim = await store.claim(owner);
      if (!claim) {
        if (!(await waitForOthers(store, owner, signal))) return;
        continue;
      }
      if (signal.aborted) return;
      worker ??= startWorker(run.script);
      const outcome = await outcomeOf(worker, claim, run.models, deaths);
      if (signal.aborted) return;
      if (outcome === undefined) {
        await stopWorker();
        await store.release(owner, claim.id);
        continue;
      }
      if (outcome.state === 'failed' && outcome.error.code === WORKER_DIED) await stopWorker();
      if (await store.report(owner, { outcome, versions: run.versions })) await tell(run, outcome);
    }
  } finally {
    signal.removeEventListener('abort', stopWorker);
    await stopWorker();
  }
}

/** The outcome of a claimed trial; undefined when its worker died for the first time. */
async function outcomeOf(
  worker: TrialWorker,
  claim: Claim,
  models: string,
  deaths: Map<string, number>,
): Promise<TrialOutcome | undefined> {
  const parameters = claim.parameters as TrialParameters;
  try {
    return await worker.run({ parameters, models });
  } catch (error) {
    if (!(error instanceof WorkerDied)) throw error;
    const count = (deaths.get(claim.id) ?? 0) + 1;
    deaths.set(claim.id, count);
    if (count < MOST_DEATHS) return undefined;
    const message = `the worker that ran this trial died ${count} times: ${error.message}`;
    return { state: 'failed', trial: parameters.trial, error: { code: WORKER_DIED, message }, seconds: 0 };
  }
}

/** Nothing to claim: true after a pause when other processes hold trials, false when all is settled or in our own hands. */
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

async function tell({ store, onProgress }: Run, latest?: TrialOutcome): Promise<void> {
  const counts = await store.counts();
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
