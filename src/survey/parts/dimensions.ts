// The dimensions of the data side by side, each with its interval, or why it does not apply.
import { type DimensionReading, dimensionReadings, NEIGHBOURS_FOR_DIMENSION } from '../../dimension/index.ts';
import { RobustlawError } from '../../errors.ts';
import { plainEstimate } from '../../guarantee/index.ts';
import { rng } from '../../random/index.ts';
import { type Neighbourhoods, nearestNeighbours } from '../../separation/index.ts';
import type { Stop } from '../../stop.ts';
import { type Measure, OUT_OF_TIME, type Subject } from '../part.ts';
import type { SurveyDimensions } from '../result.ts';

/** Multiplications of the search for neighbours: that of 60,000 rows of 784 features is whole. */
const MOST_PRODUCTS = 4e12;
/** Of the time, about. */
const SEARCH = 0.7;

/** Neighbours are searched among all rows; where time ends that, the estimators without neighbours still answer. */
export const measureDimensions: Measure<SurveyDimensions> = async (subject, stop, observe) => {
  const { points, features, labels, seed } = subject;
  const random = rng(seed).split('dimension');
  const found = await neighboursOf(subject, stop, (share) => observe(SEARCH * share));
  const classes = labels.kind === 'classification' ? labels.classes : undefined;
  const readings = await dimensionReadings(
    points,
    features,
    classes,
    found.neighbourhoods,
    random,
    stop,
    (share) => observe(SEARCH + (1 - SEARCH) * share),
  );
  const curve = readings.find((reading) => reading.curve)?.curve ?? [];
  return {
    value: {
      readings: readings.map((reading) => plainReading(reading, found.interrupted)),
      scales: curve.map(({ neighbours, distance, dimension }) => ({
        neighbours,
        distance,
        dimension: plainEstimate(dimension),
      })),
    },
    ...((found.interrupted || stop()) && { missing: `${OUT_OF_TIME}: some estimators have no answer` }),
  };
};

async function neighboursOf(
  { points, features, seed }: Subject,
  stop: Stop,
  observe: (share: number) => void,
): Promise<{ readonly neighbourhoods: Neighbourhoods | undefined; readonly interrupted: boolean }> {
  if (points.length / features < 2) return { neighbourhoods: undefined, interrupted: false };
  try {
    const neighbourhoods = await nearestNeighbours(
      points,
      features,
      NEIGHBOURS_FOR_DIMENSION,
      rng(seed).split('dimension').split('neighbours'),
      Math.sqrt(MOST_PRODUCTS / features),
      (done, of) => observe(done / of),
      stop,
    );
    return { neighbourhoods, interrupted: false };
  } catch (error) {
    if (error instanceof RobustlawError && error.code === 'interrupted')
      return { neighbourhoods: undefined, interrupted: true };
    throw error;
  }
}

function plainReading(
  { name, dimension, unavailable, meaning, notes }: DimensionReading,
  interrupted: boolean,
): SurveyDimensions['readings'][number] {
  const finite = dimension && [dimension.value, ...dimension.interval].every(Number.isFinite);
  const reason = finite ? null : interrupted ? OUT_OF_TIME : (unavailable ?? 'the estimate is not finite');
  return {
    name,
    dimension: finite ? plainEstimate(dimension) : null,
    reason,
    meaning,
    notes: [...notes],
  };
}
