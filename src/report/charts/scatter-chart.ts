// Measured against predicted: trials as points with the line fitted to each group, published points and their line behind.
import * as Plot from '@observablehq/plot';
import type { PredictorFit, PublishedFigure, ScatterPoint } from '../../study/index.ts';
import { type Html, shorten } from '../html.ts';
import { counted, significant } from '../number.ts';
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

/** Styles of the groups of a fit, then those of the published figures, which are hollow and pale. */
export function scatterStyles({ groups, published }: PredictorFit): readonly ScatterStyle[] {
  return [
    ...groups.map(({ name }, i) => ({
      name: name === '' ? 'all trials' : name,
      colour: `var(--series-${i % 10})`,
      symbol: SYMBOLS[i % SYMBOLS.length]!,
      hollow: false,
    })),
    ...published.map(({ source }, i) => ({
      name: source,
      colour: 'var(--muted)',
      symbol: SYMBOLS[(groups.length + i) % SYMBOLS.length]!,
      hollow: true,
    })),
  ];
}

/** What the y axis shows. */
export const QUANTITY_TEXT: Readonly<Record<string, string>> = {
  upper: 'Lipschitz constant, certified from above or exact',
  lower: 'Lipschitz constant, witnessed from below or exact',
  gradients: 'Largest gradient at fresh points',
  average: 'Root of the mean squared gradient',
  sensitivity: 'Mean of |z| |grad f(z)| at fresh points',
};

/** Draws the scatter with `extra` marks on top, or nothing where there is no point that the axes can show. */
export function scatterChart(
  fit: PredictorFit,
  layout: Layout,
  id: string,
  extra: readonly Plot.Markish[] = [],
): Html | undefined {
  const all = [...fit.groups, ...fit.published].flatMap(({ points }) => points).filter(drawable);
  if (all.length === 0) return undefined;
  const axis = fit.scale === 'log' ? logAxis : linearAxis;
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
  const styles = scatterStyles(fit);
  const ours = styles.slice(0, fit.groups.length);
  const theirs = styles.slice(fit.groups.length);
  return drawSvg(
    {
      ...layout,
      style: { fontSize: `${layout.fontSize}px` },
      x: { type: x.kind, domain: x.domain, range: x.range, axis: null },
      y: { type: y.kind, domain: y.domain, range: y.range, axis: null },
      marks: [
        ...frameMarks(
          x,
          y,
          { x: predictorText(fit.predictor), y: QUANTITY_TEXT[fit.quantity] ?? fit.quantity },
          layout,
        ),
        ...fit.published.flatMap((figure, i) => pointMarks(figure.points, theirs[i]!, layout)),
        ...fit.groups.flatMap((group, i) => pointMarks(group.points, ours[i]!, layout)),
        ...fit.published.map((figure, i) =>
          lineMark(fit, figure, figure.points, theirs[i]!.colour, '6,4', [x, y]),
        ),
        ...fit.groups.flatMap(({ line, points }, i) =>
          line
            ? [
                lineMark(
                  fit,
                  { slope: line.slope.value, intercept: line.intercept.value },
                  points,
                  ours[i]!.colour,
                  undefined,
                  [x, y],
                ),
              ]
            : [],
        ),
        ...extra,
      ],
    },
    { id, title: `${shorten(fit.title, 80)}`, text: inWords(fit) },
  );
}

/** `√(n/k)`, `n^(1/d)`: the predictor as a reader expects it. */
export function predictorText(predictor: string): string {
  return predictor.replace(/^sqrt\((.*)\)$/, (_, inside: string) =>
    inside.length === 1 ? `\u221A${inside}` : `\u221A(${inside})`,
  );
}

function pointMarks(points: readonly ScatterPoint[], style: ScatterStyle, layout: Layout): Plot.Markish[] {
  const r = (style.hollow ? 2.2 : 2.8) * (layout.compact ? 0.85 : 1);
  const { colour, symbol } = style;
  return [
    Plot.dot(points.filter(drawable), {
      x: 'x',
      y: 'y',
      r,
      symbol,
      ...(style.hollow
        ? { stroke: colour, strokeWidth: 1, strokeOpacity: 0.55 }
        : { fill: colour, fillOpacity: 0.75 }),
    }),
  ];
}

/** The line over the points it was fitted to, as far as it lies in the frame. */
function lineMark(
  { scale }: PredictorFit,
  { slope, intercept }: Pick<PublishedFigure, 'slope' | 'intercept'>,
  points: readonly ScatterPoint[],
  colour: string,
  dashes: string | undefined,
  [x, y]: readonly [ValueAxis, ValueAxis],
): Plot.Markish {
  const xs = points.filter(drawable).map((point) => point.x);
  const [low, high] = [Math.max(Math.min(...xs), x.domain[0]), Math.min(Math.max(...xs), x.domain[1])];
  const at = (value: number) =>
    scale === 'log' ? Math.exp(intercept + slope * Math.log(value)) : intercept + slope * value;
  const between = (share: number) =>
    scale === 'log' ? low * (high / low) ** share : low + (high - low) * share;
  const path = Array.from({ length: 41 }, (_, i) => between(i / 40))
    .map((value) => ({ x: value, y: at(value) }))
    .filter((point) => point.y >= y.domain[0] && point.y <= y.domain[1]);
  return Plot.line(path, {
    x: 'x',
    y: 'y',
    stroke: colour,
    strokeWidth: 2.25,
    ...(dashes !== undefined && { strokeDasharray: dashes }),
  });
}

function inWords(fit: PredictorFit): string {
  const trials = fit.groups.reduce((sum, { points }) => sum + points.length, 0);
  const lines = fit.groups.flatMap(({ name, line }) =>
    line ? [`${name === '' ? 'the line' : name} has slope ${significant(line.slope.value)}`] : [],
  );
  const published = fit.published.map(
    ({ points, slope, source }) =>
      `${counted(points.length, 'point')} of ${source} with slope ${significant(slope)}`,
  );
  return `${[`${counted(trials, 'trial')}`, ...lines, ...published].join('; ')}.`;
}

function logAxis(values: readonly number[], range: readonly [number, number], mostTicks: number): ValueAxis {
  return logarithmic([Math.min(...values) / 1.1, Math.max(...values) * 1.1], range, mostTicks);
}

function linearAxis(
  values: readonly number[],
  range: readonly [number, number],
  mostTicks: number,
): ValueAxis {
  return linear([0, Math.max(...values) * 1.05], range, mostTicks);
}

/** Positive and finite; all that is measured here is. */
function drawable({ x, y }: ScatterPoint): boolean {
  return x > 0 && y > 0 && Number.isFinite(x) && Number.isFinite(y);
}
