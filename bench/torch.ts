// PyTorch in a process of its own, spoken to line by line (see torch_engine.py).
import type { ChildProcessByStdio } from 'node:child_process';
import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { Job } from './jobs.ts';

export interface Turn {
  readonly seconds: readonly number[];
  readonly processor: readonly number[];
  readonly value: number;
}

export interface Torch {
  readonly version: string;
  /** Sets up a job and takes its first step; the value both engines must agree on. */
  prepare(job: Job): Promise<number>;
  /** `steps` more; wall and processor seconds of each, and the value of the last. */
  run(steps: number): Promise<Turn>;
  stop(): void;
}

/** torch.set_num_threads(1) does not reach the threads of OpenBLAS. */
const ONE_THREAD = { OPENBLAS_NUM_THREADS: '1', OMP_NUM_THREADS: '1', MKL_NUM_THREADS: '1' };

/** Starts PyTorch with the interpreter of $PYTHON, of the path or of the system; undefined if none has it. */
export function startTorch(): Torch | undefined {
  for (const python of [process.env.PYTHON, 'python3', '/usr/bin/python3']) {
    if (!python) continue;
    const probe = spawnSync(python, ['-c', 'import torch; print(torch.__version__)'], { encoding: 'utf8' });
    if (probe.status === 0) return talkTo(python, probe.stdout.trim());
  }
  return undefined;
}

function talkTo(python: string, version: string): Torch {
  const child: ChildProcessByStdio<Writable, Readable, null> = spawn(
    python,
    [join(import.meta.dirname, 'torch_engine.py')],
    { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, ...ONE_THREAD } },
  );
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ask = async (request: unknown) => {
    child.stdin.write(`${JSON.stringify(request)}\n`);
    const { value, done } = await lines.next();
    if (done) throw new Error('PyTorch has stopped; its message is above');
    return JSON.parse(value);
  };
  return {
    version,
    prepare: async (job) => (await ask({ prepare: job })).value,
    run: (steps) => ask({ run: steps }),
    stop: () => child.stdin.end(),
  };
}
