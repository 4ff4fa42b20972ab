// What lies outside of boxes around the densest data (Mahloujifar, Zhang, Mahmoody and Evans, "Empirically measuring concentration: fundamental limits on intrinsic robustness", 2019, for linf).
import type { Rng } from '../../random/index.ts';
import type { Stop } from '../../stop.ts';
import { clusterBoxes } from './clusters.ts';
import { neighbourDistances } from './density.ts';
import { type Boxes, distanceToBoxes, type OutsideBoxes } from './sets.ts';

/** How finely the share of rows that the boxes hold is chosen. */
const RESOLUTION = 0.005;

/**
 * For each epsilon what lies farther than epsilon from boxes around `parts` clusters of the densest rows; the share q of rows
 * that count as densest is the largest, by bisection to 0.005, that leaves a share alpha of the training rows to the set. Of
 * the sets that were tried and hold as much, the one whose expansion (all outside of the boxes) holds fewest of these rows.
 *
 * Boxes are fitted to training rows, and so leave out more of other rows than of these: no margin is added to alpha.
 *
 * Cost: the density of every row (`neighbourDistances`), and for each of some eight to twenty values of q clusters
 * (`clusterBoxes`) and rows * parts * features comparisons.
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
  const n = training.length;
  const halvings = Math.ceil(Math.log2(1 / RESOLUTION));
  const steps = 1 + epsilons.length * halvings;
  let step = 0;
  const advance = () => observe(++step, steps);
  const densest = await byDensity(points, features, training, random.split('density'), stop);
  advance();
  const tried = new Map<number, Trial>();
  const trial = (q: number): Trial => {
    const count = Math.floor(q * densest.length);
    const known = tried.get(count);
    if (known) return known;
    const rows = densest.slice(0, count).sort();
    const boxes = clusterBoxes(points, features, rows, parts, random.split('clusters'));
    const distances = Float64Array.from(training, (row) =>
      distanceToBoxes(boxes, points, features, row),
    ).sort();
    const made = { boxes, distances };
    tried.set(count, made);
    return made;
  };
  let complete = true;
  const everything = { centres: new Float64Array(0), halfWidths: new Float64Array(0) };
  const sets = epsilons.map((epsilon): OutsideBoxes => {
    let best: { readonly boxes: Boxes; readonly expanded: number } = { boxes: everything, expanded: n };
    let [low, high] = [0, 1];
    while (high - low > RESOLUTION) {
      if (stop()) {
        complete = false;
        break;
      }
      const q = (low + high) / 2;
      const { boxes, distances } = trial(q);
      const expanded = countAbove(distances, 0);
      if (countAbove(distances, epsilon) >= alpha * n) {
        low = q;
        if (expanded < best.expanded) best = { boxes, expanded };
      } else {
        high = q;
      }
      advance();
    }
    return { kind: 'outside boxes', ...best.boxes, margin: epsilon };
  });
  return { sets, complete };
}

/** The training rows, or of very many a random choice, the densest first. */
async function byDensity(
  points: ArrayLike<number>,
  features: number,
  training: Int32Array,
  random: Rng,
  stop: Stop,
): Promise<Int32Array> {
  if (training.length < 2) return training;
  const own = new Float64Array(training.length * features);
  training.forEach((row, i) => {
    for (let j = 0; j < features; j++) own[i * features + j] = points[row * features + j]!;
  });
  const { rows, distances } = await neighbourDistances(own, features, random, stop);
  const order = Array.from(rows.keys()).sort((a, b) => distances[a]! - distances[b]! || a - b);
  return Int32Array.from(order, (i) => training[rows[i]!]!);
}

interface Trial {
  readonly boxes: Boxes;
  /** Of the training rows from the boxes, ascending. */
  readonly distances: Float64Array;
}

function countAbove(sorted: Float64Array, value: number): number {
  const first = sorted.findIndex((distance) => distance > value);
  return first < 0 ? 0 : sorted.length - first;
}
