// The capacity that a robust fit of noise takes, P / n: the least two-layer networks that were trained to withstand an adversary.
import { centredRows } from '../linalg/index.ts';
import type { Rng } from '../random/index.ts';
import type { Stop } from '../stop.ts';
import { distinctRows, medianOfDraws, separateDraws } from './draws.ts';
import { principalScores } from './principal-scores.ts';
import { CONFIDENCE, type Finding } from './reading.ts';
import { type Bracket, fitsRobustly, leastWidth, parametersOf, robustTask } from './robust-fit.ts';

/** The fewest whose least and largest value hold a median with 95 %. */
const DRAWS = 6;
const MOST_POINTS = 64;
const LEAST_POINTS = 16;
/** Numbers in the rows that are drawn. */
const MOST_NUMBERS = 5e7;
/** Most neurons for each point. */
const MOST_NEURONS = 4;

/**
 * P / n of the least network that fits n random signs robustly. The talk reads the effective dimension of MNIST in this way: robust
 * training succeeds from P of about 10^6 on for n of about 10^5 images, so D is about 10. By the law, smooth fits
 * of noise need P of order n D, and explicit ones do with it: P / n is D up to the law's constant and to what training
 * does not find.
 *
 * Half of the n points of a draw, at random, are labelled 1, the others -1. Robust is a training accuracy of 0.9 under PGD in l2 at 3/4 of the
 * largest radius within which any function can be right around all of the points. Networks have k ReLUs on the q
 * leading principal directions that keep 95 % of the least distance of opposite signs, P = k (q + 2) + 1: the directions are found
 * without labels and are no parameters, as those of the projection in the construction that makes the law tight. The widths tried are
 * the powers of sqrt 2 up to 4 n, by doubling and bisection.
 *
 * The value is the median over 6 separate draws of the least P / n that was enough; the interval goes from the least P / n that
 * failed beside it to the largest that was enough, and holds the median of the search for draws from any distribution (order statistics). On spheres
 * of 4 to 64 dimensions it was between 1/2 and 2 times the dimension (n = 64). A training that fails proves nothing: better
 * ones may do with fewer.
 *
 * Draws of 16 to 64 points. Cost: some 15 trainings of at most 150 steps, one to four seconds. Undefined where `stop` says so before
 * the end. Estimate.
 *
 * @param points `[rows, features]`.
 * @param observe told the share that is done.
 * @throws RobustlawError `invalid-argument` naming a number that is not finite.
 */
export async function robustCapacity(
  points: ArrayLike<number>,
  features: number,
  random: Rng,
  stop: Stop,
  observe: (share: number) => void,
): Promise<Finding | undefined> {
  const most = Math.min(DRAWS * MOST_POINTS, Math.floor(MOST_NUMBERS / features));
  const rows = distinctRows(points, features, most, random.split('rows'));
  const n = Math.floor(rows.length / DRAWS);
  if (n < LEAST_POINTS) {
    return most < DRAWS * LEAST_POINTS
      ? { unavailable: `rows of ${features} numbers are too long for it` }
      : {
          unavailable: `needs ${DRAWS} separate draws of ${LEAST_POINTS} distinct rows; there are ${rows.length} distinct rows`,
        };
  }
  const used = rows.subarray(0, DRAWS * n);
  const scores = principalScores(centredRows(points, features, used));
  const found: { readonly bracket: Bracket; readonly inputs: number }[] = [];
  for (const [at, draw] of separateDraws(Int32Array.from(used.keys()), DRAWS, n).entries()) {
    const task = robustTask(scores, draw);
    if (!task) return { unavailable: 'points of a draw lie too close together for networks in float32' };
    const key = random.split('training').split(at);
    // What was enough for one draw is where to begin with the next.
    const bracket = await leastWidth(
      (width) => fitsRobustly(task, width, key.split(width), stop),
      found.at(-1)?.bracket.enough ?? n / 2,
      MOST_NEURONS * n,
    );
    if (bracket === undefined) return undefined;
    if (bracket === 'none') {
      return { unavailable: `no training with up to ${MOST_NEURONS} neurons a point reached a robust fit` };
    }
    found.push({ bracket, inputs: task.inputs });
    observe((at + 1) / DRAWS);
  }
  const perPoint = (width: (bracket: Bracket) => number) =>
    medianOfDraws(
      found.map(({ bracket, inputs }) => parametersOf(inputs, width(bracket)) / n),
      CONFIDENCE,
    );
  const [enough, tooFew] = [perPoint((bracket) => bracket.enough), perPoint((bracket) => bracket.tooFew)];
  return {
    dimension: {
      kind: 'estimate',
      value: enough.value,
      interval: [tooFew.interval[0], enough.interval[1]],
      confidence: CONFIDENCE,
      method: `P / n of the least two-layer network trained to fit ${n} random signs robustly, median of ${DRAWS} draws; the interval from the largest that failed to the least that succeeded, over the draws`,
    },
    notes: [
      `${range(found.map(({ bracket }) => bracket.enough))} neurons on ${range(found.map(({ inputs }) => inputs))} principal directions`,
    ],
  };
}

function range(values: readonly number[]): string {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return low === high ? `${low}` : `${low} to ${high}`;
}
