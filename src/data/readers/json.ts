// Data sets in JSON: `{"x": [[...], ...], "y": [...]}`, a row of x per point; y numbers, or rows of several outputs.
import type { Dataset } from '../dataset.ts';
import { type FileBytes, gunzip, isGzip, malformed, tooLarge } from './bytes.ts';
import { fileDataset } from './file-dataset.ts';

/** Parsed JSON takes up to some 20 times its text, so its limit is lower than that of the binary formats: 64 MiB. */
const MAX_JSON = 2 ** 26;

/**
 * The data set of a JSON file, plain or gzip.
 *
 * @throws RobustlawError `malformed-file` naming the field and its value, `file-too-large`.
 */
export function decodeJson(source: FileBytes): Dataset {
  const { file } = source;
  const limit = Math.min(source.maxBytes, MAX_JSON);
  const bytes = isGzip(source.bytes) ? gunzip({ ...source, maxBytes: limit }) : source.bytes;
  if (bytes.length > limit) throw tooLarge(file, 'JSON has', bytes.length, limit);
  const value = parse(bytes, file);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw malformed(file, `holds ${show(value)}; expected an object {"x": [[...], ...], "y": [...]}`);
  }
  const unknown = Object.keys(value).find((key) => key !== 'x' && key !== 'y');
  if (unknown !== undefined)
    throw malformed(file, `has the unknown key ${show(unknown)}; expected only x and y`);
  const { x, y } = value as { x?: unknown; y?: unknown };
  const rows = requireArray(x, 'x', file);
  const labels = requireArray(y, 'y', file);
  if (labels.length !== rows.length) {
    throw malformed(file, `x has ${rows.length} rows but y ${labels.length}; expected as many of each`);
  }
  const d = requireArray(rows[0], 'x[0]', file).length;
  const scalarLabels = !Array.isArray(labels[0]);
  const outputs = scalarLabels ? 1 : requireArray(labels[0], 'y[0]', file).length;
  if (scalarLabels) requireNumbers(labels, 'y', file);
  return fileDataset(file, {
    x: flatten(rows, 'x', d, file),
    shape: [rows.length, d],
    y: scalarLabels ? Float64Array.from(labels as number[]) : flatten(labels, 'y', outputs, file),
    outputs,
    transformations: [],
  });
}

function parse(bytes: Uint8Array, file: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw malformed(file, `is not JSON (${(error as Error).message})`, error);
  }
}

function requireArray(value: unknown, field: string, file: string): readonly unknown[] {
  if (!Array.isArray(value) || value.length === 0) {
    throw malformed(file, `${field} is ${show(value)}; expected a non-empty array`);
  }
  return value;
}

/** Rows of `width` finite numbers each as one array. */
function flatten(rows: readonly unknown[], field: string, width: number, file: string): Float64Array {
  rows.forEach((row, i) => {
    const values = requireArray(row, `${field}[${i}]`, file);
    if (values.length !== width) {
      throw malformed(
        file,
        `${field}[${i}] has ${values.length} values; expected ${width} as in ${field}[0]`,
      );
    }
    requireNumbers(values, `${field}[${i}]`, file);
  });
  const out = new Float64Array(rows.length * width);
  (rows as number[][]).forEach((row, i) => {
    out.set(row, i * width);
  });
  return out;
}

function requireNumbers(values: readonly unknown[], field: string, file: string): void {
  const bad = values.findIndex((value) => typeof value !== 'number' || !Number.isFinite(value));
  if (bad >= 0) throw malformed(file, `${field}[${bad}] is ${show(values[bad])}; expected a finite number`);
}

function show(value: unknown): string {
  if (value === undefined) return 'missing';
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length > 60 ? `${text.slice(0, 60)}...` : text;
}
