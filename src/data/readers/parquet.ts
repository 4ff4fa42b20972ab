// Data sets in Parquet: a row per point, with columns of numbers, lists of numbers or images as Hugging Face stores them; in one
// file or in several that follow one another.
import { listed } from '../../validation/index.ts';
import type { Dataset } from '../dataset.ts';
import { type FileBytes, malformed, requireDecodable } from './bytes.ts';
import { type Numbering, readClassNames } from './class-names.ts';
import type { NumericArray } from './elements.ts';
import { fileDataset } from './file-dataset.ts';
import { decodeImages, type ImageOptions } from './images.ts';
import { classNamesOf, LabelColumn } from './label-column.ts';
import { type ParquetColumn, type ParquetTable, readTable } from './parquet-schema.ts';
import { eachValue, entriesOf, readNumbers } from './parquet-values.ts';

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

/** A file and what its footer declares. */
interface Shard {
  readonly source: FileBytes;
  readonly table: ParquetTable;
}

/** The same column in every file. */
type ShardedColumn = readonly { readonly shard: Shard; readonly column: ParquetColumn }[];

/**
 * The data set of a Parquet file, or of several whose rows follow one another in the order given. Columns of numbers are
 * features in the order of the first file; one column of lists of equal lengths gives points of that shape; a column of images
 * (a structure with the bytes of a PNG or JPEG file) gives `[n, channels, height, width]` as decodeImages() does. Labels are
 * numbers, lists of numbers, or class names, which are numbered once for all files.
 *
 * Number of rows, values and bytes are checked as all files declare them before memory is taken for any, and again as they
 * come.
 *
 * @param sources at least one; files without rows may be among several.
 * @throws RobustlawError `malformed-file` naming file, column and row (counted from 0 in each file) of null, NaN, infinity and
 *   lists of unequal length; for columns that are neither numbers nor images; for files whose columns differ;
 *   `file-too-large`.
 */
