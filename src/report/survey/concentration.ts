// Concentration of measure against classifiers: how little a set of one per cent grows when it is expanded.
import type { DataSurvey, SurveyExpansions } from '../../survey/index.ts';
import { measured } from '../audit/measured.ts';
import { intervalCharts } from '../charts/interval-chart.ts';
import { type Html, html, NOTHING } from '../html.ts';
import { percent } from '../number.ts';
import { details, section } from '../sections/common.ts';
import { NORMS } from '../words.ts';
import { expansionChart } from './charts.ts';

export function concentration(survey: DataSurvey): Html {
  return section('concentration', 'Concentration as a limit on robustness', [
    html`<p>If every set of mass \u03B1 grew much when expanded by a radius, every classifier that errs on \u03B1 would err on much within that radius. Each set found here shows how little concentration can force: a classifier that errs exactly on it would have the adversarial risk shown. Large limits need concentrated data; small ones leave robustness possible as far as concentration goes.</p>
`,
    measured(survey.concentration, content),
  ]);
}

function content(all: SurveyExpansions): Html {
  const figures = (['linf', 'l2'] as const).map((norm) => {
    const own = all.filter((one) => one.norm === norm);
    const [first] = own;
    const chart = first && expansionChart(own, first.alpha);
    if (!first || !chart) return NOTHING;
    return html`<figure>${intervalCharts(chart, `expansion-${norm}`, `Mass of expanded sets, ${norm}`)}
<figcaption>${NORMS[norm]}: share of held-out rows within the radius of a set that holds about ${percent(first.alpha)} (dashed); bar: 95 % interval.</figcaption></figure>
`;
  });
  return html`${figures}${details(
    'In words',
    html`<ul>${all.map(({ family, meaning }) => html`<li>${family}: ${meaning}</li>\n`)}</ul>\n`,
  )}`;
}
