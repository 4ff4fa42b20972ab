// What the number hangs on: a tornado chart, each assumption over its interval with all others held.
import type { PlanResult, PlanSwing } from '../../plan/index.ts';
import { paddedDomain } from '../charts/axes.ts';
import { type IntervalRow, intervalCharts } from '../charts/interval-chart.ts';
import { logarithmic } from '../charts/value-axis.ts';
import { type Html, html, NOTHING } from '../html.ts';
import { significant } from '../number.ts';
import { section } from '../sections/common.ts';
import { rangeText } from './words.ts';

export function drivers(result: PlanResult): Html {
  const { pilot, law, answer } = result;
  const foretold = 'value' in pilot && pilot.value.prediction ? pilot.value : undefined;
  const charts = [
    foretold?.prediction
      ? html`<h3>The prediction of the pilot</h3>
${tornado(foretold.drivers, foretold.prediction.value, 'drivers-pilot', 'What the prediction of the pilot hangs on')}`
      : NOTHING,
    html`<h3>The number of the law</h3>
${tornado(law.tornado, law.value, 'drivers-law', 'What the number of the law hangs on')}
<p>With all assumptions at their worst at once the law says ${rangeText(law.hull)}; with their deviations as independent, ${rangeText(law.independent)}.</p>
`,
  ];
  return section('drivers', 'What drives the number', html`<p>${answer.meaning}.</p>\n${charts}`);
}

/** Bars from the smallest to the largest P that one assumption makes, the widest first; the line is P as it stands. */
export function tornado(swings: readonly PlanSwing[], value: number, id: string, title: string): Html {
  const drawn = swings.filter(({ high }) => high > 0);
  const ends = [value, ...drawn.flatMap(({ low, high }) => [low, high])].filter((end) => end > 0);
  if (drawn.length === 0 || ends.length === 0)
    return html`<p class="absent">Nothing to show: no assumption has an interval.</p>\n`;
  const rows: IntervalRow[] = drawn.map(({ name, low, high, factor }) => ({
    name,
    value: factor === null ? 'down to 0' : `\u00D7 ${significant(factor, 'nearest', 2)}`,
    bar: [low > 0 ? low : -Infinity, high],
    colour: 'var(--series-0)',
  }));
  const domain = paddedDomain(ends, 1.6);
  const chart = intervalCharts(
    {
      rows,
      axis: (range, ticks) => logarithmic(domain, range, ticks),
      label: 'parameters (log scale)',
      reference: value,
    },
    id,
    title,
  );
  return html`<figure>${chart}
<figcaption>One assumption at a time over its interval, all others at their values; the dashed line is ${significant(value, 'nearest', 2)}.</figcaption></figure>
`;
}
