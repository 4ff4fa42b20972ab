// Data sets in comma-separated values: a row per point, numeric features, a label column that may hold class names.
import type { Dataset } from '../dataset.ts';
import { type FileBytes, gunzip, isGzip, malformed, requireDecodable } from './bytes.ts';
import { csvRecords } from './csv-records.ts';
import { fileDataset } from './file-dataset.ts';

/** How to read the columns. */
export interface CsvOptions {
  /** Name of the label column, or several; defaults to the last column. */
  readonly labelColumn?: string | readonly string[];
  /** Whether the first record holds names. By default it does when none of its fields is a number, and does not when all are. */
  readonly header?: boolean;
}

/**
 * The data set of a CSV file, plain or gzip.
 *
 * A label column whose first value is a number must be numeric throughout; otherwise its values are class names, numbered
 * 0, 1, ... in alphabetical order (the numbering is in the provenance). Features must be finite decimal numbers.
 *
 * @throws RobustlawError `malformed-file` naming line, column and value, `file-too-large`.
 */
export function decodeCsv(source: FileBytes, options: CsvOptions): Dataset {
  const { file, maxBytes } = source;
  const records = csvRecords(isGzip(source.bytes) ? { ...source, bytes: gunzip(source) } : source);
  const first = records.next();
  if (first.done) throw malformed(file, 'is empty; expected a header and at least one row of numbers');
  const hasHeader = options.header ?? looksLikeHeader(first.value.fields, file);
  const names = hasHeader
    ? first.value.fields.map((name) => name.trim())
    : first.value.fields.map((_, i) => String(i));
  const labelColumns = findLabelColumns(names, options.labelColumn, hasHeader, file);
  const isLabel = new Set(labelColumns);
  const featureColumns = names.map((_, column) => column).filter((column) => !isLabel.has(column));
  if (featureColumns.length === 0) {
    throw malformed(file, `has ${names.length} column(s); expected at least one feature besides the label`);
  }
  const x = new Growing(file, maxBytes);
  const labels = labelColumns.map(
    (column) => new LabelColumn(file, names[column]!, new Growing(file, maxBytes)),
  );
  let rows = 0;
  const addRow = (line: number, fields: readonly string[]) => {
    if (fields.length !== names.length) {
      throw malformed(
        file,
        `line ${line}: ${fields.length} fields; expected ${names.length} as in the first line`,
      );
    }
    for (const column of featureColumns) x.push(parseNumber(fields[column]!, file, line, names[column]!));
    labelColumns.forEach((column, k) => {
      labels[k]!.push(fields[column]!.trim(), line);
    });
    rows++;
  };
  if (!hasHeader) addRow(first.value.line, first.value.fields);
  for (const { line, fields } of records) addRow(line, fields);
  if (rows === 0) throw malformed(file, 'has a header but no rows; expected at least one row of numbers');
  const columns = labels.map((label) => label.finish());
  return fileDataset(file, {
    x: x.finish(),
    shape: [rows, featureColumns.length],
    y: interleave(
      columns.map(({ values }) => values),
      rows,
    ),
    outputs: columns.length,
    transformations: columns.flatMap(({ numbering }) => numbering ?? []),
  });
}

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

function isNumber(field: string): boolean {
  return NUMBER.test(field.trim());
}

function parseNumber(field: string, file: string, line: number, column: string): number {
  const text = field.trim();
  const value = NUMBER.test(text) ? Number(text) : Number.NaN;
  if (!Number.isFinite(value)) {
    const shown = JSON.stringify(text.slice(0, 40));
    throw malformed(
      file,
      `line ${line}, column ${JSON.stringify(column)}: ${shown}; expected a finite decimal number`,
    );
  }
  return value;
}