export async function readParquet(sources: readonly FileBytes[], options: ParquetOptions): Promise<Dataset> {
  const shards = sources.map((source) => ({ source, table: readTable(source) }));
  const [{ source, table }] = shards as [Shard];
  const file = nameOf(sources);
  requireSameColumns(shards);
  const filled = shards.filter((shard) => shard.table.rows > 0);
  if (filled.length === 0) throw malformed(file, 'holds no rows; expected at least one');
  const rows = filled.reduce((sum, shard) => sum + shard.table.rows, 0);
  const labelColumns = labelColumnsOf(source.file, table, options.labelColumn);
  const featureColumns = featureColumnsOf(source.file, table, labelColumns, options.featureColumns);
  const unread = table.columns.filter(
    (column) => !labelColumns.includes(column) && !featureColumns.includes(column),
  );
  const inAll = ({ name }: ParquetColumn): ShardedColumn =>
    filled.map((shard) => ({ shard, column: shard.table.columns.find((column) => column.name === name)! }));
  const order = options.classes === undefined ? undefined : readClassNames(options.classes);
  const labels = labelColumns.map((column) => readLabels(inAll(column), order));
  const images = featureColumns[0]!.kind === 'images';
  const features = images
    ? await readImages(file, inAll(featureColumns[0]!), rows, options)
    : { ...readFeatures(file, featureColumns.map(inAll), rows), notes: [] };
  const { data: y, shape } = besides(
    labels.map(({ values }) => values),
    rows,
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

/** `train-0.parquet and 3 more files` */
function nameOf([first, ...others]: readonly FileBytes[]): string {
  if (others.length === 0) return first!.file;
  return `${first!.file} and ${others.length} more ${others.length === 1 ? 'file' : 'files'}`;
}

/** Every file has the columns of the first, in any order, and they hold the same. */
function requireSameColumns([first, ...others]: readonly Shard[]): void {
  const { source, table } = first!;
  for (const other of others) {
    const { columns } = other.table;
    for (const { name, kind, what } of table.columns) {
      const column = columns.find((candidate) => candidate.name === name);
      if (column?.kind === kind && column.what === what) continue;
      const found = column ? `holds ${column.what} in column` : 'has no column';
      throw malformed(
        other.source.file,
        `${found} ${JSON.stringify(name)}, ${column ? `which holds ${what}` : 'which is'} in ${source.file}; files that are read as one must have the same columns`,
      );
    }
    const more = columns.find(({ name }) => table.columns.every((column) => column.name !== name));
    if (more) {
      throw malformed(
        other.source.file,
        `has a column ${JSON.stringify(more.name)}, which ${source.file} has not; files that are read as one must have the same columns`,
      );
    }
  }
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
  column: ShardedColumn,
  order: readonly string[] | undefined,
): { values: NumericArray; numbering?: Numbering } {
  const [{ shard: first, column: one }] = column as [ShardedColumn[number]];
  const { file, maxBytes } = first.source;
  if (one.kind === 'numbers') {
    const numbering = declaredClasses(column);
    return { values: readColumn(column), ...(numbering && { numbering }) };
  }
  if (one.kind !== 'text') {
    throw malformed(
      file,
      `the label column ${JSON.stringify(one.name)} holds ${one.what}; expected numbers or class names: name the column of labels (labelColumn)`,
    );
  }
  const labels = new LabelColumn(file, one.name, maxBytes, 'row');
  const decoder = new TextDecoder();
  for (const { shard, column: part } of column) {
    eachValue(shard.source, part.leaf!, shard.table.rows, (value, row) => {
      const text = typeof value === 'string' ? value : decoder.decode(value as Uint8Array);
      labels.push(text.trim(), row, shard.source.file);
    });
  }
  const { values, numbering } = labels.finish(order);
  return { values: { data: values, shape: [values.length] }, ...(numbering && { numbering }) };
}

function readFeatures(file: string, columns: readonly ShardedColumn[], rows: number): NumericArray {
  const entries = columns.flat().reduce((sum, { column }) => sum + entriesOf(column.leaf!), 0);
  const parts = columns.reduce((sum, column) => sum + column.length, 0);
  // The columns and, where there are several or in several files, the points they are put together to.
  requireDecodable(file, entries, parts > 1 ? 16 : 8, columns[0]![0]!.shard.source.maxBytes);
  const arrays = columns.map(readColumn);
  const [only] = arrays;
  if (arrays.length === 1) return only!.shape.length > 1 ? only! : { data: only!.data, shape: [rows, 1] };
  return besides(arrays, rows);
}

/** The numbers of a column, those of one file after those of the other. */
function readColumn(column: ShardedColumn): NumericArray {
  const parts = column.map(({ shard, column: { leaf } }) =>
    readNumbers(shard.source, leaf!, shard.table.rows),
  );
  const [first, ...others] = parts;
  if (others.length === 0) return first!;
  const lengths = ({ shape }: NumericArray) => shape.slice(1).join(' x ');
  const odd = parts.findIndex((part) => lengths(part) !== lengths(first!));
  if (odd >= 0) {
    throw malformed(
      column[odd]!.shard.source.file,
      `column ${JSON.stringify(column[odd]!.column.name)} has lists of ${lengths(parts[odd]!)} numbers; expected ${lengths(first!)} as in ${column[0]!.shard.source.file}`,
    );
  }
  const size = parts.reduce((sum, { data }) => sum + data.length, 0);
  const float32 = parts.every(({ data }) => data instanceof Float32Array);
  const data = float32 ? new Float32Array(size) : new Float64Array(size);
  let at = 0;
  for (const part of parts) {
    data.set(part.data, at);
    at += part.data.length;
  }
  return { data, shape: [parts.reduce((sum, { shape }) => sum + shape[0]!, 0), ...first!.shape.slice(1)] };
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

async function readImages(
  file: string,
  column: ShardedColumn,
  rows: number,
  options: ParquetOptions,
): Promise<NumericArray & { readonly notes: readonly string[] }> {
  const { maxBytes } = column[0]!.shard.source;
  requireDecodable(file, rows, 4, maxBytes);
  const images: { name: string; read: () => Uint8Array }[] = [];
  let bytes = 0;
  for (const { shard, column: part } of column) {
    eachValue(shard.source, part.leaf!, shard.table.rows, (value, row) => {
      const image = value as Uint8Array;
      bytes += image.length;
      requireDecodable(file, bytes, 1, maxBytes);
      const name = `${shard.source.file}: column ${JSON.stringify(part.name)}, row ${row} (counted from 0)`;
      images.push({ name, read: () => image });
    });
  }
  const { x, shape, notes } = await decodeImages(file, images, { ...options, maxBytes });
  return { data: x, shape, notes };
}

/** The class names that Hugging Face's `datasets` writes into the files, where labels are numbers. */
function declaredClasses(column: ShardedColumn): Numbering | undefined {
  const [{ shard: first, column: one }, ...others] = column as [ShardedColumn[number], ...ShardedColumn];
  const names = namesIn(first.table, one.name);
  for (const { shard, column: part } of others) {
    if (JSON.stringify(namesIn(shard.table, part.name)) === JSON.stringify(names)) continue;
    throw malformed(
      shard.source.file,
      `names the classes of column ${JSON.stringify(part.name)} otherwise than ${first.source.file}; files that are read as one must have the same classes`,
    );
  }
  if (!names) return undefined;
  const shown = names.slice(0, 100).map((name, index) => `${name} = ${index}`);
  return {
    classNames: names,
    numbers: new Map(names.map((name, index) => [name, index])),
    description: `classes of column ${one.name} as the file names them: ${shown.join(', ')}${names.length > 100 ? ', ...' : ''}`,
  };
}

function namesIn({ metadata }: ParquetTable, column: string): readonly string[] | undefined {
  try {
    const { info } = JSON.parse(metadata.get('huggingface') ?? '{}');
    const names: unknown = info?.features?.[column]?.names;
    if (!Array.isArray(names) || names.length === 0) return undefined;
    return names.map((name) => String(name).slice(0, 60));
  } catch {
    return undefined;
  }
}
