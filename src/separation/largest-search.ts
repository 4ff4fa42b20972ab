// The closest points of another class in l-infinity: bits of features rule most pairs out, differences decide the rest.
import type { Arrangement } from './arrangement.ts';
import { BLOCK, type Nearest, take } from './class-search.ts';
import { type FarMasks, farMasks, type Masks, masksOf } from './feature-masks.ts';
import { largestBelow } from './limited-distance.ts';

/** Columns that pass by all rows of a block: their bits stay in the cache. */
const TILE = 4096;

export interface LargestSearch {
  /** As `ClassSearch.search`. Returns how many words and features were compared. */
  search(from: number, to: number, end: number, nearest: Nearest, shared: boolean): number;
}

/**
 * An exact search: a pair is left out only where a feature of one row is low and that of the other at least the best distance
 * so far above it, or high and below.
 *
 * Cost: a few operations on words for most pairs of points whose features are mostly at the ends of their range, as of images;
 * features one by one where bits say nothing.
 *
 * @param usual the distances that are looked for, about: levels of the bits are chosen for them.
 */
export function createLargestSearch(arrangement: Arrangement, usual: number): LargestSearch {
  const masks = masksOf(arrangement.points, arrangement.d, usual);
  const own: FarMasks = { fromLow: new Int32Array(masks.words), fromHigh: new Int32Array(masks.words) };
  return {
    search(from, to, end, nearest, shared) {
      let compared = 0;
      for (let column = 0; column < end; column += TILE) {
        const last = Math.min(end, column + TILE);
        for (let i = from; i < to; i++)
          compared += compare(arrangement, masks, own, i, shared ? 0 : i - from, column, last, nearest);
      }
      return compared;
    },
  };
}

function compare(
  { points, classes, d }: Arrangement,
  masks: Masks,
  own: FarMasks,
  i: number,
  at: number,
  from: number,
  to: number,
  nearest: Nearest,
): number {
  const { words, low, high } = masks;
  const { fromLow, fromHigh } = own;
  const label = classes[i]!;
  let best = nearest.distances[at]!;
  let compared = to - from;
  farMasks(masks, points, i, best, own);
  let firstLow = fromLow[0]!;
  let firstHigh = fromHigh[0]!;
  for (let j = from; j < to; j++) {
    const base = j * words;
    if (((firstLow & low[base]!) | (firstHigh & high[base]!)) !== 0 || classes[j] === label) continue;
    let word = 1;
    while (
      word < words &&
      ((fromLow[word]! & low[base + word]!) | (fromHigh[word]! & high[base + word]!)) === 0
    )
      word++;
    compared += word;
    if (word < words) continue;
    const far = largestBelow(points, i * d, j * d, d, best);
    compared += d;
    if (far < best) {
      best = far;
      take(nearest, at, far, i, j);
      farMasks(masks, points, i, best, own);
      firstLow = fromLow[0]!;
      firstHigh = fromHigh[0]!;
    }
  }
  return compared;
}

/** The median of the distances of some rows to the nearest of another class among others: half of the rest are nearer. */
export function usualLargest(arrangement: Arrangement, nothing: (count: number) => Nearest): number {
  const { n, range } = arrangement;
  const count = Math.min(n, BLOCK >> 2);
  const nearest = nothing(count);
  createLargestSearch(arrangement, range).search(0, count, Math.min(n, 4 * BLOCK), nearest, false);
  const sorted = nearest.distances.slice().sort();
  const usual = sorted[sorted.length >> 1]!;
  return usual < Infinity ? usual : range;
}
