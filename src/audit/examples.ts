// Adversarial examples as files, checked again by a process that has seen nothing but the file, the model and the points.
import { rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { writeNpy } from '../data/index.ts';
import type { Norm } from '../guarantee/index.ts';
import { counted } from '../words/index.ts';
import type { Crew } from './crew.ts';
import type { Nearest } from './found.ts';
import type { Finding } from './result.ts';
import { type AuditedRows, gather } from './rows.ts';

/** What became of the examples of one norm. */
export interface Stored {
  /** Name of the file in the folder; null where there is no example. */
  readonly file: string | null;
  /** By position among the audited rows: its row in the file. */
  readonly rowInFile: ReadonlyMap<number, number>;
  /** Positions whose examples nobody has checked again, for a reason: they do not count, and the rows not as attacked. */
  readonly unchecked: ReadonlySet<number>;
  readonly reason?: string;
  readonly findings: readonly Finding[];
}

/**
 * Writes the nearest examples, ascending by row, to `examples-<norm>.npy` and has them checked: ball, bounds and that the
 * model's own output is wrong. Those that fail do not count: they are taken out of `nearest` and of the file, and told; so
 * are those that the check does not come to, as it fails or time is over.
 *
 * @param shape `[...features]` of one point.
 * @param fresh processes that have not seen the examples.
 * @throws RobustlawError when the file cannot be written.
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
  const unchecked = new Set<number>();
  let reason: string | undefined;
  for (;;) {
    const positions = write(path, nearest, shape);
    const check = await recheck(path, norm, rows, positions, nearest, fresh);
    reason ??= check.reason;
    for (const position of check.unchecked) {
      nearest[position] = undefined;
      unchecked.add(position);
    }
    for (const { position, why } of check.bad) {
      nearest[position] = undefined;
      failures.push({ row: rows.ids[position]!, why });
    }
    if (check.bad.length > 0) continue;
    // The rows that stay are those that have been checked.
    const stored = check.unchecked.length > 0 ? write(path, nearest, shape) : positions;
    return {
      file: stored.length > 0 ? basename(path) : null,
      rowInFile: new Map(stored.map((position, row) => [position, row])),
      unchecked,
      ...(unchecked.size > 0 && {
        reason: `${counted(unchecked.size, 'adversarial example')} could not be checked again and ${unchecked.size === 1 ? 'does' : 'do'} not count: ${reason}`,
      }),
      findings: findingsOf(norm, failures),
    };
  }
}

/** Writes the examples that there are, and says of which positions; no file where there are none. */
function write(path: string, nearest: Nearest, shape: readonly number[]): number[] {
  const positions = [...nearest.keys()].filter((i) => nearest[i] !== undefined);
  if (positions.length === 0) {
    rmSync(path, { force: true });
    return positions;
  }
  const features = nearest[positions[0]!]!.point.length;
  const data = new Float32Array(positions.length * features);
  positions.forEach((position, i) => {
    data.set(nearest[position]!.point, i * features);
  });
  writeNpy(path, { shape: [positions.length, ...shape], data });
  return positions;
}

interface Check {
  /** Whose examples are none. */
  readonly bad: readonly { readonly position: number; readonly why: string }[];
  readonly unchecked: readonly number[];
  /** Why some are unchecked. */
  readonly reason?: string;
}

async function recheck(
  file: string,
  norm: Norm,
  rows: AuditedRows,
  positions: readonly number[],
  nearest: Nearest,
  fresh: Crew,
): Promise<Check> {
  if (positions.length === 0) return { bad: [], unchecked: [] };
  const given = () => ({
    file,
    norm,
    points: gather(rows.points, rows.features, positions),
    labels: gather(rows.labels, rows.outputs, positions),
  });
  const report = await fresh.perform(`recheck/${norm}`, 'recheck', given, () => Number.POSITIVE_INFINITY);
  const late = 'the time for it was over';
  if (report.status !== 'done')
    return { bad: [], unchecked: positions, reason: report.status === 'failed' ? report.reason : late };
  const { distances, inBounds, wrong } = report.result;
  const bad = positions.slice(0, wrong.length).flatMap((position, i) => {
    const why = [
      ...(wrong[i] ? [] : ['the model is right there']),
      ...(inBounds[i] ? [] : ['it leaves the bounds of the inputs']),
      // The same code computes both from the same bits.
      ...(distances[i] === nearest[position]!.distance
        ? []
        : [`its distance is ${distances[i]}, not ${nearest[position]!.distance}`]),
    ];
    return why.length === 0 ? [] : [{ position, why: why.join('; ') }];
  });
  const unchecked = positions.slice(wrong.length);
  return { bad, unchecked, ...(unchecked.length > 0 && { reason: late }) };
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
