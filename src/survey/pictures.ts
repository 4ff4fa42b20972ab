// The rows that a survey names, as they are, so that a page can show them.
import { type Dataset, featureCount } from '../data/index.ts';
import type { DataSurvey } from './result.ts';

const MOST_ROWS = 40;
/** Numbers in all of them together. */
const MOST_NUMBERS = 1e6;

/** The rows of the closest pairs, then those of repeated rows, contradictory ones first. */
export function picturesOf(
  data: Dataset,
  { separation, repeats }: Pick<DataSurvey, 'separation' | 'repeats'>,
): DataSurvey['pictures'] {
  const pairs = 'value' in separation ? separation.value.flatMap(({ closest }) => closest.rows) : [];
  const copies = 'value' in repeats ? repeats.value.list.flatMap(({ rows }) => rows) : [];
  const features = featureCount(data);
  const most = Math.min(MOST_ROWS, Math.floor(MOST_NUMBERS / features));
  const rows = Array.from(new Set([...pairs, ...copies].map(({ row }) => row))).slice(0, most);
  return rows.map((row) => ({ row, point: base64(data.x.subarray(row * features, (row + 1) * features)) }));
}

/** Little-endian float32. */
function base64(values: Float32Array | Float64Array): string {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, i) => {
    bytes.writeFloatLE(value, 4 * i);
  });
  return bytes.toString('base64');
}
