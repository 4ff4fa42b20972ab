// Jobs for the tests of the pool: each does one thing a job can do, good or bad.
import { threadId } from 'node:worker_threads';
import { invalidArgument } from '../../../src/errors.ts';
import { graph, input, matMul } from '../../../src/graph/index.ts';
import type { JobContext } from '../../../src/runtime/index.ts';
import { compile } from '../../../src/runtime/index.ts';

export type Job =
  | { readonly do: 'square'; readonly x: number }
  | { readonly do: 'sleep'; readonly milliseconds: number }
  | { readonly do: 'meet'; readonly present: SharedArrayBuffer; readonly people: number }
  | { readonly do: 'work'; readonly steps: number }
  | { readonly do: 'network'; readonly n: number }
  | { readonly do: 'throw' | 'refuse' | 'exit' | 'reject-later' | 'unsendable' | 'wait' };

export interface Done {
  readonly value: number | Float32Array;
  readonly thread: number;
}

const sleep = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

export async function run(job: Job, context: JobContext<number>): Promise<unknown> {
  const done = (value: Done['value']): Done => ({ value, thread: threadId });
  switch (job.do) {
    case 'square':
      return done(job.x ** 2);
    case 'sleep':
      await sleep(job.milliseconds);
      return done(job.milliseconds);
    case 'meet': {
      const present = new Int32Array(job.present);
      Atomics.add(present, 0, 1);
      while (Atomics.load(present, 0) < job.people) await sleep(2);
      return done(job.people);
    }
    case 'work':
      for (let step = 1; step <= job.steps; step++) context.progress(step / job.steps);
      return done(job.steps);
    case 'network': {
      const x = input('x', 'float32', [job.n, job.n]);
      const program = await compile(graph([x], { y: matMul(x, x) }));
      const { y } = await program.run({ x: new Float32Array(job.n ** 2).fill(1) });
      return done(y as Float32Array);
    }
    case 'throw':
      throw new TypeError('a defect');
    case 'refuse':
      throw invalidArgument('width', 0, 'an integer >= 1');
    case 'exit':
      return process.exit(3);
    case 'reject-later':
      void Promise.reject(new Error('forgotten'));
      await sleep(10_000);
      return done(0);
    case 'unsendable':
      return () => 1;
    case 'wait':
      while (!context.interrupted()) await sleep(5);
      return done(1);
  }
}
