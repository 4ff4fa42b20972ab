// Distances at which to look at the concentration of data, where nobody names any.
import { invalidArgument } from '../../errors.ts';
import { median } from '../../numeric/index.ts';
import type { Rng } from '../../random/index.ts';
import { nearestNeighbours, placesOf } from '../../separation/index.ts';
import { someOf } from './scaled-rows.ts';
import type { ExpansionNorm } from './sets.ts';

/** Shares of the range of the data for linf: 0.1, 0.2 and 0.3 for pixels in [0, 1], as in the literature. */
const SHARES_OF_RANGE = [0.1, 0.2, 0.3];
/** Multiples of the distance between neighbours for l2. */
const MULTIPLES = [0.25, 0.5, 1];
/** Rows whose nearest neighbours are looked for. */
const MOST_ROWS = 2000;

/**
 * Three distances, rounded to two digits: for linf 0.1, 0.2 and 0.3 of the largest less the smallest entry of the data; for
 * l2 a quarter, half and all of the median distance of a row to its nearest other row that differs, among 2000 rows at most.
 *
 * @throws RobustlawError `invalid-argument` where all entries (linf) or all rows (l2) are equal: there is no scale.
 */
export async function defaultEpsilons(
  points: ArrayLike<number>,
  features: number,
  norm: ExpansionNorm,
  random: Rng,
): Promise<readonly number[]> {
  if (norm === 'linf') {
    let [low, high] = [Infinity, -Infinity];
    for (let at = 0; at < points.length; at++) {
      low = Math.min(low, points[at]!);
      high = Math.max(high, points[at]!);
    }
    if (!(high > low)) throw invalidArgument('points', 'all entries equal', 'data that vary');
    return SHARES_OF_RANGE.map((share) => rounded(share * (high - low)));
  }
  const rows = someOf(
    Int32Array.from({ length: points.length / features }, (_, i) => i),
    MOST_ROWS,
    random,
  );
  const distinct = placesOf(points, features, rows).first.map((i) => rows[i]!);
  if (distinct.length === 1) throw invalidArgument('points', 'all rows equal', 'data that vary');
  const own = new Float64Array(distinct.length * features);
  distinct.forEach((row, i) => {
    for (let j = 0; j < features; j++) own[i * features + j] = points[row * features + j]!;
  });
  const { distances } = await nearestNeighbours(own, features, 1, random);
  const usual = median(distances);
  return MULTIPLES.map((multiple) => rounded(multiple * usual));
}

function rounded(value: number): number {
  return Number(value.toPrecision(2));
}
