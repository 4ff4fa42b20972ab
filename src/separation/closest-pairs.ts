// The closest pair of points of different classes in l1 and l2 among all pairs.
import type { Norm } from '../guarantee/index.ts';
import type { Stop } from '../stop.ts';
import type { Arrangement } from './arrangement.ts';
import { embed, principalDirections } from './embedding.ts';
import { chooseWidth, MOST_DIRECTIONS } from './embedding-width.ts';
import { euclideanBelow, sumBelow } from './limited-distance.ts';
import { type Multiplied, pairFilter } from './pair-filter.ts';

/** Two positions, and their distance in the units of the arrangement. */
export interface PositionPair {
  readonly a: number;
  readonly b: number;
  readonly distance: number;
}

export interface ClosestPositions {
  readonly pair: PositionPair;
  /** All pairs among so many first positions are compared. */
  readonly compared: number;
}

/** Features compared one by one in each norm; about a billion a second. */
const MOST_COMPARED = 2.5e10;
/** Multiplications in products; ONNX Runtime does some thirty billion a second on a core. */
const MOST_PRODUCTS = 3e12;
/** Fewer rows, or shorter ones, are multiplied whole. */
const LEAST_ROWS = 12_000;
const LEAST_FEATURES = 64;

/**
 * The closest pairs below those that are known, as far as the work allows. A pair is left out only where products, with all
 * their rounding, show that it is no closer: in l2 by its distance, in l1 by |x-y|_1 >= |x-y|_2^2 / R, R the largest range of a
 * feature.
 *
 * Cost: n^2 width / 2 multiplications in ONNX Runtime, width the number of directions that matter or d; d operations for each
 * pair that is left.
 */
export async function closestPairs(
  arrangement: Arrangement,
  known: ReadonlyMap<'l1' | 'l2', PositionPair>,
  compared: number,
  stop: Stop,
  observe: (share: number) => void,
): Promise<ReadonlyMap<Norm, ClosestPositions>> {
  if (stop()) return new Map(Array.from(known, ([norm, pair]) => [norm, { pair, compared }]));
  const { n, d, points, classes, range } = arrangement;
  const best = new Map(known);
  const ended = new Map<'l1' | 'l2', number>();
  const work = { l1: 0, l2: 0 };
  /** No pair at a larger distance in l2 matters. */
  const reach = () => {
    const [sum, straight] = [best.get('l1'), best.get('l2')];
    return Math.max(
      straight && !ended.has('l2') ? straight.distance : 0,
      sum && !ended.has('l1') ? (1 + 2 ** -30) * Math.sqrt(sum.distance * range) : 0,
    );
  };
  const multiplied = await shortRows(arrangement, reach());
  const filter = pairFilter(multiplied, d);
  const floors = new Float64Array(n).fill(filter.floor(reach()));
  const offer = (norm: 'l1' | 'l2', a: number, b: number) => {
    const before = best.get(norm);
    if (!before || ended.has(norm)) return;
    const distance = (norm === 'l1' ? sumBelow : euclideanBelow)(points, a * d, b * d, d, before.distance);
    work[norm] += d;
    if (!(distance < before.distance)) return;
    best.set(norm, { a, b, distance });
    floors.fill(filter.floor(reach()));
  };
  let products = 0;
  let met = 0;
  await filter.visit(
    floors,
    (a, b) => {
      if (classes[a] === classes[b]) return;
      offer('l2', a, b);
      offer('l1', a, b);
    },
    (now, multiplications) => {
      met = now;
      products += multiplications;
      for (const norm of best.keys()) {
        if (ended.has(norm) || (work[norm] <= MOST_COMPARED && products <= MOST_PRODUCTS)) continue;
        ended.set(norm, met);
        floors.fill(filter.floor(reach()));
      }
      observe((met / n) ** 2);
      return !stop() && ended.size < best.size;
    },
    () => {},
    () => false,
  );
  return new Map(
    Array.from(best, ([norm, pair]) => [
      norm,
      { pair, compared: Math.max(compared, ended.get(norm) ?? met) },
    ]),
  );
}

/** Rows along few directions where that is cheaper, else whole. */
async function shortRows({ n, d, points, classes }: Arrangement, reach: number): Promise<Multiplied> {
  const whole = { coordinates: points, width: d, scale: 1, error: 0 };
  if (n < LEAST_ROWS || d < LEAST_FEATURES) return whole;
  const rows = Int32Array.from({ length: n }, (_, i) => i);
  const directions = await principalDirections(points, d, rows, Math.min(MOST_DIRECTIONS, d >> 1));
  const count = await chooseWidth(
    points,
    d,
    rows,
    directions,
    () => reach,
    (a, b) => classes[a] !== classes[b],
  );
  return count === undefined ? whole : await embed(points, d, rows, directions, count);
}
