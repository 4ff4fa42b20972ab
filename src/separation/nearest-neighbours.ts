// Exact nearest neighbours by brute force: in l2 through products of matrices, in l1 and linf pair by pair as far as needed.
import { invalidArgument, requireInteger } from '../errors.ts';
import type { Norm } from '../guarantee/index.ts';
import { permutation, type Rng } from '../random/index.ts';
import { type Stop, whenDone } from '../stop.ts';
import { type Places, placesOf } from './copies.ts';
import { searchByEmbedding } from './embedded-search.ts';
import { searchByPairs } from './pair-search.ts';
import { searchByProducts } from './product-search.ts';
import type { Nearest } from './shortlists.ts';
import type { Observe } from './tiles.ts';

/** The k nearest other rows of each of m rows, nearest first, ties to the row that comes first. */
export interface Neighbourhoods {
  /** Numbers of the m rows among which neighbours were sought, ascending. */
  readonly rows: Int32Array;
  /** How many rows there are in all. */
  readonly of: number;
  readonly k: number;
  /** `[m, k]` numbers of rows. */
  readonly neighbours: Int32Array;
  /** `[m, k]` distances, computed from the differences in float64: 0 exactly where two rows are equal. */
  readonly distances: Float64Array;
  /** How many of the m rows equal another one of them. */
  readonly copies: number;
}

/**
 * The k nearest neighbours in l2 of each row among the other rows, exactly: as if all distances had been computed from
 * differences in float64. Of more than `mostRows` rows a random choice is searched: each row of it among the others of it.
 *
 * Cost: m^2 w / 2 multiplications in ONNX Runtime, w = d, or the number of principal directions near which the rows lie where
 * there are many rows (for images of digits a quarter of d), in float32 unless that cannot tell rows apart; and some hundred
 * distances for each row. Memory beside the points 4 m d + 24 m k bytes, twice the first where float64 is needed. Rows that are
 * equal are searched once.
 *
 * @param points `[rows, features]`.
 * @param k neighbours of each row; fewer where there are fewer rows.
 * @param random chooses the rows, where not all are searched.
 * @param mostRows defaults to all.
 * @param observe hears how much is done.
 * @throws RobustlawError `invalid-argument` for fewer than two rows or a number that is not finite; `interrupted` when `stop`
 *   says so before the end.
 */
export function nearestNeighbours(
  points: ArrayLike<number>,
  features: number,
  k: number,
  random: Rng,
  mostRows = Infinity,
  observe: Observe = () => {},
  stop: Stop = whenDone,
): Promise<Neighbourhoods> {
  return nearestNeighboursIn('l2', points, features, k, random, mostRows, observe, stop);
}

/**
 * As `nearestNeighbours`, in l1 and linf, too. There products of matrices only rule pairs out, and the rest is summed until it
 * exceeds the k-th distance so far: in l1 few pairs of images, most pairs of points of a Gaussian; in linf nearly all. Cost: up
 * to m^2 d / 2 operations in JavaScript, about one a nanosecond; memory beside the points 32 m d bytes in l1.
 */
export async function nearestNeighboursIn(
  norm: Norm,
  points: ArrayLike<number>,
  features: number,
  k: number,
  random: Rng,
  mostRows = Infinity,
  observe: Observe = () => {},
  stop: Stop = whenDone,
): Promise<Neighbourhoods> {
  const rows = chosenRows(points, features, random, mostRows);
  requireInteger('k', k);
  const places = placesOf(points, features, rows);
  const distinct = places.first.map((i) => rows[i]!);
  const kept = Math.min(k, distinct.length - 1);
  const found =
    kept === 0
      ? { neighbours: new Int32Array(), distances: new Float64Array() }
      : norm === 'l2'
        ? ((await searchByEmbedding(points, features, distinct, kept, observe, stop)) ??
          (await searchByProducts(points, features, distinct, kept, observe, stop)))
        : await searchByPairs(norm, points, features, distinct, kept, observe, stop);
  return {
    rows,
    of: points.length / features,
    copies: places.copies,
    ...withCopies(found, kept, places, rows, Math.min(k, rows.length - 1)),
  };
}

/** All rows or a random choice, ascending. */
function chosenRows(points: ArrayLike<number>, features: number, random: Rng, mostRows: number): Int32Array {
  requireInteger('features', features);
  const of = points.length / features;
  requireInteger('rows', of, 2);
  for (let at = 0; at < points.length; at++) {
    if (Number.isFinite(points[at])) continue;
    const [row, feature] = [Math.floor(at / features), at % features];
    throw invalidArgument(`feature ${feature} of row ${row} (counted from 0)`, points[at], 'a finite number');
  }
  const m = Math.max(2, Math.min(of, Math.floor(mostRows)));
  if (m === of) return Int32Array.from({ length: of }, (_, i) => i);
  return permutation(random, of).slice(0, m).sort();
}

/**
 * From neighbours among distinct places to neighbours among rows. The k nearest places hold the k nearest rows: a row at a
 * place left out comes after the first rows of all k, each nearer or at the same distance and before it.
 */
function withCopies(
  { neighbours, distances }: Nearest,
  near: number,
  { first, of, members, starts }: Places,
  rows: Int32Array,
  k: number,
): Pick<Neighbourhoods, 'k' | 'neighbours' | 'distances'> {
  const m = rows.length;
  const all = { neighbours: new Int32Array(m * k), distances: new Float64Array(m * k) };
  const copied = first.length < m;
  for (let i = 0; i < m; i++) {
    const place = of[i]!;
    const list: { row: number; far: number }[] = [];
    const take = (p: number, far: number) => {
      // A place has its first k + 1 rows to give: one of them may be row i.
      for (let at = starts[p]!; at < Math.min(starts[p + 1]!, starts[p]! + k + 1); at++) {
        if (members[at] !== i) list.push({ row: members[at]!, far });
      }
    };
    take(place, 0);
    for (let at = place * near; at < (place + 1) * near; at++) take(neighbours[at]!, distances[at]!);
    if (copied) list.sort((a, b) => a.far - b.far || a.row - b.row);
    for (let at = 0; at < k; at++) {
      all.neighbours[i * k + at] = rows[list[at]!.row]!;
      all.distances[i * k + at] = list[at]!.far;
    }
  }
  return { k, ...all };
}
