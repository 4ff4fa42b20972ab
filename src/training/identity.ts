// What makes two trainings the same: the graph of the step, the rates, the data and the key.
import { createHash } from 'node:crypto';
import type { FloatType } from '../graph/index.ts';
import { encode } from '../graph/index.ts';
import type { Rng } from '../random/index.ts';
import type { TrainingIdentity } from './checkpoint.ts';
import { labelKind } from './labels.ts';
import { stepGraph } from './step.ts';
import type { Samples, TrainingPlan } from './train.ts';

/** Updates at which rates are compared. */
const STEPS = Array.from({ length: 31 }, (_, i) => 2 ** i);

/** The identity of a training on batches of `batch` points. */
export function identityOf(
  plan: TrainingPlan,
  batch: number,
  samples: Samples,
  rng: Rng,
  dtype: FloatType,
): TrainingIdentity {
  const { family, optimiser } = plan;
  const labels = labelKind(samples.y, family.outputs);
  const rates = STEPS.map((step) => optimiser.scalarsAt(step, plan.learningRate(step)));
  return {
    family: family.name,
    step: sha256(encode(stepGraph(plan, batch, labels, 'everything', dtype))),
    rates: sha256(JSON.stringify(rates)),
    data: sha256(JSON.stringify(samples.shape), bytesOf(samples.x), bytesOf(samples.y)),
    key: rng.path,
  };
}

function bytesOf(array: Float32Array | Float64Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

function sha256(...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}
