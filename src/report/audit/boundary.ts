// How far the nearest wrong point lies: class stability, the median, and the interval of every point.
import type { AuditResult, Robustness } from '../../audit/index.ts';
import { distanceChart } from '../charts/distance-chart.ts';
import type { Layout } from '../charts/law-frame.ts';
import { NARROW_CURVE, radiusAxis, WIDE_CURVE } from '../charts/robust-accuracy-chart.ts';
import { type Html, html, NOTHING } from '../html.ts';
import { count, significant } from '../number.ts';
import { numberCell, row, section, table } from '../sections/common.ts';
import { NORMS } from '../words.ts';
import { robustnessCurve } from './curve.ts';
import { isUnlimited } from './words.ts';

export function boundary(result: AuditResult): Html {
  const charts = result.robustness.flatMap(({ result: one }) => ('value' in one ? [strip(one.value)] : []));
  const content =
    result.stability.length === 0 && charts.every((chart) => chart === NOTHING)
      ? html`<p class="absent">Not measured: no distance to the boundary is known in any norm.</p>\n`
      : html`<p>The distance from a point to the nearest wrong answer lies between what is certified and the nearest adversarial example found. Its mean over the points is the class stability S(f) of the law for classifiers; a model with a large constant and large margins can still be stable.</p>
${stabilityTable(result)}${charts}`;
  return section('boundary', 'Distance to the boundary', content);
}

function stabilityTable({ stability }: AuditResult): Html {
  if (stability.length === 0) return NOTHING;
  const rows = stability.map(({ norm, certified, found, median: [low, high] }) =>
    row([
      html`<th scope="row">${NORMS[norm]}</th>`,
      numberCell(distanceText(certified, found)),
      numberCell(distanceText(low, high)),
    ]),
  );
  const columns = [
    { title: 'Norm' },
    { title: 'Mean, S(f)', numeric: true },
    { title: 'Median', numeric: true },
  ];
  const open = stability.some(({ found }) => found === null)
    ? html`<p>Without an upper end: some points have no adversarial example, so attacks bound no mean from above.</p>\n`
    : NOTHING;
  return html`${table('Distance to the boundary', columns, rows)}${open}`;
}

/** `0.012 to 0.34`, rounded outwards. */
export function distanceText(low: number, high: number | null): string {
  if (isUnlimited(low)) return 'without limit';
  const from = significant(low, 'down');
  return high === null ? `at least ${from}` : `${from} to ${significant(high, 'up')}`;
}

function strip({ norm, points, ensembles }: Robustness): Html {
  const intervals = points
    .filter(({ correct }) => correct)
    .map((point) => ({
      row: point.row,
      certified: point.certified.radius,
      found: point.found?.distance ?? null,
    }));
  const curve = robustnessCurve(points);
  const draw = (layout: Layout, id: string): Html => {
    const axis = radiusAxis(curve, ensembles, layout);
    const title = `Distance to the boundary of each point, ${NORMS[norm]}`;
    return axis && intervals.length > 0
      ? distanceChart(intervals, axis, NORMS[norm], layout, id, title)
      : NOTHING;
  };
  const wide = draw(WIDE_CURVE, `distances-${norm}`);
  if (wide === NOTHING) return NOTHING;
  const open = intervals.filter(({ found }) => found === null).length;
  return html`<figure><div class="wide">${wide}</div><div class="narrow">${draw(NARROW_CURVE, `distances-${norm}-narrow`)}</div>
<figcaption>${NORMS[norm]}: one line for each of ${count(intervals.length)} correct points, from the certified radius (green) to the nearest adversarial example found (${open === 0 ? 'all have one' : `${count(open)} have none: arrows`}).${intervals.length > 150 ? ' Drawn are 150 of them, evenly spaced in this order.' : ''}</figcaption></figure>
`;
}
