// How far apart points of different classes are: the closest pair, and the distances of points to the nearest one of another class (Yang et al. 2020).
import { invalidArgument } from '../errors.ts';
import type { Norm } from '../guarantee/index.ts';
import type { Rng } from '../random/index.ts';
import type { Stop } from '../stop.ts';
import { type Arrangement, arrange } from './arrangement.ts';
import { BLOCK, type ClassSearch, createClassSearch, type Nearest } from './class-search.ts';

/** Two rows of different classes and their distance. */
export interface Pair {
  /** The smaller number of a row. */
  readonly first: number;
  readonly second: number;
  readonly distance: number;
}

/** Distances between points of different classes in one norm. */
export interface ClassDistances {
  readonly norm: Norm;
  /**
   * The closest pair that was found. The closest of all where `exhaustive`; else the closest among `compared` rows drawn at
   * random and from the rows of `sample` to all, so that the closest of all may be closer.
   */
  readonly closest: Pair;
  readonly exhaustive: boolean;
  readonly compared: number;
  /** Rows, in rising order: all, or drawn at random. */
  readonly sample: Int32Array;
  /** For each row of `sample` the nearest row of another class among all. */
  readonly nearest: Int32Array;
  /** For each row of `sample` the distance there. */
  readonly distances: Float64Array;
}

const MOST_SAMPLED = 2048;
/** Features compared one by one for the sample, in each norm, after which no further block of rows is drawn. */
const SAMPLE_WORK = 8e9;
/** The same for the search of the closest pair; some billion a second. */
const PAIR_WORK = 2.5e10;
/** Multiplications in products; ONNX Runtime does some eighty billion a second. */
const PAIR_PRODUCTS = 3e12;

/**
 * min |x_i - x_j| over rows of different classes, with the rows where it is attained, and for a sample of rows (all, up to
 * 2048) the distance to the nearest row of another class, in l1, l2 and l-infinity. Distances are exact but for the rounding
 * of float64 sums.
 *
 * Half of the minimum is the largest radius within which some classifier is right around every point, Yang et al. 2020,
 * "A closer look at accuracy vs. robustness".
 *
 * Every pair is compared where that is feasible; how far it went does not depend on the machine, unless `stop` ends it.
 *
 * Cost: n^2 d / 2 multiplications in float32 products, and comparisons of features where bounds do not decide: few where
 * classes are close relative to the spread, at worst n^2 d; at most 3e12 and 2.5e10 in each norm. Memory 12 n d bytes.
 *
 * @param points `[rows, features]`.
 * @param observe told of the share of the work that is done, in [0, 1].
 * @throws RobustlawError `invalid-argument` for a single class, or a number that is not finite.
 */
export async function classDistances(
  points: ArrayLike<number>,
  features: number,
  classes: ArrayLike<number>,
  norms: readonly Norm[],
  random: Rng,
  stop: Stop,
  observe: (share: number) => void,
): Promise<readonly ClassDistances[]> {
  const first = classes[0];
  let several = false;
  for (let i = 1; i < classes.length; i++) several ||= classes[i] !== first;
  if (!several) throw invalidArgument('number of classes', 1, 'rows of at least two classes');
  const arrangement = arrange(points, features, classes, random);
  const search = await createClassSearch(arrangement);
  try {
    const sampled = await searchSample(search, arrangement, norms, stop, (share) => observe(share / 3));
    const pairs = await searchPairs(search, arrangement, norms, sampled, stop, (share) =>
      observe((1 + 2 * share) / 3),
    );
    return norms.map((norm) => resultOf(arrangement, norm, sampled, pairs.get(norm)!));
  } finally {
    await search.dispose();
  }
}

/** The first positions, which are rows drawn at random, each with its nearest position of another class. */
interface Sampled {
  readonly count: number;
  readonly nearest: Partial<Record<Norm, Nearest>>;
}