function looksLikeHeader(fields: readonly string[], file: string): boolean {
  const numbers = fields.filter(isNumber).length;
  if (numbers === 0) return true;
  if (numbers === fields.length) return false;
  const [number, name] = [fields.find(isNumber)!, fields.find((field) => !isNumber(field))!];
  throw malformed(
    file,
    `the first line holds numbers (${number.trim()}) and names (${JSON.stringify(name.slice(0, 40))}); ` +
      'say whether it is a header (header: true or false)',
  );
}

function findLabelColumns(
  names: readonly string[],
  labelColumn: string | readonly string[] | undefined,
  hasHeader: boolean,
  file: string,
): readonly number[] {
  if (labelColumn === undefined) return [names.length - 1];
  return [labelColumn].flat().map((wanted) => {
    const column = names.indexOf(wanted);
    if (column < 0 || names.indexOf(wanted, column + 1) >= 0) {
      const list = names
        .slice(0, 20)
        .map((name) => JSON.stringify(name))
        .join(', ');
      const problem = column < 0 ? 'no column is' : 'several columns are';
      const from = hasHeader ? 'the header' : 'the columns, which have no header and are numbered from 0,';
      throw malformed(
        file,
        `${problem} named ${JSON.stringify(wanted)}; ${from} are ${list}${names.length > 20 ? ', ...' : ''}`,
      );
    }
    return column;
  });
}

/** A float64 array that grows by doubling, within the limit. */
class Growing {
  private readonly file: string;
  private readonly maxBytes: number;
  private values = new Float64Array(1024);
  private length = 0;

  constructor(file: string, maxBytes: number) {
    this.file = file;
    this.maxBytes = maxBytes;
  }

  push(value: number): void {
    if (this.length === this.values.length) {
      requireDecodable(this.file, this.length + 1, 8, this.maxBytes);
      const capacity = Math.min(2 * this.length, Math.floor(this.maxBytes / 8));
      const grown = new Float64Array(capacity);
      grown.set(this.values);
      this.values = grown;
    }
    this.values[this.length++] = value;
  }

  finish(): Float64Array {
    requireDecodable(this.file, this.length, 8, this.maxBytes);
    return this.values.slice(0, this.length);
  }
}

/** One label column: numbers, or class names counted as they come and numbered alphabetically at the end. */
class LabelColumn {
  private readonly file: string;
  private readonly name: string;
  private readonly values: Growing;
  private readonly classes = new Map<string, number>();
  private numeric: boolean | undefined;

  constructor(file: string, name: string, values: Growing) {
    this.file = file;
    this.name = name;
    this.values = values;
  }

  push(field: string, line: number): void {
    this.numeric ??= isNumber(field);
    if (this.numeric) {
      this.values.push(parseNumber(field, this.file, line, this.name));
      return;
    }
    if (field === '' || /^(nan|na|null|none|\?)$/i.test(field)) {
      throw malformed(
        this.file,
        `line ${line}, column ${JSON.stringify(this.name)}: ${JSON.stringify(field)}; expected a label`,
      );
    }
    const index = this.classes.get(field) ?? this.classes.size;
    this.classes.set(field, index);
    this.values.push(index);
  }

  finish(): { values: Float64Array; numbering?: string } {
    const values = this.values.finish();
    if (this.numeric) return { values };
    const names = [...this.classes.keys()];
    const sorted = names.toSorted();
    const rank = new Map(sorted.map((name, index) => [name, index]));
    const shown = sorted.slice(0, 100).map((name, index) => `${name} = ${index}`);
    if (sorted.length > shown.length) shown.push(`... ${sorted.length} in all`);
    const numbering = `classes of column ${this.name} numbered alphabetically: ${shown.join(', ')}`;
    return { values: values.map((index) => rank.get(names[index]!)!), numbering };
  }
}

function interleave(columns: readonly Float64Array[], rows: number): Float64Array {
  const out = new Float64Array(rows * columns.length);
  columns.forEach((column, k) => {
    for (let i = 0; i < rows; i++) out[i * columns.length + k] = column[i]!;
  });
  return out;
}
