// What lies outside of boxes around the densest data (Mahloujifar, Zhang, Mahmoody and Evans, "Empirically measuring concentration: fundamental limits on intrinsic robustness", 2019, for linf).
import { permutation, type Rng } from '../../random/index.ts';
import type { Stop } from '../../stop.ts';
import { boxesAround, clusterCentres, nearestCentres } from './clusters.ts';
import { neighbourDistances } from './density.ts';
import { type Boxes, distanceToBoxes, type OutsideBoxes } from './sets.ts';

/** How finely the share of rows that the boxes hold is chosen. */
const RESOLUTION = 0.005;
/** Rows of a box on average, at least: boxes around single rows would leave out all others. */
const ROWS_OF_BOX = 20;
/** One training row in so many chooses among the sets that the others make. */
const TUNING = 5;
/** Clusterings from other first centres; every second one has half as many centres. */
const STARTS = 4;
/** The share of the rows, the densest, that the clusters are found from. */
const CLUSTERED = 0.5;

/**
 * For each epsilon what lies farther than epsilon from boxes around clusters of the densest rows. Four fifths of the training
 * rows make the boxes: the denser half of them is clustered four times, into `parts` or half as many clusters (fewer where that
 * would leave less than 20 rows to one), and each cluster has the box around those of its rows that are among the q densest. The
 * last fifth, m rows, chooses, since boxes leave out more of other rows than of those they were made from: q is the largest, by
 * bisection to 0.005, that leaves enough of the m rows to the set, alpha and one standard deviation of such a share, sqrt(alpha
 * (1 - alpha) / m), and of all sets that were tried and hold enough it is the one whose expansion (all outside of the boxes) holds
 * fewest.
 *
 * Differs from the published algorithm in what chooses: there T and q are chosen on the rows that also measure, and clusters are
 * found anew for every q, from one start.
 *
 * Cost: the densities (`neighbourDistances`), four times the clusters, and for each of some eight to thirty values of q of each
 * rows * features differences and m * parts * features / 5 comparisons.
 *
 * @throws RobustlawError `interrupted` when `stop` says so while densities are estimated; later, the best so far is returned.
 */
export async function outsideDenseBoxes(
  points: ArrayLike<number>,
  features: number,
  alpha: number,
  epsilons: readonly number[],
  parts: number,
  training: Int32Array,
  random: Rng,
  stop: Stop,
  observe: (done: number, of: number) => void,
): Promise<{ readonly sets: readonly OutsideBoxes[]; readonly complete: boolean }> {
  const order = permutation(random.split('tuning'), training.length).map((i) => training[i]!);
  const tuning = order.slice(0, Math.ceil(training.length / TUNING));
  const fitting = order.length > tuning.length ? order.slice(tuning.length).sort() : tuning;
  const enough = tuning.length * (alpha + Math.sqrt((alpha * (1 - alpha)) / tuning.length));
  const densest = await byDensity(points, features, fitting, random.split('density'), stop);
  let step = 0;
  const advance = () => observe(++step, 1 + STARTS * epsilons.length);
  advance();
  const best = epsilons.map(() => everything(tuning.length));
  let complete = true;
  for (let start = 0; start < STARTS && complete; start++) {
    const wanted = Math.ceil(parts / (1 + (start % 2)));
    const count = Math.min(wanted, Math.max(1, Math.floor(fitting.length / ROWS_OF_BOX)));
    const key = random.split('clusters').split(start);
    const tryShare = nestedBoxes(points, features, densest, tuning, count, key);
    complete = epsilons.every((epsilon, e) => {
      let [low, high] = [0, 1];
      while (high - low > RESOLUTION) {
        if (stop()) return false;
        const q = (low + high) / 2;
        const one = tryShare(q);
        if (countAbove(one, epsilon) < enough) {
          high = q;
          continue;
        }
        low = q;
        if (countAbove(one, 0) < countAbove(best[e]!, 0)) best[e] = one;
      }
      advance();
      return true;
    });
  }
  const sets = epsilons.map(
    (epsilon, e): OutsideBoxes => ({ kind: 'outside boxes', ...best[e]!.boxes, margin: epsilon }),
  );
  return { sets, complete };
}

/** Boxes that were tried. */
interface Trial {
  readonly boxes: Boxes;
  /** Of the tuning rows from the boxes. */
  readonly distances: Float64Array;
}

/** No boxes at all: the set is the whole space. */
function everything(rows: number): Trial {
  return {
    boxes: { centres: new Float64Array(0), halfWidths: new Float64Array(0) },
    distances: new Float64Array(rows).fill(Infinity),
  };
}

/** One clustering, and from it the boxes of the q densest rows for any q, which hold those of smaller q. */
function nestedBoxes(
  points: ArrayLike<number>,
  features: number,
  densest: Int32Array,
  tuning: Int32Array,
  count: number,
  random: Rng,
): (q: number) => Trial {
  const core = densest.subarray(0, Math.max(1, Math.floor(CLUSTERED * densest.length)));
  const centres = clusterCentres(points, features, core, count, random);
  const labels = nearestCentres(points, features, densest, centres);
  const known = new Map<number, Trial>();
  return (q) => {
    const rows = densest.subarray(0, Math.floor(q * densest.length));
    const found = known.get(rows.length);
    if (found) return found;
    const boxes = boxesAround(points, features, rows, centres, labels);
    const distances = Float64Array.from(tuning, (row) => distanceToBoxes(boxes, points, features, row));
    const made = { boxes, distances };
    known.set(rows.length, made);
    return made;
  };
}

function countAbove({ distances }: Trial, value: number): number {
  return distances.reduce((count, distance) => count + (distance > value ? 1 : 0), 0);
}

/** The rows, the densest first. */
async function byDensity(
  points: ArrayLike<number>,
  features: number,
  rows: Int32Array,
  random: Rng,
  stop: Stop,
): Promise<Int32Array> {
  const distances = await neighbourDistances(points, features, rows, random, stop);
  const order = Array.from(distances.keys()).sort((a, b) => distances[a]! - distances[b]! || a - b);
  return Int32Array.from(order, (i) => rows[i]!);
}
