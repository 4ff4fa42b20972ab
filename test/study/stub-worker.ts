// A worker without science: a result that is a function of the trial, after some milliseconds, or trouble on demand.
import { existsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parentPort } from 'node:worker_threads';
import { toJson } from '../../src/study/json.ts';
import type { TrialMessage } from '../../src/study/workers.ts';

parentPort!.on('message', async ({ parameters: { trial } }: TrialMessage) => {
  if (trial.family === 'dies') process.exit(7);
  if (trial.family === 'dies-once') {
    const mark = join(tmpdir(), `robustlaw-died-${process.pid}-${trial.id}`);
    if (!existsSync(mark)) {
      writeFileSync(mark, '');
      setTimeout(() => {
        throw new Error('outside of any trial');
      });
      return;
    }
  }
  const milliseconds = trial.family === 'slow' ? 60_000 : 5;
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  const outcome =
    trial.family === 'throws'
      ? { state: 'failed', trial, error: { code: 'construction-impossible', message: 'no' }, seconds: 0 }
      : { state: 'done', trial, result: { n: trial.seed }, seconds: 0 };
  parentPort!.postMessage(toJson(outcome));
});
