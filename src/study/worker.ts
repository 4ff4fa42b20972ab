// The worker thread: receives trials, answers with outcomes.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parentPort } from 'node:worker_threads';
import { RobustlawError } from '../errors.ts';
import { execute } from './execute.ts';
import { writeFileWhole } from './files.ts';
import { toJson } from './json.ts';
import type { TrialParameters } from './plan.ts';
import type { TrialOutcome } from './result.ts';
import type { TrialMessage } from './workers.ts';

parentPort?.on('message', async ({ parameters, models }: TrialMessage) => {
  parentPort!.postMessage(await attempt(parameters, models));
});

/** The outcome as JSON text: what does not survive that is a failure of the trial, not of the store. */
async function attempt(parameters: TrialParameters, models: string): Promise<string> {
  const { trial } = parameters;
  const start = performance.now();
  const seconds = () => (performance.now() - start) / 1000;
  try {
    const { result, model } = await execute(parameters);
    if (model) {
      mkdirSync(models, { recursive: true });
      writeFileWhole(join(models, `${trial.id}.onnx`), model);
    }
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
