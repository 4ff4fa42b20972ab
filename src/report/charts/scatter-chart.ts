// Sets of points over two axes, each with a line through it; what others published stands behind, hollow and pale.
import * as Plot from '@observablehq/plot';
import type { ScatterPoint } from '../../study/index.ts';
import { type Html, shorten } from '../html.ts';
import { SYMBOLS } from '../theme.ts';
import { frameMarks } from './frame-marks.ts';
import type { Layout } from './law-frame.ts';
import { drawSvg } from './svg.ts';
import { linear, logarithmic, type ValueAxis } from './value-axis.ts';

export const WIDE_SCATTER: Layout = {
  width: 760,
  height: 460,
  fontSize: 14,
  marginLeft: 56,
  marginRight: 20,
  marginTop: 44,
  marginBottom: 54,
  compact: false,
};

export const NARROW_SCATTER: Layout = {
  width: 400,
  height: 380,
  fontSize: 12,
  marginLeft: 44,
  marginRight: 12,
  marginTop: 38,
  marginBottom: 46,
  compact: true,
};

/** How one set of points looks, here and in the key beneath the chart. */
export interface ScatterStyle {
  readonly name: string;
  readonly colour: string;
  readonly symbol: (typeof SYMBOLS)[number];
  readonly hollow: boolean;
}

/** Points that belong together. */
export interface ScatterSet {
  readonly name: string;
  readonly published: boolean;
  readonly points: readonly ScatterPoint[];
  /** Linear: y = intercept + slope x; logarithmic: the same of the logarithms. */
  readonly line?: { readonly slope: number; readonly intercept: number };
}

/** What a scatter shows. */
export interface Scatter {
  readonly title: string;
  /** The same in words. */
  readonly text: string;
  /** What the axes are. */
  readonly names: { readonly x: string; readonly y: string };
  readonly scale: 'linear' | 'log';
  /** Published ones last. */
  readonly sets: readonly ScatterSet[];
}

/** Styles of the sets, in their order. */
export function scatterStyles(sets: readonly ScatterSet[]): readonly ScatterStyle[] {
  return sets.map(({ name, published }, i) => ({
    name,
    colour: published ? 'var(--muted)' : `var(--series-${i % 10})`,
    symbol: SYMBOLS[i % SYMBOLS.length]!,
    hollow: published,
  }));
}

/**
 * Draws the scatter, or nothing where there is no point that the axes can show.
 *
 * @param extra marks on top.
 * @param frame the margins in which the names of the axes stand; less than those of the layout where others have room there.
 */
export function scatterChart(
  { title, text, names, scale, sets }: Scatter,
  layout: Layout,
  id: string,
  extra: readonly Plot.Markish[] = [],
  frame = layout,
): Html | undefined {
  const drawn = sets.map((set) => ({ ...set, points: set.points.filter(drawable(scale)) }));
  const all = drawn.flatMap(({ points }) => points);
  if (all.length === 0) return undefined;
  const axis = scale === 'log' ? logAxis : linearAxis;
  const x = axis(
    all.map((point) => point.x),
    [layout.marginLeft, layout.width - layout.marginRight],
    layout.compact ? 5 : 9,
  );
  const y = axis(
    all.map((point) => point.y),
    [layout.height - layout.marginBottom, layout.marginTop],
    7,
  );
  const styles = scatterStyles(sets);
  const behindFirst = [...drawn.keys()].toSorted(
    (i, j) => Number(sets[j]!.published) - Number(sets[i]!.published),
  );
  return drawSvg(
    {
      ...layout,
      style: { fontSize: `${layout.fontSize}px` },
      x: { type: x.kind, domain: x.domain, range: x.range, axis: null },
      y: { type: y.kind, domain: y.domain, range: y.range, axis: null },
      marks: [
        ...frameMarks(x, y, names, frame),
        ...behindFirst.map((i) => pointMark(drawn[i]!.points, styles[i]!, layout)),
        ...behindFirst.flatMap((i) => lineMark(drawn[i]!, scale, styles[i]!, [x, y])),
        ...extra,
      ],
    },
    { id, title: shorten(title, 80), text },
  );
}

function pointMark(
  points: readonly ScatterPoint[],
  { colour, symbol, hollow }: ScatterStyle,
  layout: Layout,
): Plot.Markish {
  return Plot.dot(points, {
    x: 'x',
    y: 'y',
    r: (hollow ? 2.2 : 2.8) * (layout.compact ? 0.85 : 1),
    symbol,
    ...(hollow
      ? { stroke: colour, strokeWidth: 1, strokeOpacity: 0.55 }
      : { fill: colour, fillOpacity: 0.75 }),
  });
}

/** The line over the points of its set, as far as it lies in the frame; dashed where others published it. */
function lineMark(
  { line, points, published }: ScatterSet,
  scale: Scatter['scale'],
  { colour }: ScatterStyle,
  [x, y]: readonly [ValueAxis, ValueAxis],
): readonly Plot.Markish[] {
  if (!line || points.length === 0) return [];
  const xs = points.map((point) => point.x);
  const [low, high] = [Math.max(Math.min(...xs), x.domain[0]), Math.min(Math.max(...xs), x.domain[1])];
  const at = (value: number) =>
    scale === 'log'
      ? Math.exp(line.intercept + line.slope * Math.log(value))
      : line.intercept + line.slope * value;
  const between = (share: number) =>
    scale === 'log' ? low * (high / low) ** share : low + (high - low) * share;
  const path = Array.from({ length: 41 }, (_, i) => between(i / 40))
    .map((value) => ({ x: value, y: at(value) }))
    .filter((point) => point.y >= y.domain[0] && point.y <= y.domain[1]);
  const mark = Plot.line(path, {
    x: 'x',
    y: 'y',
    stroke: colour,
    strokeWidth: 2.25,
    ...(published && { strokeDasharray: '6,4' }),
  });
  return [mark];
}

function logAxis(values: readonly number[], range: readonly [number, number], mostTicks: number): ValueAxis {
  return logarithmic([Math.min(...values) / 1.1, Math.max(...values) * 1.1], range, mostTicks);
}

/** From 0, or from below where fitted values are: a sum of predictors may be negative where no measurement is. */
function linearAxis(
  values: readonly number[],
  range: readonly [number, number],
  mostTicks: number,
): ValueAxis {
  return linear([Math.min(0, Math.min(...values) * 1.05), Math.max(...values) * 1.05], range, mostTicks);
}

/** Finite, and on logarithmic axes positive. */
function drawable(scale: Scatter['scale']): (point: ScatterPoint) => boolean {
  const shown = (value: number) => Number.isFinite(value) && (scale === 'linear' || value > 0);
  return ({ x, y }) => shown(x) && shown(y);
}
