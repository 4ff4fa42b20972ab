// How far apart points of different classes are: the closest pair, and the distances of points to the nearest one of another class (Yang et al. 2020).
import { invalidArgument } from '../errors.ts';
import type { Norm } from '../guarantee/index.ts';
import type { Rng } from '../random/index.ts';
import type { Stop } from '../stop.ts';
import { type Arrangement, arrange } from './arrangement.ts';
import { BLOCK, type ClassSearch, createClassSearch, type Nearest } from './class-search.ts';
import { type ClosestPositions, closestPairs, type PositionPair } from './closest-pairs.ts';
import { createLargestSearch, usualLargest } from './largest-search.ts';

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
/** Of the time, about. */
const SAMPLE_SHARE = 0.4;
/** Features and words compared one by one for the sample, in each norm, after which no further block of rows is drawn. */
const SAMPLE_WORK = 8e9;
/** Features and words compared for the closest pair in l-infinity; about a billion a second. */
const PAIR_WORK = 2.5e10;

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
 * Cost: that of `closestPairs` in l1 and l2; in l-infinity some n^2 operations on words where features are mostly at the ends of
 * their range, at worst n^2 d / 2 on features; 2048 n d multiplications for the sample. Memory 12 n d bytes.
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
  const sampled = await searchSample(arrangement, norms, stop, (share) => observe(SAMPLE_SHARE * share));
  const pairs = await searchPairs(arrangement, norms, sampled, stop, (share) =>
    observe(SAMPLE_SHARE + (1 - SAMPLE_SHARE) * share),
  );
  return norms.map((norm) => resultOf(arrangement, norm, sampled, pairs.get(norm)!));
}

/** The first positions, which are rows drawn at random, each with its nearest position of another class. */
interface Sampled {
  readonly count: number;
  readonly nearest: Partial<Record<Norm, Nearest>>;
}

async function searchSample(
  arrangement: Arrangement,
  norms: readonly Norm[],
  stop: Stop,
  observe: (share: number) => void,
): Promise<Sampled> {
  const most = Math.min(arrangement.n, MOST_SAMPLED);
  const nearest: Sampled['nearest'] = Object.fromEntries(norms.map((norm) => [norm, nothingYet(most)]));
  const { l1, l2, linf } = nearest;
  const straight = l1 || l2 ? await createClassSearch(arrangement) : undefined;
  const largest = linf && createLargestSearch(arrangement, usualLargest(arrangement, nothingYet));
  let compared = 0;
  let count = 0;
  try {
    // The first block is searched whatever it takes: without it there is nothing to say.
    while (count < most && (count === 0 || !(stop() || mostCompared(straight, compared) > SAMPLE_WORK))) {
      const to = Math.min(most, count + BLOCK);
      await straight?.search(count, to, {
        ...(l1 && { l1: slice(l1, count, to) }),
        ...(l2 && { l2: slice(l2, count, to) }),
      });
      if (linf) compared += largest!.search(count, to, arrangement.n, slice(linf, count, to), false);
      count = to;
      observe(count / most);
      await letOthersRun();
    }
  } finally {
    await straight?.dispose();
  }
  return { count, nearest };
}

function mostCompared(straight: ClassSearch | undefined, largest: number): number {
  return Math.max(straight?.compared.l1 ?? 0, straight?.compared.l2 ?? 0, largest);
}

/** All pairs of the first positions, as many positions as the work allows. */
async function searchPairs(
  arrangement: Arrangement,
  norms: readonly Norm[],
  { count, nearest }: Sampled,
  stop: Stop,
  observe: (share: number) => void,
): Promise<ReadonlyMap<Norm, ClosestPositions>> {
  if (count === arrangement.n) {
    return new Map(norms.map((norm) => [norm, { pair: closestOf(nearest[norm]!, count), compared: count }]));
  }
  const known = (norm: Norm) => closestOf(nearest[norm]!, count);
  const largest: [Norm, ClosestPositions][] = norms.includes('linf')
    ? [
        [
          'linf',
          await closestInLargest(arrangement, known('linf'), count, stop, (share) => observe(share / 2)),
        ],
      ]
    : [];
  const straight = norms.filter((norm) => norm !== 'linf');
  const others =
    straight.length > 0
      ? await closestPairs(
          arrangement,
          new Map(straight.map((norm) => [norm, known(norm)])),
          count,
          stop,
          (share) => observe((1 + share) / 2),
        )
      : [];
  return new Map([...largest, ...others]);
}

async function closestInLargest(
  arrangement: Arrangement,
  known: PositionPair,
  count: number,
  stop: Stop,
  observe: (share: number) => void,
): Promise<ClosestPositions> {
  const { n } = arrangement;
  const search = createLargestSearch(arrangement, known.distance);
  const best = oneOf(known);
  let met = count;
  let compared = 0;
  while (met < n && compared <= PAIR_WORK && !stop()) {
    const to = Math.min(n, met + BLOCK);
    compared += search.search(met, to, to, best, true);
    met = to;
    observe((met / n) ** 2);
    await letOthersRun();
  }
  return { pair: entry(best, 0), compared: met };
}

/** Whoever watches is let in between: the loops themselves wait for nothing. */
function letOthersRun(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
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
