// The bounds on one Lipschitz constant: a bar from the best witness to each certificate, a dot for each witness.
import * as Plot from '@observablehq/plot';
import type { LipschitzMeasurement } from '../../guarantee/index.ts';
import type { Html } from '../html.ts';
import { significant } from '../number.ts';
import { logTicks, paddedDomain, tickText } from './axes.ts';
import { drawSvg } from './svg.ts';

const WIDTH = 920;
const ROW = 34;
const NAMES = 390;
const VALUES = 96;
const FONT_SIZE = 14;
/** Beyond this ratio of the largest bound to the smallest the axis is logarithmic. */
const WIDE = 5;

/** The chart, or undefined where no bound is positive and finite. */
export function boundsChart(measurement: LipschitzMeasurement, id: string, title: string): Html | undefined {
  const bounds = measurement.answers
    .flatMap(({ guarantees }) => guarantees)
    .filter(({ value }) => value > 0 && Number.isFinite(value))
    .toSorted((a, b) => b.value - a.value)
    .map((bound, row) => ({ ...bound, row: `${row}` }));
  if (bounds.length === 0) return undefined;
  const values = bounds.map(({ value }) => value);
  const wide = Math.max(...values) > WIDE * Math.min(...values);
  const domain = paddedDomain(values, wide ? 1.1 : 1.01);
  const uppers = bounds.filter(({ kind }) => kind !== 'lower');
  const lowers = bounds.filter(({ kind }) => kind === 'lower');
  const floor = measurement.lower && measurement.lower.value > 0 ? measurement.lower.value : domain[0];
  return drawSvg(
    {
      width: WIDTH,
      height: bounds.length * ROW + 64,
      marginLeft: NAMES,
      marginRight: VALUES,
      marginTop: 8,
      marginBottom: 52,
      style: { fontSize: `${FONT_SIZE}px` },
      x: {
        domain: [...domain],
        ...(wide
          ? { type: 'log', ticks: [...logTicks(domain, 7)], tickFormat: tickText }
          : { type: 'linear', ticks: 5 }),
        label: wide ? 'Lipschitz constant (log scale)' : 'Lipschitz constant',
        labelAnchor: 'center',
        grid: true,
      },
      y: { type: 'band', domain: bounds.map(({ row }) => row), axis: null, padding: 0.45 },
      marks: [
        Plot.barX(uppers, { x1: floor, x2: 'value', y: 'row', fill: 'var(--series-0)', fillOpacity: 0.3 }),
        Plot.tickX(uppers, { x: 'value', y: 'row', stroke: 'var(--series-0)', strokeWidth: 3 }),
        Plot.dot(lowers, { x: 'value', y: 'row', r: 6, fill: 'var(--series-1)' }),
        Plot.text(bounds, {
          y: 'row',
          frameAnchor: 'left',
          textAnchor: 'end',
          dx: -12,
          text: 'method',
          fill: 'var(--ink)',
        }),
        Plot.text(bounds, {
          y: 'row',
          frameAnchor: 'right',
          textAnchor: 'start',
          dx: 10,
          text: (bound) => withRelation(bound),
          fill: 'var(--ink)',
          fontVariant: 'tabular-nums',
        }),
      ],
    },
    { id, title, text: bounds.map((bound) => `${bound.method}: ${withRelation(bound)}`).join('; ') },
  );
}

/** `≤ 24.4`, rounded away from the truth. */
function withRelation({
  kind,
  value,
}: {
  readonly kind: 'exact' | 'lower' | 'upper';
  readonly value: number;
}): string {
  if (kind === 'exact') return `= ${significant(value)}`;
  return kind === 'lower' ? `≥ ${significant(value, 'down')}` : `≤ ${significant(value, 'up')}`;
}
