// Data sets in comma-separated values: a row per point, numeric features, a label column that may hold class names.
import type { Dataset } from '../dataset.ts';
import { type FileBytes, gunzip, isGzip, malformed } from './bytes.ts';
import { csvRecords } from './csv-records.ts';
import { fileDataset } from './file-dataset.ts';
import { classNamesOf, Growing, isNumber, LabelColumn, parseNumber } from './label-column.ts';

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
  const labels = labelColumns.map((column) => new LabelColumn(file, names[column]!, maxBytes));
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
    ...classNamesOf(columns),
    transformations: columns.flatMap(({ numbering }) => numbering?.description ?? []),
  });
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

function interleave(columns: readonly Float64Array[], rows: number): Float64Array {
  const out = new Float64Array(rows * columns.length);
  columns.forEach((column, k) => {
    for (let i = 0; i < rows; i++) out[i * columns.length + k] = column[i]!;
  });
  return out;
}
