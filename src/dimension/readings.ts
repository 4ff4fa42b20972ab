// All estimators of dimension side by side; one that does not apply says why, and the others answer.
import type { Rng } from '../random/index.ts';
import type { Neighbourhoods } from '../separation/index.ts';
import type { Stop } from '../stop.ts';
import { robustCapacity } from './capacity.ts';
import { constructiveDimension } from './constructive.ts';
import { correlationIntegral } from './correlation-integral.ts';
import {
  AMBIENT,
  CLASS_STABLE_RANK,
  effectiveDimensions,
  PARTICIPATION_RATIO,
  STABLE_RANK,
} from './covariance.ts';
import { expectedSimplexSkewness } from './expected-simplex-skewness.ts';
import { gride } from './gride.ts';
import { levinaBickel } from './levina-bickel.ts';
import type { DimensionReading, Finding } from './reading.ts';
import { twoNN } from './two-nn.ts';

/** Neighbours of each row that all estimators together make use of. */
export const NEIGHBOURS_FOR_DIMENSION = 100;

export const CONSTRUCTIVE = 'constructive effective dimension';
export const CAPACITY = 'capacity of robust fits, P / n';

/** Neighbours of the estimator of Levina and Bickel, as Pope et al. (2021) have them. */
const LEVINA_BICKEL = [3, 5, 10, 20] as const;

/**
 * Readings of the dimension of the data, in this order: features, stable rank, stable rank within classes (where classes are
 * given), participation ratio, TwoNN, Levina and Bickel for 3, 5, 10 and 20 neighbours, Gride, correlation integral, expected
 * simplex skewness, constructive effective dimension, capacity of robust fits. The first ones are about directions in which data
 * spread, which the law is about; those from neighbours about the manifold on which they lie, which need not concentrate; the
 * last two about functions that fit noise on samples of the data, explicit and trained.
 *
 * Cost beside the neighbours: that of `effectiveDimensions`, n k, 1e9 operations, and for the last two some three seconds, ten
 * where rows have a thousand features. `stop` is asked between and within estimators; what is missing then says so.
 *
 * @param points `[rows, features]`.
 * @param classes of the rows; undefined in regression.
 * @param neighbourhoods in l2 of these rows or a choice of them, `NEIGHBOURS_FOR_DIMENSION` of each; undefined where there are
 *   none, as for a single row.
 * @param observe told the share that is done.
 * @throws RobustlawError `invalid-argument` for no rows, a number that is not finite, or lengths that differ. Estimates.
 */
export async function dimensionReadings(
  points: ArrayLike<number>,
  features: number,
  classes: ArrayLike<number> | undefined,
  neighbourhoods: Neighbourhoods | undefined,
  random: Rng,
  stop: Stop,
  observe: (share: number) => void = () => {},
): Promise<readonly DimensionReading[]> {
  const ofSpread = effectiveDimensions(points, features, classes, random);
  const rows = points.length / features;
  const readings = [AMBIENT, STABLE_RANK, CLASS_STABLE_RANK, PARTICIPATION_RATIO].flatMap(
    (name): DimensionReading[] => {
      const found = ofSpread.find((one) => one.name === name);
      if (found) return [{ ...found, notes: [] }];
      if (name === CLASS_STABLE_RANK && !classes) return [];
      return [{ name, unavailable: whyNoSpread(name, rows), meaning: WITHOUT_SPREAD, notes: [] }];
    },
  );
  const alone: Finding = { unavailable: 'no neighbours: there is one row' };
  const near = (estimate: (neighbourhoods: Neighbourhoods) => Finding | undefined) => () =>
    neighbourhoods ? estimate(neighbourhoods) : alone;
  const estimators: readonly Estimator[] = [
    ['TwoNN', MANIFOLD, near(twoNN)],
    ...LEVINA_BICKEL.map(
      (k) => [`Levina-Bickel, ${k} neighbours`, MANIFOLD, near((found) => levinaBickel(found, k))] as const,
    ),
    ['Gride', SCALES, near(gride)],
    ['correlation integral', PAIRS, () => correlationIntegral(points, features, random.split('pairs'), stop)],
    [
      'expected simplex skewness',
      ANGLES,
      near((found) => expectedSimplexSkewness(points, features, found, random.split('centres'), stop)),
    ],
    [
      CONSTRUCTIVE,
      CONSTRUCTED,
      () => constructiveDimension(points, features, random.split('construction'), stop),
    ],
    [
      CAPACITY,
      TRAINED,
      () =>
        robustCapacity(points, features, random.split('capacity'), stop, (share) =>
          observe(BEFORE_TRAINING + (1 - BEFORE_TRAINING) * share),
        ),
    ],
  ];
  for (const [at, [name, meaning, estimate]] of estimators.entries()) {
    // Whoever watches is let in between: most estimators do not wait for anything.
    await new Promise((resolve) => setImmediate(resolve));
    const found = (stop() ? undefined : await estimate()) ?? {
      unavailable: 'stopped before its turn was over',
    };
    readings.push({ name, meaning, notes: [], ...found });
    if (at < estimators.length - 1) observe((BEFORE_TRAINING * (at + 1)) / (estimators.length - 1));
  }
  observe(1);
  return readings;
}

type Estimator = readonly [
  name: string,
  meaning: string,
  estimate: () => Finding | undefined | Promise<Finding | undefined>,
];

/** Share of the time in which all but the last are done, about. */
const BEFORE_TRAINING = 0.4;

const WITHOUT_SPREAD = 'How many directions share the variance of the data.';
const MANIFOLD =
  'How many coordinates describe the data near a point. The law asks how tightly smooth functions concentrate on all of the ' +
  'data, for which many coordinates are neither needed nor enough: beside the spread it is context.';
const SCALES =
  'As TwoNN, at growing distances: noise shows at small ones, edges and curvature at large ones; a level stretch is the ' +
  'dimension at those distances. Context, as TwoNN.';
const PAIRS =
  'How fast the number of close pairs grows with distance; dense parts of the data count most. Context, as TwoNN.';
const ANGLES =
  'How near to orthogonal directions from a point to its neighbours are, which no change of density along them disturbs. ' +
  'Context, as TwoNN.';
const CONSTRUCTED =
  'The dimension of the sphere on which the smoothest function through random signs is as smooth as on these data. The law ' +
  'asks for n D parameters, and explicit radial bumps attain it with n D on a sphere of D dimensions: an example of how smooth ' +
  'fits of noise are here, from the side that the proof does not cover. Near copies and clusters lower it; a Gaussian of D ' +
  'dimensions reads between D / 2 and D.';
const TRAINED =
  'Parameters for each point that a robust fit of random signs took, as the talk reads about 10 for MNIST: n D by the law, up to ' +
  'its constant and to what training does not find. Smaller or other networks may do.';

function whyNoSpread(name: string, rows: number): string {
  if (name === CLASS_STABLE_RANK)
    return 'most rows are in classes of fewer than 10 rows or without any spread';
  return rows < 4 ? `${rows} rows are too few` : 'the rows do not vary';
}
