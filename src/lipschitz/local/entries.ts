// The entries of a matrix that are not zero, row by row: convolutions written out as matrices have few.
import type { Matrix } from '../../linalg/index.ts';

/** Row r has value[p] in column[p] for start[r] <= p < start[r + 1]. */
export interface Entries {
  readonly start: Int32Array;
  readonly column: Int32Array;
  readonly value: Float64Array;
}

/** Matrices are never changed: what is found of each is kept as long as it lives. */
const counts = new WeakMap<Matrix, number>();
const known = new WeakMap<Matrix, Entries>();

/** The entries of a matrix. Cost: one step per entry the first time. */
export function entriesOf(w: Matrix): Entries {
  const found = known.get(w);
  if (found) return found;
  const count = countOf(w);
  const entries = {
    start: new Int32Array(w.rows + 1),
    column: new Int32Array(count),
    value: new Float64Array(count),
  };
  let at = 0;
  for (let r = 0; r < w.rows; r++) {
    for (let c = 0; c < w.columns; c++) {
      const v = w.data[r * w.columns + c]!;
      if (v === 0) continue;
      entries.column[at] = c;
      entries.value[at++] = v;
    }
    entries.start[r + 1] = at;
  }
  known.set(w, entries);
  return entries;
}

/** Whether so few entries are not zero that steps from one to the next are cheaper than products of blocks. */
export function mostlyZero(weights: readonly Matrix[]): boolean {
  let entries = 0;
  let size = 0;
  for (const w of weights) {
    entries += countOf(w);
    size += w.data.length;
  }
  return 4 * entries < size;
}

/** How many entries are not zero. */
export function countOf(w: Matrix): number {
  const found = counts.get(w);
  if (found !== undefined) return found;
  let count = 0;
  for (let p = 0; p < w.data.length; p++) if (w.data[p] !== 0) count++;
  counts.set(w, count);
  return count;
}
