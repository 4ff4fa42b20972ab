// Parameters at the take-off against the number of points: what was found, the fitted power law, and what it foretells.
import * as Plot from '@observablehq/plot';
import type { Html } from '../html.ts';
import { significant } from '../number.ts';
import { logTicks, paddedDomain, tickText } from './axes.ts';
import { frameMarks } from './frame-marks.ts';
import type { Layout } from './law-frame.ts';
import { drawSvg } from './svg.ts';

export interface GrowthChart {
  /** A number with its interval, or the side on which it lies. */
  readonly found: readonly {
    readonly n: number;
    readonly parameters: number | null;
    readonly interval: readonly [number, number] | null;
    readonly above: number | null;
    readonly below: number | null;
  }[];
  /** P = prefactor n^exponent. */
  readonly law: { readonly prefactor: number; readonly exponent: number } | null;
  readonly foretold: {
    readonly n: number;
    readonly value: number;
    readonly interval: readonly [number, number];
  } | null;
  /** What the smaller sizes alone foretold. */
  readonly backtest: {
    readonly n: number;
    readonly predicted: number;
    readonly interval: readonly [number, number];
  } | null;
}

const FOUND = 'var(--series-0)';
const FORETOLD = 'var(--series-1)';
const TESTED = 'var(--series-2)';
/** Intervals wider than this, each way, run off the chart. */
const WIDEST = 30;

export function growthChart(chart: GrowthChart, layout: Layout, id: string, title: string): Html {
  const { found, law, foretold, backtest } = chart;
  const { compact, fontSize } = layout;
  const sizes = [...found.map(({ n }) => n), ...(foretold ? [foretold.n] : [])];
  const centres = [
    ...found.map(({ parameters, above, below }) => parameters ?? above ?? below!),
    ...(foretold ? [foretold.value] : []),
    ...(backtest ? [backtest.predicted] : []),
  ];
  const [least, greatest] = [Math.min(...centres) / WIDEST, Math.max(...centres) * WIDEST];
  const ends = [
    ...found.flatMap(({ interval }) => interval ?? []),
    ...(foretold?.interval ?? []),
    ...(backtest?.interval ?? []),
  ].map((end) => Math.min(greatest, Math.max(least, end)));
  // Numbers stand to the left of their dots: the first of them needs room.
  const x = [Math.min(...sizes) / (compact ? 2 : 1.4), Math.max(...sizes) * 1.3] as const;
  const y = paddedDomain([...centres, ...ends], 1.3);
  const [xTicks, yTicks] = [logTicks(x, compact ? 4 : 8), logTicks(y, compact ? 5 : 7)];
  const line = law ? x.map((n) => ({ n, P: law.prefactor * n ** law.exponent })) : [];
  const numbers = found.flatMap(({ n, parameters, interval }) =>
    parameters === null ? [] : [{ n, parameters, interval }],
  );
  const arrows = found.flatMap(({ n, parameters, above, below }) =>
    parameters !== null ? [] : [{ n, P: above ?? below!, text: above !== null ? '\u25B2' : '\u25BC' }],
  );
  const label = { stroke: 'var(--paper)', strokeWidth: 4, fontWeight: 600 } as const;
  return drawSvg(
    {
      ...layout,
      style: { fontSize: `${fontSize}px` },
      x: { type: 'log', domain: [...x], axis: null },
      y: { type: 'log', domain: [...y], axis: null, clamp: true },
      marks: [
        ...frameMarks(
          { ticks: xTicks, tickText },
          { ticks: yTicks, tickText },
          { x: 'points n (log scale)', y: 'parameters at the take-off, P* (log scale)' },
          layout,
        ),
        Plot.line(line, {
          x: 'n',
          y: 'P',
          stroke: FOUND,
          strokeWidth: 2,
          strokeDasharray: '6,4',
          clip: true,
        }),
        Plot.ruleX(
          numbers.filter(({ interval }) => interval),
          {
            x: 'n',
            y1: ({ interval }) => interval![0],
            y2: ({ interval }) => interval![1],
            stroke: FOUND,
            strokeWidth: 3,
            strokeOpacity: 0.5,
          },
        ),
        Plot.ruleX(foretold ? [foretold] : [], {
          x: 'n',
          y1: ({ interval }) => interval[0],
          y2: ({ interval }) => interval[1],
          stroke: FORETOLD,
          strokeWidth: 6,
          strokeOpacity: 0.35,
        }),
        Plot.ruleX(backtest ? [backtest] : [], {
          x: 'n',
          dx: 9,
          y1: ({ interval }) => interval[0],
          y2: ({ interval }) => interval[1],
          stroke: TESTED,
          strokeWidth: 3,
          strokeOpacity: 0.5,
        }),
        Plot.dot(backtest ? [backtest] : [], {
          x: 'n',
          y: 'predicted',
          dx: 9,
          r: 5,
          stroke: TESTED,
          strokeWidth: 2,
          fill: 'var(--paper)',
        }),
        Plot.dot(numbers, { x: 'n', y: 'parameters', r: 5.5, fill: FOUND }),
        Plot.text(arrows, { x: 'n', y: 'P', text: 'text', fill: FOUND, fontSize: fontSize + 3 }),
        Plot.dot(foretold ? [foretold] : [], {
          x: 'n',
          y: 'value',
          r: 6.5,
          fill: FORETOLD,
          symbol: 'diamond',
        }),
        Plot.text(numbers, {
          ...label,
          x: 'n',
          y: 'parameters',
          text: ({ parameters }) => significant(parameters, 'nearest', 2),
          fill: FOUND,
          dx: -9,
          textAnchor: 'end',
          lineAnchor: 'bottom',
        }),
        Plot.text(foretold ? [foretold] : [], {
          ...label,
          x: 'n',
          y: 'value',
          text: ({ value }) => significant(value, 'nearest', 2),
          fill: FORETOLD,
          dx: -11,
          textAnchor: 'end',
          lineAnchor: 'bottom',
        }),
      ],
    },
    {
      id,
      title,
      text: [
        ...found.map(
          ({ n, parameters, above, below }) =>
            `n ${n}: ${parameters !== null ? significant(parameters) : above !== null ? `more than ${significant(above)}` : `at most ${significant(below!)}`}`,
        ),
        ...(foretold ? [`foretold for n ${foretold.n}: ${significant(foretold.value)}`] : []),
      ].join('; '),
    },
  );
}
