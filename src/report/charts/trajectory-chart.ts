// The Lipschitz constant on the way of a training: between witness and certificate, against the loss that is left.
import * as Plot from '@observablehq/plot';
import { upperEnd } from '../../guarantee/index.ts';
import type { TrajectoryPoint } from '../../study/index.ts';
import type { Html } from '../html.ts';
import { counted, significant } from '../number.ts';
import { frameMarks } from './frame-marks.ts';
import type { Layout } from './law-frame.ts';
import { drawSvg } from './svg.ts';
import { logarithmic } from './value-axis.ts';

/** Trainings of one size on the data of several seeds. */
export interface TrajectoryGroup {
  readonly name: string;
  readonly trainings: readonly (readonly TrajectoryPoint[])[];
}

/** Draws the trajectories with `extra` marks on top, or nothing where no point has a positive loss and constant. */
export function trajectoryChart(
  title: string,
  groups: readonly TrajectoryGroup[],
  noiseVariance: number | undefined,
  layout: Layout,
  id: string,
  extra: readonly Plot.Markish[] = [],
): Html | undefined {
  const drawn = groups.map(({ trainings }) => trainings.map((points) => points.flatMap(positionOf)));
  const all = drawn.flat(2);
  if (all.length === 0) return undefined;
  const noise = noiseVariance !== undefined && noiseVariance > 0 ? [noiseVariance] : [];
  const losses = [...all.map(({ loss }) => loss), ...noise];
  // Training goes to the right: the loss falls along the axis.
  const x = logarithmic(
    [Math.min(...losses) / 1.2, Math.max(...losses) * 1.2],
    [layout.width - layout.marginRight, layout.marginLeft],
    layout.compact ? 5 : 9,
  );
  const ends = all.flatMap(({ lower, upper }) => [lower, upper]);
  const y = logarithmic(
    [Math.min(...ends) / 1.1, Math.max(...ends) * 1.1],
    [layout.height - layout.marginBottom, layout.marginTop],
    7,
  );
  return drawSvg(
    {
      ...layout,
      style: { fontSize: `${layout.fontSize}px` },
      x: { type: 'log', domain: x.domain, range: x.range, axis: null },
      y: { type: 'log', domain: y.domain, range: y.range, axis: null },
      marks: [
        ...frameMarks(
          x,
          y,
          { x: 'mean squared error, falling with training', y: 'Lipschitz constant, witnessed to certified' },
          layout,
        ),
        Plot.ruleX(noise, { stroke: 'var(--ink)', strokeWidth: 1.5, strokeDasharray: '5,4' }),
        Plot.text(noise, {
          x: identity,
          text: () => 'noise level',
          frameAnchor: 'top',
          textAnchor: 'start',
          lineAnchor: 'top',
          dx: 6,
          dy: 4,
          fill: 'var(--ink)',
        }),
        ...drawn.flatMap((trainings, i) => trainings.flatMap((points) => trainingMarks(points, i))),
        ...extra,
      ],
    },
    { id, title, text: inWords(groups, drawn.flat()) },
  );
}

interface Position {
  readonly loss: number;
  readonly lower: number;
  readonly upper: number;
}

/** On logarithmic axes there is no zero; where nothing is certified the witness stands alone. */
function positionOf({ meanSquaredError, lower, upper }: TrajectoryPoint): Position[] {
  const [loss, low] = [meanSquaredError, lower.value];
  const high = upperEnd(upper);
  if (!(loss > 0 && loss < Infinity && low > 0 && low < Infinity)) return [];
  return [{ loss, lower: low, upper: high < Infinity ? high : low }];
}

function trainingMarks(points: readonly Position[], group: number): Plot.Markish[] {
  const colour = `var(--series-${group % 10})`;
  return [
    Plot.link(points, {
      x1: 'loss',
      x2: 'loss',
      y1: 'lower',
      y2: 'upper',
      stroke: colour,
      strokeOpacity: 0.55,
      strokeWidth: 3,
    }),
    Plot.line(points, { x: 'loss', y: 'lower', stroke: colour, strokeWidth: 1.5 }),
  ];
}

function inWords(groups: readonly TrajectoryGroup[], trainings: readonly (readonly Position[])[]): string {
  const count = groups.reduce((sum, group) => sum + group.trainings.length, 0);
  const lasts = trainings.flatMap((points) => (points.length > 0 ? [points.at(-1)!] : []));
  const lows = lasts.map(({ lower }) => lower);
  return `${counted(count, 'training')}; the constants at their ends are witnessed from ${significant(Math.min(...lows))} to ${significant(Math.max(...lows))}.`;
}

function identity(value: number): number {
  return value;
}
