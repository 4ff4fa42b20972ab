// The dimension of the data, read in several ways, and what the law asks at each.
import type { PlainEstimate } from '../../guarantee/index.ts';
import {
  CLASS_CONCENTRATION,
  CONCENTRATION,
  type DataSurvey,
  type SurveyDimensions,
} from '../../survey/index.ts';
import { measured } from '../audit/measured.ts';
import { intervalCharts } from '../charts/interval-chart.ts';
import { type Html, html, NOTHING } from '../html.ts';
import { significant } from '../number.ts';
import { details, estimateCell, numberCell, row, section, table, textCell } from '../sections/common.ts';
import { dimensionChart, scaleChart } from './charts.ts';
import { xyCharts } from './xy-chart.ts';

export function dimensions(survey: DataSurvey): Html {
  return section('dimensions', 'Dimension, and what the law asks', [
    html`<p>A model with P parameters that fits n noisy points of dimension D below the noise has a Lipschitz constant of at least the order of \u221A(nD/P) (Bubeck and Sellke 2021): a robust fit needs P of the order of n D. D is the number of features for data that fill their space and concentrate; other data have less, and nobody knows which reading counts. Those that speak of concentration are nearest to the proof; those of functions that fit noise are examples, from its other side; those of manifolds say how many numbers describe a point.</p>
`,
    measured(survey.dimensions, (value) => content(survey, value)),
  ]);
}

/** What the test of isoperimetry adds, in words. */
const ADDED: Readonly<Record<string, string>> = {
  [CONCENTRATION]:
    'd / c from the test of isoperimetry on all rows: in as many dimensions a Gaussian concentrates as the worst function that was tried. An upper bound as far as functions that were not tried may be worse.',
  [CLASS_CONCENTRATION]:
    'The same within the group that concentrates least, in units of its own spread: the law allows mixtures, and asks the same of each part.',
};

interface Reading {
  readonly name: string;
  readonly dimension: PlainEstimate | null;
  readonly reason: string | null;
  readonly meaning: string;
  readonly notes: readonly string[];
}

/** All readings: those of the estimators, then those of the test of isoperimetry. */
function allReadings({ dimensions: part, law }: DataSurvey): readonly Reading[] {
  const own = 'value' in part ? part.value.readings : [];
  const asks = 'value' in law ? law.value.asks : [];
  const added = asks.filter(({ name }) => own.every((one) => one.name !== name));
  return [
    ...own,
    ...added.map(({ name, dimension }) => ({
      name,
      dimension,
      reason: null,
      meaning: ADDED[name] ?? '',
      notes: [],
    })),
  ];
}

function content(survey: DataSurvey, value: SurveyDimensions): Html {
  const all = allReadings(survey);
  const chart = dimensionChart(all, survey.data.features);
  const scale = scaleChart(value);
  return html`${
    chart
      ? html`<figure>${intervalCharts(chart, 'dimension-chart', 'Dimensions side by side')}
<figcaption>Dot: estimate. Bar: its interval.</figcaption></figure>
`
      : NOTHING
  }${readings(survey, all)}${
    scale
      ? html`<h3>Dimension against scale</h3>
<figure>${xyCharts(scale, 'scale-chart', 'Dimension against scale')}
<figcaption>Near points show noise, far points the curvature and the borders of the data; a level stretch between them is a dimension.</figcaption></figure>
`
      : NOTHING
  }`;
}

function readings({ law }: DataSurvey, all: readonly Reading[]): Html {
  const asks = new Map('value' in law ? law.value.asks.map((entry) => [entry.name, entry]) : []);
  // What was counted has no interval.
  const cell = (estimate: PlainEstimate): Html =>
    estimate.confidence === 1
      ? numberCell(significant(estimate.value))
      : estimateCell({ kind: 'estimate', ...estimate });
  const rows = all.map(({ name, dimension, reason }) => {
    const entry = asks.get(name);
    if (!dimension)
      return row([
        textCell(name),
        html`<td colspan="3"><span class="absent">${reason ?? 'not known'}</span></td>`,
      ]);
    return row([
      textCell(name),
      cell(dimension),
      entry ? numberCell(significant(entry.parameters.value, 'nearest', 2)) : numberCell(''),
      entry ? numberCell(significant(entry.lipschitz.value)) : numberCell(''),
    ]);
  });
  const meanings = [...Map.groupBy(all, ({ meaning }) => meaning)].map(
    ([meaning, alike]) =>
      html`${alike.map(({ name }) => html`<dt>${name}</dt>`)}<dd>${meaning}${alike.map((one) => estimated(one, alike.length > 1))}</dd>\n`,
  );
  return html`${table(
    'Dimensions',
    [
      { title: 'Reading' },
      { title: 'D', numeric: true },
      { title: 'Parameters, n D', numeric: true },
      { title: 'Lipschitz constant at P = n', numeric: true },
    ],
    rows,
  )}${details('What each means, and how it is estimated', html`<dl>${meanings}</dl>\n`)}`;
}

/** How one was estimated, after its name where others share the meaning. */
function estimated({ name, dimension, notes }: Reading, shared: boolean): Html {
  const lines = [...(dimension ? [dimension.method] : []), ...notes];
  if (shared) return lines.length > 0 ? html`<small>${name}: ${lines.join('; ')}</small>` : NOTHING;
  return html`${lines.map((line) => html`<small>${line}</small>`)}`;
}
