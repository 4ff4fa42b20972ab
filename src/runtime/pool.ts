// Independent jobs on several workers, threads or processes, each of which has its own single-threaded sessions.
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
export type WorkerMessage =
  | { readonly type: 'progress'; readonly message: unknown }
  | { readonly type: 'value'; readonly value: unknown }
  | { readonly type: 'error'; readonly code: ErrorCode; readonly message: string; readonly stack: string };

/** A worker as its pool sees it. */
export interface Hand {
  /** Throws what cannot be copied. */
  post(message: PoolMessage): void;
  /** Tells the job at work to break off. */
  interrupt(): void;
}

/** What a worker tells its pool. */
export interface Events {
  readonly received: (message: WorkerMessage) => void;
  /** The result of the job cannot be read. */
  readonly unreadable: (error: Error) => void;
  /** The worker is gone, for this reason; nothing comes after it. */
  readonly gone: (why: string, cause?: Error) => void;
}

interface Task {
  readonly job: unknown;
  readonly onProgress: (message: unknown) => void;
  readonly settle: (outcome: Outcome<unknown>) => void;
}

/** A worker and the task it is at. */
interface Slot {
  readonly hand: Hand;
  task: Task | undefined;
  readonly gone: Promise<void>;
}

/**
 * A pool of at most `workers` hands, each made by `hire` when a job needs it. One that goes while at a job is reported as
 * that job's outcome and replaced. Throws `invalid-argument` unless `workers` is an integer >= 1.
 */
export function poolOf<Job, Result, Progress>(
  workers: number,
  hire: (events: Events) => Hand,
): Pool<Job, Result, Progress> {
  requireInteger('workers', workers);
  const slots = new Set<Slot>();
  const waiting: Task[] = [];
  let closing = false;
  let breakingOff = false;

  const start = (): Slot => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const hand = hire({
      received(message) {
        if (message.type === 'progress') slot.task?.onProgress(message.message);
        else settle(slot, outcomeOf(message));
      },
      unreadable: (error) => settle(slot, failed('the result cannot be received', error)),
      gone(why, cause) {
        slots.delete(slot);
        settle(slot, breakingOff ? interrupted() : crash(why, cause));
        resolve();
      },
    });
    const slot: Slot = { hand, task: undefined, gone: promise };
    slots.add(slot);
    return slot;
  };
  /** The task of a slot, if it has one, is over. */
  const settle = (slot: Slot, outcome: Outcome<unknown>) => {
    const { task } = slot;
    slot.task = undefined;
    task?.settle(outcome);
    if (!closing) assignWaiting();
    else if (slots.has(slot)) slot.hand.post({ type: 'end' });
  };
  const assignWaiting = () => {
    while (waiting.length > 0) {
      const free = [...slots].find((slot) => !slot.task);
      if (!free && slots.size >= workers) return;
      const slot = free ?? start();
      const task = waiting.shift()!;
      try {
        slot.hand.post({ type: 'job', job: task.job });
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
      breakingOff ||= now;
      for (const task of waiting.splice(0)) task.settle(interrupted());
      const ends = [...slots].map(({ gone }) => gone);
      for (const { hand, task } of slots) {
        if (!task) hand.post({ type: 'end' });
        else if (now) hand.interrupt();
      }
      await Promise.all(ends);
    },
  };
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

function crash(why: string, cause: Error | undefined): Outcome<never> {
  const error = new RobustlawError('internal', `the worker ended while at the job: ${why}`, { cause });
  return { ok: false, error, crashed: true };
}
