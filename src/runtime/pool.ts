// Independent jobs in several worker threads, each of which has its own single-threaded sessions.
import { Worker } from 'node:worker_threads';
import type { ErrorCode } from '../errors.ts';
import { RobustlawError, requireInteger } from '../errors.ts';

/** What became of a job. A job that throws or takes its worker with it is a result like any other. */
export type Outcome<Result> =
  | { readonly ok: true; readonly value: Result }
  | {
      readonly ok: false;
      readonly error: RobustlawError;
      /** The worker ended while the job ran: out of memory, process.exit(), an error outside of the job's promise. */
      readonly crashed: boolean;
    };

/** What the `run(job, context)` of a worker's module is given beside the job. */
export interface JobContext<Progress = unknown> {
  /** Sends a message to the caller of Pool.run(). */
  readonly progress: (message: Progress) => void;
  /** Whether the pool wants the job to break off: ask between steps, then return or throw. */
  readonly interrupted: () => boolean;
}

export interface Pool<Job, Result, Progress = unknown> {
  readonly workers: number;
  /**
   * Runs a job on the next free worker; jobs start in the order of the calls. Jobs, results and messages are copied
   * (structured clone). Never rejects.
   */
  run(job: Job, onProgress?: (message: Progress) => void): Promise<Outcome<Result>>;
  /**
   * Answers waiting jobs with `interrupted`, lets running jobs end (with `now`, tells them to break off, which they see
   * in their context) and ends the workers. A program must wait for it before process.exit(): a thread that is ended
   * within ONNX Runtime aborts the whole process.
   */
  close(now?: boolean): Promise<void>;
}

/** Messages between a pool and its workers. */
export type PoolMessage = { readonly type: 'job'; readonly job: unknown } | { readonly type: 'end' };
export interface WorkerStart {
  readonly module: string;
  /** One entry, 1 when jobs should break off. */
  readonly interruption: Int32Array<SharedArrayBuffer>;
}
export type WorkerMessage =
  | { readonly type: 'progress'; readonly message: unknown }
  | { readonly type: 'value'; readonly value: unknown }
  | { readonly type: 'error'; readonly code: ErrorCode; readonly message: string; readonly stack: string };

interface Task {
  readonly job: unknown;
  readonly onProgress: (message: unknown) => void;
  readonly settle: (outcome: Outcome<unknown>) => void;
}

/** A worker thread and the task it is at. */
interface Slot {
  readonly thread: Worker;
  task: Task | undefined;
  /** The error that ended the thread, if it said one. */
  failure: Error | undefined;
}

/**
 * A pool of at most `workers` threads, started as jobs come. `module` is the URL of a module that exports
 * `run(job, context)`, say `new URL('./trial.ts', import.meta.url)`. A worker that ends while at a job is reported as
 * that job's outcome and replaced. Throws `invalid-argument` unless `workers` is an integer >= 1.
 */
export function createPool<Job, Result, Progress = unknown>(
  module: URL,
  workers: number,
): Pool<Job, Result, Progress> {
  requireInteger('workers', workers);
  const slots = new Set<Slot>();
  const waiting: Task[] = [];
  const interruption = new Int32Array(new SharedArrayBuffer(4));
  let closing = false;

  const start = (): Slot => {
    const slot: Slot = {
      thread: startThread({ module: module.href, interruption }),
      task: undefined,
      failure: undefined,
    };
    slots.add(slot);
    slot.thread.on('message', (message: WorkerMessage) => {
      if (message.type === 'progress') slot.task?.onProgress(message.message);
      else settle(slot, outcomeOf(message));
    });
    slot.thread.on('messageerror', (error) => settle(slot, failed('the result cannot be received', error)));
    slot.thread.on('error', (error: Error) => {
      slot.failure = error;
    });
    slot.thread.on('exit', (code) => {
      slots.delete(slot);
      settle(slot, crash(slot.failure, code));
    });
    return slot;
  };
  /** The task of a slot, if it has one, is over. */
  const settle = (slot: Slot, outcome: Outcome<unknown>) => {
    const { task } = slot;
    slot.task = undefined;
    task?.settle(outcome);
    if (closing) post(slot, { type: 'end' });
    else assignWaiting();
  };
  const assignWaiting = () => {
    while (waiting.length > 0) {
      const free = [...slots].find((slot) => !slot.task);
      if (!free && slots.size >= workers) return;
      const slot = free ?? start();
      const task = waiting.shift()!;
      try {
        post(slot, { type: 'job', job: task.job });
        slot.task = task;
      } catch (error) {
        task.settle(failed('the job cannot be sent to a worker', error));
      }
    }
  };

  return {
    workers,
    run(job, onProgress = () => {}) {
      return new Promise((resolve) => {
        const task: Task = {
          job,
          onProgress: onProgress as Task['onProgress'],
          settle: resolve as Task['settle'],
        };
        if (closing) return task.settle(interrupted());
        waiting.push(task);
        assignWaiting();
      });
    },
    async close(now = false) {
      closing = true;
      if (now) Atomics.store(interruption, 0, 1);
      for (const task of waiting.splice(0)) task.settle(interrupted());
      const ends = [...slots].map(({ thread }) => new Promise((resolve) => thread.once('exit', resolve)));
      for (const slot of slots) if (!slot.task) post(slot, { type: 'end' });
      await Promise.all(ends);
    },
  };
}

function post({ thread }: Slot, message: PoolMessage): void {
  thread.postMessage(message);
}

/** Works from the sources (.ts) and from the built package (.js). */
function startThread(workerData: WorkerStart): Worker {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return new Worker(new URL(`./pool-worker.${extension}`, import.meta.url), { workerData });
}

function outcomeOf(message: Exclude<WorkerMessage, { type: 'progress' }>): Outcome<unknown> {
  if (message.type === 'value') return { ok: true, value: message.value };
  const error = new RobustlawError(message.code, message.message);
  error.stack = message.stack;
  return { ok: false, error, crashed: false };
}

function failed(what: string, cause: unknown): Outcome<never> {
  const error = new RobustlawError('invalid-argument', `${what}: ${(cause as Error).message}`, { cause });
  return { ok: false, error, crashed: false };
}

function interrupted(): Outcome<never> {
  const error = new RobustlawError('interrupted', 'the pool was closed before the job was done');
  return { ok: false, error, crashed: false };
}

function crash(failure: Error | undefined, code: number | undefined): Outcome<never> {
  const why = failure?.message ?? `exit code ${code}`;
  const error = new RobustlawError('internal', `the worker ended while at the job: ${why}`, {
    cause: failure,
  });
  return { ok: false, error, crashed: true };
}
