// The section on robust accuracy: for each norm the curves, the numbers at the radii asked for, and the classes.

import * as Plot from '@observablehq/plot';
import type { AuditResult, Ensemble, Robustness } from '../../audit/index.ts';
import { RobustlawError } from '../../errors.ts';
import type { Norm } from '../../guarantee/index.ts';
import {
  type EnsembleMark,
  NARROW_CURVE,
  robustAccuracyChart,
  WIDE_CURVE,
} from '../charts/robust-accuracy-chart.ts';
import { standaloneSvg } from '../charts/svg.ts';
import { type Html, html, NOTHING, shorten } from '../html.ts';
import { count, counted, MISSING } from '../number.ts';
import { details, numberCell, row, section, table } from '../sections/common.ts';
import { NORMS } from '../words.ts';
import { curveAt, type RobustnessCurve, robustnessCurve } from './curve.ts';
import { attackStages } from './ensembles.ts';
import { relativeLink } from './links.ts';
import { measured } from './measured.ts';
import { className, NORM_WORDS, radiusText, share, shares } from './words.ts';

/** A table of more classes than this is opened on demand. */
const FEW_CLASSES = 20;

export function robustAccuracy(result: AuditResult): Html {
  const content =
    result.robustness.length === 0
      ? [html`<p class="absent">No norm was asked for, so nothing was attacked.</p>\n`]
      : [
          html`<p>An adversary may change every input a little: how many points stay right? Attacks found wrong answers, so the truth is at most the upper curve; certificates prove the lower curve. No mean of the two is taken: between them nobody knows.</p>\n`,
          ...result.robustness.map(
            ({ norm, result: one }) => html`<h3>${NORMS[norm]}: ${NORM_WORDS[norm]}</h3>
${measured(one, (robustness) => ofNorm(result, robustness))}`,
          ),
        ];
  return section('robust-accuracy', 'Robust accuracy', content);
}

/**
 * The robust accuracy in one norm against the radius as an SVG that stands by itself, light and dark by the reader's
 * preference, without fonts or links.
 *
 * @throws not-found when the norm was not measured, or nothing was found or certified.
 */
export function auditCurveSvg(result: AuditResult, norm: Norm): string {
  const one = result.robustness.find((candidate) => candidate.norm === norm)?.result;
  const robustness = one && 'value' in one ? one.value : undefined;
  const layout = { ...WIDE_CURVE, height: 490, marginTop: 96 };
  const chart =
    robustness &&
    curveChart(robustness, robustnessCurve(robustness.points), layout, 'curve', [
      Plot.text([`${shorten(result.model.file, 40)} on ${shorten(result.data.name, 40)}`], {
        frameAnchor: 'top-left',
        dx: 6 - layout.marginLeft,
        dy: 18 - layout.marginTop,
        fontSize: 20,
        fontWeight: 650,
        fill: 'var(--ink)',
      }),
    ]);
  if (!chart) {
    throw new RobustlawError(
      'not-found',
      `nothing to draw: the audit holds no robust accuracy in ${norm}; audited norms: ${result.robustness.map((entry) => entry.norm).join(', ') || 'none'}`,
    );
  }
  return standaloneSvg(chart);
}

function ofNorm(result: AuditResult, robustness: Robustness): Html {
  const { norm, points, ensembles, examples } = robustness;
  if (points.length === 0) return html`<p class="absent">No point was tested.</p>\n`;
  const curve = robustnessCurve(points);
  const wide = curveChart(robustness, curve, WIDE_CURVE, `curve-${norm}`);
  const narrow = curveChart(robustness, curve, NARROW_CURVE, `curve-${norm}-narrow`);
  const charts =
    wide && narrow
      ? html`<figure><div class="wide">${wide}</div><div class="narrow">${narrow}</div>
<figcaption>${caption(result, robustness, curve)}</figcaption></figure>
`
      : html`<p class="absent">No attack found anything and nothing is certified at any radius: there is no curve to draw.</p>\n`;
  return html`${charts}${radiiTable(norm, ensembles, curve)}${classes(result, robustness)}${attackStages(robustness)}${
    examples === null
      ? NOTHING
      : html`<p class="files">Every adversarial example counted here is stored: <a href="${relativeLink(examples)}">${examples}</a>, one row each, in the units of the data; <code>found.example</code> in <a href="./audit.json">audit.json</a> names the row.</p>\n`
  }`;
}

function curveChart(
  { norm, ensembles }: Robustness,
  curve: RobustnessCurve,
  layout: typeof WIDE_CURVE,
  id: string,
  extra: readonly Plot.Markish[] = [],
): Html | undefined {
  const chart = { curve, marks: ensembles.map(markOf), norm: NORMS[norm] };
  return robustAccuracyChart(chart, layout, id, `Robust accuracy against radius, ${NORMS[norm]}`, extra);
}

