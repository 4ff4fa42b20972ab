// The trials of one group of a fit: what was measured, on which draw of the data, and what predictors say about them.
import type { Estimate } from '../../guarantee/index.ts';
import type { FitQuestion } from '../specification.ts';
import { CONFIDENCE } from './grouped-fit.ts';
import { type Predictor, predictorOf } from './quantities.ts';
import type { Finished } from './series.ts';

/** Fewer draws of the data show no spread. */
export const MIN_DRAWS = 3;
/** Between the largest and the least value of a predictor. */
const LEAST_RATIO = 1.05;

export interface Sample {
  readonly scale: FitQuestion['scale'];
  readonly members: readonly Finished[];
  /** The measured quantity of each member, positive and finite. */
  readonly y: readonly number[];
  /** The draw of the data that each member was fitted to. */
  readonly draws: readonly string[];
}

/** The predictor for each member; undefined where one of them has none. */
export function valuesOf(predictor: Predictor, { members }: Sample): readonly number[] | undefined {
  const values = members.map((member) => predictorOf(predictor, member));
  return values.every((value) => value !== undefined) ? values : undefined;
}

/** A predictor that is nearly the same for all explains nothing. */
export function varies(values: readonly number[]): boolean {
  const [least, largest] = values.reduce(
    ([low, high], value) => [Math.min(low, value), Math.max(high, value)],
    [Number.POSITIVE_INFINITY, 0],
  );
  return largest > LEAST_RATIO * least;
}

/** From a value to its place on the axes of the fit. */
export function axisOf(scale: FitQuestion['scale']): (value: number) => number {
  return scale === 'log' ? Math.log : (value) => value;
}

/** Makes estimates that say how the fits of this sample were made. */
export function estimator({ scale, draws }: Sample) {
  const method = `least squares${scale === 'log' ? ' of the logarithms' : ''}, bootstrap over ${new Set(draws).size} draws of the data`;
  return (value: number, interval: readonly [number, number]): Estimate => {
    return { kind: 'estimate', value, interval, confidence: CONFIDENCE, method };
  };
}
