// Training until a rule says stop.
import { invalidArgument, RobustlawError, requireInteger } from '../errors.ts';
import type { FloatType } from '../graph/index.ts';
import { sameShape, sizeOf, tensor } from '../graph/index.ts';
import type { ModelFamily, Weights } from '../models/index.ts';
import { withStatistics } from '../models/index.ts';
import type { Rng } from '../random/index.ts';
import { fullBatch, miniBatches } from './batches.ts';
import { type Progress, requireSame } from './checkpoint.ts';
import { arraysOf, createEvaluator } from './evaluate.ts';
import { identityOf } from './identity.ts';
import { labelKind } from './labels.ts';
import type { Evaluated, Fit, Measures } from './measures.ts';
import { expectedUpdates, updatesAtOnce } from './pace.ts';
import { createRecord } from './record.ts';
import type { Schedule } from './schedule.ts';
import type { StepPlan } from './step.ts';
import { reasonToStop, type StopReason, type StopRule } from './stop.ts';
import { createTrainer, type TrainingState } from './trainer.ts';

type Floats = Float32Array | Float64Array;

/** Labelled points; a Dataset is one. */
export interface Samples {
  /** `[n, ...features]`, row-major. */
  readonly x: Floats;
  readonly shape: readonly number[];
  /** `[n, outputs]`, row-major. */
  readonly y: Floats;
}

export interface TrainingPlan extends StepPlan {
  readonly learningRate: Schedule;
  /** Most updates that are made. */
  readonly steps: number;
  /** Points per update; all where it is left out. */
  readonly batch?: number;
  /** Asked in this order: before every update, or with mini-batches before every epoch. All are monotone. */
  readonly stop: readonly StopRule[];
}

/** The outcome; a training that failed is an outcome, too. */
export interface TrainingResult {
  readonly reason: StopReason;
  /** The last weights and statistics; when `diverged` they may not be finite. */
  readonly weights: Weights;
  /**
   * Of exactly these weights on all samples, in the arithmetic of the training; but `loss` and `robustAccuracy` are those
   * of the training: with mini-batches, of the last batch and the mean over the last epoch.
   */
  readonly measures: Measures;
  /** Updates made. */
  readonly steps: number;
  /** The loss before each update and after the last, on the batch of the update: `[steps + 1]`. */
  readonly losses: Float64Array;
}

/** A training between two updates, for as long as the observer is told of it. */
export interface Moment extends Pick<Measures, 'loss' | 'robustAccuracy'> {
  /** Updates made. */
  readonly step: number;
  /**
   * Of the weights as they are now, on all samples: with mini-batches a forward pass, and unless an epoch begins the
   * updates of its execution once more, but none twice.
   */
  measures(): Promise<Measures>;
  /** The training as it is now, for saveCheckpoint(). */
  progress(): Promise<Progress>;
}

/** Told of every number of updates made, in their order, though some time after they were. */
export type Observer = (moment: Moment) => 'stop' | undefined | Promise<'stop' | undefined>;

/**
 * Trains on all samples at once, or on mini-batches: epochs over random permutations, of which the last n mod batch
 * points are left out. A function of its arguments: the same key gives the same bytes on the same kind of machine
 * (threads = 1), with interruptions or without.
 *
 * With mini-batches, the model as it is used predicts samples before every epoch until it is clear that no rule stops; for
 * memorization, until the first error. Under full-batch training of families with statistics, measures are those of
 * training, and the weights that are returned get the statistics of all samples, with which use and training are the same.
 * Under a constraint, initial weights and the weights that are returned are certified to be within it.
 *
 * Cost: a step per update, and with mini-batches up to a forward pass on all n points per epoch; memory for x and y in the
 * arithmetic of the training, and twice for parameters, moments and statistics.
 *
 * @param rng key of the initial weights, the batches, and what objectives draw.
 * @param observe returning `'stop'` ends the training as `interrupted`.
 * @param from where to go on, of the same training.
 * @throws shape-mismatch when the samples do not fit the family; invalid-argument for a batch larger than n;
 *   study-conflict when `from` is of another training. Divergence and failure to fit are results.
 */
