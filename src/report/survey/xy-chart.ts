// Curves, bars and dots over two value axes, for a desk and for a phone.
import type * as Plot from '@observablehq/plot';
import { frameMarks } from '../charts/frame-marks.ts';
import { drawSvg } from '../charts/svg.ts';
import type { ValueAxis } from '../charts/value-axis.ts';
import { type Html, html } from '../html.ts';

export interface XyChart {
  readonly x: (range: readonly [number, number], mostTicks: number) => ValueAxis;
  readonly y: (range: readonly [number, number], mostTicks: number) => ValueAxis;
  readonly xLabel: string;
  readonly yLabel: string;
  /** Drawn in this order; values off an axis are clipped. */
  readonly marks: readonly Plot.Markish[];
  /** For someone who cannot see it. */
  readonly text: string;
}

interface Size {
  readonly width: number;
  readonly height: number;
  readonly fontSize: number;
  readonly left: number;
  readonly ticks: readonly [x: number, y: number];
}

const WIDE: Size = { width: 1040, height: 380, fontSize: 14, left: 70, ticks: [10, 6] };
const NARROW: Size = { width: 400, height: 300, fontSize: 12, left: 54, ticks: [5, 5] };
const TOP = 34;
const BOTTOM = 52;
const RIGHT = 18;

export function xyCharts(chart: XyChart, id: string, title: string): Html {
  return html`<div class="wide">${draw(chart, WIDE, id, title)}</div><div class="narrow">${draw(chart, NARROW, `${id}-narrow`, title)}</div>`;
}

/** The chart for a phone, or one of several side by side. */
export function smallXyChart(chart: XyChart, id: string, title: string): Html {
  return draw(chart, NARROW, id, title);
}

/** The chart for a desk alone. */
export function xyChart(chart: XyChart, id: string, title: string): Html {
  return draw(chart, WIDE, id, title);
}

function draw({ marks, text, ...chart }: XyChart, size: Size, id: string, title: string): Html {
  const { width, height, fontSize, left } = size;
  const x = chart.x([left, width - RIGHT], size.ticks[0]);
  const y = chart.y([height - BOTTOM, TOP], size.ticks[1]);
  return drawSvg(
    {
      width,
      height,
      marginLeft: left,
      marginRight: RIGHT,
      marginTop: TOP,
      marginBottom: BOTTOM,
      style: { fontSize: `${fontSize}px` },
      x: { type: x.kind, domain: [...x.domain], axis: null },
      y: { type: y.kind, domain: [...y.domain], axis: null },
      marks: [
        ...frameMarks(
          x,
          y,
          { x: chart.xLabel, y: chart.yLabel },
          { marginLeft: left, marginTop: TOP, marginBottom: BOTTOM },
        ),
        ...marks,
      ],
    },
    { id, title, text },
  );
}
