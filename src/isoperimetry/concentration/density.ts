// How dense data are around each row: the distance of a neighbour in l1.
import type { Rng } from '../../random/index.ts';
import { distanceBetween, nearestNeighbours } from '../../separation/index.ts';
import type { Stop } from '../../stop.ts';

/** The neighbour whose distance counts; where there are fewer than 500 rows, a tenth of them. */
const NEIGHBOUR = 50;
/** Euclidean neighbours among which the nearest in l1 are sought, for each of those. */
const CANDIDATES = 3;
/** rows^2 features of one search for neighbours. */
const MOST_PRODUCTS = 3e12;

/** How dense the data are around some of the rows. */
export interface Densities {
  /** Numbers of rows, ascending. */
  readonly rows: Int32Array;
  /** `[rows]`: the distance to a neighbour, in units of the data; the smaller, the denser. */
  readonly distances: Float64Array;
}

/**
 * For each row the l1 distance to its 50th nearest neighbour, sought among its 150 nearest in l2, which products of matrices
 * find: an upper bound on the exact one. Where rows^2 features is above 3e12, of a random choice of the rows.
 *
 * Cost: that of `nearestNeighbours`, and 150 * rows * features differences.
 *
 * @param points `[rows, features]`.
 * @throws RobustlawError `interrupted` when `stop` says so before the end.
 */
export async function neighbourDistances(
  points: ArrayLike<number>,
  features: number,
  random: Rng,
  stop: Stop,
): Promise<Densities> {
  const most = Math.max(2, Math.floor(Math.sqrt(MOST_PRODUCTS / features)));
  const count = Math.min(most, points.length / features);
  const neighbour = Math.max(1, Math.min(NEIGHBOUR, Math.floor(count / 10)));
  const { rows, neighbours, k } = await nearestNeighbours(
    points,
    features,
    CANDIDATES * neighbour,
    random,
    most,
    () => {},
    stop,
  );
  const some = new Float64Array(k);
  const distances = Float64Array.from(rows, (row, i) => {
    for (let at = 0; at < k; at++)
      some[at] = distanceBetween('l1', points, features, row, neighbours[i * k + at]!);
    return some.sort()[Math.min(neighbour, k) - 1]!;
  });
  return { rows, distances };
}
