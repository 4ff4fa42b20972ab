// What the chart of the law shows for one data set: Lipschitz constants against P, each as what is known of it.

import type { Series, StudyResult } from '../../study/index.ts';
import { doneOutcomes } from '../outcomes.ts';
import { type Spread, spreadOf } from '../spread.ts';
import type { FamilyStyle } from '../theme.ts';

/** A constant known exactly, over seeds. */
export interface ExactMark {
  readonly parameterCount: number;
  readonly constant: Spread;
}

/** A constant known to lie between a witnessed lower and a certified upper end; one per trial. */
export interface Bar {
  readonly parameterCount: number;
  readonly lower: number;
  readonly upper: number;
  /** The product of spectral norms; NaN where there is none. */
  readonly product: number;
  /** Position among the bars of one size, and their number. */
  readonly index: number;
  readonly count: number;
}

/** A constant known only from above, over seeds. */
export interface UpperMark {
  readonly parameterCount: number;
  readonly bound: Spread;
}

/** A constant known only from below, over seeds. */
export interface LowerMark {
  readonly parameterCount: number;
  readonly bound: Spread;
}

export interface FamilyMarks {
  readonly style: FamilyStyle;
  readonly exact: readonly ExactMark[];
  readonly bars: readonly Bar[];
  readonly uppers: readonly UpperMark[];
  readonly lowers: readonly LowerMark[];
  /** The theorem's lower bound for the class, where it says something. */
  readonly classBounds: readonly { readonly parameterCount: number; readonly bound: number }[];
}

export interface LawChartData {
  readonly data: string;
  readonly n: number;
  readonly d: number;
  readonly families: readonly FamilyMarks[];
  readonly mcShane?: Spread;
}

/** The data sets that have a series, the largest n d first. */
export function chartedDataSets(result: StudyResult): readonly string[] {
  const size = new Map<string, number>();
  for (const { data, n, d } of result.analysis.series) size.set(data, Math.max(n * d, size.get(data) ?? 0));
  return Array.from(size.keys()).sort((a, b) => size.get(b)! - size.get(a)!);
}

/** Everything the chart of data set `data` shows. Only positive finite constants have a place on its axes. */
export function lawChartData(
  result: StudyResult,
  data: string,
  styles: ReadonlyMap<string, FamilyStyle>,
): LawChartData {
  const series = result.analysis.series.filter((candidate) => candidate.data === data);
  const mcShane = spreadOf(
    doneOutcomes(result)
      .filter(({ trial }) => trial.data === data)
      .map((outcome) => outcome.result.law.mcShaneOptimum)
      .filter(isDrawable),
  );
  return {
    data,
    n: series[0]!.n,
    d: series[0]!.d,
    families: series.map((one) => familyMarks(one, styles.get(one.family)!)).filter(hasMarks),
    ...(mcShane && { mcShane }),
  };
}

/** A constant of 0 or one that is not finite has no place on a logarithmic axis. */
export function isDrawable(value: number | undefined): value is number {
  return value !== undefined && Number.isFinite(value) && value > 0;
}

function familyMarks(series: Series, style: FamilyStyle): FamilyMarks {
  const points = series.points
    .filter(({ parameterCount }) => isDrawable(parameterCount))
    .toSorted((a, b) => a.parameterCount - b.parameterCount);
  return {
    style,
    exact: points.flatMap(({ exact, parameterCount, upper }) => {
      const constant = exact ? spreadOf(upper.filter(isDrawable)) : undefined;
      return constant ? [{ parameterCount, constant }] : [];
    }),
    bars: points.flatMap(({ exact, parameterCount, lower, upper, product }) => {
      if (exact || !lower) return [];
      const ends = upper
        .map((value, seed) => ({
          parameterCount,
          lower: lower[seed] ?? Number.NaN,
          upper: value,
          product: product?.[seed] ?? Number.NaN,
        }))
        // A lower end of 0 is a bar down to the edge of the chart.
        .filter((ends) => ends.lower >= 0 && isDrawable(ends.upper));
      return ends.map((end, index) => ({ ...end, index, count: ends.length }));
    }),
    uppers: points.flatMap(({ exact, parameterCount, lower, upper }) => {
      const bound =
        exact || lower?.some((value) => value >= 0) ? undefined : spreadOf(upper.filter(isDrawable));
      return bound ? [{ parameterCount, bound }] : [];
    }),
    lowers: points.flatMap(({ exact, parameterCount, lower, upper }) => {
      const bound = exact || upper.some(isDrawable) ? undefined : spreadOf((lower ?? []).filter(isDrawable));
      return bound ? [{ parameterCount, bound }] : [];
    }),
    classBounds: points.flatMap(({ parameterCount, certifiedBound }) =>
      isDrawable(certifiedBound) ? [{ parameterCount, bound: certifiedBound }] : [],
    ),
  };
}

/** Whether some constant of the family is a point of the chart; one known only between two ends is none. */
export function hasPoints(family: FamilyMarks): boolean {
  return family.exact.length + family.uppers.length + family.lowers.length > 0;
}

function hasMarks(marks: FamilyMarks): boolean {
  return hasPoints(marks) || marks.bars.length > 0;
}
