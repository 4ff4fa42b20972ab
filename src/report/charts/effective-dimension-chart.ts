// How an effective dimension is read: constants on spheres of growing dimension, and where the data set's constant meets them.
import * as Plot from '@observablehq/plot';
import type { EffectiveDimension } from '../../study/index.ts';
import { type Html, shorten } from '../html.ts';
import { count, significant } from '../number.ts';
import { type Spread, spreadOf } from '../spread.ts';
import { type LogScale, logScale, logTicks, paddedDomain, tickText } from './axes.ts';
import { frameMarks } from './frame-marks.ts';
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
  const reading = readingOf(one, Math.min(...dimensions), Math.max(...dimensions));
  const drawn = reading ? [reading.value, reading.low, reading.high] : [];
  const x = logScale(paddedDomain([...dimensions, ...drawn], 1.12), [
    layout.marginLeft,
    layout.width - layout.marginRight,
  ]);
  const y = logScale(
    paddedDomain([band.low, band.high, ...curve.flatMap((point) => [point.low, point.high])], 1.35),
    [layout.height - layout.marginBottom, layout.marginTop],
  );
  const xTicks = logTicks(x.domain, layout.compact ? 5 : 9);
  const yTicks = logTicks(y.domain, 7);
  return drawSvg(
    {
      ...layout,
      style: { fontSize: `${layout.fontSize}px` },
      x: { type: 'log', domain: x.domain, axis: null },
      y: { type: 'log', domain: y.domain, axis: null },
      marks: [
        ...frameMarks(
          { ticks: xTicks, tickText },
          { ticks: yTicks, tickText },
          { x: 'dimension d of the sphere', y: 'Lipschitz constant, change of label per unit of input' },
          layout,
        ),
        ...curveMarks(curve),
        ...bandMarks(one, band, x, layout.compact),
        ...(reading ? readingMarks(reading, band, x, y.domain[0]) : []),
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
      ...HALO,
    }),
  ];
}

/** The band of the data's constants; its label stands where the falling curve is not. */
function bandMarks(one: EffectiveDimension, band: Spread, x: LogScale, compact: boolean): Plot.Markish[] {
  const colour = 'var(--series-1)';
  const text = shorten(one.data, compact ? 24 : 40);
  const beyondMiddle = x.apply(one.estimate.value) > (x.range[0] + x.range[1]) / 2;
  return [
    Plot.rect([band], {
      x1: x.domain[0],
      x2: x.domain[1],
      y1: 'low',
      y2: 'high',
      fill: colour,
      fillOpacity: 0.25,
    }),
    Plot.ruleY([band], { y: 'median', stroke: colour, strokeWidth: 2 }),
    Plot.text([band], {
      ...HALO,
      y: beyondMiddle ? 'low' : 'high',
      text: () => `${text}: ${significant(band.median)}`,
      frameAnchor: beyondMiddle ? 'left' : 'right',
      textAnchor: beyondMiddle ? 'start' : 'end',
      lineAnchor: beyondMiddle ? 'top' : 'bottom',
      dx: beyondMiddle ? 6 : -6,
      dy: beyondMiddle ? 6 : -6,
      fill: colour,
    }),
  ];
}

/** Down from where the curve meets the data's constant to the axis; the interval lies on the axis. */
function readingMarks(reading: Reading, band: Spread, x: LogScale, floor: number): Plot.Markish[] {
  const { value, low, high, sign } = reading;
  const ink = 'var(--ink)';
  const flip = x.apply(value) > (x.range[0] + x.range[1]) / 2;
  const drop = sign === '=' ? [value] : [];
  const arrow = { x: identity, y: floor, fill: ink };
  return [
    Plot.link(drop, {
      x1: identity,
      x2: identity,
      y1: band.median,
      y2: floor,
      stroke: ink,
      strokeWidth: 1.75,
      strokeDasharray: '5,4',
    }),
    Plot.link([reading], { x1: 'low', x2: 'high', y1: floor, y2: floor, stroke: ink, strokeWidth: 7 }),
    Plot.text([value], {
      ...HALO,
      x: identity,
      y: floor,
      text: () => `d ${sign} ${significant(value)}`,
      textAnchor: flip ? 'end' : 'start',
      lineAnchor: 'bottom',
      dx: flip ? -8 : 8,
      dy: -10,
      fill: ink,
    }),
    Plot.text(reading.openLow ? [low] : [], { ...arrow, text: () => '\u25C0' }),
    Plot.text(reading.openHigh ? [high] : [], { ...arrow, text: () => '\u25B6' }),
  ];
}

/** What there is to draw of an estimate on a curve from `first` to `last`. */
interface Reading {
  readonly value: number;
  readonly low: number;
  readonly high: number;
  /** `<` and `>` where the whole interval lies before or beyond the curve. */
  readonly sign: '<' | '=' | '>';
  readonly openLow: boolean;
  readonly openHigh: boolean;
}

/** An interval leaves the curve as 0 before it and as Infinity beyond it. */
function readingOf({ estimate }: EffectiveDimension, first: number, last: number): Reading | undefined {
  const { value, interval } = estimate;
  if (!isDrawable(value) || interval.some(Number.isNaN)) return undefined;
  const [low, high] = interval.map((end) =>
    end <= 0 ? first : end === Number.POSITIVE_INFINITY ? last : end,
  );
  return {
    value,
    low: low!,
    high: high!,
    sign: interval[1] <= 0 ? '<' : interval[0] === Number.POSITIVE_INFINITY ? '>' : '=',
    openLow: interval[0] <= 0,
    openHigh: interval[1] === Number.POSITIVE_INFINITY,
  };
}

const HALO = { fontWeight: 600, stroke: 'var(--paper)', strokeWidth: 4 } as const;

function identity(value: number): number {
  return value;
}
