// The record of a training: the losses of its updates, and what rules and observers are told of them.
import type { Progress } from './checkpoint.ts';
import type { Measures } from './measures.ts';

export interface TrainingRecord {
  /** The loss before each update, the present one included. */
  readonly losses: readonly number[];
  /** One number per time that the rules are asked: the loss, or the mean of the losses of the epoch. */
  readonly asked: readonly number[];
  /** Takes what was measured on the batch of update `step`, and gives it with what is known of all samples. */
  add(step: number, measures: Measures, known: Measures): Measures;
  /** Losses and robust accuracies of the updates before `step`. */
  before(step: number): Pick<Progress, 'losses' | 'robustAccuracies'>;
}

/** A record of updates of which `perEpoch` make an epoch, that goes on after those `from`. */
export function createRecord(perEpoch: number, from?: Progress): TrainingRecord {
  const losses = [...(from?.losses ?? [])];
  const robust = [...(from?.robustAccuracies ?? [])];
  const asked: number[] = [];
  for (let step = 0; step < losses.length; step += perEpoch) asked.push(epochMean(losses, step, perEpoch));
  return {
    losses,
    asked,
    add(step, { loss, robustAccuracy }, known) {
      losses.push(loss);
      if (robustAccuracy !== undefined) robust.push(robustAccuracy);
      if (step % perEpoch === 0) asked.push(epochMean(losses, step, perEpoch));
      return {
        ...known,
        loss,
        ...(robust.length > 0 && { robustAccuracy: epochMean(robust, step, perEpoch) }),
      };
    },
    before: (step) => ({
      losses: Float64Array.from(losses.slice(0, step)),
      robustAccuracies: Float64Array.from(robust.slice(0, step)),
    }),
  };
}

/**
 * The mean of the numbers of the epoch that ended before `step`; within the epoch, of those of it so far, and at the very
 * beginning the only one. In full-batch training an epoch is a step, and the number is its own.
 */
function epochMean(values: readonly number[], step: number, perEpoch: number): number {
  if (perEpoch === 1 || step === 0) return values[step]!;
  const into = step % perEpoch;
  const part = into === 0 ? values.slice(step - perEpoch, step) : values.slice(step - into, step + 1);
  return part.reduce((sum, value) => sum + value, 0) / part.length;
}
