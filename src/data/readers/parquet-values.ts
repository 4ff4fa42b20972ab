// The values of a column of Parquet, page by page: numbers of any shape, and entries one by one.
import { type FileBytes, malformed, requireDecodable } from './bytes.ts';
import type { NumericArray } from './elements.ts';
import { ListLengths } from './parquet-lists.ts';
import { pagesOf } from './parquet-pages.ts';
import type { ParquetLeaf } from './parquet-schema.ts';

/** Values and nulls that the file declares. */
export function entriesOf({ chunks }: ParquetLeaf): number {
  return chunks.reduce((sum, { entries }) => sum + entries, 0);
}

/** `[rows]`, or `[rows, ...lengths]` of lists that all have the same lengths. */
export function readNumbers(source: FileBytes, leaf: ParquetLeaf, rows: number): NumericArray {
  const { file, maxBytes } = source;
  const entries = entriesOf(leaf);
  requireDecodable(file, entries, leaf.float32 ? 4 : 8, maxBytes);
  const data = leaf.float32 ? new Float32Array(entries) : new Float64Array(entries);
  const lists = new ListLengths(leaf.repetition);
  let at = 0;
  const place = (row: number) =>
    `${file}: column ${JSON.stringify(leaf.path[0])}, row ${row} (counted from 0)`;
  for (const { count, values, definitions, repetitions } of pagesOf(source, leaf)) {
    let next = 0;
    for (let i = 0; i < count; i++) {
      if (!lists.add(repetitions === undefined ? 0 : repetitions[i]!))
        throw malformed(place(lists.row), lists.problem);
      const there = definitions === undefined || definitions[i] === leaf.definition;
      const value: unknown = there ? values[next++] : null;
      const number = typeof value === 'number' ? value : numberOf(value);
      // A finite number minus itself is zero; NaN and the infinities give NaN.
      if (number === undefined || number - number !== 0) {
        const shown = value === null && leaf.repetition > 0 ? 'null or an empty list' : String(value);
        throw malformed(place(lists.row), `${shown}; expected a finite number: remove or replace such rows`);
      }
      data[at++] = number;
    }
  }
  if (!lists.end()) throw malformed(place(lists.row), lists.problem);
  if (at !== entries || lists.row + 1 !== rows)
    throw malformed(
      file,
      `column ${JSON.stringify(leaf.path[0])} has ${lists.row + 1} rows; the file declares ${rows}`,
    );
  return { data, shape: [rows, ...lists.lengths] };
}

/** The number that a boolean or an integer of 64 bits stands for; undefined where it is none, or an integer that float64 does not hold. */
function numberOf(value: unknown): number | undefined {
  if (typeof value === 'boolean') return value ? 1 : 0;
  const number = typeof value === 'bigint' ? Number(value) : Number.NaN;
  return Number.isSafeInteger(number) ? number : undefined;
}

/** Every value of a leaf without lists, by row. */
export function eachValue(
  source: FileBytes,
  leaf: ParquetLeaf,
  rows: number,
  visit: (value: unknown, row: number) => void,
): void {
  let row = 0;
  for (const { count, values, definitions } of pagesOf(source, leaf)) {
    let next = 0;
    for (let i = 0; i < count; i++) {
      const there = definitions === undefined || definitions[i] === leaf.definition;
      const value: unknown = there ? values[next++] : undefined;
      if (value === undefined || value === null) {
        throw malformed(
          `${source.file}: column ${JSON.stringify(leaf.path[0])}, row ${row} (counted from 0)`,
          'null; expected a value: remove or replace such rows',
        );
      }
      visit(value, row++);
    }
  }
  if (row !== rows)
    throw malformed(
      source.file,
      `column ${JSON.stringify(leaf.path[0])} has ${row} rows; the file declares ${rows}`,
    );
}