async function searchSample(
  search: ClassSearch,
  { n }: Arrangement,
  norms: readonly Norm[],
  stop: Stop,
  observe: (share: number) => void,
): Promise<Sampled> {
  const most = Math.min(n, MOST_SAMPLED);
  const nearest = Object.fromEntries(norms.map((norm) => [norm, nothingYet(most)]));
  let count = 0;
  // The first block is searched whatever it takes: without it there is nothing to say.
  while (
    count < most &&
    (count === 0 || !(stop() || Math.max(...Object.values(search.work.compared)) > SAMPLE_WORK))
  ) {
    const to = Math.min(most, count + BLOCK);
    const block = Object.fromEntries(norms.map((norm) => [norm, slice(nearest[norm]!, count, to)]));
    await search.search(count, to, n, block, false);
    count = to;
    observe(count / most);
  }
  return { count, nearest };
}

/** Two positions, and their distance in the units of the arrangement. */
interface PositionPair {
  readonly a: number;
  readonly b: number;
  readonly distance: number;
}

interface ClosestPositions {
  readonly pair: PositionPair;
  /** All pairs among so many first positions are compared. */
  readonly compared: number;
}

/** All pairs of the first positions, as many positions as the work allows: each block with all that come before its end. */
async function searchPairs(
  search: ClassSearch,
  { n, d }: Arrangement,
  norms: readonly Norm[],
  { count, nearest }: Sampled,
  stop: Stop,
  observe: (share: number) => void,
): Promise<ReadonlyMap<Norm, ClosestPositions>> {
  const start = { ...search.work.compared };
  const products = search.work.products;
  const best = new Map(norms.map((norm) => [norm, closestOf(nearest[norm]!, count)]));
  const compared = new Map(norms.map((norm) => [norm, count]));
  for (let from = count; from < n && !stop(); from += BLOCK) {
    const to = Math.min(n, from + BLOCK);
    const open = norms.filter(
      (norm) =>
        search.work.compared[norm] - start[norm] <= PAIR_WORK &&
        (norm === 'linf' || search.work.products - products + BLOCK * to * d <= PAIR_PRODUCTS) &&
        compared.get(norm) === from,
    );
    if (open.length === 0) break;
    const block = Object.fromEntries(open.map((norm) => [norm, oneOf(best.get(norm)!)]));
    await search.search(from, to, to, block, true);
    for (const norm of open) {
      best.set(norm, entry(block[norm]!, 0));
      compared.set(norm, to);
    }
    observe((to / n) ** 2);
  }
  return new Map(norms.map((norm) => [norm, { pair: best.get(norm)!, compared: compared.get(norm)! }]));
}

function resultOf(
  { n, rows, scale }: Arrangement,
  norm: Norm,
  { count, nearest }: Sampled,
  { pair, compared }: ClosestPositions,
): ClassDistances {
  const [a, b] = [rows[pair.a]!, rows[pair.b]!];
  const order = Array.from({ length: count }, (_, position) => position).sort((i, j) => rows[i]! - rows[j]!);
  const { distances, others } = nearest[norm]!;
  return {
    norm,
    closest: { first: Math.min(a, b), second: Math.max(a, b), distance: pair.distance / scale },
    exhaustive: compared === n,
    compared,
    sample: Int32Array.from(order, (position) => rows[position]!),
    nearest: Int32Array.from(order, (position) => rows[others[position]!]!),
    distances: Float64Array.from(order, (position) => distances[position]! / scale),
  };
}

function nothingYet(count: number): Nearest {
  return {
    distances: new Float64Array(count).fill(Infinity),
    own: new Int32Array(count).fill(-1),
    others: new Int32Array(count).fill(-1),
  };
}

function slice({ distances, own, others }: Nearest, from: number, to: number): Nearest {
  return {
    distances: distances.subarray(from, to),
    own: own.subarray(from, to),
    others: others.subarray(from, to),
  };
}

function oneOf({ a, b, distance }: PositionPair): Nearest {
  return { distances: Float64Array.of(distance), own: Int32Array.of(a), others: Int32Array.of(b) };
}

function entry({ distances, own, others }: Nearest, at: number): PositionPair {
  return { a: own[at]!, b: others[at]!, distance: distances[at]! };
}

function closestOf(nearest: Nearest, count: number): PositionPair {
  let least = 0;
  for (let at = 1; at < count; at++) if (nearest.distances[at]! < nearest.distances[least]!) least = at;
  return entry(nearest, least);
}
