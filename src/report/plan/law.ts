// The law's part of a plan: assumptions with their sources, and P for each reading of the dimension.
import type { PlanResult } from '../../plan/index.ts';
import { type Html, html } from '../html.ts';
import { count, significant } from '../number.ts';
import { estimateCell, numberCell, row, section, table, textCell } from '../sections/common.ts';
import { NORMS } from '../words.ts';
import { about, rangeText } from './words.ts';

export function law(result: PlanResult): Html {
  const { law: found, wanted } = result;
  const asked =
    wanted.radius === null
      ? html`a Lipschitz constant of ${significant(wanted.lipschitz)}`
      : html`${NORMS[wanted.norm!]} radius ${significant(wanted.radius)}, which is a Lipschitz constant of ${significant(wanted.lipschitz)}`;
  return section(
    'law',
    'By the law of robustness',
    html`<p class="statement">${found.formula}</p>
<p>A scaling law: an exponent whose constant is open, no theorem. Wanted: ${asked} in the scale of the law (${wanted.rule}). About ${count(found.memorizing)} parameters memorize at all.</p>
${readings(result)}${assumptions(result)}`,
  );
}

function readings({ law: { readings: all, dimension } }: PlanResult): Html {
  const rows = all.map((one) =>
    row([
      html`<th scope="row">${one.name}${one.name === dimension ? html`<small>the number stands on this</small>` : ''}</th>`,
      one.dimension.interval[0] === one.dimension.interval[1]
        ? numberCell(significant(one.dimension.value))
        : estimateCell({ kind: 'estimate', ...one.dimension }),
      html`<td class="number">${about(one.parameters)}${one.interval[0] < one.interval[1] ? html`<small>${rangeText(one.interval)}</small>` : ''}</td>`,
      textCell(one.meaning),
    ]),
  );
  const columns = [
    { title: 'Dimension' },
    { title: 'D', numeric: true },
    { title: 'P', numeric: true },
    { title: 'What it means for the law' },
  ];
  return table('P for each reading of the dimension', columns, rows);
}

function assumptions({ law: { assumptions: all } }: PlanResult): Html {
  const rows = all.map(({ name, value, interval, exponent, source }) =>
    row([
      html`<th scope="row">${name}</th>`,
      html`<td class="number">${significant(value)}${interval[0] < interval[1] ? html`<small>${significant(interval[0])} to ${significant(interval[1])}</small>` : ''}</td>`,
      numberCell(String(exponent)),
      textCell(source),
    ]),
  );
  const columns = [
    { title: 'Assumption' },
    { title: 'Value', numeric: true },
    { title: 'Exponent', numeric: true },
    { title: 'Where it comes from' },
  ];
  return html`<h3>Assumptions</h3>
${table('Assumptions', columns, rows)}`;
}
