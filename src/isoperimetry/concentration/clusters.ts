// Clusters in l1 (Lloyd's iteration with l1 distances to the means), and the boxes around them.
import { permutation, type Rng } from '../../random/index.ts';
import { someOf } from './scaled-rows.ts';
import type { Boxes } from './sets.ts';

const MOST_ITERATIONS = 30;
/** Rows that centres are found from; what more rows change is far below what other first centres change. */
const MOST_ROWS = 2048;

/**
 * The centres of at most `count` clusters of the rows, `[clusters, features]`: every row goes to the nearest centre in l1, every
 * centre to the mean of its rows, 30 times or until nothing changes, from distinct random rows (Mahloujifar et al. 2019). Of more
 * than 2048 rows as many are drawn at random. Clusters that lose all rows are left out.
 *
 * Cost, with n = min(rows, 2048): n * count * features differences, and then in each iteration n * features and those of the
 * centres that could have come nearer than a row's own: a centre is no nearer than it was, less what it moved (Elkan 2003).
 * Distances that are too large already are not finished.
 */
export function clusterCentres(
  points: ArrayLike<number>,
  features: number,
  rows: Int32Array,
  count: number,
  random: Rng,
): Float64Array {
  const used = someOf(rows, MOST_ROWS, random.split('rows'));
  const clusters = Math.min(count, used.length);
  let centres = new Float64Array(clusters * features);
  permutation(random, used.length)
    .subarray(0, clusters)
    .forEach((i, t) => {
      for (let j = 0; j < features; j++) centres[t * features + j] = points[used[i]! * features + j]!;
    });
  const labels = new Int32Array(used.length);
  const atLeast = new Float64Array(used.length * clusters);
  let sizes = new Int32Array(clusters);
  for (let iteration = 0; iteration < MOST_ITERATIONS; iteration++) {
    if (!assign(points, features, used, centres, labels, atLeast) && iteration > 0) break;
    const before = centres;
    ({ centres, sizes } = means(points, features, used, labels, centres, clusters));
    const moved = Float64Array.from({ length: clusters }, (_, t) =>
      distanceBelow(before, t * features, centres, t * features, features, Infinity),
    );
    for (let at = 0; at < atLeast.length; at++) atLeast[at]! -= moved[at % clusters]!;
  }
  return centres.filter((_, at) => sizes[Math.floor(at / features)]! > 0);
}

/** For each row the number of the centre that is nearest in l1, the first of equally near ones. */
export function nearestCentres(
  points: ArrayLike<number>,
  features: number,
  rows: Int32Array,
  centres: Float64Array,
): Int32Array {
  const labels = new Int32Array(rows.length);
  assign(
    points,
    features,
    rows,
    centres,
    labels,
    new Float64Array(rows.length * (centres.length / features)),
  );
  return labels;
}

/**
 * A box for each centre: around the centre, its half widths the largest deviations from it of the rows with its number
 * (Mahloujifar et al. 2019).
 *
 * @param labels of the rows, and perhaps of more that follow.
 */
export function boxesAround(
  points: ArrayLike<number>,
  features: number,
  rows: Int32Array,
  centres: Float64Array,
  labels: Int32Array,
): Boxes {
  const halfWidths = new Float64Array(centres.length);
  rows.forEach((row, i) => {
    const [to, from] = [labels[i]! * features, row * features];
    for (let j = 0; j < features; j++) {
      const deviation = Math.abs(points[from + j]! - centres[to + j]!);
      if (deviation > halfWidths[to + j]!) halfWidths[to + j] = deviation;
    }
  });
  return { centres, halfWidths };
}

/**
 * Labels every row with its nearest centre in l1, of equally near ones the one it has; tells whether a label changed.
 *
 * @param atLeast `[rows, centres]`: lower bounds on distances, made sharper here.
 */
function assign(
  points: ArrayLike<number>,
  features: number,
  rows: Int32Array,
  centres: Float64Array,
  labels: Int32Array,
  atLeast: Float64Array,
): boolean {
  const clusters = centres.length / features;
  let changed = false;
  rows.forEach((row, i) => {
    const distance = (t: number, most: number) =>
      distanceBelow(centres, t * features, points, row * features, features, most);
    const bounds = atLeast.subarray(i * clusters, (i + 1) * clusters);
    let best = labels[i]!;
    let nearest = distance(best, Infinity);
    bounds[best] = nearest;
    for (let t = 0; t < clusters; t++) {
      if (t === labels[i] || bounds[t]! >= nearest) continue;
      bounds[t] = distance(t, nearest);
      if (bounds[t]! < nearest) [best, nearest] = [t, bounds[t]!];
    }
    if (best !== labels[i]) changed = true;
    labels[i] = best;
  });
  return changed;
}

/** Features between two looks at the sum. */
const STRIDE = 64;

/** The l1 distance, or where it is at least `most` a number from there up to it. */
export function distanceBelow(
  a: ArrayLike<number>,
  p: number,
  b: ArrayLike<number>,
  r: number,
  features: number,
  most: number,
): number {
  let sum = 0;
  for (let from = 0; from < features && sum < most; from += STRIDE) {
    const to = Math.min(features, from + STRIDE);
    let [s, t] = [0, 0];
    let j = from;
    for (; j + 1 < to; j += 2) {
      s += Math.abs(a[p + j]! - b[r + j]!);
      t += Math.abs(a[p + j + 1]! - b[r + j + 1]!);
    }
    if (j < to) s += Math.abs(a[p + j]! - b[r + j]!);
    sum += s + t;
  }
  return sum;
}

/** Means of the clusters; a cluster without rows stays where it was. */
function means(
  points: ArrayLike<number>,
  features: number,
  rows: Int32Array,
  labels: Int32Array,
  before: Float64Array,
  clusters: number,
): { readonly centres: Float64Array<ArrayBuffer>; readonly sizes: Int32Array<ArrayBuffer> } {
  const centres = new Float64Array(clusters * features);
  const sizes = new Int32Array(clusters);
  for (const label of labels) sizes[label]! += 1;
  rows.forEach((row, i) => {
    const [to, from, share] = [labels[i]! * features, row * features, 1 / sizes[labels[i]!]!];
    for (let j = 0; j < features; j++) centres[to + j]! += points[from + j]! * share;
  });
  for (let t = 0; t < clusters; t++) {
    if (sizes[t] === 0) centres.set(before.subarray(t * features, (t + 1) * features), t * features);
  }
  return { centres, sizes };
}
