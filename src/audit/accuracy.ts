// How often a model is right, in all and by class.
import { type Task, wrong } from '../attacks/index.ts';
import type { Accuracy } from './result.ts';

/**
 * The tally of points whose outputs are known.
 *
 * @param outputs of the model, `[points, width]`.
 * @param labels `[points, width]`, one-hot in classification.
 */
export function tallyAccuracy(
  task: Task,
  outputs: Float32Array,
  labels: Float32Array,
  width: number,
): Accuracy {
  const isWrong = wrong(task, outputs, labels, width);
  const count = (rows: readonly number[]) => ({
    points: rows.length,
    correct: rows.filter((row) => !isWrong[row]).length,
  });
  const all = isWrong.map((_, row) => row);
  if (task.kind === 'regression') {
    const squares = outputs.reduce((sum, value, i) => sum + (value - labels[i]!) ** 2, 0);
    const mean = squares / Math.max(1, all.length);
    return { all: count(all), classes: [], meanSquaredError: Number.isFinite(mean) ? mean : null };
  }
  const members: number[][] = Array.from({ length: width }, () => []);
  for (const row of all) members[labels.subarray(row * width, (row + 1) * width).indexOf(1)]!.push(row);
  return { all: count(all), classes: members.map(count), meanSquaredError: null };
}
