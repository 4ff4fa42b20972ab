// Whether a model memorizes: its training loss against the noise level, the labels it reproduces, and the wrong ones among them.
import { argmax, type Task, wrong } from '../attacks/index.ts';
import { fitBelowNoise } from '../data/index.ts';
import { invalidArgument, requireInteger } from '../errors.ts';
import { plainEstimate } from '../guarantee/index.ts';
import type { NoiseLevel } from '../noise/index.ts';
import { short } from '../words/index.ts';
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
  /** The floor of the cross-entropy in nats, where the flips of the labels are known. */
  readonly entropy?: NoiseLevel;
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
 * where it lies at or above all of it, undecided in between or where the level is unknown. Where the flips are known and the
 * probabilities are the better fit, as after training with cross-entropy, the same is asked of the cross-entropy and the
 * conditional entropy of the labels, which takes the place of the noise level in the law for that loss (Das, Batra and
 * Srivastava, arXiv 2405.16639). No function is expected below either: one that lies below one of them fits noise, and one
 * that does not lies above both.
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
  const squared = answer(noise, below);
  const probabilities =
    task.kind === 'regression' || !fitted.entropy
      ? undefined
      : isDistribution(scores, outputs)
        ? scores
        : best.predictions === scores
          ? undefined
          : best.predictions;
  const crossEntropy = probabilities && crossEntropyOf(probabilities, labels, points, fitted.entropy!);
  return {
    data,
    points,
    loss: { name: best.name, value: best.value },
    noise: noise && { level: plainEstimate(noise.level), source: noise.source },
    fitsBelowNoise: crossEntropy ? either(squared, crossEntropy.fitsBelowFloor) : squared,
    ...(crossEntropy && { crossEntropy }),
    perfect: { points, correct: misses.filter((miss) => !miss).length },
    flipped:
      fitted.flipped === null || task.kind === 'regression'
        ? null
        : reproduced(fitted.flipped, misses, outputs),
    suspicious: [...fitted.suspicious],
  };
}

type Answer = Memorization['fitsBelowNoise'];

/** Whether a loss lies below the whole interval of a level, above all of it, or in it. */
function answer(level: Memorization['noise'] | NoiseLevel, below: (level: number) => boolean): Answer {
  if (level === null) return 'undecided';
  const [low, high] = level.level.interval;
  return below(low) ? 'yes' : below(high) ? 'undecided' : 'no';
}

/** One loss below its floor is enough; only both above theirs say no. */
function either(a: Answer, b: Answer): Answer {
  if (a === 'yes' || b === 'yes') return 'yes';
  return a === 'no' && b === 'no' ? 'no' : 'undecided';
}

/** The loss and the level that decide whether noise is fitted, in words; undefined where no level is known. */
export function decidingLoss({
  loss,
  noise,
  crossEntropy,
  fitsBelowNoise,
}: Pick<Memorization, 'loss' | 'noise' | 'crossEntropy' | 'fitsBelowNoise'>):
  | {
      readonly loss: string;
      readonly name: string;
      readonly level: string;
      readonly interval: readonly [number, number];
    }
  | undefined {
  const bySquares = answer(noise, (level) => loss.value < level);
  if (crossEntropy && bySquares !== fitsBelowNoise) {
    return {
      loss: `cross-entropy of ${short(crossEntropy.loss)}`,
      name: 'the entropy of the labels',
      level: `the entropy of the labels, ${short(crossEntropy.floor.value)} nats`,
      interval: crossEntropy.floor.interval,
    };
  }
  if (!noise) return undefined;
  return {
    loss: `loss of ${short(loss.value)}`,
    name: 'the noise level',
    level: `the noise level of ${short(noise.level.value)}`,
    interval: noise.level.interval,
  };
}

/** Undefined where a label has the probability 0: the loss is infinite, which says nothing of the other rows. */
function crossEntropyOf(
  probabilities: ArrayLike<number>,
  labels: Float32Array,
  points: number,
  floor: NoiseLevel,
): Memorization['crossEntropy'] {
  let sum = 0;
  labels.forEach((y, at) => {
    if (y === 1) sum -= Math.log(probabilities[at]!);
  });
  const loss = Math.max(0, sum / points);
  if (!Number.isFinite(loss)) return undefined;
  return {
    loss,
    floor: plainEstimate(floor.level),
    source: floor.source,
    fitsBelowFloor: answer(floor, (level) => loss < level),
  };
}

/** Whether the model gives probabilities itself: every row >= 0 with the sum 1. */
function isDistribution(scores: Float32Array, outputs: number): boolean {
  if (scores.some((score) => score < 0)) return false;
  for (let from = 0; from < scores.length; from += outputs) {
    const sum = scores.subarray(from, from + outputs).reduce((total, score) => total + score, 0);
    if (Math.abs(sum - 1) > 1e-3) return false;
  }
  return true;
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
