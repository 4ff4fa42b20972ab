// The noise of the labels: every reading that applies, the surest first, and the bias of neighbours shown.
import { RobustlawError } from '../../errors.ts';
import { plainEstimate } from '../../guarantee/index.ts';
import {
  entropyOfFlips,
  givenFlips,
  givenVariance,
  type NoiseLevel,
  neighbourProfile,
  noiseOfDuplicates,
  noiseOfNeighbours,
  noiseOfReference,
} from '../../noise/index.ts';
import { rng } from '../../random/index.ts';
import { type Neighbourhoods, nearestNeighbours } from '../../separation/index.ts';
import { labelVectors, type SurveyLabels } from '../labels.ts';
import { type KnownNoise, type Measure, OUT_OF_TIME } from '../part.ts';
import type { SurveyNoise } from '../result.ts';

const NEIGHBOURS = 10;
/** Rows searched for neighbours, and multiplications for that: some seconds. */
const MOST_SEARCHED = 10_000;
const MOST_PRODUCTS = 1e11;
/** Points of the profile. */
const PARTS = 8;

interface Reading {
  readonly name: string;
  readonly noise: NoiseLevel;
}

/** What is given comes first, then equal rows, then neighbours; time that is over leaves what is given. */
export const measureNoise: Measure<SurveyNoise> = async (subject, stop, observe) => {
  const { points, features, labels, known, seed } = subject;
  if (labels.kind === 'classification' && labels.names.length < 2)
    throw new RobustlawError(
      'invalid-argument',
      `all labels are the same (${labels.names[0]}): there is no noise to see`,
    );
  const random = rng(seed).split('noise');
  const { y, outputs } = labelVectors(labels);
  const given = known === undefined ? [] : [givenReading(known, labels)];
  let neighbourhoods: Neighbourhoods | undefined;
  let missing: string | undefined;
  if (points.length / features < 2) missing = 'one row has no neighbour';
  else {
    try {
      neighbourhoods = await nearestNeighbours(
        points,
        features,
        NEIGHBOURS,
        random.split('neighbours'),
        Math.min(MOST_SEARCHED, Math.sqrt(MOST_PRODUCTS / features)),
        (done, of) => observe(done / of),
        stop,
      );
    } catch (error) {
      if (!(error instanceof RobustlawError && error.code === 'interrupted')) throw error;
      missing = `neighbours were not searched: ${OUT_OF_TIME}`;
    }
  }
  const copies = neighbourhoods && noiseOfDuplicates(neighbourhoods, y, outputs, random.split('duplicates'));
  const near =
    neighbourhoods && noiseOfNeighbours(neighbourhoods, y, outputs, labels.kind, random.split('neighbours'));
  const readings: readonly Reading[] = [
    ...given,
    ...(copies ? [{ name: 'equal rows', noise: copies }] : []),
    ...(near ? [{ name: 'nearest neighbours', noise: near }] : []),
  ];
  const [best] = readings;
  if (!best) throw new RobustlawError('invalid-argument', `the noise is not known: ${missing}`);
  return {
    value: {
      level: plainEstimate(best.noise.level),
      source: best.noise.source,
      readings: readings.map(({ name, noise: { level, source } }) => ({
        name,
        level: plainEstimate(level),
        source,
      })),
      variance: varianceOf(y, outputs),
      crossEntropyFloor:
        known && 'flips' in known && labels.kind === 'classification'
          ? entropyOfFlips(known.flips, labels.names.length)
          : null,
      profile: neighbourhoods
        ? neighbourProfile(neighbourhoods, y, outputs, labels.kind, PARTS).map(({ interval, ...one }) => ({
            ...one,
            interval: interval ? [interval[0], interval[1]] : null,
          }))
        : [],
    },
    ...(missing !== undefined && { missing }),
  };
};

function givenReading(known: KnownNoise, labels: SurveyLabels): Reading {
  if ('variance' in known) return { name: 'given variance', noise: givenVariance(known.variance) };
  if (labels.kind === 'regression')
    throw new RobustlawError('invalid-argument', 'the labels are numbers: give their noise as a variance');
  const classes = labels.names.length;
  return 'flips' in known
    ? { name: 'given flips', noise: givenFlips(known.flips, classes) }
    : { name: 'reference model', noise: noiseOfReference(known.accuracy, classes, known.rows) };
}

/** sum_k Var y_k. */
function varianceOf(y: ArrayLike<number>, outputs: number): number {
  const rows = y.length / outputs;
  let total = 0;
  for (let k = 0; k < outputs; k++) {
    let mean = 0;
    for (let i = 0; i < rows; i++) mean += y[i * outputs + k]! / rows;
    for (let i = 0; i < rows; i++) total += (y[i * outputs + k]! - mean) ** 2 / rows;
  }
  return total;
}
