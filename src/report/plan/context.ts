// Published numbers beside the plan, and the estimates of the talk and the paper line by line.
import type { PlanResult } from '../../plan/index.ts';
import { type Html, html } from '../html.ts';
import { count, MISSING, significant } from '../number.ts';
import { details, numberCell, row, section, table, textCell } from '../sections/common.ts';
import { rangeText } from './words.ts';

export function workedExamples({ examples }: PlanResult): Html {
  const parts = examples.map(({ title, lines }, index) => {
    const rows = lines.map(({ quantity, formula, value, printed }) =>
      row([
        html`<th scope="row">${quantity}</th>`,
        numberCell(typeof value === 'number' ? significant(value) : rangeText(value)),
        numberCell(printed ?? MISSING),
        textCell(formula),
      ]),
    );
    const columns = [
      { title: 'Quantity' },
      { title: 'Computed', numeric: true },
      { title: 'Printed', numeric: true },
      { title: 'How' },
    ];
    const content = table(title, columns, rows);
    return index === examples.length - 1 ? html`<h3>${title}</h3>\n${content}` : details(title, content);
  });
  // The data at hand first.
  return section(
    'examples',
    'On the back of an envelope',
    html`<p>P = n d_eff at Lipschitz constant 1, without noise and constant, as the talk and the paper have it.</p>
${parts.toReversed()}`,
  );
}

export function context({ context: { applies, capacity, ladders, scaling } }: PlanResult): Html {
  const ladderRows = ladders.flatMap(({ name, data, threat, rungs, pointsPerDecade }) =>
    rungs.map(({ model, parameters, accuracy }, index) =>
      row([
        html`<th scope="row">${index === 0 ? html`${name}<small>${data}, ${threat}</small>` : ''}</th>`,
        textCell(model),
        numberCell(significant(parameters)),
        numberCell(accuracy.toFixed(2)),
        numberCell(
          index === 0
            ? `${pointsPerDecade >= 0 ? '+' : '\u2212'}${Math.abs(pointsPerDecade).toFixed(1)}`
            : '',
        ),
      ]),
    ),
  );
  const columns = [
    { title: 'Ladder' },
    { title: 'Model' },
    { title: 'P', numeric: true },
    { title: 'Robust accuracy, %', numeric: true },
    { title: 'Points per factor 10 in P', numeric: true },
  ];
  const facts = [
    ...capacity.map(
      ({ scale, parameters, statement, source }) =>
        html`<li>MNIST, capacity scale ${count(scale)}, ${count(parameters)} parameters: ${statement}. <small>${source}</small></li>\n`,
    ),
    ...scaling.map(({ statement, source }) => html`<li>${statement}. <small>${source}</small></li>\n`),
  ];
  return section(
    'context',
    'What others found',
    html`<p>${applies}</p>
<ul class="further">${facts}</ul>
${details(
  'Size against robust accuracy, one recipe at a time',
  html`<p>Recipes differ by far more than sizes: numbers compare within a ladder only. ${ladders[0]?.source ?? ''}.</p>
${table('Ladders', columns, ladderRows)}`,
)}`,
  );
}
