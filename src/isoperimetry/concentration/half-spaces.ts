// Concentration seen through half-spaces (Prescott, Zhang and Evans, "Improved estimation of concentration under lp-norm distance metrics using half spaces", 2021).
import type { Rng } from '../../random/index.ts';
import type { Stop } from '../../stop.ts';
import { bestNormals, lastInside } from './half-space-search.ts';
import { type MeasuredExpansion, measureExpansion } from './measured.ts';
import { type ExpansionNorm, type HalfSpace, projection } from './sets.ts';
import { halves, requireQuestion, requireSplit, type Split, shareToHold } from './split.ts';

/**
 * For each epsilon the half-space, of a family, that holds alpha of the data and whose expansion by epsilon holds least.
 *
 * The family: normals w = sign(v) |v|^e of every principal component v, with e = 1, 1.5, ..., 10.5, 11 and, where 11 is best,
 * further by 10 and then by 1 around the best; and the coordinates, where these powers lead; both directions of each. With
 * the dual norm of w equal to 1, the expansion of { w . x <= b } is { w . x <= b + epsilon }. Of the rows, a half (`split`)
 * chooses: b is the empirical (alpha + 0.5 / sqrt(n))-quantile, and w the normal with the fewest rows within b + epsilon,
 * as float32 tells. The other half measures, in float64. Half-spaces are optimal for Gaussians, along the top component for
 * l2 and along a coordinate for linf (see `gaussianHalfSpace`).
 *
 * Guarantee: estimates, with intervals of confidence 95 % for the masses of the set found and of its expansion; about the
 * concentration function they speak from above only (see `MeasuredExpansion`).
 *
 * Cost: an eigenvalue problem of min(n, d, 1024) rows and about 23 min(n, d, 1024) n d multiplications, at most some 3e10:
 * beyond, all normals are tried on fewer of the training rows, the 256 best of each epsilon on all of them and, where rows are
 * long, fewer components.
 *
 * @param points `[rows, features]`.
 * @param epsilons distances in `norm`, each at least 0.
 * @param stop asked between blocks of normals; the best half-spaces so far are returned.
 * @param observe is told how many of about how many normals have been tried.
 * @param split rows that choose and rows that measure; defaults to random halves.
 * @throws RobustlawError `invalid-argument` for fewer than 10 rows, numbers that are not finite or out of their range.
 */
export async function halfSpaceConcentration(
  points: ArrayLike<number>,
  features: number,
  norm: ExpansionNorm,
  alpha: number,
  epsilons: readonly number[],
  random: Rng,
  stop: Stop,
  observe: (done: number, of: number) => void = () => {},
  split?: Split,
): Promise<readonly MeasuredExpansion[]> {
  requireQuestion(points, features, alpha, epsilons);
  const parts = split ?? halves(points.length / features, random.split('halves'));
  requireSplit(parts, points.length / features);
  const { training } = parts;
  const share = shareToHold(alpha, training.length);
  const { normals, complete } = await bestNormals(
    points,
    features,
    norm,
    epsilons,
    training,
    share,
    random.split('search'),
    stop,
    observe,
  );
  return epsilons.map((epsilon, e) => {
    const set = throughQuantile(points, normals[e]!, share, training);
    const found = { family: 'half-spaces', norm, alpha, epsilon, set, complete } as const;
    return measureExpansion(points, features, parts, found);
  });
}

/** The half-space with this normal that holds as many of the rows as it has to. */
function throughQuantile(
  points: ArrayLike<number>,
  normal: Float64Array,
  share: number,
  rows: Int32Array,
): HalfSpace {
  const along = Float64Array.from(rows, (row) => projection(normal, points, row)).sort();
  return { kind: 'half-space', normal, offset: along[lastInside(share, rows.length)]! };
}
