// Jobs for the tests of the pool of processes: the ways in which a process can be lost, and those of every pool.
import type { JobContext } from '../../../src/runtime/index.ts';
import { run as runJob, type Job as ThreadJob } from './job.ts';

export type Job =
  | ThreadJob
  | { readonly do: 'signal'; readonly signal: NodeJS.Signals }
  | { readonly do: 'abort' | 'hang' | 'eat' | 'pid' | 'stubborn' | 'print' }
  | { readonly do: 'double'; readonly values: Float32Array }
  | { readonly do: 'slow'; readonly milliseconds: number; readonly steps: number };

export async function run(job: Job, context: JobContext<number>): Promise<unknown> {
  switch (job.do) {
    case 'signal':
      process.kill(process.pid, job.signal);
      return new Promise(() => {});
    case 'abort':
      return process.abort();
    case 'hang':
      for (;;);
    case 'eat': {
      const all: number[][] = [];
      for (;;) all.push(new Array(1e6).fill(1.5));
    }
    case 'pid':
      return process.pid;
    case 'stubborn':
      return new Promise(() => setInterval(() => {}, 1000));
    case 'print':
      process.stdout.write('noise');
      return 0;
    case 'double':
      return job.values.map((x) => 2 * x);
    case 'slow':
      for (let step = 0; step < job.steps; step++) {
        await new Promise((resolve) => setTimeout(resolve, job.milliseconds));
        context.progress(step);
      }
      return job.steps;
    default:
      return runJob(job, context);
  }
}
