// What attacks and certificates of one norm say together: every distance to the boundary lies in [certified, found].
import type { Task } from '../attacks/index.ts';
import type { Norm } from '../guarantee/index.ts';
import { median } from '../numeric/index.ts';
import type { Attacked } from './attacking.ts';
import type { Certified } from './certify.ts';
import type { Stored } from './examples.ts';
import { broken, type Nearest, predictionOf } from './found.ts';
import { labelOf } from './images.ts';
import type { AuditResult, PointRobustness, Robustness } from './result.ts';
import { type AuditedRows, rowOf } from './rows.ts';

/**
 * The result of one norm: at each radius a row is robust unless some example within it is known, wherever that came from, and
 * certified where some proof reaches it. The two are never averaged.
 *
 * @param certified by position, as everything here.
 * @param stored the file of the examples; rows whose example could not be checked count as not attacked.
 */
export function robustnessOf(
  norm: Norm,
  task: Task,
  rows: AuditedRows,
  { assaults, nearest: stage }: Attacked,
  nearest: Nearest,
  certified: readonly Certified[],
  { file, rowInFile, unchecked }: Stored,
): Robustness {
  const all = rows.ids.map((_, i) => i);
  const correct = all.filter((i) => rows.correct[i]);
  const points = all.map((i): PointRobustness => {
    const example = nearest[i];
    return {
      row: rows.ids[i]!,
      label: labelOf(task, rowOf(rows.labels, rows.outputs, i)),
      correct: rows.correct[i]!,
      certified: certified[i]!,
      found: example
        ? {
            distance: example.distance,
            attack: example.attack,
            prediction: predictionOf(task, example.scores),
            example: rowInFile.get(i)!,
          }
        : null,
    };
  });
  const ensembles = assaults.map(({ radius, stages, notAttacked }) => {
    const robust = correct.filter((i) => !broken(nearest, i, radius));
    return {
      radius,
      stages: [...stages],
      correct: correct.length,
      robust: robust.length,
      notAttacked: robust.filter((i) => notAttacked.has(i) || unchecked.has(i)).length,
      certified: correct.filter((i) => certified[i]!.radius >= radius).length,
    };
  });
  return { norm, points, ensembles, nearest: stage, examples: file };
}

/** Mean and median distance to the boundary of the rows that the model gets right; undefined where there is none. */
export function stabilityOf({ norm, points }: Robustness): AuditResult['stability'][number] | undefined {
  const correct = points.filter((point) => point.correct);
  if (correct.length === 0) return undefined;
  const proven = correct.map((point) => point.certified.radius);
  const found = correct.map((point) => point.found?.distance ?? Number.POSITIVE_INFINITY);
  const mean = (values: readonly number[]) => values.reduce((sum, v) => sum + v / values.length, 0);
  const finite = (value: number) => (Number.isFinite(value) ? value : null);
  // The upper median, so that it is one of the distances and Infinity where half of them are.
  const middle = found.toSorted((a, b) => a - b)[Math.floor(found.length / 2)]!;
  return {
    norm,
    certified: mean(proven),
    found: finite(mean(found)),
    median: [median(proven), finite(middle)],
  };
}
