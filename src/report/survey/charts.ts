// The charts of a survey: dimensions, tails, distances, noise against distance, dimension against scale, expansions.

import * as Plot from '@observablehq/plot';
import type { PlainEstimate } from '../../guarantee/index.ts';
import type {
  SurveyDimensions,
  SurveyIsoperimetry,
  SurveyNoise,
  SurveySeparation,
} from '../../survey/index.ts';
import type { IntervalChart, IntervalRow } from '../charts/interval-chart.ts';
import { linear, logarithmic, valueAxis } from '../charts/value-axis.ts';
import { count, percent, significant } from '../number.ts';
import { NORMS } from '../words.ts';
import type { XyChart } from './xy-chart.ts';

/** A dot and the interval of each reading on one logarithmic axis; the number of features is the line. */
export function dimensionChart(
  readings: readonly { readonly name: string; readonly dimension: PlainEstimate | null }[],
  features: number,
): IntervalChart | undefined {
  const known = readings.flatMap(({ name, dimension }) =>
    dimension && dimension.value > 0 ? [{ name, dimension }] : [],
  );
  if (known.length === 0) return undefined;
  const values = known
    .flatMap(({ dimension }) => [dimension.value, ...dimension.interval])
    .filter((v) => v > 0);
  const low = Math.min(...values, features) / 1.4;
  const high = Math.max(...values, features) * 1.4;
  const rows: IntervalRow[] = known.map(({ name, dimension }) => ({
    name,
    value: significant(dimension.value),
    bar: [Math.max(low, dimension.interval[0]), dimension.interval[1]],
    dot: dimension.value,
    colour: 'var(--series-0)',
  }));
  return {
    rows,
    axis: (range, ticks) => logarithmic([low, high], range, ticks),
    label: 'dimension (log scale); dashed: all features',
    reference: features,
  };
}

/** Most functions drawn; the order is that of the palette. */
const MOST_CURVES = 8;

/** P(|f - mean f| >= t) of the worst function of each family, and the curve of isoperimetry. */
export function tailChart({ curves, c }: SurveyIsoperimetry['overall']): XyChart | undefined {
  const shown = curves.slice(0, MOST_CURVES).filter(({ points }) => points.length > 1);
  const points = shown.flatMap((curve) => curve.points);
  if (points.length === 0) return undefined;
  const farthest = Math.max(...points.map(({ t }) => t));
  const least = Math.min(...points.map(({ observed }) => observed));
  if (!(farthest > 0 && least > 0)) return undefined;
  const bottom = Math.min(least / 1.5, 0.3);
  const longest = shown.reduce((a, b) => (b.points.at(-1)!.t > a.points.at(-1)!.t ? b : a));
  const bound = longest.points.filter((point) => point.bound >= bottom);
  return {
    x: (range, ticks) => linear([0, 1.05 * farthest], range, ticks),
    y: (range, ticks) => logarithmic([bottom, 1.2], range, ticks),
    xLabel: 't, in units of the root-mean-square distance from the mean',
    yLabel: 'share of held-out rows with |f \u2212 mean| \u2265 t (log scale)',
    marks: [
      Plot.line(bound, {
        x: 't',
        y: 'bound',
        stroke: 'var(--ink)',
        strokeWidth: 2.5,
        strokeDasharray: '7,5',
        clip: true,
      }),
      ...shown.map((curve, index) =>
        Plot.line(curve.points, {
          x: 't',
          y: 'observed',
          stroke: `var(--series-${index})`,
          strokeWidth: 2,
          clip: true,
          title: () => `${curve.family}: ${curve.function}`,
        }),
      ),
    ],
    text: `${shown.map(({ family, function: name, points: all }) => `${family} (${name}): to t = ${significant(all.at(-1)!.t)}`).join('; ')}. Dashed: isoperimetry with c = ${c ? significant(c.value) : 'unknown'}.`,
  };
}

/** Distances to the nearest row of another class as bars; the closest pair and twice the radii asked for as lines. */
export function distanceHistogram({ norm, histogram, closest, radii }: SurveySeparation[number]): XyChart {
  const { from, to, counts } = histogram;
  const width = (to - from) / counts.length;
  const bars =
    width > 0
      ? counts.map((rows, bin) => ({ rows, x1: from + bin * width, x2: from + (bin + 1) * width }))
      : [{ rows: counts[0]!, x1: from * 0.98, x2: from * 1.02 || 1 }];
  const end = Math.max(to, ...radii.map(({ radius }) => 2 * radius)) || 1;
  const most = Math.max(...counts);
  const lines = radii.filter(({ radius }) => radius > 0).map(({ radius }) => ({ at: 2 * radius, radius }));
  return {
    x: (range, ticks) => linear([0, 1.04 * end], range, ticks),
    y: (range, ticks) => linear([0, 1.15 * most], range, ticks),
    xLabel: `${NORMS[norm]} distance to the nearest row of another class`,
    yLabel: 'rows',
    marks: [
      Plot.rectY(bars, {
        x1: 'x1',
        x2: 'x2',
        y: 'rows',
        fill: 'var(--series-0)',
        fillOpacity: 0.75,
        inset: 0.5,
        title: ({ rows, x1, x2 }: (typeof bars)[number]) =>
          `${significant(x1)} to ${significant(x2)}: ${count(rows)} rows`,
      }),
      Plot.ruleX([closest.distance], { stroke: 'var(--series-1)', strokeWidth: 2 }),
      Plot.ruleX(lines, { x: 'at', stroke: 'var(--muted)', strokeDasharray: '5,4' }),
      Plot.text(lines, {
        x: 'at',
        text: ({ radius }: (typeof lines)[number]) => `2 \u00D7 ${significant(radius)}`,
        frameAnchor: 'top',
        dy: 8,
        fill: 'var(--ink)',
        stroke: 'var(--paper)',
        strokeWidth: 4,
      }),
    ],
    text: `From ${significant(from)} to ${significant(to)}; the closest pair is at ${significant(closest.distance)}.`,
  };
}

