// What a worker thread does with some trials: runs them, and answers each with its outcome as JSON text.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { RobustlawError } from '../errors.ts';
import { writeWhole } from '../files/index.ts';
import type { JobContext } from '../runtime/index.ts';
import { execute } from './execute.ts';
import { toJson } from './json.ts';
import type { TrialParameters } from './plan.ts';
import type { TrialOutcome } from './result.ts';

/** Trials to run, and the directory for .onnx files. */
export interface TrialJob {
  readonly trials: readonly TrialParameters[];
  readonly models: string;
}

/**
 * Runs one trial after the other, and sends each outcome as it comes, in their order, as JSON text: what does not survive that
 * is a failure of the trial and not of the store. A trial that throws is a failed outcome.
 *
 * @throws RobustlawError `interrupted` when the pool wants the job to break off.
 */
export async function run({ trials, models }: TrialJob, context: JobContext<string>): Promise<void> {
  for (const parameters of trials) {
    if (context.interrupted()) throw new RobustlawError('interrupted', 'the study was told to break off');
    context.progress(await outcomeOf(parameters, models, context));
  }
}

async function outcomeOf(
  parameters: TrialParameters,
  models: string,
  { interrupted }: JobContext<string>,
): Promise<string> {
  const { trial } = parameters;
  const start = performance.now();
  const seconds = () => (performance.now() - start) / 1000;
  try {
    const { result, model } = await execute(parameters, interrupted);
    if (model) {
      mkdirSync(models, { recursive: true });
      writeWhole(join(models, `${trial.id}.onnx`), model);
    }
    return toJson({ state: 'done', trial, result, seconds: seconds() } satisfies TrialOutcome);
  } catch (error) {
    const code = error instanceof RobustlawError ? error.code : 'internal';
    if (code === 'interrupted') throw error;
    const message = error instanceof Error ? error.message : String(error);
    return toJson({
      state: 'failed',
      trial,
      error: { code, message },
      seconds: seconds(),
    } satisfies TrialOutcome);
  }
}
