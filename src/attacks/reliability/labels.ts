// Whether the labels mean the classes of the model, and whether there are enough of these for every loss.

import { percent } from '../../words/index.ts';
import { atChance, clearlyBetter } from './chance.ts';
import type { Finding } from './finding.ts';

/**
 * Another numbering of the classes fits clearly better than the labels as they are: shifted by one (labels 1 to C), or any
 * consistent renaming. A renaming is found on every second row and judged on the others, so that chance finds none.
 *
 * @param predicted classes of the model per row, -1 where it has none.
 * @param labels as in the data; they need not be classes of the model.
 */
export function labelsShifted(
  predicted: ArrayLike<number>,
  labels: ArrayLike<number>,
  classes: number,
): Finding | undefined {
  const rows = labels.length;
  const share = (right: (i: number) => boolean, of: readonly number[]) =>
    of.filter(right).length / Math.max(1, of.length);
  const all = Array.from({ length: rows }, (_, i) => i);
  const accuracy = share((i) => predicted[i] === labels[i], all);
  const finding = (renaming: string, then: number): Finding => ({
    id: 'labels-shifted',
    severity: 'critical',
    title: `Classes and labels are numbered differently: ${renaming}`,
    explanation: `With the labels as they are ${percent(accuracy)} are right${atChance(accuracy, labels, classes) ? ', no better than guessing' : ''}; ${renaming}, ${percent(then)}. Number the labels as the model does, from 0 in the order of its outputs.`,
    evidence: { rows, accuracy, accuracyThen: then, renaming },
  });
  for (const offset of [1, -1]) {
    const then = share((i) => predicted[i]! >= 0 && predicted[i] === labels[i]! - offset, all);
    if (clearlyBetter(then, accuracy, rows) && !atChance(then, labels, classes))
      return finding(`class k of the model is labelled k ${offset > 0 ? '+' : '-'} 1`, then);
  }
  const [fitted, judged] = [all.filter((i) => i % 2 === 0), all.filter((i) => i % 2 === 1)];
  const names = renamed(predicted, labels, fitted);
  const then = share((i) => names.get(predicted[i]!) === labels[i], judged);
  const now = share((i) => predicted[i] === labels[i], judged);
  if (!clearlyBetter(then, now, judged.length) || atChance(then, labels, classes)) return undefined;
  const changed = [...names].filter(([from, to]) => from !== to).sort(([a], [b]) => a - b);
  const shown = changed
    .slice(0, 10)
    .map(([from, to]) => `class ${from} is labelled ${to}`)
    .join(', ');
  return finding(changed.length > 10 ? `${shown}, ...` : shown, then);
}

/** One label for each class, the most frequent pairs first; every label is given once. */
function renamed(
  predicted: ArrayLike<number>,
  labels: ArrayLike<number>,
  rows: readonly number[],
): Map<number, number> {
  const counts = new Map<string, { from: number; to: number; count: number }>();
  for (const i of rows) {
    const [from, to] = [predicted[i]!, labels[i]!];
    if (from < 0) continue;
    const name = `${from} ${to}`;
    counts.set(name, { from, to, count: (counts.get(name)?.count ?? 0) + 1 });
  }
  const names = new Map<number, number>();
  const given = new Set<number>();
  for (const { from, to } of [...counts.values()].sort((a, b) => b.count - a.count)) {
    if (names.has(from) || given.has(to)) continue;
    names.set(from, to);
    given.add(to);
  }
  return names;
}

/** DLR needs three classes and targeted DLR four; suited() says what attacks use instead. */
export function tooFewClasses(outputs: number): Finding | undefined {
  if (outputs > 3) return undefined;
  const instead =
    outputs < 3
      ? 'APGD-DLR climbs the margin, the largest other score minus that of the label, and APGD-T the difference of the two scores'
      : 'APGD-T climbs the score of the target minus that of the label';
  return {
    id: 'too-few-classes',
    severity: 'info',
    title: `With ${outputs} classes the ${outputs < 3 ? 'DLR loss is' : 'targeted DLR loss is'} not defined`,
    explanation: `${instead}. These losses are positive exactly where the model is wrong, but their gradients grow with the scale of the scores, which APGD and FAB do not mind. All wrong classes are targets.`,
    evidence: { classes: outputs, targets: outputs - 1 },
  };
}
