// Robust accuracy against radius: attacks from above, certificates from below, and between them what nobody knows.
import * as Plot from '@observablehq/plot';
import { curveAt, curveSteps, type RobustnessCurve, type Step, thinnedSteps } from '../audit/curve.ts';
import { isUnlimited, radiusText, share } from '../audit/words.ts';
import type { Html } from '../html.ts';
import { count, significant } from '../number.ts';
import type { Layout } from './law-frame.ts';
import { drawSvg } from './svg.ts';
import { type ValueAxis, valueAxis } from './value-axis.ts';

/** What the standard ensemble left at one radius, in points. */
export interface EnsembleMark {
  readonly radius: number;
  readonly robust: number;
  /** Of these, rows that time did not allow to attack in full. */
  readonly notAttacked: number;
  /** Rows proven robust: no attack is missed there. */
  readonly certified: number;
  readonly partial: boolean;
}

export interface RobustAccuracyChart {
  readonly curve: RobustnessCurve;
  readonly marks: readonly EnsembleMark[];
  /** `ℓ∞`, for the axis. */
  readonly norm: string;
}

export const WIDE_CURVE: Layout = {
  width: 1040,
  height: 440,
  fontSize: 14,
  marginLeft: 62,
  marginRight: 24,
  marginTop: 50,
  marginBottom: 54,
  compact: false,
};

export const NARROW_CURVE: Layout = {
  width: 400,
  height: 360,
  fontSize: 12,
  marginLeft: 48,
  marginRight: 14,
  marginTop: 66,
  marginBottom: 46,
  compact: true,
};

const BROKEN = 'var(--series-1)';
const PROVEN = 'var(--series-2)';
/** Pixels between two steps that are drawn apart. */
const CELL = 0.5;
/** Strips that say the numbers beneath the pointer. */
const STRIPS = 80;

/** The radii of the chart, which other charts of the same norm share; undefined where there is none to show. */
export function radiusAxis(
  { found, certified }: RobustnessCurve,
  marks: readonly { readonly radius: number }[],
  { width, marginLeft, marginRight, compact }: Layout,
): ValueAxis | undefined {
  return valueAxis(
    [...found, ...certified].filter((radius) => !isUnlimited(radius)),
    marks.map(({ radius }) => radius),
    [marginLeft, width - marginRight],
    compact ? 5 : 10,
  );
}

/** Draws the curves, or nothing where no attack found anything, nothing is certified and no radius was asked. */
export function robustAccuracyChart(
  { curve, marks, norm }: RobustAccuracyChart,
  layout: Layout,
  id: string,
  title: string,
  extra: readonly Plot.Markish[] = [],
): Html | undefined {
  const axis = radiusAxis(curve, marks, layout);
  if (!axis || curve.points === 0) return undefined;
  const { points, correct } = curve;
  const { marginLeft, marginBottom, compact, fontSize } = layout;
  const area = drawnSteps(curve, axis).map(({ radius, attacked, certified }) => ({
    radius,
    attacked: attacked / points,
    certified: certified / points,
  }));
  const step = { x: 'radius', curve: 'step-after', clip: true } as const;
  const dots = marks.map((mark) => ({
    ...mark,
    y: mark.robust / points,
    low: Math.max(mark.robust - mark.notAttacked, mark.certified) / points,
  }));
  const muted = { fill: 'var(--muted)' };
  return drawSvg(
    {
      ...layout,
      style: { fontSize: `${fontSize}px` },
      x: { type: axis.kind, domain: [...axis.domain], axis: null },
      y: { domain: [0, 1], axis: null },
      marks: [
        Plot.gridX(axis.ticks, { stroke: 'var(--rule)', strokeOpacity: 1 }),
        Plot.gridY(SHARES, { stroke: 'var(--rule)', strokeOpacity: 1 }),
        Plot.text(axis.ticks, {
          ...muted,
          x: identity,
          text: axis.tickText,
          frameAnchor: 'bottom',
          lineAnchor: 'top',
          dy: 8,
        }),
        Plot.text(SHARES, {
          ...muted,
          y: identity,
          text: (value: number) => share(value, 1),
          frameAnchor: 'left',
          textAnchor: 'end',
          dx: -7,
        }),
        Plot.text(
          [
            `${compact ? '' : 'size of the change in '}${norm}, units of the data${axis.kind === 'log' ? ' (log scale)' : ''} \u2192`,
          ],
          {
            ...muted,
            frameAnchor: 'bottom-right',
            lineAnchor: 'bottom',
            dy: marginBottom - 6,
          },
        ),
        Plot.areaY(area, { ...step, y1: 0, y2: 'certified', fill: PROVEN, fillOpacity: 0.22 }),
        Plot.areaY(area, {
          ...step,
          y1: 'certified',
          y2: 'attacked',
          fill: 'var(--muted)',
          fillOpacity: 0.16,
        }),
        Plot.ruleY([correct / points], { stroke: 'var(--ink)', strokeDasharray: '2,4' }),
        Plot.line(area, { ...step, y: 'certified', stroke: PROVEN, strokeWidth: 2.5 }),
        Plot.line(area, { ...step, y: 'attacked', stroke: BROKEN, strokeWidth: 2.5 }),
        Plot.ruleX(
          dots.filter(({ low, y }) => low < y),
          { x: 'radius', y1: 'low', y2: 'y', stroke: BROKEN, strokeWidth: 2, strokeDasharray: '3,3' },
        ),
        Plot.dot(dots, {
          x: 'radius',
          y: 'y',
          r: compact ? 4.5 : 5.5,
          fill: (mark) => (mark.partial ? 'var(--paper)' : BROKEN),
          stroke: BROKEN,
          strokeWidth: 2,
        }),
        ...legend(
          layout,
          dots.some(({ partial }) => partial),
        ),
        Plot.text(['\u2191 share of the tested points'], {
          ...muted,
          frameAnchor: 'top-left',
          lineAnchor: 'bottom',
          dx: 6 - marginLeft,
          dy: -10,
        }),
        Plot.rect(compact ? [] : strips(curve, axis), {
          x1: 'from',
          x2: 'to',
          y1: 0,
          y2: 1,
          fill: 'transparent',
          title: 'title',
        }),
        Plot.dot(dots, {
          x: 'radius',
          y: 'y',
          r: 9,
          fill: 'transparent',
          title: (mark) => markTitle(mark, points),
        }),
        ...extra,
      ],
    },
    { id, title, text: inWords(curve, marks) },
  );

  /** Above the plot, in one line or two. */
  function legend(layout: Layout, partial: boolean): Plot.Markish[] {
    const keys = [
      { text: 'robust at most: what attacks leave', colour: BROKEN, opacity: 1 },
      { text: 'unknown', colour: 'var(--muted)', opacity: 0.4 },
      { text: 'robust at least: proven', colour: PROVEN, opacity: 1 },
      {
        text: partial ? 'ensemble (open: partial)' : 'standard ensemble',
        colour: BROKEN,
        opacity: 1,
        dot: true,
      },
    ].filter(({ dot }) => !dot || marks.length > 0);
    const character = 0.52 * layout.fontSize;
    const start = compact ? 6 : marginLeft;
    let [left, line] = [0, 0];
    return keys.flatMap(({ text, colour, opacity, dot }) => {
      const width = 26 + character * text.length;
      if (left > 0 && start + left + width > layout.width) [left, line] = [0, line + 1];
      const dx = start - marginLeft + left;
      const dy = (compact ? -56 : -40) + line * (layout.fontSize + 5);
      left += width + 12;
      return [
        Plot.text([dot ? '\u25CF' : '\u25A0'], {
          frameAnchor: 'top-left',
          dx,
          dy,
          lineAnchor: 'middle',
          fill: colour,
          fillOpacity: opacity,
        }),
        Plot.text([text], {
          frameAnchor: 'top-left',
          dx: dx + 15,
          dy,
          lineAnchor: 'middle',
          fill: 'var(--ink)',
        }),
      ];
    });
  }
}