/** The reading of the noise from neighbours against their distance, with intervals. */
export function noiseProfileChart({ profile, level }: SurveyNoise): XyChart | undefined {
  if (profile.length < 2) return undefined;
  const most = Math.max(level.value, ...profile.map(({ value, interval }) => interval?.[1] ?? value));
  const farthest = Math.max(...profile.map(({ distance }) => distance));
  if (!(most > 0 && farthest > 0)) return undefined;
  return {
    x: (range, ticks) => linear([0, 1.06 * farthest], range, ticks),
    y: (range, ticks) => linear([0, 1.12 * most], range, ticks),
    xLabel: `distance to the nearest neighbour (${NORMS.l2})`,
    yLabel: 'half the squared difference of labels',
    marks: [
      Plot.ruleY([level.value], { stroke: 'var(--muted)', strokeDasharray: '5,4' }),
      Plot.ruleX(
        profile.filter(({ interval }) => interval !== null),
        {
          x: 'distance',
          y1: ({ interval }: SurveyNoise['profile'][number]) => interval![0],
          y2: ({ interval }: SurveyNoise['profile'][number]) => interval![1],
          stroke: 'var(--series-0)',
          strokeWidth: 6,
          strokeOpacity: 0.35,
        },
      ),
      Plot.dot(profile, { x: 'distance', y: 'value', r: 5, fill: 'var(--series-0)' }),
    ],
    text: profile
      .map(({ distance, value }) => `at ${significant(distance)}: ${significant(value)}`)
      .join('; '),
  };
}

/** Dimension against scale, with intervals. */
export function scaleChart({ scales }: SurveyDimensions): XyChart | undefined {
  const points = scales
    .filter(({ distance, dimension }) => distance > 0 && dimension.value > 0)
    .map(({ distance, neighbours, dimension: { value, interval } }) => ({
      distance,
      neighbours,
      value,
      low: interval[0],
      high: interval[1],
    }));
  if (points.length < 2) return undefined;
  const [near, far] = [points[0]!.distance, points.at(-1)!.distance];
  const highest = Math.max(...points.map(({ high, value }) => (Number.isFinite(high) ? high : value)));
  return {
    x: (range, ticks) =>
      far > 3 * near
        ? logarithmic([near / 1.1, far * 1.1], range, ticks)
        : linear([0.95 * near, 1.05 * far], range, ticks),
    y: (range, ticks) => linear([0, 1.1 * highest], range, ticks),
    xLabel: 'scale: distance to the neighbours that are compared',
    yLabel: 'dimension (Gride)',
    marks: [
      Plot.areaY(points, {
        x: 'distance',
        y1: 'low',
        y2: 'high',
        fill: 'var(--series-0)',
        fillOpacity: 0.2,
        clip: true,
      }),
      Plot.line(points, { x: 'distance', y: 'value', stroke: 'var(--series-0)', strokeWidth: 2 }),
      Plot.dot(points, { x: 'distance', y: 'value', r: 4, fill: 'var(--series-0)' }),
    ],
    text: points
      .map(({ neighbours, value }) => `${count(neighbours)} neighbours: ${significant(value)}`)
      .join('; '),
  };
}

interface Expansion {
  readonly family: string;
  readonly epsilon: number;
  readonly risk: { readonly value: number };
  readonly expanded: { readonly value: number; readonly interval: readonly [number, number] };
}

/** Mass of the expansion of each set that was found, with its interval. */
export function expansionChart(expansions: readonly Expansion[], alpha: number): IntervalChart | undefined {
  if (expansions.length === 0) return undefined;
  const values = expansions.flatMap(({ expanded }) => [expanded.value, ...expanded.interval]);
  return {
    rows: expansions.map(({ family, epsilon, expanded }) => ({
      name: `${family}, radius ${significant(epsilon)}`,
      value: percent(Number(expanded.value.toPrecision(3))),
      bar: expanded.interval,
      dot: expanded.value,
      colour: family === 'half-spaces' ? 'var(--series-0)' : 'var(--series-2)',
    })),
    axis: (range, ticks) => valueAxis(values, [alpha], range, ticks, 60) ?? linear([0, 1], range, ticks),
    label: 'share of the data within the radius of the set',
    reference: alpha,
  };
}
