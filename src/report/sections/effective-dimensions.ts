// Effective dimension: on which sphere would the same construction need the same constant?
import type { EffectiveDimension, StudyResult } from '../../study/index.ts';
import {
  effectiveDimensionChart,
  NARROW_READING,
  WIDE_READING,
} from '../charts/effective-dimension-chart.ts';
import { type Html, html, NOTHING } from '../html.ts';
import { count, percent, significant } from '../number.ts';
import { spreadOf } from '../spread.ts';
import { details, intervalText, numberCell, row, section, spreadCell, table } from './common.ts';

export function effectiveDimensions(result: StudyResult): Html {
  const all = result.analysis.effectiveDimensions;
  const content =
    all.length === 0
      ? [html`<p>This study asks for none.</p>\n`]
      : [
          html`<p>Real data fill fewer dimensions than they have coordinates. The dimension given here is that of the uniform sphere on which the same construction, with as many points, has the same Lipschitz constant; other definitions give other numbers.</p>\n`,
          ...all.map(reading),
        ];
  return section('effective-dimension', 'Effective dimension', content);
}

function reading(one: EffectiveDimension, index: number): Html {
  const id = `dimension-${index + 1}`;
  const wide = effectiveDimensionChart(one, WIDE_READING, id);
  const narrow = effectiveDimensionChart(one, NARROW_READING, `${id}-narrow`);
  const charts =
    wide && narrow ? html`<div class="wide">${wide}</div><div class="narrow">${narrow}</div>` : NOTHING;
  return html`<figure>${charts}
<figcaption><strong>${one.data}</strong>: ${inWords(one)}</figcaption>
</figure>
${wide ? details('The curve as a table', curveTable(one)) : NOTHING}`;
}

function inWords(one: EffectiveDimension): Html {
  const { estimate, ambient, reference } = one;
  const dimensions = reference.map((point) => point.d);
  const range =
    dimensions.length > 0
      ? ` The curve covers dimensions ${count(Math.min(...dimensions))} to ${count(Math.max(...dimensions))}.`
      : ' There is no curve to read it from.';
  const band = spreadOf(one.constants);
  const constants = band
    ? ` The data\u2019s constant is ${significant(band.median)}${band.count > 1 ? ` (${significant(band.low)} to ${significant(band.high)} over ${count(band.count)} seeds)` : ''}.`
    : '';
  if (!Number.isFinite(estimate.value)) {
    return html`no effective dimension could be read off (${count(ambient)} coordinates).${constants}${range}`;
  }
  return html`effective dimension <strong>${dimensionSign(one)}\u202F${significant(estimate.value)}</strong> (${dimensionInterval(one)}; ${estimate.method}) of ${count(ambient)} coordinates.${constants}${range}`;
}

/** Where the whole interval lies before or beyond the curve, its end is no estimate but all that is known. */
function dimensionSign({ estimate: { interval } }: EffectiveDimension): string {
  return interval[1] <= 0 ? '<' : interval[0] === Number.POSITIVE_INFINITY ? '>' : '\u2248';
}

/** The interval in words; where it leaves the curve, only that is known. */
function dimensionInterval({ estimate, reference }: EffectiveDimension): string {
  const [low, high] = estimate.interval;
  if (Number.isNaN(low) || Number.isNaN(high) || reference.length === 0) return intervalText(estimate);
  const dimensions = reference.map((point) => point.d);
  const smallest = `less than ${count(Math.min(...dimensions))}, where the curve begins`;
  const largest = `more than ${count(Math.max(...dimensions))}, where the curve ends`;
  const share = `${percent(estimate.confidence)} interval`;
  if (low === Number.POSITIVE_INFINITY) return `${share}: ${largest}`;
  if (high <= 0) return `${share}: ${smallest}`;
  const from = low <= 0 ? `${smallest},` : significant(low);
  return `${share} from ${from} to ${high === Number.POSITIVE_INFINITY ? largest : significant(high)}`;
}

function curveTable(one: EffectiveDimension): Html {
  const rows = one.reference.map(({ d, constants }) =>
    row([
      html`<th scope="row" class="number">${count(d)}</th>`,
      spreadCell(spreadOf(constants)),
      numberCell(count(constants.length)),
    ]),
  );
  const columns = [
    { title: 'Dimension of the sphere', numeric: true },
    { title: 'Lipschitz constant, median over seeds', numeric: true },
    { title: 'Seeds', numeric: true },
  ];
  return table(`Reference curve for ${one.data}`, columns, rows);
}
