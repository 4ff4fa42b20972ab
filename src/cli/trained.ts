// What a trained network is worth: its accuracy, plain and under attack, and its Lipschitz constant.
import { argmax, createThreat, createVictim, crossEntropy, oneHot, pgd, wrong } from '../attacks/index.ts';
import { type Dataset, featureCount } from '../data/index.ts';
import { type Model, modelFrom } from '../graph/index.ts';
import type { LipschitzMeasurement, Norm } from '../guarantee/index.ts';
import { measureLipschitz } from '../lipschitz/index.ts';
import { type ModelFamily, modelGraph } from '../models/index.ts';
import { permutation, type Rng } from '../random/index.ts';
import type { TrainingResult } from '../training/index.ts';
import type { Ball } from './train-options.ts';

/** Rows that are attacked, and that Lipschitz searches start from. */
const MOST_ROWS = 500;
export const ATTACK_STEPS = 40;

/** The l2 constant on the whole space, within `boundSeconds`. */
export async function constantOf(
  model: Model,
  training: Dataset,
  key: Rng,
  boundSeconds: number,
): Promise<LipschitzMeasurement> {
  const d = featureCount(training);
  const starts = Float64Array.from(training.x.subarray(0, MOST_ROWS * d));
  const effort = { seconds: boundSeconds, stop: () => false, clever: false };
  return measureLipschitz(
    model,
    { norm: 'l2', domain: { kind: 'global' } },
    starts,
    key.split('lipschitz'),
    effort,
  );
}

export interface Accuracy {
  readonly rows: number;
  /** Share of rows that are classified rightly. */
  readonly accuracy: number;
  /** Of some rows, still right under PGD-40: an upper bound on the robust accuracy on them. */
  readonly attacked?: {
    readonly norm: Norm;
    readonly radius: number;
    readonly rows: number;
    readonly accuracy: number;
  };
}

/** On labels that are classes or signs. */
export async function accuracyOf(
  family: ModelFamily,
  { weights }: TrainingResult,
  data: Dataset,
  attacked: Ball | undefined,
  range: readonly [number, number] | undefined,
  key: Rng,
): Promise<Accuracy> {
  const model = modelFrom(family.name, (batch) => modelGraph(family, weights, batch));
  const victim = await createVictim(model, { kind: 'classification' });
  try {
    const points = Float32Array.from(data.x);
    const labels = classRows(data);
    const misses = wrong(victim.task, await victim.scores(points), labels, victim.outputs);
    const accuracy = misses.filter((miss) => !miss).length / misses.length;
    if (!attacked) return { rows: misses.length, accuracy };
    const ids = Array.from(permutation(key, misses.length).subarray(0, MOST_ROWS)).sort((a, b) => a - b);
    const d = featureCount(data);
    const rows = <A extends Float32Array>(all: A, width: number) =>
      Float32Array.from(ids.flatMap((i) => Array.from(all.subarray(i * width, (i + 1) * width))));
    const samples = { points: rows(points, d), labels: rows(labels, victim.outputs), ids };
    const threat = createThreat(attacked.norm, attacked.radius, range ?? [-Infinity, Infinity]);
    const changed = await pgd(crossEntropy, ATTACK_STEPS, 1).run(victim, samples, threat, key, () => false);
    const broken = wrong(victim.task, await victim.scores(changed), samples.labels, victim.outputs);
    const still = ids.filter((i, at) => !misses[i] && !broken[at]).length / ids.length;
    const { norm, radius } = attacked;
    return { rows: misses.length, accuracy, attacked: { norm, radius, rows: ids.length, accuracy: still } };
  } finally {
    await victim.dispose();
  }
}

/** Labels as the attacks take them: one-hot; of labels ±1, class 1 is +1. */
function classRows({ y, outputs }: Dataset): Float32Array {
  if (outputs === 1)
    return oneHot(
      Array.from(y, (label) => (label > 0 ? 1 : 0)),
      2,
    );
  const classes = Array.from({ length: y.length / outputs }, (_, i) =>
    argmax(y.subarray(i * outputs, (i + 1) * outputs)),
  );
  return oneHot(classes, outputs);
}
