// Whether the data concentrate as the law supposes, with the tails that decide, overall and for each class.
import type { DataSurvey, SurveyIsoperimetry } from '../../survey/index.ts';
import { measured } from '../audit/measured.ts';
import { type Html, html, NOTHING, shorten } from '../html.ts';
import { count, MISSING, percent, significant } from '../number.ts';
import { numberCell, row, section, table, textCell } from '../sections/common.ts';
import { NORMS } from '../words.ts';
import { tailChart } from './charts.ts';
import { xyCharts } from './xy-chart.ts';

export function isoperimetry(survey: DataSurvey): Html {
  return section('isoperimetry', 'Isoperimetry', [
    html`<p>The law supposes that every function f with Lipschitz constant 1 stays near its mean: P(|f \u2212 Ef| \u2265 t) \u2264 2 exp(\u2212d t\u00B2 / 2c) with a constant c of order 1, on the data or on each part of a mixture. Data can refute a c, never prove one: functions that were not tried may deviate more.</p>
`,
    measured(survey.isoperimetry, content),
  ]);
}

type Sample = SurveyIsoperimetry['overall'];

/** Constants of inequalities that say more than isoperimetry, or less, as the survey names them. */
const STRONGER = ['transport', 'Poincar\u00e9', 'logarithmic Sobolev'] as const;

function content({ overall, groups, origin, leftOut, otherNorms = [] }: SurveyIsoperimetry): Html {
  const chart = tailChart(overall);
  const keys = overall.curves
    .slice(0, 8)
    .map(
      ({ family, function: name }, index) =>
        html`<li><svg class="symbol" width="22" height="12" aria-hidden="true"><line x1="0" x2="22" y1="6" y2="6" style="stroke:var(--series-${String(index)});stroke-width:3"/></svg> ${family === name ? family : `${family}: ${shorten(name, 60)}`}</li>\n`,
    );
  return html`<p class="statement">${overall.verdict.sentence}</p>
${
  chart
    ? html`<figure>${xyCharts(chart, 'tails', 'Tails of Lipschitz functions on held-out rows')}
<ul class="keys">${keys}<li>dashed: 2 exp(\u2212d t\u00B2 / 2c) with c = ${overall.c ? significant(overall.c.value) : MISSING}</li></ul>
<figcaption>All rows. Of each family of certified functions the one that deviates most. The test bounds probabilities from below and leaves the mean open; the picture does neither, so that a curve may cross the line.</figcaption></figure>
`
    : NOTHING
}${samples([overall, ...groups], origin)}${inOtherNorms(otherNorms)}${leftOut > 0 ? html`<p>${count(leftOut)} further groups have no result of their own.</p>\n` : NOTHING}`;
}

function samples(all: readonly Sample[], origin: SurveyIsoperimetry['origin']): Html {
  const rows = all.map(
    ({ name, rows: used, c, refutedBelow, concentrationDimension, verdict, constants }) => {
      return row([
        textCell(shorten(name, 40)),
        numberCell(count(used.training + used.heldOut)),
        textCell(verdict.kind),
        numberCell(c ? html`${significant(c.value)}<small>${openInterval(c)}</small>` : MISSING),
        numberCell(refutedBelow ? significant(refutedBelow.constant, 'down') : MISSING),
        ...STRONGER.map((name) => {
          const reading = constants.find((one) => one.name === name)?.reading;
          return numberCell(reading ? `\u2265\u202F${significant(reading.interval[0], 'down')}` : MISSING);
        }),
        numberCell(
          concentrationDimension
            ? html`${significant(concentrationDimension.value)}<small>${openInterval(concentrationDimension)}</small>`
            : MISSING,
        ),
      ]);
    },
  );
  return html`<h3>${origin === 'given' ? 'All rows and each class' : 'All rows and two clusters'}</h3>
${table(
  'Isoperimetry by group',
  [
    { title: 'Group' },
    { title: 'Rows', numeric: true },
    { title: 'Verdict' },
    { title: 'c', numeric: true },
    { title: 'Refuted below', numeric: true },
    { title: 'Transport', numeric: true },
    { title: 'Poincar\u00e9', numeric: true },
    { title: 'Log-Sobolev', numeric: true },
    { title: 'd / c', numeric: true },
  ],
  rows,
)}<p>c is in units in which the mean squared distance from the mean of the group is 1: about 1 for a Gaussian or a sphere, of the order of d for distant clusters or data on a line. \u201CRefuted below\u201D holds with 95 % confidence. d / c stands for d in the law. Transport, Poincar\u00E9 and log-Sobolev are the constants of inequalities on distances between measures, variances and entropies, in the same units: the first and the last imply isoperimetry with c as large as they are, Poincar\u00E9 implies the law L \u2273 n \u221Ad / P alone (Bubeck and Sellke 2021). Data bound them from below only.</p>
`;
}

function inOtherNorms(others: NonNullable<SurveyIsoperimetry['otherNorms']>): Html {
  const sentences = others.flatMap(({ norm, sample: { c, concentrationDimension, verdict } }) =>
    c && concentrationDimension
      ? [
          html`<p>In ${NORMS[norm]}, with functions that change by at most the ${NORMS[norm]} distance, c = ${significant(c.value)} (${openInterval(c)}) and d / c = ${significant(concentrationDimension.value)} for all rows, in units in which the mean squared ${NORMS[norm]} distance from the mean is 1. Even the Gaussian has d / c of the order of 2 ln d there. That the law holds in \u2113\u221E is believed by its authors, not proven.</p>
`,
        ]
      : [html`<p>In ${NORMS[norm]}: ${verdict.sentence}</p>\n`],
  );
  return sentences.length > 0 ? html`<h3>In other norms</h3>\n${sentences}` : NOTHING;
}

function openInterval({ interval: [low, high], confidence }: NonNullable<Sample['c']>): string {
  const share = percent(Number(confidence.toPrecision(3)));
  return high === null
    ? `${share} interval ${significant(low)} or more`
    : `${share} interval ${significant(low)} to ${significant(high)}`;
}
