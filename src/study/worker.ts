// The worker thread: receives trials, answers with outcomes.
import { parentPort } from 'node:worker_threads';
import { RobustlawError } from '../errors.ts';
import { execute } from './execute.ts';
import { toJson } from './json.ts';
import type { TrialParameters } from './plan.ts';
import type { TrialOutcome } from './result.ts';

parentPort?.on('message', async (parameters: TrialParameters) => {
  parentPort!.postMessage(await attempt(parameters));
});

/** The outcome as JSON text: what does not survive that is a failure of the trial, not of the store. */
async function attempt(parameters: TrialParameters): Promise<string> {
  const { trial } = parameters;
  const start = performance.now();
  const seconds = () => (performance.now() - start) / 1000;
  try {
    const result = await execute(parameters);
    return toJson({ state: 'done', trial, result, seconds: seconds() } satisfies TrialOutcome);
  } catch (error) {
    const code = error instanceof RobustlawError ? error.code : 'internal';
    const message = error instanceof Error ? error.message : String(error);
    return toJson({
      state: 'failed',
      trial,
      error: { code, message },
      seconds: seconds(),
    } satisfies TrialOutcome);
  }
}
