// The chart of the law alone, as an SVG file that stands by itself in a README or on a slide.
import * as Plot from '@observablehq/plot';
import { RobustlawError } from '../errors.ts';
import type { StudyResult } from '../study/index.ts';
import { lawChart } from './charts/law-chart.ts';
import { chartedDataSets, lawChartData } from './charts/law-data.ts';
import { type Layout, WIDE } from './charts/law-frame.ts';
import { standaloneSvg } from './charts/svg.ts';
import { shorten } from './html.ts';
import { count } from './number.ts';
import { familyStyles } from './theme.ts';

/** The wide chart with room for a title above and a key below. */
const STANDALONE: Layout = { ...WIDE, height: 740, marginTop: 126, marginBottom: 108 };

const KEY = [
  'Filled mark: exact constant, median over seeds. Bar: one function, from its witnessed lower to its certified upper end.',
  '\u25B2: beyond the chart. Shaded: proved impossible for the class of that colour.',
].join('\n');

/**
 * The hero chart of the study as a standalone SVG, light and dark by the reader's preference, without fonts or links.
 *
 * @throws not-found when no trial of the study has a constant to draw.
 */
export function heroSvg(result: StudyResult): string {
  const [main] = chartedDataSets(result);
  const styles = familyStyles(result);
  const data = main === undefined ? undefined : lawChartData(result, main, styles);
  if (!data || data.families.length === 0) {
    throw new RobustlawError(
      'not-found',
      `nothing to draw: no finished trial of study "${shorten(result.name, 60)}" has a positive, finite Lipschitz constant; run the study to its end first`,
    );
  }
  const above = { frameAnchor: 'top-left', lineAnchor: 'top', dx: 6 - STANDALONE.marginLeft } as const;
  const extra = [
    Plot.text([shorten(result.title, 70)], {
      ...above,
      dy: 14 - STANDALONE.marginTop,
      fontSize: 22,
      fontWeight: 650,
      fill: 'var(--ink)',
    }),
    Plot.text(
      [`${shorten(data.data, 60)}: n = ${count(data.n)} points in dimension d = ${count(data.d)}, memorized`],
      {
        ...above,
        dy: 43 - STANDALONE.marginTop,
        fill: 'var(--muted)',
      },
    ),
    Plot.text([KEY], {
      frameAnchor: 'bottom-left',
      lineAnchor: 'bottom',
      dx: 6 - STANDALONE.marginLeft,
      dy: STANDALONE.marginBottom - 12,
      fill: 'var(--muted)',
    }),
  ];
  return standaloneSvg(lawChart(data, STANDALONE, 'law', extra).svg);
}
