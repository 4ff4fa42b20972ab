// Nearest neighbours in l2 of all rows at once: candidates from products of matrices, then their exact distances.
import type { Stop } from '../stop.ts';
import { distanceBetween } from './distance.ts';
import { createShortlists, type Nearest } from './shortlists.ts';
import { DOUBLE, type Observe, type Precision, SINGLE, tilingOf } from './tiles.ts';

/**
 * For each listed row the positions in `rows` of the k nearest other ones, and their distances. Every row that could be among
 * the k nearest within the margins of the products gets its distance computed from differences, so that the result is that of
 * comparing all computed distances, ties to the lower position, whatever the precision of the products: float32 unless too
 * many pairs lie within its margins, as where clusters are far apart and narrow; then float64.
 *
 * Cost: m^2 d / 2 multiplications in ONNX Runtime, m^2 / 16 comparisons and some m k d operations in JavaScript; memory
 * 4 m d + 12 m (2k + 32) bytes, twice the first in float64.
 *
 * @param points `[all rows, features]`, finite.
 * @param rows no two of them equal, more than k.
 */
export async function searchByProducts(
  points: ArrayLike<number>,
  features: number,
  rows: Int32Array,
  k: number,
  observe: Observe,
  stop: Stop,
): Promise<Nearest> {
  const m = rows.length;
  const search = async (precision: Precision, affordable: number) => {
    const { margins, scale, visit } = tilingOf(points, features, rows, precision);
    const lists = createShortlists(m, k, margins, (i, j) => {
      const distance = distanceBetween('l2', points, features, rows[i]!, rows[j]!);
      return { distance, half: (distance * scale) ** 2 / 2 };
    });
    const affords = () => lists.evaluated() <= affordable;
    await visit(
      (tile) => {
        lists.offer(tile);
        return affords();
      },
      observe,
      stop,
    );
    return affords() ? lists.nearest() : undefined;
  };
  // A product of a pair takes a hundredth of the time that its distance takes.
  const affordable = 4 * m * (k + 16) + m ** 2 / 64;
  const found = features < MOST_SINGLE_FEATURES ? await search(SINGLE, affordable) : undefined;
  return found ?? (await search(DOUBLE, Infinity))!;
}

/** Margins of sums of so many terms in float32 are 6 % of the squares. */
const MOST_SINGLE_FEATURES = 1e6;
