// A pool of worker threads: cheap to start, and they share the process, so that what kills one in native code kills all.
import { Worker } from 'node:worker_threads';
import { withCompileCache } from './compile-cache.ts';
import { type Events, type Hand, type Pool, poolOf, type WorkerMessage } from './pool.ts';

export interface ThreadStart {
  readonly module: string;
  /** One entry, 1 when jobs should break off. */
  readonly interruption: Int32Array<SharedArrayBuffer>;
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
  const interruption = new Int32Array(new SharedArrayBuffer(4));
  return poolOf(workers, (events) => startThread({ module: module.href, interruption }, events));
}

/** Works from the sources (.ts) and from the built package (.js). */
function startThread(workerData: ThreadStart, { received, unreadable, gone }: Events): Hand {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const thread = new Worker(new URL(`./thread-worker.${extension}`, import.meta.url), {
    workerData,
    env: withCompileCache(),
  });
  let failure: Error | undefined;
  thread.on('message', (message: WorkerMessage) => received(message));
  thread.on('messageerror', unreadable);
  thread.on('error', (error: Error) => {
    failure = error;
  });
  thread.on('exit', (code) => gone(failure?.message ?? `exit code ${code}`, failure));
  return {
    post: (message) => thread.postMessage(message),
    interrupt: () => void Atomics.store(workerData.interruption, 0, 1),
  };
}
