// The bounds on one Lipschitz constant: a bar from the best witness to each certificate, a dot for each witness.
import type { Html } from '../html.ts';
import { significant } from '../number.ts';
import { paddedDomain } from './axes.ts';
import { type IntervalChart, type IntervalRow, intervalChart, intervalCharts } from './interval-chart.ts';
import { linear, logarithmic } from './value-axis.ts';

/** What one method says about a constant. */
export interface Bound {
  readonly method: string;
  readonly kind: 'exact' | 'upper' | 'lower';
  readonly value: number;
}

/** Beyond this ratio of the largest bound to the smallest the axis is logarithmic. */
const SPREAD = 5;

/** The chart for a desk and for a phone, or undefined where no bound is positive and finite. */
export function boundsCharts(bounds: readonly Bound[], id: string, title: string): Html | undefined {
  const chart = chartOf(bounds);
  return chart && intervalCharts(chart, id, title);
}

/** The chart for a desk alone. */
export function boundsChart(bounds: readonly Bound[], id: string, title: string): Html | undefined {
  const chart = chartOf(bounds);
  return chart && intervalChart(chart, id, title);
}

/** `≤ 24.4`, rounded away from the truth. */
export function withRelation({ kind, value }: Pick<Bound, 'kind' | 'value'>): string {
  if (kind === 'exact') return `= ${significant(value)}`;
  return kind === 'lower' ? `≥ ${significant(value, 'down')}` : `≤ ${significant(value, 'up')}`;
}

function chartOf(bounds: readonly Bound[]): IntervalChart | undefined {
  const drawn = bounds
    .filter(({ value }) => value > 0 && Number.isFinite(value))
    .toSorted((a, b) => b.value - a.value);
  if (drawn.length === 0) return undefined;
  const values = drawn.map(({ value }) => value);
  const wide = Math.max(...values) > SPREAD * Math.min(...values);
  const domain = paddedDomain(values, wide ? 1.1 : 1.01);
  const floor = Math.max(domain[0], ...drawn.flatMap(({ kind, value }) => (kind === 'upper' ? [] : [value])));
  return {
    rows: drawn.map((bound) => rowOf(bound, floor)),
    axis: (range, ticks) => (wide ? logarithmic : linear)(domain, range, ticks),
    label: wide ? 'Lipschitz constant (log scale)' : 'Lipschitz constant',
  };
}

function rowOf(bound: Bound, floor: number): IntervalRow {
  const { method, kind, value } = bound;
  const words = { name: method, value: withRelation(bound) };
  if (kind === 'lower') return { ...words, dot: value, colour: 'var(--series-1)' };
  return { ...words, bar: [Math.min(floor, value), value], tick: value, colour: 'var(--series-0)' };
}
