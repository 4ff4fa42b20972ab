// Training beside PyTorch, one thread each: `node bench/training.ts [--rounds N] [--trainings N] [--only TEXT] [--cpu] [--json]`.
// Both engines start from the same weights, see the same batches, and take short turns within the same run, so that
// whatever else the machine does slows both; they must agree on the loss. Every job has processes of its own, whose peak
// memory is told with what was there before the job. Times are medians over the turns; the ratio is the median over the
// rounds of PyTorch's time by ours, above 1 where ours is faster. --cpu takes processor time, which a busy machine
// disturbs less. A training to memorization runs until every sign is right with a mean squared error of 0.02, or every
// class is right; steps may differ a little between the engines, since rounding does. Before every epoch PyTorch predicts all
// points, as its users write it; in brackets, it stops at the first error, as ours does.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { orders, TOLERANCE } from './training-engine.ts';
import { dataOf, keyOf, TRAINING_JOBS, type TrainingJob } from './training-jobs.ts';

interface Turn {
  readonly seconds: number;
  readonly processor: number;
  readonly value: number;
  /** MiB. */
  readonly peak: number;
}
interface Memorized {
  readonly seconds: number;
  readonly processor: number;
  readonly steps: number;
  readonly reason: string;
}

/** Which points the reference predicts between epochs. Ours goes no farther than its rules need. */
type Predicted = 'all' | 'first error';

/** An engine in a process of its own. */
interface Engine {
  /** Reads the job from its folder; MiB before it. */
  prepare(job: string, folder: string): Promise<{ readonly peak: number; readonly version?: string }>;
  run(steps: number): Promise<Turn>;
  memorize(predicted: Predicted): Promise<Memorized>;
  stop(): void;
}

/** Of one engine in one job: milliseconds per step, seconds to memorization, MiB at the peak and before. */
interface Side {
  readonly step: number;
  readonly memorized?: { readonly time: number; readonly steps: number; readonly reason: string };
  readonly peak: number;
  readonly before: number;
}

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '20' },
    trainings: { type: 'string', default: '2' },
    only: { type: 'string', default: '' },
    cpu: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});
const [rounds, trainings] = [Number(values.rounds), Number(values.trainings)];
const jobs = TRAINING_JOBS.filter(({ name }) => name.includes(values.only));
if (!(Number.isInteger(rounds) && rounds >= 1 && Number.isInteger(trainings) && trainings >= 0) || !jobs[0]) {
  console.error('usage: node bench/training.ts [--rounds N] [--trainings N] [--only TEXT] [--cpu] [--json]');
  process.exit(2);
}

/** torch.set_num_threads(1) does not reach the threads of OpenBLAS. */
const ONE_THREAD = { OPENBLAS_NUM_THREADS: '1', OMP_NUM_THREADS: '1', MKL_NUM_THREADS: '1' };
const EPOCHS = 60;

const python = [process.env.PYTHON, 'python3', '/usr/bin/python3'].find(
  (name) => name && spawnSync(name, ['-c', 'import torch']).status === 0,
);
if (!python) console.error('no Python with PyTorch here (set PYTHON): only our own times are measured');

const results = [];
let version: string | undefined;
for (const job of jobs) {
  const result = await measure(job);
  results.push(result);
  if (!values.json) console.log(show(job, result));
}
if (values.json) {
  const machine = { cpu: cpus()[0]?.model ?? 'unknown', cores: availableParallelism() };
  const clock = values.cpu ? 'processor' : 'wall';
  console.log(
    JSON.stringify({ machine, torch: version ?? null, rounds, trainings, clock, results }, null, 2),
  );
}

