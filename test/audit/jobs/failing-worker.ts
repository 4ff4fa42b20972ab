// The worker of audits, but some jobs crash, hang, throw, lie or are cut short, as the name of the model's file says.

import type { Done, Job } from '../../../src/audit/jobs.ts';
import { run as runJob } from '../../../src/audit/worker.ts';
import type { JobContext } from '../../../src/runtime/index.ts';

/** Of everything that can fail without taking the rest with it: what no other test lets fail. */
const FRAIL: ReadonlySet<string> = new Set<Job['kind']>([
  'model findings',
  'attack findings',
  'certify cheaply',
  'memorization',
  'law',
  'recheck',
]);

/** Questions whether to stop that are answered with no. */
const PATIENT = 12;

export async function run(job: Job, context: JobContext): Promise<Done> {
  const ill = /-(\w+)\.onnx$/.exec(job.subject.source.path)?.[1];
  if (ill === 'ill' && job.kind === 'attack' && job.given.attack === 'FAB-T') {
    process.kill(process.pid, 'SIGSEGV');
    return new Promise(() => {});
  }
  if (ill === 'ill' && job.kind === 'certify') for (;;);
  if (ill === 'ill' && job.kind === 'lipschitz') throw new Error('no constant today');
  if (ill === 'dead') process.exit(9);
  if (ill === 'frail' && FRAIL.has(job.kind)) process.exit(7);
  // Deaf to its time, and to whoever tells it to break off.
  if (ill === 'deaf' && job.kind === 'attack' && job.given.attack === 'APGD-T') for (;;);
  // Told to break off when it asks for the n-th time, wherever that is, on every machine.
  if (ill === 'short') {
    let asked = 0;
    return runJob(job, { ...context, interrupted: () => ++asked > PATIENT });
  }
  const done = await runJob(job, context);
  if (ill === 'liar' && job.kind === 'attack') {
    // Says that points are wrong that are hardly changed.
    const { samples } = job.given;
    const changed = samples.points.map((x) => x + 1e-4 * (0.5 - x));
    return { ...done, result: { changed, outputs: samples.labels.map((y) => -y) } };
  }
  return done;
}