const SHARES = [0, 0.2, 0.4, 0.6, 0.8, 1];

/** The steps a drawing needs, from one edge of the axis to the other. */
function drawnSteps(curve: RobustnessCurve, axis: ValueAxis): readonly Step[] {
  const [low, high] = axis.domain;
  const steps = curveSteps(curve);
  const inside = steps.filter(({ radius }) => radius > low && radius < high);
  const drawn = thinnedSteps(inside, (radius) => Math.floor(axis.apply(radius) / CELL));
  const first = steps.findLast(({ radius }) => radius <= low) ?? steps[0]!;
  const last = steps.findLast(({ radius }) => radius < high) ?? steps[0]!;
  return [{ ...first, radius: low }, ...drawn, { ...last, radius: high }];
}

function strips(
  curve: RobustnessCurve,
  axis: ValueAxis,
): readonly { from: number; to: number; title: string }[] {
  const [left, right] = axis.range;
  const edge = (index: number): number => axis.invert(left + ((right - left) * index) / STRIPS);
  return Array.from({ length: STRIPS }, (_, index) => {
    const middle = Math.max(0, axis.invert(left + ((right - left) * (index + 0.5)) / STRIPS));
    const { attacked, certified } = curveAt(curve, middle);
    return {
      from: edge(index),
      to: edge(index + 1),
      title: `radius ${significant(middle)}: robust at least ${share(certified, curve.points, 'down')} (proven), at most ${share(attacked, curve.points, 'up')} (attacked)`,
    };
  });
}

function markTitle({ radius, robust, notAttacked, partial }: EnsembleMark, points: number): string {
  const missing = partial ? `; not run to its end, ${count(notAttacked)} not attacked in full` : '';
  return `standard ensemble at ${radiusText(radius)}: ${count(robust)} of ${count(points)} left${missing}`;
}

function inWords(curve: RobustnessCurve, marks: readonly EnsembleMark[]): string {
  const { points, correct } = curve;
  const radii = marks.map(({ radius }) => {
    const { attacked, certified } = curveAt(curve, radius);
    return `at radius ${radiusText(radius)} between ${count(certified)} and ${count(attacked)}`;
  });
  return `Of ${count(points)} points ${count(correct)} are right without any change; robust are ${radii.join(', ') || 'as many as the curve shows'}.`;
}

function identity(value: number): number {
  return value;
}
