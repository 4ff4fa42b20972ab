// What runs in each thread of a pool.
import { parentPort, workerData } from 'node:worker_threads';
import { answering } from './answer.ts';
import type { PoolMessage } from './pool.ts';
import type { ThreadStart } from './threads.ts';

const port = parentPort!;
const { module, interruption } = workerData as ThreadStart;
const answer = answering(
  module,
  (message) => port.postMessage(message),
  () => Atomics.load(interruption, 0) === 1,
);

port.on('message', (received: PoolMessage) => {
  // Ends this thread only, and from its own JavaScript: ended from outside while in native code, it would abort the process.
  if (received.type === 'end') process.exit();
  void answer(received.job);
});
