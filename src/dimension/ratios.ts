// Ratios of distances to neighbours as observations of the dimension: which rows have them, and how exact a maximum of their likelihood is.
import { type Enclosure, normalQuantile } from '../numeric/index.ts';
import type { Neighbourhoods } from '../separation/index.ts';
import { CONFIDENCE } from './reading.ts';

/** Positions of the rows whose nearest neighbour is at a positive distance. */
export function apart({ distances, k, rows }: Neighbourhoods): Int32Array {
  return Int32Array.from(rows.keys()).filter((i) => distances[i * k]! > 0);
}

/** Fewer rows say nothing of a dimension. */
const LEAST_ROWS = 10;

/**
 * Why the ratios of the first k distances say nothing: too few neighbours, too few rows, most rows equal to another one, or all
 * distances equal; undefined where they do say something.
 */
export function obstacle(neighbourhoods: Neighbourhoods, k: number): string | undefined {
  const { rows, distances } = neighbourhoods;
  if (neighbourhoods.k < k) {
    return rows.length <= k
      ? `${rows.length} rows have no ${k} neighbours each`
      : `needs ${k} neighbours of each row; ${neighbourhoods.k} were sought`;
  }
  const used = apart(neighbourhoods);
  if (used.length < Math.max(LEAST_ROWS, rows.length / 2)) {
    return used.length < rows.length
      ? `${rows.length - used.length} of ${rows.length} rows equal another one; distances of 0 say nothing`
      : `${rows.length} rows are too few; ${LEAST_ROWS} are needed`;
  }
  if (used.every((i) => distances[i * neighbourhoods.k] === distances[i * neighbourhoods.k + k - 1])) {
    return `all ${k} nearest neighbours of every row are at the same distance`;
  }
  return undefined;
}

/** How many rows were left out for being equal to another one, and how many have their two nearest at the same distance. */
export function leftOut(neighbourhoods: Neighbourhoods): readonly string[] {
  const { rows, k, distances, of } = neighbourhoods;
  const used = apart(neighbourhoods);
  const dropped = rows.length - used.length;
  const tied = used.filter((i) => k > 1 && distances[i * k] === distances[i * k + 1]).length;
  return [
    ...(rows.length < of ? [`${rows.length} of ${of} rows, chosen at random`] : []),
    ...(dropped > 0 ? [`${dropped} rows equal another one and are left out`] : []),
    ...(tied > used.length / 20
      ? [
          `${tied} rows have their two nearest at the same distance: values on a grid, which have no dimension`,
        ]
      : []),
  ];
}

/**
 * Standard error of log d for d with sum_i g_i(d) = 0: sqrt(B) / |A| with A = sum_i d g_i / d log d and B the variance of
 * sum_i g_i. Rows that are among the k nearest of one another share distances: their products count in B (as the
 * autocovariances in Newey and West 1987), those of other rows are taken for independent. B is never below sum_i g_i^2.
 *
 * @param scores g of the rows `used`, in their order.
 */
export function standardError(
  scores: Float64Array,
  slope: number,
  used: Int32Array,
  neighbourhoods: Neighbourhoods,
  k: number,
): number {
  const { rows, neighbours, distances } = neighbourhoods;
  const width = neighbourhoods.k;
  const of = new Map(Array.from(rows, (row, i) => [row, i] as const));
  const score = new Float64Array(rows.length);
  used.forEach((i, at) => {
    score[i] = scores[at]!;
  });
  let [squares, products] = [0, 0];
  for (const i of used) {
    squares += score[i]! ** 2;
    for (let at = i * width; at < i * width + k; at++) {
      const j = of.get(neighbours[at]!)!;
      const mutual = distances[at]! <= distances[j * width + k - 1]!;
      products += (mutual ? 1 : 2) * score[i]! * score[j]!;
    }
  }
  return Math.sqrt(squares + Math.max(0, products)) / Math.abs(slope);
}

/** d exp(-z s) to d exp(z s). */
export function aroundLog(d: number, s: number): Enclosure {
  const z = normalQuantile((1 + CONFIDENCE) / 2);
  return [d * Math.exp(-z * s), d * Math.exp(z * s)];
}

/** A dimension, its interval, and the mean distance within which it was seen. */
export interface AtScale {
  readonly value: number;
  readonly interval: Enclosure;
  readonly radius: number;
}

/**
 * The interval for the dimension at distance 0, seen at a scale: that of the scale, that of a finer one, and on either side the
 * way to the line through the scale and each of the wider ones at distance 0. Edges of the data lower the dimension in
 * proportion to the distance, curvature and uneven density change it by its square, so that the line goes too far for those
 * rather than not far enough.
 */
export function towardsZero(near: AtScale, wider: readonly AtScale[], finer: AtScale = near): Enclosure {
  const shifts = wider
    .filter(({ radius }) => radius > near.radius)
    .map((far) => ((near.value - far.value) * near.radius) / (far.radius - near.radius));
  return [
    Math.max(0, Math.min(near.interval[0] + Math.min(0, ...shifts), finer.interval[0])),
    Math.max(near.interval[1] + Math.max(0, ...shifts), finer.interval[1]),
  ];
}

/** Mean distance of the used rows to their k-th neighbour. */
export function meanDistance({ distances, k: width }: Neighbourhoods, used: Int32Array, k: number): number {
  return used.reduce((sum, i) => sum + distances[i * width + k - 1]! / used.length, 0);
}
