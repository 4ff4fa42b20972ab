// When an accuracy is that of guessing, and when one is better than another by more than chance.
import { wrong } from '../task.ts';
import type { Victim } from '../victim.ts';

/** The share of rows `[rows, outputs]` that are right. */
export function accuracyOf(
  { task, outputs }: Pick<Victim, 'task' | 'outputs'>,
  scores: Float32Array,
  labels: Float32Array,
): number {
  const failed = wrong(task, scores, labels, outputs);
  return failed.filter((is) => !is).length / Math.max(1, failed.length);
}

/** Whether so many right answers of `rows` are within three standard deviations of guessing the commonest class, or fewer. */
export function atChance(accuracy: number, labels: ArrayLike<number>, classes: number): boolean {
  const rows = labels.length;
  const counts = new Map<number, number>();
  for (let i = 0; i < rows; i++) counts.set(labels[i]!, (counts.get(labels[i]!) ?? 0) + 1);
  const guess = Math.max(1 / classes, ...[...counts.values()].map((count) => count / rows));
  return accuracy <= guess + 3 * Math.sqrt((guess * (1 - guess)) / rows);
}

/** Better by a tenth or more, and by more than four standard deviations of the difference of two independent accuracies. */
export function clearlyBetter(accuracy: number, other: number, rows: number): boolean {
  const gain = accuracy - other;
  const variance = accuracy * (1 - accuracy) + other * (1 - other);
  return gain >= 0.1 && gain > 4 * Math.sqrt(Math.max(variance, 1 / rows) / rows);
}
