// A scatter as a figure of the page: drawn for a wide and for a narrow screen, with its key beneath.
import {
  NARROW_SCATTER,
  type Scatter,
  type ScatterStyle,
  scatterChart,
  scatterStyles,
  WIDE_SCATTER,
} from '../charts/scatter-chart.ts';
import { type Html, html } from '../html.ts';

/** The scatter for either screen, with its key beneath; undefined without points. */
export function scatterFigure(scatter: Scatter, id: string): Html | undefined {
  const wide = scatterChart(scatter, WIDE_SCATTER, id);
  const narrow = scatterChart(scatter, NARROW_SCATTER, `${id}-narrow`);
  if (!wide || !narrow) return undefined;
  const styles = scatterStyles(scatter.sets).filter((_, i) => scatter.sets[i]!.points.length > 0);
  return html`<figure><div class="wide">${wide}</div><div class="narrow">${narrow}</div>
<figcaption>${key(styles)}</figcaption></figure>\n`;
}

/** Points and lines by colour and shape, published ones as paler outlines with a dashed line. */
function key(styles: readonly ScatterStyle[]): Html {
  return html`${styles.map(
    (style, i) =>
      html`${i > 0 ? '; ' : ''}<span style="color:${style.colour}">${shapeOf(style)}\u202F${style.hollow ? '\u2504' : '\u2500'}</span> ${style.name}`,
  )}`;
}

/** A character that looks like the mark of a style. */
export function shapeOf({ symbol, hollow }: ScatterStyle): string {
  return SHAPES[symbol][hollow ? 1 : 0];
}

/** Full and hollow. */
const SHAPES: Readonly<Record<ScatterStyle['symbol'], readonly [string, string]>> = {
  circle: ['\u25CF', '\u25CB'],
  square: ['\u25A0', '\u25A1'],
  triangle: ['\u25B2', '\u25B3'],
  diamond: ['\u25C6', '\u25C7'],
  star: ['\u2605', '\u2606'],
  wye: ['\u2144', '\u2144'],
  cross: ['\u271A', '\u271A'],
  hexagon: ['\u2B22', '\u2B21'],
};
