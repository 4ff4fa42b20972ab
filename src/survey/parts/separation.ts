// Distances between rows of different classes in three norms: the closest pair, how they are distributed, and radii against them.
import { RobustlawError } from '../../errors.ts';
import type { Norm } from '../../guarantee/index.ts';
import { quantile } from '../../numeric/index.ts';
import { rng } from '../../random/index.ts';
import {
  type ClassDistances,
  classDistances,
  robustMemorizerScaling,
  robustnessRatio,
} from '../../separation/index.ts';
import { labelText } from '../labels.ts';
import { type Measure, OUT_OF_TIME, type Subject } from '../part.ts';
import type { SurveySeparation } from '../result.ts';

const NORMS: readonly Norm[] = ['l1', 'l2', 'linf'];
const SHARES = [0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1];
const BINS = 40;

/** Only for classes: numbers are nowhere separated. */
export const measureSeparation: Measure<SurveySeparation> = async (subject, stop, observe) => {
  const { points, features, labels, seed } = subject;
  if (labels.kind === 'regression')
    throw new RobustlawError('invalid-argument', 'the labels are numbers: only classes are separated');
  if (labels.names.length < 2)
    throw new RobustlawError(
      'invalid-argument',
      `all labels are the same (${labels.names[0]}): nothing to separate`,
    );
  const random = rng(seed).split('separation');
  const found = await classDistances(points, features, labels.classes, NORMS, random, stop, observe);
  const cut = found.filter(({ exhaustive }) => !exhaustive);
  const rows = labels.classes.length;
  return {
    value: found.map((one) => separationOf(subject, one)),
    ...(cut.length > 0 &&
      stop() && {
        missing:
          `pairs of ${Math.min(...cut.map(({ compared }) => compared))} of ${rows} rows were compared in ` +
          `${cut.map(({ norm }) => norm).join(', ')}: ${OUT_OF_TIME}; the closest pair may be closer`,
      }),
  };
};

function separationOf(
  { points, features, labels, radii }: Subject,
  { norm, closest, exhaustive, compared, sample, distances }: ClassDistances,
): SurveySeparation[number] {
  const n = points.length / features;
  const row = (number: number) => ({ row: number, label: labelText(labels, number) });
  const robustRadius = closest.distance / 2;
  return {
    norm,
    closest: { distance: closest.distance, rows: [row(closest.first), row(closest.second)] },
    exhaustive,
    compared,
    robustRadius,
    quantiles: SHARES.map((share) => ({ share, distance: quantile(distances, share) })),
    histogram: histogramOf(distances),
    sampled: sample.length,
    radii: radii
      .filter((asked) => asked.norm === norm)
      .map(({ radius }) => {
        const ratio = closest.distance > 0 ? robustnessRatio(radius, closest.distance) : null;
        return {
          radius,
          ratio,
          // The theorem is about l2.
          parameters:
            norm === 'l2' && ratio !== null && ratio < 1 ? robustMemorizerScaling(n, features, ratio) : null,
          sharedShare: distances.filter((distance) => distance <= 2 * radius).length / distances.length,
        };
      }),
  };
}

function histogramOf(distances: Float64Array): SurveySeparation[number]['histogram'] {
  const from = distances.reduce((least, distance) => Math.min(least, distance), Infinity);
  const to = distances.reduce((most, distance) => Math.max(most, distance), 0);
  const counts = new Array<number>(BINS).fill(0);
  for (const distance of distances) {
    const bin = to > from ? Math.floor((BINS * (distance - from)) / (to - from)) : 0;
    counts[Math.min(BINS - 1, bin)]!++;
  }
  return { from, to, counts };
}
