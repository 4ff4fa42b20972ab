// The constructive effective dimension: the dimension of the sphere on which the smoothest function through random signs is as smooth as on these data.
import { centredRows, type Matrix, matrix } from '../linalg/index.ts';
import { steepestPair } from '../memorizers/index.ts';
import type { Rng } from '../random/index.ts';
import type { Stop } from '../stop.ts';
import { distinctRows, medianOfDraws, separateDraws } from './draws.ts';
import { CONFIDENCE, type Finding } from './reading.ts';
import { sphereDimension } from './sphere-separation.ts';

/** The fewest draws whose second least and second largest value hold a median with 95 %, and the most that are made. */
const DRAWS = [9, 25] as const;
const MOST_POINTS = 1000;
const LEAST_POINTS = 10;
/** Multiplications for the distances of all draws, some two seconds. */
const MOST_PRODUCTS = 4e10;

/**
 * L = 2 / (least distance of points with opposite signs) is the constant of the smoothest function through signs (McShane and
 * Whitney), which the projected radial bumps attain when all dimensions are kept: P = n (d + 1) + 1, the end of the law where
 * sqrt(n d / P) is 1. Half of the points of a draw, at random, have the label 1, the others -1, labels of pure noise; the scale is that of the law,
 * E|x - Ex|^2 = 1. The dimension of a draw is that of the sphere on which L has this median (`sphereDimension`).
 *
 * The value is the median over separate draws of distinct rows; the interval is that of order statistics, which holds for
 * draws from any distribution. It is a statement about so many points as a draw has: on a sphere of D dimensions it is D for
 * every number, and other data look different at smaller distances. N(0, I_D) reads between D / 2 and D, since its points
 * differ in length as well as in direction; points on a grid or a simplex, which keep away from one another, read more than
 * their space has, and are given the number of features.
 *
 * At least 9 draws of 10 to 1000 points; 25 of 1000 where there are as many rows. Cost: m^2 d / 2
 * multiplications for a draw of m points, 4e10 at most in all. Undefined where `stop` says so before the end. Estimate.
 *
 * @param points `[rows, features]`.
 * @throws RobustlawError `invalid-argument` naming a number that is not finite.
 */
export async function constructiveDimension(
  points: ArrayLike<number>,
  features: number,
  random: Rng,
  stop: Stop,
): Promise<Finding | undefined> {
  const rows = distinctRows(points, features, DRAWS[1] * MOST_POINTS, random.split('rows'));
  const count = Math.min(DRAWS[1], Math.max(DRAWS[0], Math.floor(rows.length / MOST_POINTS)));
  const affordable = Math.floor(Math.sqrt((2 * MOST_PRODUCTS) / (count * features)));
  const size = Math.min(MOST_POINTS, affordable, Math.floor(rows.length / count));
  if (size < LEAST_POINTS) {
    return rows.length < count * LEAST_POINTS
      ? {
          unavailable: `needs ${count} separate draws of ${LEAST_POINTS} distinct rows; there are ${rows.length} distinct rows`,
        }
      : { unavailable: `rows of ${features} numbers are too long for it` };
  }
  const dimensions: number[] = [];
  const constants: number[] = [];
  // The rows are in random order: signs in turns are random signs, half of each.
  const signs = Float64Array.from({ length: size }, (_, i) => (i % 2 === 0 ? 1 : -1));
  for (const draw of separateDraws(rows, count, size)) {
    if (stop()) return undefined;
    const centred = centredRows(points, features, draw);
    const constant = spreadOf(centred) * (await steepestPair(centred, matrix(size, 1, signs)))!.enclosure[1];
    constants.push(constant);
    dimensions.push(sphereDimension(2 / constant, size, features));
  }
  const { value, interval, rank } = medianOfDraws(dimensions, CONFIDENCE);
  const constant = medianOfDraws(constants, CONFIDENCE).value;
  return {
    dimension: {
      kind: 'estimate',
      value,
      interval,
      confidence: CONFIDENCE,
      method:
        `sphere on which the smoothest function through random signs has the same Lipschitz constant, median of ` +
        `${count} draws of ${size} rows; the interval from the ${ordinal(rank)} least to the ${ordinal(rank)} largest`,
    },
    notes: [
      `the constant is ${constant.toPrecision(3)} where E|x - Ex|^2 = 1 and labels are -1 and 1 (median over the draws)`,
      ...(value >= features
        ? ['points keep away from one another more than on the sphere of all features']
        : []),
    ],
  };
}

/** sqrt(E|x - Ex|^2) of centred rows, distinct and so not all 0. */
function spreadOf({ data, rows }: Matrix): number {
  return Math.sqrt(data.reduce((sum, value) => sum + value * value, 0) / (rows - 1));
}

function ordinal(rank: number): string {
  return ['', '', 'second', 'third', 'fourth', 'fifth', 'sixth', 'seventh', 'eighth'][rank] ?? `${rank}th`;
}
