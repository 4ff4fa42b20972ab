// What runs in each thread of a pool: takes a job, gives it to the module's run(), sends back what comes of it.
import { parentPort, workerData } from 'node:worker_threads';
import { RobustlawError } from '../errors.ts';
import type { JobContext, PoolMessage, WorkerMessage, WorkerStart } from './pool.ts';

interface JobModule {
  readonly run?: (job: unknown, context: JobContext) => unknown;
}

const port = parentPort!;
const send = (message: WorkerMessage) => port.postMessage(message);
const { module: url, interruption } = workerData as WorkerStart;
const loaded: Promise<JobModule> = import(url);
// Reported as the outcome of the first job rather than as an unhandled rejection.
loaded.catch(() => {});

port.on('message', async (received: PoolMessage) => {
  // Ends this thread only, and from its own JavaScript: ended from outside while in native code, it would abort the process.
  if (received.type === 'end') process.exit();
  try {
    const { run } = await loaded;
    if (typeof run !== 'function')
      throw new RobustlawError('internal', `the module ${url} exports no function run(job, context)`);
    const context: JobContext = {
      progress: (message) => send({ type: 'progress', message }),
      interrupted: () => Atomics.load(interruption, 0) === 1,
    };
    send({ type: 'value', value: await run(received.job, context) });
  } catch (error) {
    const { message, stack } = error instanceof Error ? error : new Error(String(error));
    const code = error instanceof RobustlawError ? error.code : 'internal';
    send({ type: 'error', code, message, stack: stack ?? message });
  }
});
