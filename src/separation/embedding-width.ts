// How many principal directions make a search of close pairs cheapest: few cost little and leave many pairs to compare.
import { distanceBetween } from './distance.ts';
import { type Directions, embed } from './embedding.ts';

/** Directions that are tried. */
const WIDTHS = [16, 24, 32, 48, 64, 96, 128, 160, 192, 224, 256];
export const MOST_DIRECTIONS = 256;
/** What comparing two rows by one feature takes, in multiplications of products of matrices; and reading one product. */
const COMPARISON = 45;
const READING = 50;
/** Pairs for which widths are tried. */
const QUERIES = 48;
const COLUMNS = 4096;

/**
 * The number of directions that takes the least time, or undefined where products of whole rows take no more. Tried on pairs of
 * the first rows: those that are not shown to be farther apart than `limitOf` says need their distance.
 *
 * @param rows in random order.
 * @param matters whether the distance of two of `rows` is asked for.
 * @param limitOf from the distances of a row to a sample of all, the distance up to which pairs count.
 */
export async function chooseWidth(
  points: ArrayLike<number>,
  features: number,
  rows: Int32Array,
  directions: Directions,
  limitOf: (distances: Float64Array) => number,
  matters: (row: number, other: number) => boolean,
): Promise<number | undefined> {
  const count = directions.rows;
  const sample = rows.subarray(0, Math.min(rows.length, COLUMNS));
  const { coordinates, width, scale } = await embed(points, features, sample, directions, count);
  const widths = WIDTHS.filter((one) => one <= count);
  const queries = Math.min(QUERIES, sample.length);
  const close = new Float64Array(widths.length);
  for (let query = 0; query < queries; query++) {
    const distances = Float64Array.from(sample, (row, i) =>
      i === query ? Infinity : distanceBetween('l2', points, features, sample[query]!, row),
    );
    const limit = (limitOf(distances) * scale) ** 2;
    for (let i = 0; i < sample.length; i++) {
      if (i === query || !matters(sample[query]!, sample[i]!)) continue;
      const least = shortened(coordinates, width, query, i, widths);
      for (let at = 0; at < widths.length; at++) if (least[at]! <= limit) close[at]!++;
    }
  }
  const pairs = queries * (sample.length - 1);
  const costOf = (multiplications: number, share: number) =>
    multiplications + READING + COMPARISON * features * share;
  // Whole rows are compared where they are close, which is seldom: no share.
  let best: { readonly width: number | undefined; readonly cost: number } = {
    width: undefined,
    cost: costOf(features, 0),
  };
  widths.forEach((one, at) => {
    const cost = costOf(one, close[at]! / pairs);
    if (cost < best.cost) best = { width: one, cost };
  });
  return best.width;
}

/** The squared distance of two short rows at each width. */
function shortened(
  coordinates: Float32Array,
  width: number,
  i: number,
  j: number,
  widths: readonly number[],
): Float64Array {
  const [a, b] = [i * width, j * width];
  const last = width - 1;
  const squares = new Float64Array(widths.length);
  let [restA, restB] = [coordinates[a + last]! ** 2, coordinates[b + last]! ** 2];
  for (let k = 0; k < last; k++) {
    restA += coordinates[a + k]! ** 2;
    restB += coordinates[b + k]! ** 2;
  }
  let sum = 0;
  let at = 0;
  for (let k = 0; k < last && at < widths.length; k++) {
    sum += (coordinates[a + k]! - coordinates[b + k]!) ** 2;
    restA -= coordinates[a + k]! ** 2;
    restB -= coordinates[b + k]! ** 2;
    if (k + 1 === widths[at])
      squares[at++] = sum + (Math.sqrt(Math.max(0, restA)) - Math.sqrt(Math.max(0, restB))) ** 2;
  }
  return squares;
}
