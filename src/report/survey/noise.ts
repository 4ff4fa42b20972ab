// The noise of the labels, each reading with its source, and the bias of neighbours made visible.
import type { DataSurvey, SurveyNoise } from '../../survey/index.ts';
import { measured } from '../audit/measured.ts';
import { type Html, html, NOTHING } from '../html.ts';
import { percent, significant } from '../number.ts';
import { estimateCell, row, section, table, textCell } from '../sections/common.ts';
import { noiseProfileChart } from './charts.ts';
import { xyCharts } from './xy-chart.ts';

export function noise(survey: DataSurvey): Html {
  return section('noise', 'Noise of the labels', [
    html`<p>\u03C3\u00B2 = E Var[y|x] is the squared error of the best predictor${survey.data.labels.kind === 'classification' ? ', summed over one-hot labels' : ''}. The law speaks of models whose error is below it.</p>
`,
    measured(survey.noise, content),
  ]);
}

function content(value: SurveyNoise): Html {
  const { readings, variance, crossEntropyFloor, level } = value;
  const chart = noiseProfileChart(value);
  const share =
    variance > 0
      ? html`<p>${percent(Number((level.value / variance).toPrecision(2)))} of the variance of the labels, ${significant(variance)}, is noise by the first reading.</p>\n`
      : NOTHING;
  const floor =
    crossEntropyFloor === null
      ? NOTHING
      : html`<p>With the share of flipped labels given, no model has an expected cross-entropy below ${significant(crossEntropyFloor)} nats; training below it fits noise.</p>\n`;
  return html`${table(
    'Readings of the noise',
    [{ title: 'Reading' }, { title: '\u03C3\u00B2', numeric: true }, { title: 'Source' }],
    readings.map((one) =>
      row([
        textCell(one.name),
        estimateCell({ kind: 'estimate', ...one.level }),
        textCell(html`${one.source}<small>${one.level.method}</small>`),
      ]),
    ),
  )}${share}${floor}${
    chart
      ? html`<figure>${xyCharts(chart, 'noise-profile', 'Reading of the noise against the distance of neighbours')}
<figcaption>Rows in order of the distance to their nearest neighbour. What rises with distance is change of the labels, not noise: the level at the left end is the better reading. Dashed: the first reading of the table.</figcaption></figure>
`
      : NOTHING
  }`;
}
