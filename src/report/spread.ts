// Several replicates of one number, shown as median and range.
import { median } from '../numeric/index.ts';

export interface Spread {
  readonly low: number;
  readonly median: number;
  readonly high: number;
  readonly count: number;
}

/** Median, least and greatest of the finite values; undefined where there is none. */
export function spreadOf(values: readonly (number | undefined)[]): Spread | undefined {
  const finite = values.filter((value): value is number => value !== undefined && Number.isFinite(value));
  if (finite.length === 0) return undefined;
  return {
    low: Math.min(...finite),
    median: median(finite),
    high: Math.max(...finite),
    count: finite.length,
  };
}
