// What the law asks of a model for these data: n D parameters for every reading of the dimension D.
import type { PlainEstimate } from '../guarantee/index.ts';
import { scalingLaw, scalingLawParameters } from '../law/index.ts';
import { mapped } from './estimate.ts';
import type {
  OpenEstimate,
  SurveyDimensions,
  SurveyIsoperimetry,
  SurveyIsoperimetrySample,
  SurveyLaw,
} from './result.ts';

/** The names of the readings from the test of isoperimetry. */
export const CONCENTRATION = 'concentration dimension';
export const CLASS_CONCENTRATION = 'concentration dimension within groups';

/**
 * P of order n D for a robust fit below the noise (Bubeck and Sellke 2021: Lip >= Omega(sqrt(n D / P))), and the constant of
 * that order at P = n. Orders of magnitude: the constant of the law is open. Intervals are those of D.
 *
 * To the readings of the dimension, d / c from the test of isoperimetry is added: of all rows, and of the group with the
 * least, as the law for mixtures asks the same c of every component.
 */
export function whatTheLawAsks(
  n: number,
  readings: SurveyDimensions['readings'],
  isoperimetry: SurveyIsoperimetry | undefined,
): SurveyLaw {
  const all = readings.flatMap(({ name, dimension }) => (dimension ? [{ name, dimension }] : []));
  return {
    n,
    asks: [...all, ...concentrationReadings(isoperimetry)]
      .filter(({ dimension }) => dimension.value > 0 && dimension.interval[0] > 0)
      .map(({ name, dimension }) => ({
        name,
        dimension,
        parameters: mapped(dimension, (d) => scalingLawParameters(n, d, 1)),
        lipschitz: mapped(dimension, (d) => scalingLaw(n, d, n)),
      })),
  };
}

interface Named {
  readonly name: string;
  readonly dimension: PlainEstimate;
}

function concentrationReadings(isoperimetry: SurveyIsoperimetry | undefined): readonly Named[] {
  if (!isoperimetry) return [];
  const { overall, groups } = isoperimetry;
  const worst = groups
    .filter(measured)
    .reduce<SurveyIsoperimetrySample | undefined>(
      (least, one) => (!least || value(one) < value(least) ? one : least),
      undefined,
    );
  return [
    ...(measured(overall) ? named(CONCENTRATION, overall.concentrationDimension) : []),
    ...(worst ? named(CLASS_CONCENTRATION, worst.concentrationDimension) : []),
  ];
}

/** Rows that are too few give no dimension that means anything. */
function measured({ concentrationDimension, verdict }: SurveyIsoperimetrySample): boolean {
  return concentrationDimension !== null && verdict.kind !== 'too few rows' && verdict.kind !== 'no spread';
}

function value({ concentrationDimension }: SurveyIsoperimetrySample): number {
  return concentrationDimension?.value ?? Infinity;
}

function named(name: string, reading: OpenEstimate | null): readonly Named[] {
  if (reading === null) return [];
  const [low, high] = reading.interval;
  return high === null ? [] : [{ name, dimension: { ...reading, interval: [low, high] } }];
}
