// The audited rows of a data set as arrays that attacks take, and parts of them.
import { createHash } from 'node:crypto';
import type { LabelRows, Samples } from '../attacks/index.ts';

/** Points in float32, which is what the model is given, with labels in rows. */
export interface AuditedRows {
  /** Their numbers in the data set. */
  readonly ids: readonly number[];
  /** `[rows, features]`. */
  readonly points: Float32Array;
  /** `[rows, outputs]`. */
  readonly labels: LabelRows;
  readonly features: number;
  readonly outputs: number;
  /** The model's own outputs, `[rows, outputs]`. */
  readonly scores: Float32Array;
  readonly correct: readonly boolean[];
}

/** Row i of `[rows, width]`, not copied. */
export function rowOf<Array extends Float32Array | Float64Array>(
  array: Array,
  width: number,
  i: number,
): Array {
  return array.subarray(i * width, (i + 1) * width) as Array;
}

/** Rows of `[rows, width]` one after another. */
export function gather(array: Float32Array, width: number, rows: readonly number[]): Float32Array {
  const found = new Float32Array(rows.length * width);
  rows.forEach((row, i) => {
    found.set(rowOf(array, width, row), i * width);
  });
  return found;
}

/** The given ones of the audited rows, by position. */
export function samplesOf(rows: AuditedRows, positions: readonly number[]): Samples {
  return {
    points: gather(rows.points, rows.features, positions),
    labels: gather(rows.labels, rows.outputs, positions),
    ids: positions.map((i) => rows.ids[i]!),
  };
}

/** Consecutive parts of at most `size`. */
export function chunks<Item>(items: readonly Item[], size: number): Item[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) =>
    items.slice(i * size, (i + 1) * size),
  );
}

/** Names a list of rows, and whatever else a result depends on, in a key of the journal. */
export function nameOfRows(parts: readonly (number | string)[]): string {
  return createHash('sha256').update(parts.join()).digest('hex').slice(0, 16);
}
