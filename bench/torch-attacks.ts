// The attacks in PyTorch in a process of its own, spoken to line by line (see attacks_reference.py).
import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Samples } from '../src/attacks/index.ts';
import { encodeNpy } from '../src/data/index.ts';
import { writeWhole } from '../src/files/index.ts';
import type { Weights } from '../src/models/index.ts';

/** With the steps, or the queries, of its name. */
export type AttackKind = 'pgd' | 'apgd' | 'square';

export interface AttackTurn {
  /** Of the wall clock, and of the processor. */
  readonly seconds: number;
  readonly processor: number;
  /** Share of the points that are still right. */
  readonly robust: number;
}

export interface TorchAttacks {
  /** Hands over weights and points as files in `folder`. */
  prepare(folder: string, samples: Samples, network: 'mlp' | 'cnn', weights: Weights): Promise<void>;
  /** Hands over where PGD and APGD start, `[rows, features]`, from now on. */
  start(folder: string, starts: Float32Array): Promise<void>;
  run(kind: AttackKind, steps: number, radius: number, drop: boolean): Promise<AttackTurn>;
  stop(): void;
}

/** torch.set_num_threads(1) does not reach the threads of OpenBLAS. */
const ONE_THREAD = { OPENBLAS_NUM_THREADS: '1', OMP_NUM_THREADS: '1', MKL_NUM_THREADS: '1' };

/** Starts PyTorch with the interpreter of $PYTHON, of the path or of the system; undefined if none has it. */
export function startTorchAttacks(): TorchAttacks | undefined {
  const python = [process.env.PYTHON, 'python3', '/usr/bin/python3'].find(
    (candidate) => candidate && spawnSync(candidate, ['-c', 'import torch']).status === 0,
  );
  if (!python) return undefined;
  const child = spawn(python, [join(import.meta.dirname, 'attacks_reference.py')], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, ...ONE_THREAD },
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ask = async (request: unknown) => {
    child.stdin.write(`${JSON.stringify(request)}\n`);
    const { value, done } = await lines.next();
    if (done) throw new Error('PyTorch has stopped; its message is above');
    return JSON.parse(value);
  };
  const writer = (folder: string) => (name: string, data: Float32Array, shape: readonly number[]) => {
    const path = join(folder, `${name}.npy`);
    writeWhole(path, encodeNpy({ data, shape }));
    return path;
  };
  let rows = 0;
  return {
    async prepare(folder, { points, labels, ids }, network, weights) {
      const write = writer(folder);
      rows = ids.length;
      await ask({
        network,
        points: write('points', points, [rows, points.length / rows]),
        labels: write('labels', labels, [rows, labels.length / rows]),
        weights: Object.entries(weights).map(([name, { data, shape }]) =>
          write(name, data as Float32Array, shape),
        ),
      });
    },
    async start(folder, starts) {
      await ask({ starts: writer(folder)('starts', starts, [rows, starts.length / rows]) });
    },
    run: (attack, steps, radius, drop) => ask({ attack, steps, radius, drop }),
    stop: () => child.stdin.end(),
  };
}
