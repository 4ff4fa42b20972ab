// Writes a data set as comma-separated values with a header: features x0, x1, ..., then the label y (or y0, y1, ...).

import { writeWhole } from '../../files/index.ts';
import { type Dataset, featureCount, pointCount } from '../dataset.ts';

/**
 * Writes the data set to `path`, whole or not at all. Numbers are written with the digits that give the same float64 back;
 * `readDataset` with `labelColumn` set to `csvLabelColumns(dataset)` returns the same points (as float64, axes flattened) and labels.
 *
 * @throws RobustlawError `not-found` when the path cannot be written.
 */
export function writeCsv(path: string, dataset: Dataset): void {
  writeWhole(path, rows(dataset));
}

/** The names of the label columns in a file that `writeCsv` writes. */
export function csvLabelColumns(dataset: Dataset): readonly string[] {
  return dataset.outputs === 1 ? ['y'] : Array.from({ length: dataset.outputs }, (_, k) => `y${k}`);
}

function* rows(dataset: Dataset): Generator<Uint8Array> {
  const [n, d, m] = [pointCount(dataset), featureCount(dataset), dataset.outputs];
  const encoder = new TextEncoder();
  const features = Array.from({ length: d }, (_, k) => `x${k}`);
  yield encoder.encode(`${[...features, ...csvLabelColumns(dataset)].join(',')}\n`);
  for (let i = 0; i < n; i++) {
    const values = [...dataset.x.subarray(i * d, (i + 1) * d), ...dataset.y.subarray(i * m, (i + 1) * m)];
    yield encoder.encode(`${values.map(digits).join(',')}\n`);
  }
}

/** The shortest digits that read back as the same number, with the sign of -0. */
function digits(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}
