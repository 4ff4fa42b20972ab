// What the model says of many rows of a data set, as far as time allows.
import { oneHot, type Task } from '../attacks/index.ts';
import { type Dataset, featureCount } from '../data/index.ts';
import type { Moment } from './budget.ts';
import type { Crew } from './crew.ts';
import { chunks, nameOfRows, rowOf } from './rows.ts';

/** Rows of one job. */
const CHUNK = 1024;

export interface KnownOutputs {
  /** Those whose outputs are known, in the order asked for. */
  readonly rows: readonly number[];
  /** `[rows, outputs]`. */
  readonly scores: Float32Array;
  readonly seconds: number;
  /** Why rows are missing. */
  readonly reason?: string;
}

/**
 * The model's own outputs at rows of the data.
 *
 * @param name of the data in the journal.
 */
export async function outputsAt(
  crew: Crew,
  name: string,
  data: Dataset,
  rows: readonly number[],
  end: Moment,
  observe: (done: number, total: number) => void,
): Promise<KnownOutputs> {
  const parts = chunks(rows, CHUNK);
  let failure: string | undefined;
  let done = 0;
  const reports = await Promise.all(
    parts.map(async (part) => {
      const key = `outputs/${name}/${nameOfRows(part)}`;
      const report = await crew.perform(
        key,
        'outputs',
        () => ({ points: pointsAt(data, part) }),
        () => (failure === undefined ? end : 0),
      );
      if (report.status === 'failed') failure ??= report.reason;
      observe(++done, parts.length);
      return { part, report };
    }),
  );
  const known = reports.flatMap(({ part, report }) =>
    report.status === 'done' ? [{ part, scores: report.result }] : [],
  );
  const scores = new Float32Array(known.reduce((sum, one) => sum + one.scores.length, 0));
  let from = 0;
  for (const one of known) {
    scores.set(one.scores, from);
    from += one.scores.length;
  }
  return {
    rows: known.flatMap(({ part }) => part),
    scores,
    seconds: reports.reduce((sum, { report }) => sum + (report.status === 'late' ? 0 : report.seconds), 0),
    ...(known.length < parts.length && { reason: failure ?? 'the time for it was over' }),
  };
}

/** Rows as the model is given them: `[rows, features]` in float32. */
export function pointsAt(data: Dataset, rows: readonly number[]): Float32Array {
  const features = featureCount(data);
  const points = new Float32Array(rows.length * features);
  rows.forEach((row, i) => {
    points.set(rowOf(data.x, features, row), i * features);
  });
  return points;
}

/** Their labels in rows, `[rows, outputs]`. */
export function labelsAt(data: Dataset, rows: readonly number[], task: Task, outputs: number): Float32Array {
  if (task.kind === 'classification')
    return oneHot(
      rows.map((row) => data.y[row]!),
      outputs,
    );
  return Float32Array.from(rows.flatMap((row) => Array.from(rowOf(data.y, outputs, row))));
}
