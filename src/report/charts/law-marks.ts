// The marks of the chart of the law, without its labels: reference lines below, families above.
import * as Plot from '@observablehq/plot';
import { shorten } from '../html.ts';
import { count, counted, significant } from '../number.ts';
import type { Spread } from '../spread.ts';
import type { FamilyStyle } from '../theme.ts';
import { logTicks, tickText } from './axes.ts';
import type { Bar, FamilyMarks, LawChartData } from './law-data.ts';
import { barsWidth, type LawFrame } from './law-frame.ts';
import type { OffScale } from './off-scale.ts';

/** Grid and axes, with units. */
export function axisMarks(frame: LawFrame): Plot.Markish[] {
  const { layout, x, y } = frame;
  const xTicks = logTicks(x.domain, layout.compact ? 5 : 10);
  const yTicks = logTicks(y.domain, layout.compact ? 7 : 10);
  const line = { stroke: 'var(--rule)', strokeOpacity: 1 };
  const text = { text: tickText, fill: 'var(--muted)' };
  return [
    Plot.gridX(xTicks, line),
    Plot.gridY(yTicks, line),
    Plot.text(xTicks, { ...text, x: identity, frameAnchor: 'bottom', lineAnchor: 'top', dy: 8 }),
    Plot.text(yTicks, { ...text, y: identity, frameAnchor: 'left', textAnchor: 'end', dx: -6 }),
    Plot.text(['\u2191 Lipschitz constant, change of label per unit of input'], {
      frameAnchor: 'top-left',
      lineAnchor: 'bottom',
      dx: 6 - layout.marginLeft,
      dy: -2.4 * layout.fontSize,
      fill: 'var(--muted)',
    }),
    Plot.text(['P, parameters of the class \u2192'], {
      frameAnchor: 'bottom-right',
      lineAnchor: 'bottom',
      dy: 3.2 * layout.fontSize,
      fill: 'var(--muted)',
    }),
  ];
}

/** What the law, the theorem and the data say, whatever the family: drawn under everything else. */
export function referenceMarks(data: LawChartData, frame: LawFrame): Plot.Markish[] {
  const { x } = frame;
  const product = data.n * data.d;
  const [from, to] = x.domain;
  const optimum = data.mcShane ? [data.mcShane] : [];
  // Regions of several classes lie over each other.
  const classes = Math.sqrt(data.families.filter(({ classBounds }) => classBounds.length > 0).length);
  return [
    ...data.families.flatMap((family) => classBoundMarks(family, 0.12 / classes, frame)),
    Plot.ruleX(new Set([data.n, product]), { stroke: 'var(--muted)', strokeDasharray: '2,4' }),
    Plot.rect(
      optimum.filter(({ low, high }) => high > low),
      { x1: from, x2: to, y1: 'low', y2: 'high', fill: 'var(--muted)', fillOpacity: 0.2 },
    ),
    Plot.ruleY(optimum, { y: 'median', stroke: 'var(--ink)', strokeWidth: 1.75, strokeDasharray: '9,4,2,4' }),
    Plot.line(
      x.domain.map((parameterCount) => [parameterCount, Math.sqrt(product / parameterCount)]),
      { stroke: 'var(--ink)', strokeWidth: 3, clip: true },
    ),
  ];
}

/** One family: a line through its medians, whiskers over seeds, and bars where only an interval is known. */
export function familyMarks(family: FamilyMarks, frame: LawFrame): Plot.Markish[] {
  const { style, exact, bars, uppers, lowers } = family;
  const symbol = {
    x: 'parameterCount',
    symbol: style.symbol,
    r: frame.layout.compact ? 3.5 : 5,
    stroke: style.colour,
    strokeWidth: 1.5,
  } as const;
  const drawn = drawnBars(bars, style, frame);
  const line = { stroke: style.colour, strokeWidth: 1.25, clip: true };
  return [
    Plot.line(exact, { ...line, x: 'parameterCount', y: (mark) => mark.constant.median }),
    ...whiskers(
      exact.map((mark) => ({ ...mark.constant, x: mark.parameterCount })),
      style,
    ),
    ...whiskers(
      uppers.map((mark) => ({ ...mark.bound, x: mark.parameterCount })),
      style,
    ),
    ...whiskers(
      lowers.map((mark) => ({ ...mark.bound, x: mark.parameterCount })),
      style,
    ),
    Plot.dot(
      exact.filter(({ constant }) => !frame.offScale(constant.median)),
      {
        ...symbol,
        y: (mark) => mark.constant.median,
        fill: style.colour,
        title: (mark) => `${heading(style, mark.parameterCount)} = ${spreadText(mark.constant)}, exact`,
      },
    ),
    Plot.dot(
      uppers.filter(({ bound }) => !frame.offScale(bound.median)),
      {
        ...symbol,
        y: (mark) => mark.bound.median,
        fill: 'var(--paper)',
        title: (mark) =>
          `${heading(style, mark.parameterCount)} \u2264 ${spreadText(mark.bound)}, certified from above only`,
      },
    ),
    Plot.dot(
      lowers.filter(({ bound }) => !frame.offScale(bound.median)),
      {
        ...symbol,
        y: (mark) => mark.bound.median,
        fill: 'var(--paper)',
        title: (mark) =>
          `${heading(style, mark.parameterCount)} \u2265 ${spreadText(mark.bound)}, witnessed from below only`,
      },
    ),
    // A stroke into what is not known.
    Plot.ruleX(
      lowers.filter(({ bound }) => !frame.offScale(bound.median)),
      {
        x: 'parameterCount',
        y1: (mark) => mark.bound.median,
        y2: (mark) => 1.6 * mark.bound.median,
        stroke: style.colour,
        strokeWidth: 1.25,
        strokeDasharray: '2,3',
        clip: true,
      },
    ),
    Plot.rect(drawn, {
      x1: 'left',
      x2: 'right',
      y1: 'lower',
      y2: 'upper',
      fill: style.colour,
      fillOpacity: 0.3,
      title: 'title',
    }),
    Plot.ruleX(
      drawn.filter((bar) => bar.product > bar.upper),
      { x: 'middle', y1: 'upper', y2: 'product', stroke: style.colour, strokeWidth: 1.25 },
    ),
    Plot.ruleY(drawn, { x1: 'left', x2: 'right', y: 'lower', stroke: style.colour, strokeWidth: 2.5 }),
    Plot.ruleY(
      drawn.filter((bar) => !bar.open),
      { x1: 'left', x2: 'right', y: 'upper', stroke: style.colour, strokeWidth: 2.5 },
    ),
  ];
}

