// A memorizer on the plane through three data points, as filled contours around 0.
import * as Plot from '@observablehq/plot';
import type { PlaneSlice } from '../../study/index.ts';
import type { Html } from '../html.ts';
import { significant } from '../number.ts';
import { BAND_COUNT } from '../theme.ts';
import { drawSvg } from './svg.ts';

/** Values beyond ±CLIP take the outermost colours: the spikes of some memorizers reach millions. */
export const CLIP = 1.5;

const SIDE = 260;
const MARGIN = 8;
const FONT_SIZE = 13;

/** Lower edges of the bands, which are centred on -CLIP, ..., 0, ..., CLIP. */
const WIDTH = (2 * CLIP) / (BAND_COUNT - 1);
const THRESHOLDS = Array.from({ length: BAND_COUNT }, (_, band) => WIDTH * (band - BAND_COUNT / 2));

export function sliceChart(slice: PlaneSlice, id: string, title: string): Html {
  const [low, high] = slice.extent;
  // A dense grid of Plot has its samples in the middle of cells; ours lie on the bounds.
  const half = (high - low) / (slice.side - 1) / 2;
  const grid = {
    width: slice.side,
    height: slice.side,
    x1: low - half,
    x2: high + half,
    y1: low - half,
    y2: high + half,
    clip: true,
  } as const;
  const values = slice.values.map((value) => Math.min(CLIP, Math.max(-CLIP, value)));
  return drawSvg(
    {
      width: SIDE,
      height: SIDE,
      margin: MARGIN,
      style: { fontSize: `${FONT_SIZE}px` },
      x: { domain: [low, high], axis: null },
      y: { domain: [low, high], axis: null },
      color: {
        type: 'threshold',
        domain: THRESHOLDS.slice(1),
        range: Array.from({ length: BAND_COUNT }, (_, band) => `var(--band-${band})`),
      },
      marks: [
        Plot.contour(values, { ...grid, fill: Plot.identity, thresholds: THRESHOLDS }),
        ...pointMarks(slice),
        Plot.frame({ stroke: 'var(--rule)' }),
      ],
    },
    { id, title, text: inWords(slice) },
  );
}

/** Least and greatest value on the grid: `−22 000 to 31 000`. */
export function sliceRange(slice: PlaneSlice): string {
  const finite = slice.values.filter(Number.isFinite);
  if (finite.length === 0) return 'no finite value';
  const [low, high] = finite.reduce(
    ([least, greatest], value) => [Math.min(least, value), Math.max(greatest, value)],
    [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  );
  return `${significant(low)} to ${significant(high)}`;
}

function pointMarks(slice: PlaneSlice): Plot.Markish[] {
  const at = { x: 'u', y: 'v' } as const;
  const [low, high] = slice.extent;
  const middle = (low + high) / 2;
  return slice.points.map((point) => {
    const right = point.u > middle;
    return [
      Plot.dot([point], { ...at, r: 5, fill: 'var(--paper)', stroke: 'var(--ink)', strokeWidth: 2 }),
      Plot.text([point], {
        ...at,
        text: () => signed(point.label),
        // Towards the middle, so that no label leaves the map.
        textAnchor: right ? 'end' : 'start',
        dx: right ? -10 : 10,
        fill: 'var(--ink)',
        stroke: 'var(--paper)',
        strokeWidth: 4,
        fontWeight: 600,
      }),
    ];
  });
}

function inWords(slice: PlaneSlice): string {
  const points = slice.points.map(
    ({ u, v, label }) => `label ${signed(label)} at (${significant(u)}, ${significant(v)})`,
  );
  return `Values on the plane: ${sliceRange(slice)}. Data points: ${points.join('; ')}.`;
}

/** `+1`, `−1`, `+0.25` */
function signed(label: number): string {
  const text =
    Number.isInteger(label) && Math.abs(label) < 1000
      ? String(Math.abs(label))
      : significant(Math.abs(label));
  return label > 0 ? `+${text}` : label < 0 ? `\u2212${text}` : text;
}