export async function train(
  plan: TrainingPlan,
  samples: Samples,
  rng: Rng,
  observe: Observer = () => undefined,
  dtype: FloatType = 'float32',
  from?: Progress,
): Promise<TrainingResult> {
  const { family, constraint } = plan;
  requireInteger('steps', plan.steps, 0);
  const n = requireFit(samples, family);
  const size = requireBatch(plan.batch ?? n, n);
  const full = size === n;
  const identity = () => identityOf(plan, size, samples, rng, dtype);
  if (from) requireSame(from.identity, identity());

  const x = floats(dtype, samples.x);
  const y = floats(dtype, samples.y);
  const labels = labelKind(samples.y, family.outputs);
  const batches = full ? fullBatch(x, y) : miniBatches(x, y, n, size, rng.split('batches'));
  const trainer = full
    ? await createTrainer(plan, size, labels, 'everything', dtype, 'same')
    : await createTrainer(plan, size, labels, 'loss', dtype);
  // In full-batch training without a constraint, the step measures all that is asked.
  const evaluator = full && !constraint ? undefined : await createEvaluator(family, x, y, labels, dtype);
  /** The state after `count` updates more. */
  const advanced = (from: TrainingState, count: number, over?: TrainingState) => {
    const { x: xs, y: ys } = batches.from(from.step, count);
    const steps = Array.from({ length: count }, (_, i) => from.step + i);
    const rates = steps.map((step) => plan.learningRate(step + 1));
    const keys = steps.map((step) => rng.split('draws').split(step));
    return trainer.update(from, xs, ys, rates, over, keys);
  };
  try {
    const initial = family.initialise(rng, dtype);
    let state = trainer.start(constraint ? constraint.certify(initial) : initial);
    let spare: TrainingState | undefined;
    if (from) state = trainer.restore(from.state.step, from.state.arrays);
    const { perEpoch } = batches;
    const record = createRecord(perEpoch, full, from);
    const course = { steps: plan.steps, numbers: full ? 1 : (size * (x.length + y.length)) / n };
    const reasonOf = (fit: Fit) => reasonToStop(plan.stop, fit, record.asked);
    /** The measures of a state between two epochs, with the reason to stop there. */
    const verdictOn = async (state: TrainingState): Promise<Verdict | undefined> => {
      const robust = record.ended();
      const wanted = (best: Evaluated) => reasonOf({ ...best, ...robust }) !== undefined;
      const measures = await evaluator!.measureIf(wanted, trainer.parameters(state));
      const reason = measures && reasonOf({ ...measures, ...robust });
      return reason && { reason, measures };
    };
    let seconds = 0;
    let [last, expected] = [undefined as Fit | undefined, 1];
    for (;;) {
      const before = state;
      const into = before.step % perEpoch;
      const verdict = full || into > 0 ? undefined : await verdictOn(before);
      const unasked = full ? undefined : verdict ? 1 : perEpoch - into;
      const count = updatesAtOnce({ ...course, step: before.step, unasked, expected, seconds });
      const begun = performance.now();
      const { state: after, measures: found } = await advanced(before, count, spare);
      seconds = (performance.now() - begun) / 1e3 / count;
      let reached = before;
      for (const [i, measures] of found.entries()) {
        const step = before.step + i;
        const told: Measures = { ...measures, ...record.add(measures) };
        /** The state that these measures are of, computed once more where later updates were made with it. */
        const present = async (over?: TrainingState) => {
          const more = step - reached.step;
          if (more > 0) reached = (await advanced(reached, more, over)).state;
          return reached;
        };
        const moment: Moment = {
          step,
          loss: told.loss,
          ...(told.robustAccuracy !== undefined && { robustAccuracy: told.robustAccuracy }),
          measures: async () =>
            full ? told : { ...told, ...(await evaluator!.measure(trainer.parameters(await present()))) },
          progress: async () => ({
            identity: identity(),
            state: { step, arrays: copied(trainer.named(await present())) },
            ...record.before(step),
          }),
        };
        const reason =
          (Number.isFinite(told.loss) ? undefined : 'diverged') ??
          (full ? reasonOf(told) : verdict?.reason) ??
          (step >= plan.steps ? 'step-limit' : undefined) ??
          ((await observe(moment)) === 'stop' ? 'interrupted' : undefined);
        if (reason) {
          const weights = await settled(plan, trainer.weights(await present(after)), x, full);
          // A constraint may have changed the weights.
          const known = constraint ? undefined : verdict?.measures;
          const current = known ?? (await evaluator?.measure(arraysOf(weights)));
          const losses = Float64Array.from(record.losses);
          return { reason, weights, measures: { ...told, ...current }, steps: step, losses };
        }
      }
      if (full) {
        const now = found.at(-1)!;
        if (last) expected = expectedUpdates((fit) => reasonOf(fit) !== undefined, last, now, count);
        last = now;
      }
      state = after;
      spare = before;
    }
  } finally {
    await trainer.dispose();
    await evaluator?.dispose();
  }
}

interface Verdict {
  readonly reason: StopReason;
  readonly measures: Evaluated;
}

/** The weights as they are returned: with the statistics of all samples, and within the constraint. */
async function settled(
  { family, constraint }: TrainingPlan,
  weights: Weights,
  x: Floats,
  full: boolean,
): Promise<Weights> {
  if (!Object.values(weights).every(({ data }) => allFinite(data as Floats))) return weights;
  const described = full ? await withStatistics(family, weights, x) : weights;
  return constraint ? constraint.certify(described) : described;
}

/** A loop, because every() takes as long as two updates of a large network. */
function allFinite(values: Floats): boolean {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]! - values[i]!;
  return sum === 0;
}

function copied(arrays: TrainingState['arrays']): TrainingState['arrays'] {
  return Object.fromEntries(Object.entries(arrays).map(([name, data]) => [name, data.slice()]));
}

function requireBatch(batch: number, n: number): number {
  if (Number.isInteger(batch) && batch >= 1 && batch <= n) return batch;
  throw invalidArgument('batch', batch, `an integer in [1, ${n}], for n = ${n} points`);
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

function floats(dtype: FloatType, values: Floats): Floats {
  return tensor(dtype, [values.length], values).data as Floats;
}
