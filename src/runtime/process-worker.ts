// What runs in each process of a pool: argv holds the URL of the module of the jobs and the id of the parent.
import { Worker } from 'node:worker_threads';
import { answering } from './answer.ts';
import type { PoolMessage, WorkerMessage } from './pool.ts';
import { INTERRUPT, READY } from './processes.ts';

const [module, parent] = process.argv.slice(2) as [string, string];
let interrupted = false;

const die = () => process.kill(process.pid, 'SIGKILL');
process.on('SIGINT', () => {});
process.on('disconnect', die);
// A main thread that is busy, or hangs in native code, does not see that the parent is gone; another thread does.
const guard = `setInterval(() => { if (process.ppid !== ${Number(parent)}) process.kill(process.pid, 'SIGKILL'); }, 1000)`;
new Worker(guard, { eval: true, execArgv: [] }).unref();

const answer = answering(
  module,
  (message: WorkerMessage) => process.send!(message),
  () => interrupted,
  () => process.send!(READY),
);

process.on('message', (received: PoolMessage | typeof INTERRUPT) => {
  if (received === INTERRUPT) interrupted = true;
  else if (received.type === 'end') process.exit();
  else void answer(received.job);
});
