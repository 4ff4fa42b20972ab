// What lies outside of boxes around the densest data (Mahloujifar, Zhang, Mahmoody and Evans, "Empirically measuring concentration: fundamental limits on intrinsic robustness", 2019, for linf).
import { permutation, type Rng } from '../../random/index.ts';
import type { Stop } from '../../stop.ts';
import { clusterBoxes } from './clusters.ts';
import { neighbourDistances } from './density.ts';
import { type Boxes, distanceToBoxes, type OutsideBoxes } from './sets.ts';

/** How finely the share of rows that the boxes hold is chosen. */
const RESOLUTION = 0.005;
/** Rows of a box on average, at least: boxes around single rows would leave out all others. */
const ROWS_OF_BOX = 20;
/** One training row in so many chooses the share of the others that the boxes hold. */
const TUNING = 5;

/**
 * For each epsilon what lies farther than epsilon from boxes around `parts` clusters of the densest rows, or around fewer
 * where that would leave less than 20 rows to a box. Boxes are fitted to four fifths of the training rows. The share q of
 * these that count as densest is the largest, by bisection to 0.005, that leaves enough of the last fifth to the set: boxes
 * leave out more of other rows than of those they were fitted to. Enough of m rows is alpha and one standard deviation of
 * such a share, sqrt(alpha (1 - alpha) / m). Of the sets that were tried and hold enough, it is the one whose expansion (all
 * outside of the boxes) holds fewest of the m.
 *
 * Cost: the densities (`neighbourDistances`), and for each of some eight to twenty values of q the clusters (`clusterBoxes`)
 * and rows * parts * features / 5 comparisons.
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
  const enough = alpha + Math.sqrt((alpha * (1 - alpha)) / tuning.length);
  const boxCount = Math.min(parts, Math.max(1, Math.floor(fitting.length / ROWS_OF_BOX)));
  const steps = 1 + epsilons.length * Math.ceil(Math.log2(1 / RESOLUTION));
  let step = 0;
  const advance = () => observe(++step, steps);
  const densest = await byDensity(points, features, fitting, random.split('density'), stop);
  advance();
  const tried = new Map<number, Trial>();
  const trial = (q: number): Trial => {
    const count = Math.floor(q * densest.length);
    const known = tried.get(count);
    if (known) return known;
    const rows = densest.slice(0, count).sort();
    const boxes = clusterBoxes(points, features, rows, boxCount, random.split('clusters'));
    const distances = Float64Array.from(tuning, (row) => distanceToBoxes(boxes, points, features, row));
    const made = { boxes, distances };
    tried.set(count, made);
    return made;
  };
  const everything: Trial = {
    boxes: { centres: new Float64Array(0), halfWidths: new Float64Array(0) },
    distances: new Float64Array(tuning.length).fill(Infinity),
  };
  let complete = true;
  const sets = epsilons.map((epsilon): OutsideBoxes => {
    let best = everything;
    let [low, high] = [0, 1];
    while (high - low > RESOLUTION) {
      if (stop()) {
        complete = false;
        break;
      }
      const q = (low + high) / 2;
      const one = trial(q);
      if (countAbove(one, epsilon) >= enough * tuning.length) {
        low = q;
        if (countAbove(one, 0) < countAbove(best, 0)) best = one;
      } else {
        high = q;
      }
      advance();
    }
    return { kind: 'outside boxes', ...best.boxes, margin: epsilon };
  });
  return { sets, complete };
}

/** The rows, or of very many a random choice, the densest first. */
async function byDensity(
  points: ArrayLike<number>,
  features: number,
  rows: Int32Array,
  random: Rng,
  stop: Stop,
): Promise<Int32Array> {
  if (rows.length < 2) return rows;
  const own = new Float64Array(rows.length * features);
  rows.forEach((row, i) => {
    for (let j = 0; j < features; j++) own[i * features + j] = points[row * features + j]!;
  });
  const densities = await neighbourDistances(own, features, random, stop);
  const { distances } = densities;
  const order = Array.from(distances.keys()).sort((a, b) => distances[a]! - distances[b]! || a - b);
  return Int32Array.from(order, (i) => rows[densities.rows[i]!]!);
}

interface Trial {
  readonly boxes: Boxes;
  /** Of the tuning rows from the boxes. */
  readonly distances: Float64Array;
}

function countAbove({ distances }: Trial, value: number): number {
  return distances.reduce((count, distance) => count + (distance > value ? 1 : 0), 0);
}
