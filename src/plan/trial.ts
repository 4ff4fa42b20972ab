// One run of a pilot: a network trained against an adversary on a subsample, then attacked by stronger ones; every example that counts was checked again.
import {
  apgd,
  apgdCe,
  createThreat,
  createVictim,
  margin,
  type Task,
  worstCase,
  wrong,
} from '../attacks/index.ts';
import { RobustlawError } from '../errors.ts';
import type { InputBounds } from '../graph/index.ts';
import { modelFrom } from '../graph/index.ts';
import type { Norm } from '../guarantee/index.ts';
import { modelGraph } from '../models/index.ts';
import { rng } from '../random/index.ts';
import type { JobContext } from '../runtime/index.ts';
import {
  adam,
  adversarial,
  cosineRate,
  crossEntropy,
  pgdAdversary,
  robustlyAccurate,
  train,
} from '../training/index.ts';
import { type Classes, oneHotRows } from './classes.ts';
import { member, type Networks, type PilotModel } from './networks.ts';
import type { PilotRun } from './result.ts';

/** A run as a worker is given it. */
export interface PilotJob {
  /** `[n, ...shape]` */
  readonly points: Float32Array;
  readonly classes: Classes;
  readonly networks: Networks;
  readonly bounds: InputBounds;
  readonly norm: Norm;
  readonly radius: number;
  readonly width: number;
  /** Of a training on few points; more where there are many. */
  readonly updates: number;
  /** Of the subsample and the network. */
  readonly seed: number;
  readonly planSeed: number;
}

/** The module of `createPool`. */
export const PLAN_WORKER = new URL(import.meta.url);

const BATCH = 128;
/**
 * From this n on updates grow with n, so that larger subsamples are seen as often. It matters: on 800 of the digits half as many
 * updates took 0.04 from robust accuracy (0.68 to 0.64 at 38,410 parameters).
 */
const GROWING_FROM = 400;
const PGD_STEPS = 7;

/** Of the learning rate; deeper networks take smaller steps. */
const RATES: Readonly<Record<PilotModel['model'], number>> = {
  'two-layer': 0.01,
  mlp: 0.003,
  cnn: 0.003,
  madry: 0.001,
};

/** In words, for the result. */
export function trainingText({ model }: Networks, updates: number): string {
  return (
    `Adam on the cross-entropy at points of PGD with ${PGD_STEPS} steps and a random start, batches of ${BATCH}, learning rate ${RATES[model.model]} ` +
    `down to 0 over ${updates} updates, from n = ${GROWING_FROM} on over ${updates} n / ${GROWING_FROM}`
  );
}

const TASK: Task = { kind: 'classification' };
const STRONGER = [apgdCe, apgd('APGD-margin', margin, 50, () => 2)];

/** Names of the attacks that a point must withstand to count as robust. */
export const ATTACKS: readonly string[] = STRONGER.map(({ name }) => name);

/**
 * The run; the same job gives the same bits on the same kind of machine.
 *
 * @throws RobustlawError `interrupted` when the pool wants it to break off.
 */
export async function run(
  job: PilotJob,
  { interrupted }: Pick<JobContext, 'interrupted'>,
): Promise<PilotRun> {
  const { points, classes, networks, bounds, norm, radius, width, seed } = job;
  if (norm === 'l1') throw new RobustlawError('internal', 'a pilot was begun in l1');
  const n = classes.of.length;
  const labels = oneHotRows(classes);
  const updates = Math.ceil(job.updates * Math.max(1, n / GROWING_FROM));
  const random = rng(job.planSeed).split('run').split(seed).split(n).split(width);
  const family = member(networks, width);
  const bounded = Number.isFinite(bounds[0]) || Number.isFinite(bounds[1]);
  const adversary = pgdAdversary(norm, radius, undefined, PGD_STEPS, bounded ? bounds : undefined);
  const { weights, measures, steps, reason } = await train(
    {
      family,
      objective: adversarial(crossEntropy(), adversary),
      optimiser: adam(),
      learningRate: cosineRate(RATES[networks.model.model], updates),
      steps: updates,
      batch: Math.min(n, BATCH),
      stop: [robustlyAccurate(1)],
    },
    { x: points, shape: [n, ...networks.shape], y: labels },
    random.split('training'),
    () => (interrupted() ? 'stop' : undefined),
  );
  if (reason === 'interrupted') throw new RobustlawError('interrupted', 'the pilot was told to break off');
  const victim = await createVictim(
    modelFrom(family.name, (batch) => modelGraph(family, weights, batch)),
    TASK,
  );
  try {
    const isWrong = wrong(TASK, await victim.scores(points), labels, classes.count);
    const rows = [...classes.of.keys()].filter((row) => !isWrong[row]);
    const pick = (from: Float32Array, size: number) =>
      Float32Array.from(
        { length: rows.length * size },
        (_, at) => from[rows[Math.floor(at / size)]! * size + (at % size)]!,
      );
    const samples = {
      points: pick(points, points.length / n),
      labels: pick(labels, classes.count),
      ids: rows,
    };
    const known = await worstCase(
      STRONGER,
      victim,
      samples,
      createThreat(norm, radius, bounds),
      random.split('attack'),
      interrupted,
    );
    if (interrupted()) throw new RobustlawError('interrupted', 'the pilot was told to break off');
    const failed = known.attacks.find(({ failure }) => failure !== undefined);
    if (failed) throw new RobustlawError('internal', `${failed.name} failed: ${failed.failure}`);
    return {
      n,
      width,
      parameters: family.parameterCount,
      seed,
      robust: rows.length - known.examples.length,
      correct: rows.length,
      trained: Math.round((measures.robustAccuracy ?? 0) * n),
      updates: steps,
      ended: reason,
    };
  } finally {
    await victim.dispose();
  }
}
