// The worker of audits, but some jobs crash, hang, throw or lie, as the name of the model's file says.

import { type Done, type Job, run as runJob } from '../../../src/audit/worker.ts';
import type { JobContext } from '../../../src/runtime/index.ts';

export async function run(job: Job, context: JobContext): Promise<Done> {
  const ill = /-(\w+)\.onnx$/.exec(job.subject.source.path)?.[1];
  if (ill === 'segfault' && job.kind === 'attack' && job.given.attack === 'FAB-T') {
    process.kill(process.pid, 'SIGSEGV');
    return new Promise(() => {});
  }
  if (ill === 'hang' && job.kind === 'certify') for (;;);
  if (ill === 'throw' && job.kind === 'lipschitz') throw new Error('no constant today');
  if (ill === 'dead') process.exit(9);
  const done = await runJob(job, context);
  if (ill === 'liar' && job.kind === 'attack') {
    // Says that the points it was given are wrong already, and adversarial examples elsewhere.
    const { changed, outputs } = done.result as { changed: Float32Array; outputs: Float32Array };
    return { ...done, result: { changed: changed.map((x) => x + 1e-3), outputs: outputs.map((y) => -y) } };
  }
  return done;
}
