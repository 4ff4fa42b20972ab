// Curves, bars and dots over two value axes, for a desk and for a phone.
import * as Plot from '@observablehq/plot';
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
  const muted = { fill: 'var(--muted)' };
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
        Plot.gridX(x.ticks, { stroke: 'var(--rule)', strokeOpacity: 1 }),
        Plot.gridY(y.ticks, { stroke: 'var(--rule)', strokeOpacity: 1 }),
        Plot.text(x.ticks, {
          ...muted,
          x: (tick: number) => tick,
          text: x.tickText,
          frameAnchor: 'bottom',
          lineAnchor: 'top',
          dy: 8,
        }),
        Plot.text(y.ticks, {
          ...muted,
          y: (tick: number) => tick,
          text: y.tickText,
          frameAnchor: 'left',
          textAnchor: 'end',
          dx: -7,
        }),
        Plot.text([`${chart.xLabel} \u2192`], {
          ...muted,
          frameAnchor: 'bottom-right',
          lineAnchor: 'bottom',
          dy: BOTTOM - 6,
        }),
        Plot.text([`\u2191 ${chart.yLabel}`], {
          ...muted,
          frameAnchor: 'top-left',
          lineAnchor: 'bottom',
          dx: 6 - left,
          dy: -10,
        }),
        ...marks,
      ],
    },
    { id, title, text },
  );
}
