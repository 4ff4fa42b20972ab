// Whether a function memorized its labels: perfectly, below the noise, or as the rule of its training understands it.
import { type Dataset, partialMemorization } from '../data/index.ts';
import { labelKind } from '../training/index.ts';
import type { Family, Member } from './families.ts';
import type { TrialResult } from './result.ts';

/** A memorizer fits exactly when every error is below this; rounding of float64 is far below. */
const EXACT_TOLERANCE = 1e-9;

/** Systems of equations with a condition of up to some 10^9 are solved up to this. */
const SOLVED_TOLERANCE = 1e-6;

/** Errors of trainings that do not say when they have memorized. */
const USUAL_TOLERANCE = 0.01;

/** Trainings count in float32, trials in float64. */
const ROUNDING = 1 + 1e-3;

/** Whether the construction fits every label exactly in exact arithmetic. */
export function isExactMemorizer(family: Family | Member): boolean {
  return 'memorizer' in family && family.memorizer !== 'tensor';
}

/** The largest error, and the mean over the points of the squared error summed over the outputs. */
export function errors(
  predictions: Float64Array,
  { y, outputs }: Dataset,
): { readonly largest: number; readonly meanSquared: number } {
  let [largest, squares] = [0, 0];
  for (let i = 0; i < y.length; i++) {
    const error = Math.abs(predictions[i]! - y[i]!);
    largest = Math.max(largest, error);
    squares += error * error;
  }
  return { largest, meanSquared: (squares * outputs) / y.length };
}

/** The largest error that counts as perfect. */
export function toleranceOf(member: Member): number {
  if ('features' in member) return SOLVED_TOLERANCE;
  return 'train' in member ? (member.training.stop.memorized ?? USUAL_TOLERANCE) : EXACT_TOLERANCE;
}

/** Perfect, at most half the noise, or neither. */
export function memorizationOf(
  perfect: boolean,
  dataset: Dataset,
  predictions: Float64Array,
): TrialResult['memorization'] {
  if (perfect) return 'perfect';
  if (dataset.clean === undefined) return 'none';
  return partialMemorization(dataset, predictions).holds ? 'partial' : 'none';
}

/**
 * Whether the function memorized as its family understands it: the rules `memorized`, `signs` and `accuracy` of its
 * training, any of them; at least partial memorization for a training without; interpolating constructions and features
 * perfectly.
 * Only the function counts, not why the training stopped.
 */
export function memorized(
  member: Member,
  memorization: TrialResult['memorization'],
  largest: number,
  meanSquared: number,
  dataset: Dataset,
  predictions: Float64Array,
): boolean {
  if ('features' in member) return memorization === 'perfect';
  if (!('train' in member)) return memorization === 'perfect' || !isExactMemorizer(member);
  const { memorized, signs, accuracy } = member.training.stop;
  const right = shareRight(predictions, dataset);
  if (memorized === undefined && signs === undefined && accuracy === undefined) {
    return memorization !== 'none';
  }
  return (
    (memorized !== undefined && largest <= memorized * ROUNDING) ||
    (signs !== undefined && right === 1 && meanSquared <= signs * ROUNDING) ||
    (accuracy !== undefined && right >= accuracy)
  );
}

/** Share of the points whose sign, or whose class, is right; a tie is wrong. 0 for labels that are neither. */
function shareRight(predictions: Float64Array, { y, outputs }: Dataset): number {
  const kind = labelKind(y, outputs);
  if (kind === 'values') return 0;
  let right = 0;
  for (let from = 0; from < y.length; from += outputs) {
    if (kind === 'signs') {
      if (predictions[from]! * y[from]! > 0) right++;
      continue;
    }
    const label = y.subarray(from, from + outputs).indexOf(1);
    const best = predictions[from + label]!;
    const beaten = predictions
      .subarray(from, from + outputs)
      .every((value, k) => k === label || value < best);
    if (beaten) right++;
  }
  return (right * outputs) / y.length;
}
