// Distances between classes in three norms: the closest pairs, with pictures, and how the distances are distributed.
import type { DataSurvey, SurveySeparation } from '../../survey/index.ts';
import { measured } from '../audit/measured.ts';
import { type Html, html, NOTHING, shorten } from '../html.ts';
import { count, MISSING, percent, significant } from '../number.ts';
import { numberCell, row, section, table, textCell } from '../sections/common.ts';
import { NORMS } from '../words.ts';
import { distanceHistogram } from './charts.ts';
import { rowPicture } from './row-picture.ts';
import { smallXyChart } from './xy-chart.ts';

export function separation(survey: DataSurvey): Html {
  return section('separation', 'Distance between classes', [
    html`<p>Half of the least distance between points of different classes is the largest radius within which some classifier, of whatever size, is right around every point (Yang et al. 2020). Robustness beyond it is not to be had on these data.</p>
`,
    measured(survey.separation, (value) => content(survey, value)),
  ]);
}

function content(survey: DataSurvey, value: SurveySeparation): Html {
  const rows = value.map(({ norm, closest, robustRadius, exhaustive, compared, quantiles }) => {
    const at = (share: number) => quantiles.find((one) => one.share === share)?.distance;
    const sign = exhaustive ? '' : '\u2264\u202F';
    return row([
      textCell(NORMS[norm]),
      numberCell(
        html`${sign}${significant(closest.distance)}<small>${exhaustive ? 'all pairs' : `all pairs of ${count(compared)} rows`}</small>`,
      ),
      numberCell(`${sign}${significant(robustRadius)}`),
      ...[0.05, 0.5, 0.95].map((share) => {
        const distance = at(share);
        return numberCell(distance === undefined ? MISSING : significant(distance));
      }),
      textCell(
        html`${closest.rows.map(
          ({ row: number, label }) =>
            html`<span class="thumbs">${rowPicture(survey, number)}</span>row ${count(number)} (${shorten(label, 30)})<br>`,
        )}`,
      ),
    ]);
  });
  const figures = value.map(
    (
      one,
    ) => html`<figure>${smallXyChart(distanceHistogram(one), `distances-${one.norm}`, `Distance to the nearest row of another class, ${one.norm}`)}
<figcaption>${NORMS[one.norm]}: ${count(one.sampled)}${one.sampled < survey.data.points ? ` of ${count(survey.data.points)} rows, drawn at random, each compared with all` : ' rows'}. Brown: the closest pair.${one.radii.length > 0 ? ' Dashed: twice the radii asked for.' : ''}</figcaption></figure>
`,
  );
  return html`${table(
    'Distances between classes',
    [
      { title: 'Norm' },
      { title: 'Least distance', numeric: true },
      { title: 'Robust radius', numeric: true },
      { title: '5 %', numeric: true },
      { title: 'Median', numeric: true },
      { title: '95 %', numeric: true },
      { title: 'Closest pair' },
    ],
    rows,
  )}${radii(value)}<div class="multiples">${figures}</div>
`;
}

function radii(value: SurveySeparation): Html {
  const rows = value.flatMap(({ norm, radii: asked }) =>
    asked.map(({ radius, ratio, parameters, sharedShare }) =>
      row([
        textCell(NORMS[norm]),
        numberCell(significant(radius)),
        numberCell(ratio === null ? '\u221E' : significant(ratio)),
        textCell(
          ratio !== null && ratio < 1
            ? 'some classifier is right within it around every point'
            : 'no classifier is right within it around every point',
        ),
        numberCell(percent(Number(sharedShare.toPrecision(3)))),
        numberCell(parameters === null ? MISSING : significant(parameters, 'nearest', 2)),
      ]),
    ),
  );
  if (rows.length === 0) return NOTHING;
  return html`<h3>Radii asked for</h3>
${table(
  'Radii against distances',
  [
    { title: 'Norm' },
    { title: 'Radius', numeric: true },
    { title: 'Ratio \u03C1', numeric: true },
    { title: 'At this radius' },
    { title: 'Points whose ball meets another class\u2019s', numeric: true },
    { title: 'Order of parameters', numeric: true },
  ],
  rows,
)}<p>\u03C1 is the radius over the robust radius (Kim, Moon and Yun 2025). The order of parameters, in \u2113\u2082, is what ReLU networks need for the worst data of this size and ratio, \u03C1\u00B2 min(n, d) d + \u221A(n / (1 \u2212 \u03C1\u00B2)); its constant is not known, and these data may need less.</p>
`;
}
