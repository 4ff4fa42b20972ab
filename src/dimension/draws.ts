// Separate draws of distinct rows, and the median over draws with an interval that holds whatever their distribution.
import { invalidArgument } from '../errors.ts';
import type { Enclosure } from '../numeric/index.ts';
import { permutation, type Rng } from '../random/index.ts';
import { placesOf } from '../separation/index.ts';

/**
 * Rows in random order, one of each set of equal ones, among the first 2 `most` that are looked at. Cost: most d.
 *
 * @param most rows that are of use.
 */
export function distinctRows(
  points: ArrayLike<number>,
  features: number,
  most: number,
  random: Rng,
): Int32Array {
  const rows = permutation(random, points.length / features).subarray(0, 2 * most);
  return placesOf(points, features, rows)
    .first.subarray(0, most)
    .map((at) => rows[at]!);
}

/** `count` lists of `size` of these rows, none in two of them. @throws invalid-argument where there are too few. */
export function separateDraws(rows: Int32Array, count: number, size: number): readonly Int32Array[] {
  if (count * size > rows.length)
    throw invalidArgument('rows', rows.length, `at least ${count} draws of ${size}`);
  return Array.from({ length: count }, (_, draw) => rows.subarray(draw * size, (draw + 1) * size));
}

/**
 * The median of independent draws from one distribution, and the narrowest pair of order statistics x_(j), x_(R + 1 - j) that
 * holds the distribution's median with the confidence: its probability is 1 - 2 P(Bin(R, 1/2) < j), whatever the distribution
 * (Thompson 1936).
 *
 * @throws invalid-argument where even the least and the largest value do not reach the confidence: below 6 draws for 95 %.
 */
export function medianOfDraws(
  values: readonly number[],
  confidence: number,
): { readonly value: number; readonly interval: Enclosure; readonly rank: number } {
  const sorted = [...values].sort((a, b) => a - b);
  const count = sorted.length;
  let [rank, tail, term] = [0, 0, 0.5 ** count];
  while (2 * (tail + term) <= 1 - confidence) {
    tail += term;
    term *= (count - rank) / (rank + 1);
    rank++;
  }
  if (rank === 0) throw invalidArgument('draws', count, `enough for a confidence of ${confidence}`);
  const [lower, upper] = [sorted[(count - 1) >> 1]!, sorted[count >> 1]!];
  return { value: (lower + upper) / 2, interval: [sorted[rank - 1]!, sorted[count - rank]!], rank };
}
