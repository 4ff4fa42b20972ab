// Effective dimension: on which sphere would the same construction need the same constant?
import type { EffectiveDimension, StudyResult } from '../../study/result.ts';
import {
  effectiveDimensionChart,
  NARROW_READING,
  WIDE_READING,
} from '../charts/effective-dimension-chart.ts';
import { type Html, html, NOTHING } from '../html.ts';
import { count, significant } from '../number.ts';
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
  const { estimate, ambient } = one;
  const open = !estimate.interval.every(Number.isFinite);
  const dimensions = one.reference.map((point) => point.d);
  const range =
    dimensions.length > 0
      ? ` The reference curve covers dimensions ${count(Math.min(...dimensions))} to ${count(Math.max(...dimensions))}.${open ? ' The interval leaves it; an arrow marks the open end.' : ''}`
      : ' There is no reference curve to read it from.';
  const band = spreadOf(one.constants);
  const constants = band
    ? ` The data\u2019s constant is ${significant(band.median)} (${significant(band.low)} to ${significant(band.high)} over ${count(band.count)} seeds).`
    : '';
  if (!Number.isFinite(estimate.value)) {
    return html`no effective dimension could be read off (ambient dimension ${count(ambient)}).${constants}${range}`;
  }
  return html`effective dimension <strong>\u2248\u202F${significant(estimate.value)}</strong> (${intervalText(estimate)}; ${estimate.method}) of ${count(ambient)} coordinates.${constants}${range}`;
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
