// How an effective dimension is read: constants on spheres of growing dimension, and where the data set's constant meets them.
import * as Plot from '@observablehq/plot';
import type { EffectiveDimension } from '../../study/result.ts';
import { type Html, shorten } from '../html.ts';
import { count, significant } from '../number.ts';
import { type Spread, spreadOf } from '../spread.ts';
import { logScale, logTicks, paddedDomain, tickText } from './axes.ts';
import { isDrawable } from './law-data.ts';
import type { Layout } from './law-frame.ts';
import { drawSvg } from './svg.ts';

export const WIDE_READING: Layout = {
  width: 760,
  height: 420,
  fontSize: 14,
  marginLeft: 56,
  marginRight: 20,
  marginTop: 40,
  marginBottom: 50,
  compact: false,
};

export const NARROW_READING: Layout = {
  width: 400,
  height: 340,
  fontSize: 12,
  marginLeft: 42,
  marginRight: 12,
  marginTop: 36,
  marginBottom: 44,
  compact: true,
};

/** Draws the reading, or nothing where there is no curve or no constant to read it with. */
export function effectiveDimensionChart(
  one: EffectiveDimension,
  layout: Layout,
  id: string,
): Html | undefined {
  const curve = one.reference.flatMap(({ d, constants }) => {
    const constant = spreadOf(constants.filter(isDrawable));
    return constant && isDrawable(d) ? [{ d, ...constant }] : [];
  });
  const band = spreadOf(one.constants.filter(isDrawable));
  if (curve.length === 0 || !band) return undefined;

  const dimensions = curve.map((point) => point.d);
  const last = Math.max(...dimensions);
  const x = logScale(paddedDomain([...dimensions, ...drawableEnds(one, last)], 1.12), [
    layout.marginLeft,
    layout.width - layout.marginRight,
  ]);
  const y = logScale(
    paddedDomain([band.low, band.high, ...curve.flatMap((point) => [point.low, point.high])], 1.35),
    [layout.height - layout.marginBottom, layout.marginTop],
  );
  const xTicks = logTicks(x.domain, layout.compact ? 5 : 9);
  const yTicks = logTicks(y.domain, 7);
  const muted = { fill: 'var(--muted)' };
  return drawSvg(
    {
      ...layout,
      style: { fontSize: `${layout.fontSize}px` },
      x: { type: 'log', domain: x.domain, axis: null },
      y: { type: 'log', domain: y.domain, axis: null },
      marks: [
        Plot.gridX(xTicks, { stroke: 'var(--rule)', strokeOpacity: 1 }),
        Plot.gridY(yTicks, { stroke: 'var(--rule)', strokeOpacity: 1 }),
        Plot.text(xTicks, {
          ...muted,
          x: identity,
          text: tickText,
          frameAnchor: 'bottom',
          lineAnchor: 'top',
          dy: 10,
        }),
        Plot.text(yTicks, {
          ...muted,
          y: identity,
          text: tickText,
          frameAnchor: 'left',
          textAnchor: 'end',
          dx: -6,
        }),
        Plot.text(['\u2191 Lipschitz constant, change of label per unit of input'], {
          ...muted,
          frameAnchor: 'top-left',
          lineAnchor: 'top',
          dx: 6 - layout.marginLeft,
          dy: 4 - layout.marginTop,
        }),
        Plot.text(['dimension d of the sphere \u2192'], {
          ...muted,
          frameAnchor: 'bottom-right',
          lineAnchor: 'bottom',
          dy: layout.marginBottom - 4,
        }),
        ...curveMarks(curve),
        ...bandMarks(one, band, x.domain, y.apply, layout),
        ...readingMarks(one, band, last, y.domain),
      ],
    },
    {
      id,
      title: `Effective dimension of ${one.data}`,
      text:
        `The constant on spheres falls from ${significant(curve[0]!.median)} at dimension ${count(curve[0]!.d)} to ` +
        `${significant(curve.at(-1)!.median)} at dimension ${count(curve.at(-1)!.d)}; the data have ${significant(band.median)}.`,
    },
  );
}

