// Robust training accuracy against P, a curve for each number of points: where it takes off.
import * as Plot from '@observablehq/plot';
import type { Html } from '../html.ts';
import { count, counted, percent, significant } from '../number.ts';
import { logTicks, paddedDomain, tickText } from './axes.ts';
import { frameMarks } from './frame-marks.ts';
import type { Layout } from './law-frame.ts';
import { drawSvg } from './svg.ts';

/** One curve; `accuracies` are those of the seeds. */
export interface TransitionCurve {
  readonly n: number;
  readonly points: readonly {
    readonly parameters: number;
    readonly accuracies: readonly number[];
    /** Of a monotone fit: seeds that were run at one P and not at the next make no dent. */
    readonly fitted: number;
  }[];
  /** Where it crosses; null where it does not. */
  readonly takeOff: number | null;
}

const SHARES = [0, 0.25, 0.5, 0.75, 1];

/** At least one curve with a point. */
export function transitionChart(
  curves: readonly TransitionCurve[],
  threshold: number,
  layout: Layout,
  id: string,
  title: string,
): Html {
  const { compact, fontSize } = layout;
  const all = curves.flatMap(({ n, points, takeOff }, index) =>
    points.map((point) => ({ ...point, n, takeOff, colour: seriesColour(index) })),
  );
  const domain = paddedDomain(
    all.map(({ parameters }) => parameters),
    1.25,
  );
  const ticks = logTicks(domain, compact ? 5 : 9);
  const ends = curves.flatMap(({ n, points }, index) => {
    const last = points.at(-1);
    return last ? [{ n, ...last, colour: seriesColour(index) }] : [];
  });
  const crossed = curves.flatMap(({ n, takeOff }, index) =>
    takeOff === null ? [] : [{ n, takeOff, colour: seriesColour(index) }],
  );
  return drawSvg(
    {
      ...layout,
      style: { fontSize: `${fontSize}px` },
      x: { type: 'log', domain: [...domain], axis: null },
      y: { domain: [0, 1], axis: null },
      marks: [
        ...frameMarks(
          { ticks, tickText },
          { ticks: SHARES, tickText: percent },
          { x: 'parameters P (log scale)', y: 'robust training accuracy' },
          layout,
        ),
        Plot.ruleY([threshold], { stroke: 'var(--ink)', strokeDasharray: '4,4' }),
        Plot.ruleX(crossed, {
          x: 'takeOff',
          y1: 0,
          y2: threshold,
          stroke: 'colour',
          strokeDasharray: '2,4',
          strokeWidth: 1.5,
        }),
        Plot.line(all, { x: 'parameters', y: 'fitted', z: 'n', stroke: 'colour', strokeWidth: 2.5 }),
        Plot.dot(
          all.flatMap(({ accuracies, ...point }) => accuracies.map((accuracy) => ({ ...point, accuracy }))),
          { x: 'parameters', y: 'accuracy', r: compact ? 2.5 : 3.5, fill: 'colour', fillOpacity: 0.55 },
        ),
        Plot.text(ends, {
          x: 'parameters',
          y: 'fitted',
          text: ({ n }) => `n = ${count(n)}`,
          fill: 'colour',
          stroke: 'var(--paper)',
          strokeWidth: 4,
          textAnchor: 'end',
          lineAnchor: 'bottom',
          dy: -8,
          fontWeight: 600,
        }),
      ],
    },
    {
      id,
      title,
      text: curves
        .map(
          ({ n, points, takeOff }) =>
            `${counted(n, 'point')}: ${points.length} sizes, ${takeOff === null ? 'no crossing' : `crosses at ${significant(takeOff)} parameters`}`,
        )
        .join('; '),
    },
  );
}

/** The colour of the curve number `index`. */
export function seriesColour(index: number): string {
  return `var(--series-${index % 5})`;
}
