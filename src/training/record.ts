// The record of a training: the losses of its updates, and what rules are told of them.
import type { Progress } from './checkpoint.ts';
import type { Measures } from './measures.ts';

/** What is measured on the batch of an update. */
type OnBatch = Pick<Measures, 'loss' | 'robustAccuracy'>;

export interface TrainingRecord {
  /** The loss before each update. */
  readonly losses: readonly number[];
  /** For rules: the loss before each update in full-batch training; else the first, and the mean of every epoch that has ended. */
  readonly asked: readonly number[];
  /** Takes what was measured on the batch of the next update, and gives it with the robust accuracy of the epoch so far. */
  add(measures: OnBatch): OnBatch;
  /** The mean over the epoch that has ended of the accuracy at adversarial points; nothing without an epoch or an adversary. */
  ended(): Pick<Measures, 'robustAccuracy'>;
  /** Losses and robust accuracies of the updates before `step`. */
  before(step: number): Pick<Progress, 'losses' | 'robustAccuracies'>;
}

/** A record of updates of which `perEpoch` make an epoch, that goes on after those `from`. */
export function createRecord(perEpoch: number, full: boolean, from?: Progress): TrainingRecord {
  const losses: number[] = [];
  const robust = [...(from?.robustAccuracies ?? [])];
  const asked: number[] = [];
  const note = (loss: number) => {
    losses.push(loss);
    if (full || losses.length === 1) asked.push(loss);
    if (!full && losses.length % perEpoch === 0) asked.push(mean(losses.slice(-perEpoch)));
  };
  for (const loss of from?.losses ?? []) note(loss);
  const over = (from: number) =>
    robust[from] === undefined ? {} : { robustAccuracy: mean(robust.slice(from)) };
  const ended = () => over(losses.length - perEpoch);
  return {
    losses,
    asked,
    add({ loss, robustAccuracy }) {
      const into = full ? 0 : losses.length % perEpoch;
      const before = !full && into === 0 ? ended() : {};
      note(loss);
      if (robustAccuracy !== undefined) robust.push(robustAccuracy);
      // At the beginning of an epoch, one batch says less than the epoch before.
      return { loss, ...over(losses.length - 1 - into), ...before };
    },
    ended,
    before: (step) => ({
      losses: Float64Array.from(losses.slice(0, step)),
      robustAccuracies: Float64Array.from(robust.slice(0, step)),
    }),
  };
}

function mean(values: readonly number[]): number {
  return values.length === 1 ? values[0]! : values.reduce((sum, value) => sum + value, 0) / values.length;
}
