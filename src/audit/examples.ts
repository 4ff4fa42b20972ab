// Adversarial examples as files, checked again by a process that has seen nothing but the file, the model and the points.
import { rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { writeNpy } from '../data/index.ts';
import { RobustlawError } from '../errors.ts';
import type { Norm } from '../guarantee/index.ts';
import type { Crew } from './crew.ts';
import type { Nearest } from './found.ts';
import type { Finding } from './result.ts';
import { type AuditedRows, gather } from './rows.ts';

/** Relative difference of distances that is no defect: none, as the same code computes both from the same bits. */
const SLACK = 0;

/** What became of the examples of one norm. */
export interface Stored {
  /** Name of the file in the folder; null where there is no example. */
  readonly file: string | null;
  /** By position among the audited rows: its row in the file. */
  readonly rowInFile: ReadonlyMap<number, number>;
  readonly findings: readonly Finding[];
}

/**
 * Writes the nearest examples, ascending by row, to `examples-<norm>.npy` and has them checked: ball, bounds and that the
 * model's own output is wrong. Those that fail do not count: they are taken out of `nearest` and of the file, and told.
 *
 * @param shape `[...features]` of one point.
 * @param fresh processes that have not seen the examples.
 * @throws RobustlawError when the file cannot be written, or the check itself fails.
 */
export async function storeExamples(
  folder: string,
  norm: Norm,
  rows: AuditedRows,
  shape: readonly number[],
  nearest: Nearest,
  fresh: Crew,
): Promise<Stored> {
  const path = join(folder, `examples-${norm}.npy`);
  const failures: { row: number; why: string }[] = [];
  for (;;) {
    const positions = rows.ids.map((_, i) => i).filter((i) => nearest[i] !== undefined);
    if (positions.length === 0) {
      rmSync(path, { force: true });
      return { file: null, rowInFile: new Map(), findings: findingsOf(norm, failures) };
    }
    write(
      path,
      positions.map((i) => nearest[i]!.point),
      shape,
    );
    const bad = await recheck(path, norm, rows, positions, nearest, fresh);
    if (bad.length === 0) {
      const rowInFile = new Map(positions.map((position, row) => [position, row]));
      return { file: basename(path), rowInFile, findings: findingsOf(norm, failures) };
    }
    for (const { position, why } of bad) {
      nearest[position] = undefined;
      failures.push({ row: rows.ids[position]!, why });
    }
  }
}

function write(path: string, points: readonly Float32Array[], shape: readonly number[]): void {
  const data = new Float32Array(points.length * points[0]!.length);
  points.forEach((point, i) => {
    data.set(point, i * point.length);
  });
  writeNpy(path, { shape: [points.length, ...shape], data });
}

/** The positions whose examples are none. */
async function recheck(
  file: string,
  norm: Norm,
  rows: AuditedRows,
  positions: readonly number[],
  nearest: Nearest,
  fresh: Crew,
): Promise<{ position: number; why: string }[]> {
  const given = () => ({
    file,
    norm,
    points: gather(rows.points, rows.features, positions),
    labels: gather(rows.labels, rows.outputs, positions),
  });
  const report = await fresh.perform(`recheck/${norm}`, 'recheck', given, () => Number.POSITIVE_INFINITY);
  if (report.status !== 'done') {
    const reason = report.status === 'failed' ? report.reason : 'no time was left';
    throw new RobustlawError('internal', `the check of ${file} failed: ${reason}`);
  }
  const { distances, inBounds, wrong } = report.result;
  return positions.flatMap((position, i) => {
    const why = [
      ...(wrong[i] ? [] : ['the model is right there']),
      ...(inBounds[i] ? [] : ['it leaves the bounds of the inputs']),
      ...(Math.abs(distances[i]! - nearest[position]!.distance) <= SLACK
        ? []
        : [`its distance is ${distances[i]}, not ${nearest[position]!.distance}`]),
    ];
    return why.length === 0 ? [] : [{ position, why: why.join('; ') }];
  });
}

function findingsOf(norm: Norm, failures: readonly { row: number; why: string }[]): Finding[] {
  if (failures.length === 0) return [];
  return [
    {
      id: 'recheck-failed',
      severity: 'critical',
      title: 'Adversarial examples that were none when checked again',
      explanation:
        'In a fresh process, the stored points did not fool the model as they did when they were found; they do not count. ' +
        'The same input gives different outputs: look for random operators, or report a defect of robustlaw.',
      evidence: { norm, count: failures.length, row: failures[0]!.row, reason: failures[0]!.why },
    },
  ];
}