function curveMarks(curve: readonly (Spread & { readonly d: number })[]): Plot.Markish[] {
  const colour = 'var(--series-0)';
  return [
    Plot.areaY(curve, { x: 'd', y1: 'low', y2: 'high', fill: colour, fillOpacity: 0.2 }),
    Plot.ruleX(curve, { x: 'd', y1: 'low', y2: 'high', stroke: colour, strokeWidth: 2 }),
    Plot.line(curve, { x: 'd', y: 'median', stroke: colour, strokeWidth: 1.5 }),
    Plot.dot(curve, { x: 'd', y: 'median', fill: colour, r: 4 }),
    Plot.text([curve[0]!], {
      x: 'd',
      y: 'median',
      text: () => 'the same construction on spheres',
      textAnchor: 'start',
      dx: 12,
      dy: -6,
      fill: colour,
      fontWeight: 600,
      stroke: 'var(--paper)',
      strokeWidth: 4,
    }),
  ];
}

function bandMarks(
  one: EffectiveDimension,
  band: Spread,
  [from, to]: readonly [number, number],
  pixel: (constant: number) => number,
  layout: Layout,
): Plot.Markish[] {
  const colour = 'var(--series-1)';
  const text = shorten(one.data, layout.compact ? 24 : 40);
  const room = pixel(band.high) - layout.marginTop > 2 * layout.fontSize;
  return [
    Plot.rect([band], { x1: from, x2: to, y1: 'low', y2: 'high', fill: colour, fillOpacity: 0.25 }),
    Plot.ruleY([band], { y: 'median', stroke: colour, strokeWidth: 2 }),
    Plot.text([band], {
      y: room ? 'high' : 'low',
      text: () => `${text}: ${significant(band.median)}`,
      frameAnchor: 'right',
      textAnchor: 'end',
      lineAnchor: room ? 'bottom' : 'top',
      dx: -6,
      dy: room ? -6 : 6,
      fill: colour,
      fontWeight: 600,
      stroke: 'var(--paper)',
      strokeWidth: 4,
    }),
  ];
}

/** Down from where the curve meets the data's constant to the axis; the interval lies on the axis. */
function readingMarks(
  one: EffectiveDimension,
  band: Spread,
  last: number,
  [floor]: readonly [number, number],
): Plot.Markish[] {
  const { value, interval } = one.estimate;
  if (!isDrawable(value)) return [];
  const ink = 'var(--ink)';
  const [low, high] = drawableEnds(one, last) as [number, number, number];
  const open = { low: !isDrawable(interval[0]), high: !isDrawable(interval[1]) };
  return [
    Plot.link([value], {
      x1: identity,
      x2: identity,
      y1: band.median,
      y2: floor,
      stroke: ink,
      strokeWidth: 1.75,
      strokeDasharray: '5,4',
    }),
    Plot.link([0], {
      x1: low,
      x2: high,
      y1: floor,
      y2: floor,
      stroke: ink,
      strokeWidth: 7,
      strokeOpacity: 0.85,
    }),
    Plot.text([value], {
      x: identity,
      y: floor,
      text: () => `d = ${significant(value)}`,
      textAnchor: 'start',
      lineAnchor: 'bottom',
      dx: 8,
      dy: -10,
      fill: ink,
      fontWeight: 600,
      stroke: 'var(--paper)',
      strokeWidth: 4,
    }),
    Plot.text(open.low ? [low] : [], { x: identity, y: floor, text: () => '\u25C0', fill: ink }),
    Plot.text(open.high ? [high] : [], { x: identity, y: floor, text: () => '\u25B6', fill: ink }),
  ];
}

/** Interval and value of the estimate; an end that is not finite is drawn at the end of the curve. */
function drawableEnds({ estimate, reference }: EffectiveDimension, last: number): readonly number[] {
  if (!isDrawable(estimate.value)) return [];
  const first = Math.min(...reference.map((point) => point.d));
  const [low, high] = estimate.interval;
  return [
    isDrawable(low) ? low : Math.min(first, estimate.value),
    isDrawable(high) ? high : Math.max(last, estimate.value),
    estimate.value,
  ];
}

function identity(value: number): number {
  return value;
}
