// The dimensions of the data side by side.
import { effectiveDimensions } from '../../dimension/index.ts';
import { rng } from '../../random/index.ts';
import { plainEstimate } from '../estimate.ts';
import { classGroups } from '../labels.ts';
import type { Measure } from '../part.ts';
import type { SurveyDimensions } from '../result.ts';

/** All estimators; one that does not apply says why. */
export const measureDimensions: Measure<SurveyDimensions> = async ({ points, features, labels, seed }) => {
  const readings = effectiveDimensions(points, features, classGroups(labels), rng(seed).split('dimension'));
  return {
    value: {
      readings: readings.map(({ name, dimension, meaning }) => ({
        name,
        dimension: plainEstimate(dimension),
        reason: null,
        meaning,
        notes: [],
      })),
      scales: [],
    },
  };
};
