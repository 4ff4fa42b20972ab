// A worker module without science: a result that is a function of the trial, after some milliseconds, or trouble on demand.
import { appendFileSync, existsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RobustlawError } from '../../src/errors.ts';
import type { JobContext } from '../../src/runtime/index.ts';
import { toJson } from '../../src/study/json.ts';
import type { Trial } from '../../src/study/result.ts';
import type { TrialJob } from '../../src/study/trial-job.ts';

/** Where each trial leaves a line when it begins. */
export const BEGUN = 'begun.txt';

export async function run({ trials, models }: TrialJob, context: JobContext<string>): Promise<void> {
  for (const { trial } of trials) {
    appendFileSync(join(models, BEGUN), `${trial.id}\n`);
    context.progress(await outcomeOf(trial, context));
  }
}

async function outcomeOf(trial: Trial, context: JobContext<string>): Promise<string> {
  if (trial.family === 'dies') process.exit(7);
  if (trial.family === 'dies-once') {
    const mark = join(tmpdir(), `robustlaw-died-${process.pid}-${trial.id}`);
    if (!existsSync(mark)) {
      writeFileSync(mark, '');
      setTimeout(() => {
        throw new Error('outside of any trial');
      });
      return new Promise(() => {});
    }
  }
  if (trial.family === 'throws') throw new RobustlawError('construction-impossible', 'no');
  const steps = trial.family === 'slow' ? 6000 : 1;
  for (let step = 0; step < steps; step++) {
    if (context.interrupted()) throw new RobustlawError('interrupted', 'broken off');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return toJson({ state: 'done', trial, result: { n: trial.seed }, seconds: 0 });
}
