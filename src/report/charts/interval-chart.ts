// Named intervals below each other on one axis: a bar for what is not known, a tick or dot for what is.
import * as Plot from '@observablehq/plot';
import { type Html, html, shorten } from '../html.ts';
import { drawSvg } from './svg.ts';
import type { ValueAxis } from './value-axis.ts';

/** One row; everything drawn is in the units of the axis. */
export interface IntervalRow {
  readonly name: string;
  /** What stands to the right, in words. */
  readonly value: string;
  /** From and to; an infinite end runs to the edge of the chart, with an arrow. */
  readonly bar?: readonly [from: number, to: number];
  readonly tick?: number;
  readonly dot?: number;
  /** A CSS colour. */
  readonly colour: string;
}

export interface IntervalChart {
  readonly rows: readonly IntervalRow[];
  /** Given the pixels of its two ends and how many ticks fit. */
  readonly axis: (range: readonly [number, number], mostTicks: number) => ValueAxis;
  readonly label: string;
  /** A line through all rows. */
  readonly reference?: number;
}

interface Layout {
  readonly width: number;
  readonly row: number;
  /** Names stand left of the rows, or above them. */
  readonly names: number;
  readonly longestName: number;
  readonly longestLabel: number;
  readonly values: number;
  readonly fontSize: number;
  readonly ticks: number;
}

const WIDE: Layout = {
  width: 1040,
  row: 34,
  names: 390,
  longestName: 46,
  longestLabel: 80,
  values: 180,
  fontSize: 14,
  ticks: 7,
};
const NARROW: Layout = {
  width: 400,
  row: 50,
  names: 0,
  longestName: 38,
  longestLabel: 50,
  values: 0,
  fontSize: 12.5,
  ticks: 4,
};
const EDGE = 14;

/** The chart for a desk and for a phone. */
export function intervalCharts(chart: IntervalChart, id: string, title: string): Html {
  return html`<div class="wide">${draw(chart, WIDE, id, title)}</div><div class="narrow">${draw(chart, NARROW, `${id}-narrow`, title)}</div>`;
}

/** The chart for a desk alone. */
export function intervalChart(chart: IntervalChart, id: string, title: string): Html {
  return draw(chart, WIDE, id, title);
}

function draw(
  { rows, axis: axisFor, label, reference }: IntervalChart,
  layout: Layout,
  id: string,
  title: string,
): Html {
  const { width, row, names, values, fontSize, longestName } = layout;
  const above = names === 0;
  const [marginLeft, marginRight] = above ? [EDGE, EDGE] : [names, values];
  const axis = axisFor([marginLeft, width - marginRight], layout.ticks);
  const [low, high] = axis.domain;
  const placed = rows.map((one, index) => ({ ...one, row: `${index}` }));
  const bars = placed.flatMap(({ bar, ...one }) => {
    if (!bar) return [];
    const [from, to] = [Math.min(high, Math.max(low, bar[0])), Math.max(low, Math.min(high, bar[1]))];
    return [{ ...one, from, to, openLow: bar[0] === -Infinity, openHigh: bar[1] === Infinity }];
  });
  const within = (value: number | undefined): boolean => value !== undefined && value >= low && value <= high;
  // Above its row a name stands in the upper half, its marks in the lower.
  const inset = above ? { insetTop: 26, insetBottom: 7 } : { insetTop: 9, insetBottom: 9 };
  const marksDown = above ? 9.5 : 0;
  const text = {
    y: 'row',
    fill: 'var(--ink)',
    lineAnchor: above ? ('bottom' as const) : ('middle' as const),
    dy: above ? -2 : 0,
    stroke: 'var(--paper)',
    strokeWidth: 4,
  };
  return drawSvg(
    {
      width,
      height: rows.length * row + 64,
      marginLeft,
      marginRight,
      marginTop: 8,
      marginBottom: 52,
      style: { fontSize: `${fontSize}px` },
      x: {
        type: axis.kind,
        domain: [...axis.domain],
        ticks: [...axis.ticks],
        tickFormat: axis.tickText,
        label: shorten(label, layout.longestLabel),
        labelAnchor: 'center',
        labelArrow: 'none',
        grid: true,
      },
      y: { type: 'band', domain: placed.map((one) => one.row), axis: null, padding: 0 },
      marks: [
        Plot.ruleX(reference === undefined ? [] : [reference], {
          stroke: 'var(--muted)',
          strokeDasharray: '4,4',
        }),
        Plot.barX(bars, { x1: 'from', x2: 'to', y: 'row', fill: 'colour', fillOpacity: 0.3, ...inset }),
        Plot.tickX(
          placed.filter(({ tick }) => within(tick)),
          { x: 'tick', y: 'row', stroke: 'colour', strokeWidth: 3, ...inset },
        ),
        Plot.dot(
          placed.filter(({ dot }) => within(dot)),
          { x: 'dot', y: 'row', r: 5.5, fill: 'colour', dy: marksDown },
        ),
        Plot.text(
          bars.filter(({ openHigh }) => openHigh),
          { x: 'to', y: 'row', text: () => '\u25B6', fill: 'colour', dy: marksDown },
        ),
        Plot.text(
          bars.filter(({ openLow }) => openLow),
          { x: 'from', y: 'row', text: () => '\u25C0', fill: 'colour', dy: marksDown },
        ),
        Plot.text(placed, {
          ...text,
          frameAnchor: 'left',
          textAnchor: above ? 'start' : 'end',
          dx: above ? 4 - EDGE : -12,
          text: (one) => shorten(one.name, longestName),
        }),
        Plot.text(placed, {
          ...text,
          frameAnchor: 'right',
          textAnchor: above ? 'end' : 'start',
          dx: above ? EDGE - 4 : 10,
          text: 'value',
          fontVariant: 'tabular-nums',
          fontWeight: 600,
        }),
      ],
    },
    { id, title, text: rows.map((one) => `${one.name}: ${one.value}`).join('; ') },
  );
}
