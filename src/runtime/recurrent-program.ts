// A RecurrentProgram is a recurrence compiled once: many applications of its step in one execution.

import { requireInteger } from '../errors.ts';
import type { Recurrence, TensorData } from '../graph/index.ts';
import { encodeRecurrence, lowerForRuntime, nameOf, resultsOf } from '../graph/index.ts';
import { type Arrays, executable, port } from './executable.ts';
import { leaseFor, requireThreads } from './program.ts';

export interface RecurrentProgram {
  /**
   * `steps` >= 1 applications. Fed are the first state and the fixed inputs by the names they have in the step, and of every
   * sequence `[steps, ...]`. Comes back the last state, by the names of the outputs that carry it, and of every result
   * `[steps, ...]`. The bits do not depend on how many applications an execution has. Otherwise as run() of a
   * Program.
   *
   * Between two applications nothing is copied and nothing leaves the runtime; of a whole execution the outputs are
   * copied once. Memory: twice the state more.
   */
  run(steps: number, feeds: Arrays, into?: Arrays): Promise<Record<string, TensorData>>;
  /** Waits for the runs under way and gives up the session. Further runs throw. */
  dispose(): Promise<void>;
}

/** Compiles a recurrence as compile() does a graph. */
export async function compileRecurrence(r: Recurrence, threads = 1): Promise<RecurrentProgram> {
  requireThreads(threads);
  const { step, sequences } = r;
  const lease = await leaseFor(step, threads, (block) =>
    encodeRecurrence({ ...r, step: lowerForRuntime(step, block) }),
  );
  const results = new Set(resultsOf(r));
  const inputs = step.inputs.map((value) => port(nameOf(value)!, value, sequences.includes(nameOf(value)!)));
  const outputs = Object.entries(step.outputs).map(([name, value]) => port(name, value, results.has(name)));
  const { run, dispose } = executable(lease, inputs, outputs, []);
  return {
    async run(steps, feeds, into = {}) {
      requireInteger('steps', steps);
      return run(feeds, into, steps);
    },
    dispose,
  };
}