function markOf({ radius, robust, notAttacked, certified, stages }: Ensemble): EnsembleMark {
  const partial = notAttacked > 0 || stages.some(({ status }) => status !== 'done');
  return { radius, robust, notAttacked, certified, partial };
}

function caption({ data }: AuditResult, { points }: Robustness, curve: RobustnessCurve): string {
  const tested =
    points.length < data.points
      ? `${count(points.length)} of the ${counted(data.points, 'point')} were tested, and the shares are of these`
      : `all ${counted(points.length, 'point')} were tested`;
  const foundAll = points.every((point) => !point.correct || point.found !== null);
  const rest = foundAll
    ? ''
    : ' Where the upper curve ends above 0, the attacks found nothing for some points at any radius they tried; that proves nothing about these points.';
  return `Dotted: accuracy without any change, ${share(curve.correct, curve.points)} (${count(curve.correct)} of ${count(curve.points)}; ${tested}).${rest}`;
}

/** Clean, attacked and certified at the radii of the ensembles; the better of curve and ensemble from each side. */
function radiiTable(norm: Norm, ensembles: readonly Ensemble[], curve: RobustnessCurve): Html {
  if (ensembles.length === 0) return NOTHING;
  const { points, correct } = curve;
  const rows = ensembles.map(({ radius, robust, certified, notAttacked }) => {
    const at = curveAt(curve, radius);
    const [most, least] = [Math.min(robust, at.attacked), Math.max(certified, at.certified)];
    return row([
      html`<th scope="row">${radiusText(radius)}</th>`,
      numberCell(html`${share(correct, points)}<small>${count(correct)}</small>`),
      numberCell(html`\u2264\u202F${share(most, points, 'up')}<small>${count(most)}</small>`),
      numberCell(html`\u2265\u202F${share(least, points, 'down')}<small>${count(least)}</small>`),
      numberCell(
        html`${share(Math.max(0, most - least), points)}<small>${count(Math.max(0, most - least))}</small>`,
      ),
      numberCell(notAttacked === 0 ? MISSING : count(notAttacked)),
    ]);
  });
  const columns = [
    { title: 'Radius' },
    { title: 'Clean', numeric: true },
    { title: 'Attacked', numeric: true },
    { title: 'Certified', numeric: true },
    { title: 'Unknown', numeric: true },
    { title: 'Not attacked', numeric: true },
  ];
  return table(`Robust accuracy, ${NORMS[norm]}`, columns, rows);
}

/** Of each class: accuracy, and both counts at each radius on the points tested; last the accuracy on all data. */
function classes(result: AuditResult, { norm, points, ensembles }: Robustness): Html {
  if (result.model.task.kind !== 'classification' || ensembles.length === 0) return NOTHING;
  const sampled = points.length < result.data.points;
  const accuracy = 'value' in result.accuracy && sampled ? result.accuracy.value.classes : [];
  const byClass = Map.groupBy(points, (point) => point.label[0] ?? -1);
  const rows = Array.from(byClass)
    .toSorted(([a], [b]) => a - b)
    .map(([label, members]) => {
      const curve = robustnessCurve(members);
      return row([
        html`<th scope="row">${className(result, label)}</th>`,
        accuracyCell({ correct: curve.correct, points: curve.points }),
        ...ensembles.map(({ radius }) => {
          const { attacked, certified } = curveAt(curve, radius);
          return numberCell(
            html`${shares(certified, attacked, curve.points)}<small>${intervalBar(certified, attacked, curve.points)}</small>`,
          );
        }),
        ...(accuracy.length > 0 ? [accuracyCell(accuracy[label])] : []),
      ]);
    });
  const columns = [
    { title: 'Class' },
    { title: 'Clean', numeric: true },
    ...ensembles.map(({ radius }) => ({ title: `Robust at ${radiusText(radius)}`, numeric: true })),
    ...(accuracy.length > 0 ? [{ title: 'Clean, all data', numeric: true }] : []),
  ];
  const content = table(`Classes, ${NORMS[norm]}`, columns, rows);
  const title = `Class by class, ${NORMS[norm]}: certified to attacked`;
  return rows.length > FEW_CLASSES ? details(title, content, 'long') : html`<h4>${title}</h4>\n${content}`;
}

function accuracyCell(tally: { readonly correct: number; readonly points: number } | undefined): Html {
  if (!tally || tally.points === 0) return numberCell(MISSING);
  return numberCell(
    html`${share(tally.correct, tally.points)}<small>${count(tally.correct)} of ${count(tally.points)}</small>`,
  );
}

/** A bar from 0 to 1: what is proven, what is unknown, what is broken. */
function intervalBar(certified: number, attacked: number, points: number): Html {
  const percentOf = (part: number): string => ((100 * part) / points).toFixed(1);
  return html`<span class="share" aria-hidden="true"><i class="proven" style="width:${percentOf(certified)}%"></i><i class="unknown" style="width:${percentOf(Math.max(0, attacked - certified))}%"></i></span>`;
}
