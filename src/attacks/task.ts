// What the outputs of a model mean, and when an output is wrong.
import { invalidArgument } from '../errors.ts';

/** Scores of classes, the largest of which is the prediction; or numbers that may be off by `tolerance`. */
export type Task =
  | { readonly kind: 'classification' }
  | { readonly kind: 'regression' /** Most allowed of max_k |f_k(x) - y_k|. */; readonly tolerance: number };

/** Labels as rows `[rows, outputs]`: one-hot for classes, the wanted outputs in regression. */
export type LabelRows = Float32Array;

/**
 * Classes as rows of `[rows, classes]` with a one.
 *
 * @throws RobustlawError `invalid-argument` naming the first label that is no class of the model.
 */
export function oneHot(labels: ArrayLike<number>, classes: number): LabelRows {
  const rows = new Float32Array(labels.length * classes);
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i]!;
    if (!Number.isInteger(label) || label < 0 || label >= classes) {
      throw invalidArgument(
        `label of row ${i} (counted from 0)`,
        label,
        `a class in [0, ${classes - 1}], as the model has ${classes}`,
      );
    }
    rows[i * classes + label] = 1;
  }
  return rows;
}

/** The first index of the largest entry of one row; -1 when an entry is NaN. */
export function argmax(row: ArrayLike<number>): number {
  let best = 0;
  for (let k = 0; k < row.length; k++) {
    if (Number.isNaN(row[k]!)) return -1;
    if (row[k]! > row[best]!) best = k;
  }
  return best;
}

/**
 * How far the outputs of each row are from being wrong, `[rows]`: the score of the label minus the largest other score, or
 * tolerance - max_k |f_k - y_k|. Negative means wrong; zero is a tie, which wrong() decides; NaN where an output is.
 */
export function margins(
  task: Task,
  scores: ArrayLike<number>,
  labels: LabelRows,
  outputs: number,
): Float64Array {
  const rows = labels.length / outputs;
  const found = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    let right = 0;
    let other = task.kind === 'regression' ? 0 : -Infinity;
    for (let k = i * outputs; k < (i + 1) * outputs; k++) {
      if (task.kind === 'regression') other = Math.max(other, Math.abs(scores[k]! - labels[k]!));
      else if (labels[k] === 1) right = scores[k]!;
      else other = Math.max(other, scores[k]!);
    }
    found[i] = (task.kind === 'regression' ? task.tolerance : right) - other;
  }
  return found;
}

/** Whether the outputs of each row are wrong; ties go to the first class, and NaN is always wrong. */
export function wrong(task: Task, scores: Float32Array, labels: LabelRows, outputs: number): boolean[] {
  const found = margins(task, scores, labels, outputs);
  return Array.from(found, (margin, i) => {
    if (task.kind === 'regression') return !(margin >= 0);
    const from = i * outputs;
    const predicted = argmax(scores.subarray(from, from + outputs));
    return predicted < 0 || labels[from + predicted] !== 1;
  });
}
