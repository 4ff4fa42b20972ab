// Concentration seen through covers by balls and boxes (Mahloujifar, Zhang, Mahmoody and Evans 2019).
import { requireInteger } from '../../errors.ts';
import type { Rng } from '../../random/index.ts';
import type { Stop } from '../../stop.ts';
import { greedyBalls } from './balls.ts';
import { outsideDenseBoxes } from './boxes.ts';
import { type MeasuredExpansion, measureExpansion } from './measured.ts';
import type { ExpansionNorm } from './sets.ts';
import { halves, requireQuestion, requireSplit, type Split, shareToHold } from './split.ts';

const PARTS = 10;

/**
 * For each epsilon a set made of few pieces that holds alpha of the data and whose expansion by epsilon holds little.
 *
 *   l2    a union of balls, placed greedily (`greedyBalls`) to hold a share alpha + 0.5 / sqrt(n) of the n training rows,
 *   linf  what lies farther than epsilon from boxes around clusters of the densest rows (`outsideDenseBoxes`); its
 *         expansion is counted as all that lies outside of the boxes.
 *
 * Guarantee: estimates, with intervals of confidence 95 % for the masses of the set found and of its expansion; about the
 * concentration function they speak from above only (see `MeasuredExpansion`).
 *
 * @param points `[rows, features]`.
 * @param epsilons distances in `norm`, each at least 0.
 * @param stop asked between balls and between boxes; sets that are there by then are returned.
 * @param observe is told how many of how many steps, of different length, are done.
 * @param split rows that choose and rows that measure; defaults to random halves.
 * @param parts balls or boxes at most; defaults to 10.
 * @throws RobustlawError `invalid-argument` for fewer than 10 rows, numbers that are not finite or out of their range.
 */
export async function coverConcentration(
  points: ArrayLike<number>,
  features: number,
  norm: ExpansionNorm,
  alpha: number,
  epsilons: readonly number[],
  random: Rng,
  stop: Stop,
  observe: (done: number, of: number) => void = () => {},
  split?: Split,
  parts = PARTS,
): Promise<readonly MeasuredExpansion[]> {
  requireQuestion(points, features, alpha, epsilons);
  requireInteger('parts', parts);
  const chosen = split ?? halves(points.length / features, random.split('halves'));
  requireSplit(chosen, points.length / features);
  const { training } = chosen;
  const search = random.split('search');
  const { sets, complete } =
    norm === 'l2'
      ? await greedyBalls(
          points,
          features,
          shareToHold(alpha, training.length),
          epsilons,
          parts,
          training,
          search,
          stop,
          observe,
        )
      : await outsideDenseBoxes(points, features, alpha, epsilons, parts, training, search, stop, observe);
  return epsilons.map((epsilon, e) => {
    const family = norm === 'l2' ? 'balls' : 'boxes';
    return measureExpansion(points, features, chosen, {
      family,
      norm,
      alpha,
      epsilon,
      set: sets[e]!,
      complete,
    });
  });
}