/** Arrows at the upper edge for what lies beyond it. */
export function offScaleMarks(arrows: readonly OffScale[], frame: LawFrame): Plot.Markish[] {
  const { x, y, layout } = frame;
  return [
    Plot.text(arrows, {
      x: (arrow) => x.invert(arrow.x),
      y: y.domain[1],
      text: () => '\u25B2',
      fill: (arrow) => arrow.family.style.colour,
      fontSize: layout.fontSize,
      lineAnchor: 'top',
    }),
  ];
}

/** A bar in the units of the axes; `open` where its upper end lies beyond the chart. */
interface DrawnBar {
  readonly left: number;
  readonly right: number;
  readonly lower: number;
  readonly upper: number;
  readonly middle: number;
  readonly product: number;
  readonly open: boolean;
  readonly title: string;
}

/** Bars of one size stand side by side around their P, one for each trial. */
function drawnBars(bars: readonly Bar[], style: FamilyStyle, frame: LawFrame): readonly DrawnBar[] {
  const { x, y, layout, offScale } = frame;
  return bars
    .filter((bar) => !offScale(bar.lower))
    .map((bar) => {
      const step = Math.min(layout.compact ? 5 : 9, barsWidth(layout) / bar.count);
      const centre = x.apply(bar.parameterCount) + step * (bar.index - (bar.count - 1) / 2);
      return {
        left: x.invert(centre - 0.38 * step),
        right: x.invert(centre + 0.38 * step),
        lower: Math.max(bar.lower, y.domain[0]),
        upper: Math.min(bar.upper, y.domain[1]),
        middle: x.invert(centre),
        product: Math.min(bar.product, y.domain[1]),
        open: offScale(bar.upper),
        title:
          `${heading(style, bar.parameterCount)} between ${significant(bar.lower, 'down')} (witnessed)` +
          ` and ${significant(bar.upper, 'up')} (certified)` +
          (bar.product > bar.upper ? `; product of spectral norms ${significant(bar.product, 'up')}` : ''),
      };
    });
}

function identity(tick: number): number {
  return tick;
}

/** Least to greatest over seeds. */
function whiskers(spreads: readonly (Spread & { readonly x: number })[], style: FamilyStyle): Plot.Markish[] {
  const several = spreads.filter((spread) => spread.high > spread.low);
  return [
    Plot.ruleX(several, {
      x: 'x',
      y1: 'low',
      y2: 'high',
      stroke: style.colour,
      strokeWidth: 2.5,
      clip: true,
    }),
  ];
}

/** The region the theorem rules out for the class, under its dashed edge. */
function classBoundMarks(
  { style, classBounds }: FamilyMarks,
  opacity: number,
  frame: LawFrame,
): Plot.Markish[] {
  if (classBounds.length === 0) return [];
  const [only] = classBounds;
  // One size has no line: a short dash.
  const edge =
    classBounds.length > 1
      ? classBounds
      : [0.8, 1.25].map((factor) => ({ ...only!, parameterCount: only!.parameterCount * factor }));
  const at = { x: 'parameterCount', clip: true } as const;
  return [
    Plot.areaY(edge, {
      ...at,
      y1: frame.y.domain[0] / 2,
      y2: 'bound',
      fill: style.colour,
      fillOpacity: opacity,
    }),
    Plot.line(edge, { ...at, y: 'bound', stroke: style.colour, strokeWidth: 2, strokeDasharray: '6,4' }),
  ];
}

function heading(style: FamilyStyle, parameterCount: number): string {
  return `${shorten(style.family, 60)}, P = ${count(parameterCount)}: Lipschitz constant`;
}

function spreadText({ low, median, high, count: seeds }: Spread): string {
  if (seeds === 1) return significant(median);
  return `${significant(median)} (median of ${counted(seeds, 'seed')}, ${significant(low)} to ${significant(high)})`;
}
