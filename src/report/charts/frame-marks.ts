// What every chart of two quantities has around its marks: a grid, values at the ticks, and what the axes are.
import * as Plot from '@observablehq/plot';

interface Ticks {
  readonly ticks: readonly number[];
  readonly tickText: (tick: number) => string;
}

/** Grid, values below and to the left, the name of y at the top left corner of the picture and that of x at its bottom right. */
export function frameMarks(
  x: Ticks,
  y: Ticks,
  names: { readonly x: string; readonly y: string },
  margins: { readonly marginLeft: number; readonly marginTop: number; readonly marginBottom: number },
): Plot.Markish[] {
  const muted = { fill: 'var(--muted)' };
  const line = { stroke: 'var(--rule)', strokeOpacity: 1 };
  return [
    Plot.gridX(x.ticks, line),
    Plot.gridY(y.ticks, line),
    Plot.text(x.ticks, {
      ...muted,
      x: identity,
      text: x.tickText,
      frameAnchor: 'bottom',
      lineAnchor: 'top',
      dy: 10,
    }),
    Plot.text(y.ticks, {
      ...muted,
      y: identity,
      text: y.tickText,
      frameAnchor: 'left',
      textAnchor: 'end',
      dx: -6,
    }),
    Plot.text([`\u2191 ${names.y}`], {
      ...muted,
      frameAnchor: 'top-left',
      lineAnchor: 'top',
      dx: 6 - margins.marginLeft,
      dy: 4 - margins.marginTop,
    }),
    Plot.text([`${names.x} \u2192`], {
      ...muted,
      frameAnchor: 'bottom-right',
      lineAnchor: 'bottom',
      dy: margins.marginBottom - 4,
    }),
  ];
}

function identity(value: number): number {
  return value;
}
