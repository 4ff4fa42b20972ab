// The distance of each point to the nearest wrong one: a line from what is certified to what was found, by rank.
import * as Plot from '@observablehq/plot';
import { certifiedText } from '../audit/words.ts';
import type { Html } from '../html.ts';
import { count, significant } from '../number.ts';
import type { Layout } from './law-frame.ts';
import { drawSvg } from './svg.ts';
import type { ValueAxis } from './value-axis.ts';

/** What is known of one point: its distance lies in [certified, found], or beyond certified where nothing was found. */
export interface DistanceInterval {
  readonly row: number;
  readonly certified: number;
  readonly found: number | null;
}

/** Lines that a reader can tell apart. */
const MOST_LINES = 150;
const LINE = 2;

/** Nearest boundary first; where nothing was found, what is certified decides. At most 150, evenly spaced in this order. */
export function drawnIntervals(intervals: readonly DistanceInterval[]): readonly DistanceInterval[] {
  const sorted = intervals.toSorted(
    (a, b) => (a.found ?? Infinity) - (b.found ?? Infinity) || a.certified - b.certified || a.row - b.row,
  );
  if (sorted.length <= MOST_LINES) return sorted;
  return Array.from(
    { length: MOST_LINES },
    (_, index) => sorted[Math.round((index * (sorted.length - 1)) / (MOST_LINES - 1))]!,
  );
}

/** Draws at least one interval on the axis that the curve of the same norm has. */
export function distanceChart(
  intervals: readonly DistanceInterval[],
  axis: ValueAxis,
  norm: string,
  layout: Layout,
  id: string,
  title: string,
): Html {
  const drawn = drawnIntervals(intervals);
  const step = Math.max(LINE, Math.min(14, 240 / drawn.length));
  const [low, high] = axis.domain;
  const within = (value: number): number => Math.min(high, Math.max(low, value));
  const lines = drawn.map((one, rank) => ({
    ...one,
    rank,
    from: within(one.certified),
    to: one.found === null ? high : within(one.found),
  }));
  const closed = lines.filter(({ found }) => found !== null);
  const open = lines.filter(({ found }) => found === null);
  const width = Math.min(6, Math.max(1.2, step - 0.8));
  const [marginTop, marginBottom] = [30, layout.marginBottom];
  const muted = { fill: 'var(--muted)' };
  const ends = { y: 'rank', r: Math.max(1.6, width / 2) } as const;
  return drawSvg(
    {
      width: layout.width,
      height: drawn.length * step + marginTop + marginBottom,
      marginLeft: layout.marginLeft,
      marginRight: layout.marginRight,
      marginTop,
      marginBottom,
      style: { fontSize: `${layout.fontSize}px` },
      x: { type: axis.kind, domain: [...axis.domain], axis: null },
      y: { domain: [-0.5, drawn.length - 0.5], reverse: true, axis: null },
      marks: [
        Plot.gridX(axis.ticks, { stroke: 'var(--rule)', strokeOpacity: 1 }),
        Plot.text(axis.ticks, {
          ...muted,
          x: identity,
          text: axis.tickText,
          frameAnchor: 'bottom',
          lineAnchor: 'top',
          dy: 8,
        }),
        Plot.text(
          [
            `${layout.compact ? '' : 'distance to the boundary in '}${norm}, units of the data${axis.kind === 'log' ? ' (log scale)' : ''} \u2192`,
          ],
          { ...muted, frameAnchor: 'bottom-right', lineAnchor: 'bottom', dy: marginBottom - 6 },
        ),
        Plot.text(['nearest first \u2193'], {
          ...muted,
          frameAnchor: 'top-left',
          lineAnchor: 'bottom',
          dx: 6 - layout.marginLeft,
          dy: -9,
        }),
        Plot.link(lines, {
          x1: 'from',
          x2: 'to',
          y1: 'rank',
          y2: 'rank',
          stroke: 'var(--muted)',
          strokeOpacity: 0.45,
          strokeWidth: width,
          title: intervalTitle,
        }),
        Plot.dot(
          lines.filter(({ certified }) => certified >= low && certified > 0),
          { ...ends, x: 'from', fill: 'var(--series-2)' },
        ),
        Plot.dot(closed, { ...ends, x: 'to', fill: 'var(--series-1)' }),
        Plot.text(open.length > 0 ? [open[open.length >> 1]!] : [], {
          x: 'to',
          y: 'rank',
          text: () => '\u25B6',
          fill: 'var(--muted)',
        }),
      ],
    },
    { id, title, text: inWords(intervals) },
  );
}

function intervalTitle({ row, certified, found }: DistanceInterval): string {
  const to = found === null ? 'none found' : `found at ${significant(found, 'up')}`;
  return `row ${count(row)}: certified ${certifiedText(certified)}, ${to}`;
}

function inWords(intervals: readonly DistanceInterval[]): string {
  const found = intervals.flatMap((one) => (one.found === null ? [] : [one.found]));
  const nearest =
    found.length > 0
      ? ` The nearest lies at ${significant(
          found.reduce((a, b) => Math.min(a, b)),
          'up',
        )}.`
      : '';
  return `${count(intervals.length)} points, of which ${count(found.length)} have an adversarial example.${nearest}`;
}

function identity(value: number): number {
  return value;
}
