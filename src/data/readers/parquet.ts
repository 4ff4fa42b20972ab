// Data sets in Parquet: a row per point, with columns of numbers, lists of numbers or images as Hugging Face stores them.
import { listed } from '../../validation/index.ts';
import type { Dataset } from '../dataset.ts';
import { type FileBytes, malformed, requireDecodable } from './bytes.ts';
import { type Numbering, readClassNames } from './class-names.ts';
import type { NumericArray } from './elements.ts';
import { fileDataset } from './file-dataset.ts';
import { decodeImages, type ImageOptions } from './images.ts';
import { classNamesOf, LabelColumn } from './label-column.ts';
import { ListLengths } from './parquet-lists.ts';
import { pagesOf } from './parquet-pages.ts';
import { type ParquetColumn, type ParquetLeaf, type ParquetTable, readTable } from './parquet-schema.ts';

/** How the columns are read. */
export interface ParquetOptions extends ImageOptions {
  /** Name of the label column, or several; defaults to the one called label, y, target or class, else to the last. */
  readonly labelColumn?: string | readonly string[];
  /** Names of the columns of features, in this order; defaults to the images, else to all but the labels. */
  readonly featureColumns?: readonly string[];
  /** Path of a file with one class name per line, for labels that are text. */
  readonly classes?: string;
}

const LABELS = ['label', 'y', 'target', 'class'];

/**
 * The data set of a Parquet file. Columns of numbers are features in the order of the file; one column of lists of equal
 * lengths gives points of that shape; a column of images (a structure with the bytes of a PNG or JPEG file) gives
 * `[n, channels, height, width]` as decodeImages() does. Labels are numbers, lists of numbers, or class names.
 *
 * Number of rows, values and bytes are checked as the file declares them before memory is taken, and again as they come.
 *
 * @throws RobustlawError `malformed-file` naming column and row (counted from 0) of null, NaN, infinity and lists of unequal
 *   length; for columns that are neither numbers nor images; `file-too-large`.
 */
export async function readParquet(source: FileBytes, options: ParquetOptions): Promise<Dataset> {
  const { file } = source;
  const table = readTable(source);
  if (table.rows === 0) throw malformed(file, 'holds no rows; expected at least one');
  const labelColumns = labelColumnsOf(file, table, options.labelColumn);
  const featureColumns = featureColumnsOf(file, table, labelColumns, options.featureColumns);
  const unread = table.columns.filter(
    (column) => !labelColumns.includes(column) && !featureColumns.includes(column),
  );
  const order = options.classes === undefined ? undefined : readClassNames(options.classes);
  const labels = labelColumns.map((column) => readLabels(source, table, column, order));
  const images = featureColumns[0]!.kind === 'images';
  const features = images
    ? await readImages(source, featureColumns[0]!, table.rows, options)
    : { ...readFeatures(source, featureColumns, table.rows), notes: [] };
  const { data: y, shape } = besides(
    labels.map(({ values }) => values),
    table.rows,
  );
  return fileDataset(file, {
    x: features.data,
    shape: features.shape,
    y: Float64Array.from(y),
    outputs: y.length / shape[0]!,
    ...classNamesOf(labels),
    transformations: [
      ...labels.flatMap(({ numbering }) => numbering?.description ?? []),
      ...(unread.length > 0 ? [`the columns ${listed(unread.map(({ name }) => name))} are not read`] : []),
      ...features.notes,
    ],
  });
}

function labelColumnsOf(
  file: string,
  { columns }: ParquetTable,
  wanted: string | readonly string[] | undefined,
): readonly ParquetColumn[] {
  if (wanted !== undefined) return [wanted].flat().map((name) => columnNamed(file, columns, name));
  if (columns.length < 2)
    throw malformed(
      file,
      `has ${columns.length} column(s); expected at least one of features and one of labels`,
    );
  const usual = LABELS.map((name) => columns.find((column) => column.name.toLowerCase() === name));
  return [usual.find((column) => column !== undefined) ?? columns.at(-1)!];
}

function featureColumnsOf(
  file: string,
  { columns }: ParquetTable,
  labels: readonly ParquetColumn[],
  wanted: readonly string[] | undefined,
): readonly ParquetColumn[] {
  const rest = columns.filter((column) => !labels.includes(column));
  const images = rest.filter(({ kind }) => kind === 'images');
  const chosen =
    wanted?.map((name) => columnNamed(file, columns, name)) ?? (images.length > 0 ? images : rest);
  if (chosen.length === 0) throw malformed(file, 'has no column of features besides the labels');
  if (chosen.length > 1 && chosen.some(({ kind }) => kind === 'images')) {
    throw malformed(
      file,
      `has images and other features (${listed(chosen.map(({ name }) => name))}); name the one column to read (featureColumns)`,
    );
  }
  const bad = chosen.find(({ kind }) => kind !== 'numbers' && kind !== 'images');
  if (bad) {
    throw malformed(
      file,
      `column ${JSON.stringify(bad.name)} holds ${bad.what}; expected numbers, lists of numbers or images: name the columns of features (featureColumns)`,
    );
  }
  return chosen;
}

