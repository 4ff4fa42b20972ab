// What a worker of a pool does with a job: gives it to the run() of its module, sends back what comes of it.
import { RobustlawError } from '../errors.ts';
import type { JobContext, WorkerMessage } from './pool.ts';

interface JobModule {
  readonly run?: (job: unknown, context: JobContext) => unknown;
}

/** Answers one job after the other with the module at `url`; `ready` hears of it once that is loaded. */
export function answering(
  url: string,
  send: (message: WorkerMessage) => void,
  interrupted: () => boolean,
  ready: () => void = () => {},
): (job: unknown) => Promise<void> {
  const loaded: Promise<JobModule> = import(url);
  // Reported as the outcome of the first job rather than as an unhandled rejection.
  loaded.then(ready).catch(() => {});
  const context: JobContext = { progress: (message) => send({ type: 'progress', message }), interrupted };
  return async (job) => {
    try {
      const { run } = await loaded;
      if (typeof run !== 'function')
        throw new RobustlawError('internal', `the module ${url} exports no function run(job, context)`);
      send({ type: 'value', value: await run(job, context) });
    } catch (error) {
      const { message, stack } = error instanceof Error ? error : new Error(String(error));
      const code = error instanceof RobustlawError ? error.code : 'internal';
      send({ type: 'error', code, message, stack: stack ?? message });
    }
  };
}
