// Our side of the training benchmark, in a process of its own: one JSON object a line, as in training_reference.py.
// Points and initial weights are read from the same files as there: what it takes to draw them is no part of a training.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { sizeOf, tensor } from '../src/graph/index.ts';
import type { ModelFamily, Weights } from '../src/models/index.ts';
import { permutation } from '../src/random/index.ts';
import { fullBatch, miniBatches } from '../src/training/batches.ts';
import {
  accurate,
  adam,
  constantRate,
  createTrainer,
  crossEntropy,
  plain,
  signsMemorized,
  squaredLoss,
  type TrainingPlan,
  train,
} from '../src/training/index.ts';
import { keyOf, TRAINING_JOBS, type TrainingJob } from './training-jobs.ts';

type Engine = Awaited<ReturnType<typeof prepare>>;

/** Mean squared error at which random signs count as memorized. */
export const TOLERANCE = 0.02;

async function prepare(job: TrainingJob, folder: string) {
  const weights = weightsIn(folder, job.family);
  const plan: TrainingPlan = {
    family: { ...job.family, initialise: () => weights },
    objective: plain(job.loss === 'squared' ? squaredLoss : crossEntropy()),
    optimiser: adam(),
    learningRate: constantRate(job.learningRate),
    steps: job.limit,
    batch: job.batch,
    stop: [job.loss === 'squared' ? signsMemorized(TOLERANCE) : accurate(1)],
  };
  const key = keyOf(job);
  const [x, y] = [floatsIn(folder, 'x'), floatsIn(folder, 'y')];
  const full = job.batch === job.n;
  const labels = job.loss === 'squared' ? 'signs' : 'classes';
  const trainer = await createTrainer(plan, job.batch, labels, 'loss', 'float32', full ? 'same' : 'fresh');
  const batches = full ? fullBatch(x, y) : miniBatches(x, y, job.n, job.batch, key.split('batches'));
  let [state, spare] = [trainer.start(weights), trainer.start(weights)];
  return {
    /** Updates in one execution, as train() makes them; the loss before the last. */
    async steps(count: number): Promise<number> {
      const batch = batches.from(state.step, count);
      const rates = new Array<number>(count).fill(job.learningRate);
      const { state: next, measures } = await trainer.update(state, batch.x, batch.y, rates, spare);
      [state, spare] = [next, state];
      return measures.at(-1)!.loss;
    },
    async memorize() {
      const samples = { x, shape: [job.n, ...job.family.inputShape], y };
      const { reason, steps } = await train(plan, samples, key);
      return { reason, steps };
    },
  };
}

function floatsIn(folder: string, name: string): Float32Array {
  const bytes = readFileSync(join(folder, name));
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
}

function weightsIn(folder: string, family: ModelFamily): Weights {
  const all = floatsIn(folder, 'weights');
  let from = 0;
  return Object.fromEntries(
    Object.entries({ ...family.parameterShapes, ...family.statisticShapes }).map(([name, shape]) => {
      const data = all.subarray(from, from + sizeOf(shape));
      from += data.length;
      return [name, tensor('float32', shape, data)];
    }),
  );
}

async function timed<T>(work: () => Promise<T>): Promise<T & { seconds: number; processor: number }> {
  const [start, used] = [performance.now(), process.cpuUsage()];
  const result = await work();
  const { user, system } = process.cpuUsage(used);
  return { ...result, seconds: (performance.now() - start) / 1e3, processor: (user + system) / 1e6 };
}

const peak = () => process.resourceUsage().maxRSS / 1024;

async function answer(request: Record<string, unknown>, engine: Engine | undefined) {
  if ('memorize' in request) return timed(() => engine!.memorize());
  return timed(async () => {
    const value = await engine!.steps(request.run as number);
    return { value, peak: peak() };
  });
}

/** Order of the points in the first epochs, which the reference follows. */
export function orders(job: TrainingJob, epochs: number): Int32Array {
  const all = new Int32Array(epochs * job.n);
  for (let epoch = 0; epoch < epochs; epoch++) {
    all.set(permutation(keyOf(job).split('batches').split(epoch), job.n), epoch * job.n);
  }
  return all;
}

if (process.argv[2] === '--serve') {
  let engine: Engine | undefined;
  const before = peak();
  for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line);
    if ('prepare' in request) {
      engine = await prepare(TRAINING_JOBS.find(({ name }) => name === request.job)!, request.prepare);
      console.log(JSON.stringify({ peak: before }));
    } else console.log(JSON.stringify(await answer(request, engine)));
  }
}