function columnNamed(file: string, columns: readonly ParquetColumn[], name: string): ParquetColumn {
  const column = columns.find((candidate) => candidate.name === name);
  if (column === undefined) {
    throw malformed(
      file,
      `no column is named ${JSON.stringify(name)}; the columns are ${listed(columns.map((candidate) => candidate.name))}`,
    );
  }
  return column;
}

function readLabels(
  source: FileBytes,
  table: ParquetTable,
  column: ParquetColumn,
  order: readonly string[] | undefined,
): { values: NumericArray; numbering?: Numbering } {
  const { rows } = table;
  if (column.kind === 'numbers') {
    const numbering = declaredClasses(table, column);
    return { values: readNumbers(source, column.leaf!, rows), ...(numbering && { numbering }) };
  }
  if (column.kind !== 'text') {
    throw malformed(
      source.file,
      `the label column ${JSON.stringify(column.name)} holds ${column.what}; expected numbers or class names: name the column of labels (labelColumn)`,
    );
  }
  const labels = new LabelColumn(source.file, column.name, source.maxBytes, 'row');
  const decoder = new TextDecoder();
  eachValue(source, column.leaf!, rows, (value, row) => {
    labels.push((typeof value === 'string' ? value : decoder.decode(value as Uint8Array)).trim(), row);
  });
  const { values, numbering } = labels.finish(order);
  return { values: { data: values, shape: [rows] }, ...(numbering && { numbering }) };
}

function readFeatures(source: FileBytes, columns: readonly ParquetColumn[], rows: number): NumericArray {
  const entries = columns.reduce((sum, { leaf }) => sum + entriesOf(leaf!), 0);
  // The columns and, where there are several, the points they are put together to.
  requireDecodable(source.file, entries, columns.length > 1 ? 16 : 8, source.maxBytes);
  const arrays = columns.map(({ leaf }) => readNumbers(source, leaf!, rows));
  const [only] = arrays;
  if (arrays.length === 1) return only!.shape.length > 1 ? only! : { data: only!.data, shape: [rows, 1] };
  return besides(arrays, rows);
}

/** Arrays `[rows, ...]` beside each other: `[rows, sum of their lengths]`. */
function besides(arrays: readonly NumericArray[], rows: number): NumericArray {
  const widths = arrays.map(({ data }) => data.length / rows);
  const width = widths.reduce((sum, one) => sum + one, 0);
  const float32 = arrays.every(({ data }) => data instanceof Float32Array);
  const data = float32 ? new Float32Array(rows * width) : new Float64Array(rows * width);
  let from = 0;
  arrays.forEach((array, k) => {
    const many = widths[k]!;
    for (let row = 0; row < rows; row++)
      for (let j = 0; j < many; j++) data[row * width + from + j] = array.data[row * many + j]!;
    from += many;
  });
  return { data, shape: [rows, width] };
}

function entriesOf({ chunks }: ParquetLeaf): number {
  return chunks.reduce((sum, { entries }) => sum + entries, 0);
}

/** `[rows]`, or `[rows, ...lengths]` of lists that all have the same lengths. */
function readNumbers(source: FileBytes, leaf: ParquetLeaf, rows: number): NumericArray {
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
function eachValue(
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

async function readImages(
  source: FileBytes,
  column: ParquetColumn,
  rows: number,
  options: ParquetOptions,
): Promise<NumericArray & { readonly notes: readonly string[] }> {
  const { file, maxBytes } = source;
  requireDecodable(file, rows, 4, maxBytes);
  const images: { name: string; read: () => Uint8Array }[] = [];
  let bytes = 0;
  eachValue(source, column.leaf!, rows, (value, row) => {
    const image = value as Uint8Array;
    bytes += image.length;
    requireDecodable(file, bytes, 1, maxBytes);
    const name = `${file}: column ${JSON.stringify(column.name)}, row ${row} (counted from 0)`;
    images.push({ name, read: () => image });
  });
  const { x, shape, notes } = await decodeImages(file, images, { ...options, maxBytes });
  return { data: x, shape, notes };
}

/** The class names that Hugging Face's `datasets` writes into the file, where labels are numbers. */
function declaredClasses({ metadata }: ParquetTable, { name }: ParquetColumn): Numbering | undefined {
  try {
    const { info } = JSON.parse(metadata.get('huggingface') ?? '{}');
    const names: unknown = info?.features?.[name]?.names;
    if (!Array.isArray(names) || names.length === 0) return undefined;
    const classNames = names.map((one) => String(one).slice(0, 60));
    const shown = classNames.slice(0, 100).map((one, index) => `${one} = ${index}`);
    return {
      classNames,
      numbers: new Map(classNames.map((one, index) => [one, index])),
      description: `classes of column ${name} as the file names them: ${shown.join(', ')}${names.length > 100 ? ', ...' : ''}`,
    };
  } catch {
    return undefined;
  }
}
