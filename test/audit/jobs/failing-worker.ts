// The worker of audits, but some jobs crash, hang, throw or lie, as the name of the model's file says.

import type { Done, Job } from '../../../src/audit/jobs.ts';
import { run as runJob } from '../../../src/audit/worker.ts';
import type { JobContext } from '../../../src/runtime/index.ts';

export async function run(job: Job, context: JobContext): Promise<Done> {
  const ill = /-(\w+)\.onnx$/.exec(job.subject.source.path)?.[1];
  if (ill === 'ill' && job.kind === 'attack' && job.given.attack === 'FAB-T') {
    process.kill(process.pid, 'SIGSEGV');
    return new Promise(() => {});
  }
  if (ill === 'ill' && job.kind === 'certify') for (;;);
  if (ill === 'ill' && job.kind === 'lipschitz') throw new Error('no constant today');
  if (ill === 'dead') process.exit(9);
  const done = await runJob(job, context);
  if (ill === 'liar' && job.kind === 'attack') {
    // Says that points are wrong that are hardly changed.
    const { samples } = job.given;
    const changed = samples.points.map((x) => x + 1e-4 * (0.5 - x));
    return { ...done, result: { changed, outputs: samples.labels.map((y) => -y) } };
  }
  return done;
}
