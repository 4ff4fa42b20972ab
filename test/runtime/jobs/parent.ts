// A program with a pool of processes whose job never ends: prints the id of the child, then waits to be killed.
import { createProcessPool } from '../../../src/runtime/index.ts';
import type { Job } from './process-job.ts';

const pool = createProcessPool<Job, number>(new URL('./process-job.ts', import.meta.url), 1, Infinity);
const outcome = await pool.run({ do: 'pid' });
if (!outcome.ok) throw outcome.error;
console.log(outcome.value);
void pool.run({ do: process.argv[2] === 'hang' ? 'hang' : 'stubborn' });