async function measure(job: TrainingJob) {
  const folder = mkdtempSync(join(tmpdir(), 'robustlaw-bench-'));
  const engines: Engine[] = [
    start(process.execPath, [join(import.meta.dirname, 'training-engine.ts'), '--serve']),
    ...(python ? [start(python, [join(import.meta.dirname, 'training_reference.py')])] : []),
  ];
  try {
    describe(job, folder);
    const ready = [await engines[0]!.prepare(job.name, folder), await engines[1]?.prepare(job.name, folder)];
    version = ready[1]?.version ?? version;
    const turns: Turn[][] = engines.map(() => []);
    // The first round warms up.
    for (let round = 0; round <= rounds; round++) {
      const now: Turn[] = [];
      for (const engine of engines) now.push(await engine.run(job.repeats));
      agree(job, now, round);
      if (round > 0) for (const [i, turn] of now.entries()) turns[i]!.push(turn);
    }
    const peaks = turns.map((of) => of.at(-1)!.peak);
    const trained: Memorized[][] = engines.map(() => []);
    const early: Memorized[] = [];
    for (let i = 0; i < trainings; i++) {
      for (const [k, engine] of engines.entries()) trained[k]!.push(await engine.memorize('all'));
      if (engines[1] && job.batch < job.n) early.push(await engines[1].memorize('first error'));
    }
    const sides = engines.map((_, i): Side => {
      const [last] = trained[i]!;
      return {
        step: (1e3 * median(turns[i]!.map(time))) / job.repeats,
        ...(last && {
          memorized: { time: median(trained[i]!.map(time)), steps: last.steps, reason: last.reason },
        }),
        peak: peaks[i]!,
        before: ready[i]!.peak,
      };
    });
    const ratio = (of: readonly (readonly { seconds: number; processor: number }[])[]) =>
      of[1]?.[0] ? median(of[0]!.map((turn, i) => time(of[1]![i]!) / time(turn))) : undefined;
    const [ours, torch] = sides as [Side, Side?];
    return {
      name: job.name,
      bar: job.bar,
      ours,
      torch,
      ratio: ratio(turns),
      trainingRatio: ratio(trained),
      earlyRatio: ratio([trained[0]!, early]),
    };
  } finally {
    for (const engine of engines) engine.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The job as files for the reference. */
function describe(job: TrainingJob, folder: string): void {
  const { family, n, batch, loss, learningRate, limit, model, heads, patch } = job;
  const weights = Object.entries(family.initialise(keyOf(job)));
  const { x, y } = dataOf(job);
  const write = (name: string, arrays: readonly ArrayBufferView[]) =>
    writeFileSync(
      join(folder, name),
      Buffer.concat(arrays.map((a) => new Uint8Array(a.buffer, a.byteOffset, a.byteLength))),
    );
  write('x', [x]);
  write('y', [y]);
  write(
    'weights',
    weights.map(([, t]) => t.data),
  );
  write('orders', [orders(job, EPOCHS)]);
  const shapes = weights.map(([name, { shape }]) => [name, shape]);
  const shape = [n, ...family.inputShape];
  writeFileSync(
    join(folder, 'job.json'),
    JSON.stringify({
      model,
      heads,
      patch,
      shape,
      batch,
      loss,
      learningRate,
      limit,
      tolerance: TOLERANCE,
      weights: shapes,
    }),
  );
}

function start(command: string, given: readonly string[]): Engine {
  const child = spawn(command, given, {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, ...ONE_THREAD },
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ask = async (request: unknown) => {
    child.stdin.write(`${JSON.stringify(request)}\n`);
    const { value, done } = await lines.next();
    if (done) throw new Error(`${command} has stopped; its message is above`);
    return JSON.parse(value);
  };
  return {
    prepare: (job, folder) => ask({ job, prepare: folder }),
    run: (steps) => ask({ run: steps }),
    memorize: (predicted) => ask({ memorize: predicted }),
    stop: () => child.stdin.end(),
  };
}

/** Both engines must do the same work. Rounding grows with the steps: the early ones are compared. */
function agree(job: TrainingJob, [ours, theirs]: readonly Turn[], round: number): void {
  if (!theirs || round > 1) return;
  if (Math.abs(ours!.value - theirs.value) <= 1e-3 * Math.abs(theirs.value)) return;
  throw new Error(`${job.name}: our loss is ${ours!.value} and that of PyTorch ${theirs.value}`);
}

function time({ seconds, processor }: { readonly seconds: number; readonly processor: number }): number {
  return values.cpu ? processor : seconds;
}

function median(list: readonly number[]): number {
  const sorted = list.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

function show(job: TrainingJob, result: Awaited<ReturnType<typeof measure>>): string {
  const side = (name: string, s: Side | undefined) => {
    if (!s) return [];
    const trained = s.memorized
      ? `, ${s.memorized.reason} after ${s.memorized.steps} steps in ${s.memorized.time.toFixed(2)} s`
      : '';
    return [
      `  ${name.padEnd(8)}${s.step.toFixed(3).padStart(9)} ms a step${trained}, peak ${s.peak.toFixed(0)} MiB (${s.before.toFixed(0)} before)`,
    ];
  };
  const { ratio, trainingRatio, earlyRatio } = result;
  const early = earlyRatio ? ` [${earlyRatio.toFixed(2)}]` : '';
  const verdict = ratio === undefined ? '' : ratio >= job.bar ? `meets ${job.bar}` : `MISSES ${job.bar}`;
  return [
    job.name,
    ...side('ours', result.ours),
    ...side('PyTorch', result.torch),
    ...(ratio === undefined
      ? []
      : [
          `  ratio   ${ratio.toFixed(2).padStart(9)} a step${trainingRatio ? `, ${trainingRatio.toFixed(2)}${early} to memorization` : ''}: ${verdict}`,
        ]),
  ].join('\n');
}
