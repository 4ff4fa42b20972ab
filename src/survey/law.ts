// What the law asks of a model for these data: n D parameters for every reading of the dimension D.
import { scalingLaw, scalingLawParameters } from '../law/index.ts';
import { mapped } from './estimate.ts';
import type { SurveyDimensions, SurveyLaw } from './result.ts';

/**
 * P of order n D for a robust fit below the noise (Bubeck and Sellke 2021: Lip >= Omega(sqrt(n D / P))), and the constant of
 * that order at P = n. Orders of magnitude: the constant of the law is open. Intervals are those of D.
 */
export function whatTheLawAsks(n: number, { readings }: SurveyDimensions): SurveyLaw {
  return {
    n,
    asks: readings.flatMap(({ name, dimension }) =>
      dimension === null || !(dimension.interval[0] > 0)
        ? []
        : [
            {
              name,
              dimension,
              parameters: mapped(dimension, (d) => scalingLawParameters(n, d, 1)),
              lipschitz: mapped(dimension, (d) => scalingLaw(n, d, n)),
            },
          ],
    ),
  };
}
