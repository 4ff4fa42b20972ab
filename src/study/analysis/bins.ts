// Medians of a scatter over bins of equal width, which show a trend that is no line.
import { requirePositive } from '../../errors.ts';
import { median } from '../../numeric/index.ts';
import type { ScatterBin } from '../result.ts';

/** More bins are no summary. */
const MOST_BINS = 200;

/**
 * Points by bins [j w, (j + 1) w) of x, j = 0, 1, ..., empty ones left out; the last bin holds its upper end, too. Where
 * that makes more than 200 bins, w is doubled until it does not.
 *
 * @param points with x >= 0.
 * @throws invalid-argument for a width that is not positive.
 */
export function binned(
  points: readonly { readonly x: number; readonly y: number }[],
  wanted: number,
): readonly ScatterBin[] {
  requirePositive('width of the bins', wanted);
  if (points.length === 0) return [];
  const end = points.reduce((largest, { x }) => Math.max(largest, x), 0);
  const width = wanted * 2 ** Math.max(0, Math.ceil(Math.log2(end / wanted / MOST_BINS)));
  const last = end / width;
  const top = Number.isInteger(last) ? Math.max(0, last - 1) : Math.floor(last);
  const byBin = Map.groupBy(points, ({ x }) => Math.min(top, Math.floor(x / width)));
  return [...byBin]
    .toSorted(([a], [b]) => a - b)
    .map(([bin, members]) => {
      const values = members.map(({ y }) => y);
      return {
        from: bin * width,
        to: (bin + 1) * width,
        count: members.length,
        median: median(values),
        largest: Math.max(...values),
      };
    });
}
