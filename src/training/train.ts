// Full-batch training until a rule says stop.
import { RobustlawError, requireInteger } from '../errors.ts';
import type { FloatType, TensorData } from '../graph/index.ts';
import { sameShape, sizeOf, tensor } from '../graph/index.ts';
import type { ModelFamily, Weights } from '../models/index.ts';
import type { Rng } from '../random/index.ts';
import type { Loss } from './loss.ts';
import type { Optimiser } from './optimiser.ts';
import type { Schedule } from './schedule.ts';
import type { Measures } from './step.ts';
import { createTrainer } from './step.ts';
import type { StopReason, StopRule } from './stop.ts';

/** Labelled points; a Dataset is one. */
export interface Samples {
  /** `[n, ...features]`, row-major. */
  readonly x: Float64Array | Float32Array;
  readonly shape: readonly number[];
  /** `[n, outputs]`, row-major. */
  readonly y: Float64Array | Float32Array;
}

export interface TrainingPlan {
  readonly family: ModelFamily;
  readonly loss: Loss;
  readonly optimiser: Optimiser;
  readonly learningRate: Schedule;
  /** Most updates that are made. */
  readonly steps: number;
  /** Asked in this order before every update. */
  readonly stop: readonly StopRule[];
}

/** The outcome; a training that failed is an outcome, too. */
export interface TrainingResult {
  readonly reason: StopReason;
  /** The last weights; when `diverged` they may not be finite. */
  readonly weights: Weights;
  /** Measured with exactly these weights on all samples, in the arithmetic of the training. */
  readonly measures: Measures;
  /** Updates made. */
  readonly steps: number;
  /** The loss before each update and after the last: `[steps + 1]`. */
  readonly losses: Float64Array;
}

/**
 * Trains on all samples at once. A function of its arguments: the same key gives the same bytes on the same kind of
 * machine (threads = 1).
 *
 * @param rng key of the initial weights.
 * @param observe called before every update; returning `'stop'` ends the training as `interrupted`.
 * @throws shape-mismatch when the samples do not fit the family. Divergence and failure to fit are results.
 */
export async function train(
  plan: TrainingPlan,
  samples: Samples,
  rng: Rng,
  observe: (step: number, measures: Measures) => 'stop' | undefined = () => undefined,
  dtype: FloatType = 'float32',
): Promise<TrainingResult> {
  const { family } = plan;
  requireInteger('steps', plan.steps, 0);
  const n = requireFit(samples, family);
  const x = floats(dtype, samples.x);
  const y = floats(dtype, samples.y);
  const trainer = await createTrainer(family, plan.loss, plan.optimiser, n, dtype);
  try {
    const weights = family.initialise(rng, dtype);
    let state = trainer.start(weights);
    let spare = trainer.start(weights);
    const losses: number[] = [];
    for (;;) {
      const before = state;
      const rate = plan.learningRate(before.step + 1);
      const { state: after, measures } = await trainer.update(before, x, y, rate, spare);
      losses.push(measures.loss);
      const reason =
        (Number.isFinite(measures.loss) ? undefined : 'diverged') ??
        plan.stop.map((rule) => rule(measures, losses)).find((r) => r !== undefined) ??
        (before.step >= plan.steps ? 'step-limit' : undefined) ??
        (observe(before.step, measures) === 'stop' ? 'interrupted' : undefined);
      if (reason) {
        // The measures belong to the state before the update that has just been computed along with them.
        return {
          reason,
          weights: trainer.weights(before),
          measures,
          steps: before.step,
          losses: Float64Array.from(losses),
        };
      }
      state = after;
      spare = before;
    }
  } finally {
    await trainer.dispose();
  }
}

function requireFit(samples: Samples, family: ModelFamily): number {
  const [n, ...features] = samples.shape;
  if (n === undefined || n < 1 || !sameShape(features, family.inputShape)) {
    throw new RobustlawError(
      'shape-mismatch',
      `the samples have shape [${samples.shape}]; ${family.name} expects [n, ${family.inputShape}] with n >= 1`,
    );
  }
  if (samples.x.length !== sizeOf(samples.shape) || samples.y.length !== n * family.outputs) {
    throw new RobustlawError(
      'shape-mismatch',
      `${samples.x.length} features and ${samples.y.length} labels were given; ` +
        `expected ${sizeOf(samples.shape)} and ${n * family.outputs} for n = ${n} points with ${family.outputs} label(s)`,
    );
  }
  return n;
}

function floats(dtype: FloatType, values: Float64Array | Float32Array): TensorData {
  return tensor(dtype, [values.length], values).data;
}
