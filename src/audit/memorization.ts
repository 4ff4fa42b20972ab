// Whether a model memorizes: its training loss against the noise level, the labels it reproduces, and the wrong ones among them.
import { argmax, type Task, wrong } from '../attacks/index.ts';
import { fitBelowNoise } from '../data/index.ts';
import { invalidArgument, requireInteger } from '../errors.ts';
import { plainEstimate } from '../guarantee/index.ts';
import type { NoiseLevel } from '../noise/index.ts';
import type { Memorization, SuspiciousLabel } from './result.ts';

/** What the model says of labelled points, those it was trained on where they are known. */
export interface Fitted {
  /** The data, for people. */
  readonly data: string;
  readonly task: Task;
  readonly outputs: number;
  /** `[rows, outputs]` logits, probabilities, or the outputs of a regression. */
  readonly scores: Float32Array;
  /** `[rows, outputs]`, one-hot for classes. */
  readonly labels: Float32Array;
  readonly noise: NoiseLevel | null;
  /** Rows whose labels are known to be wrong. */
  readonly flipped: readonly number[] | null;
  readonly suspicious: readonly SuspiciousLabel[];
}

/**
 * The loss is the one of the law, (1/n) sum_i sum_k (f_k(x_i) - y_ik)^2: of the outputs in regression; for classes of the
 * probabilities softmax(scores), or of the scores themselves where those are closer to the one-hot labels, as after training
 * with squared error or behind a softmax. Both are functions with the parameters of the model, so the law holds for both.
 *
 * `fitsBelowNoise` is the hypothesis of the law: yes where the loss lies below the whole interval of the noise level, no
 * where it lies at or above all of it, undecided in between or where the level is unknown.
 *
 * Of the flipped labels the model reproduces `memorized`. `chance` is the share that it would reproduce by mistake, erring on
 * them as often as on the other rows and towards each other class alike; a blind guess, 1/C, where there are no others.
 *
 * @throws RobustlawError `invalid-argument` where lengths differ, a score is not finite, or a flipped row does not exist.
 */
export function measureMemorization(fitted: Fitted): Memorization {
  const { data, task, outputs, scores, labels, noise } = fitted;
  const points = labels.length / outputs;
  requireInteger('rows', points);
  if (scores.length !== labels.length) {
    throw invalidArgument('number of scores', scores.length, `${labels.length}, ${outputs} for each row`);
  }
  const bad = scores.findIndex((score) => !Number.isFinite(score));
  if (bad >= 0) {
    throw invalidArgument(
      `score of row ${Math.floor(bad / outputs)} (counted from 0)`,
      scores[bad],
      'a finite number; the model overflows there',
    );
  }
  const misses = wrong(task, scores, labels, outputs);
  const candidates =
    task.kind === 'regression'
      ? [{ name: 'squared error of the outputs', predictions: scores }]
      : [
          { name: 'squared error of the class probabilities', predictions: softmax(scores, outputs) },
          { name: 'squared error of the scores', predictions: scores },
        ];
  const errorOf = (predictions: ArrayLike<number>, noiseVariance: number) =>
    fitBelowNoise({ name: data, shape: [points], y: labels, noiseVariance }, predictions);
  const best = candidates
    .map(({ name, predictions }) => ({ name, predictions, value: errorOf(predictions, 0).meanSquaredError }))
    .reduce((a, b) => (b.value < a.value ? b : a));
  const below = (level: number) => errorOf(best.predictions, level).holds;
  return {
    data,
    points,
    loss: { name: best.name, value: best.value },
    noise: noise && { level: plainEstimate(noise.level), source: noise.source },
    fitsBelowNoise:
      noise === null
        ? 'undecided'
        : below(noise.level.interval[0])
          ? 'yes'
          : below(noise.level.interval[1])
            ? 'undecided'
            : 'no',
    perfect: { points, correct: misses.filter((miss) => !miss).length },
    flipped:
      fitted.flipped === null || task.kind === 'regression'
        ? null
        : reproduced(fitted.flipped, misses, outputs),
    suspicious: [...fitted.suspicious],
  };
}

function reproduced(
  rows: readonly number[],
  misses: readonly boolean[],
  classes: number,
): NonNullable<Memorization['flipped']> {
  const flipped = new Set(rows);
  for (const row of flipped) requireInteger('flipped row (counted from 0)', row, 0, misses.length - 1);
  const others = misses.filter((_, i) => !flipped.has(i));
  const errors = others.filter((miss) => miss).length;
  return {
    rows: flipped.size,
    memorized: [...flipped].filter((row) => !misses[row]).length,
    chance: others.length === 0 ? 1 / classes : errors / others.length / (classes - 1),
  };
}

/** exp(s_k) / sum_j exp(s_j) of each row `[rows, classes]`; no exponential overflows. */
export function softmax(scores: Float32Array, classes: number): Float64Array {
  const result = Float64Array.from(scores);
  for (let from = 0; from < result.length; from += classes) {
    const row = result.subarray(from, from + classes);
    const largest = row[Math.max(0, argmax(row))]!;
    let sum = 0;
    for (let k = 0; k < classes; k++) {
      row[k] = Math.exp(row[k]! - largest);
      sum += row[k]!;
    }
    for (let k = 0; k < classes; k++) row[k]! /= sum;
  }
  return result;
}
