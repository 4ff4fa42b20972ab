// Trained functions beside the best explicit construction with no more parameters: how far training stays from what is possible.
import type { ComparedMember, Comparison, StudyResult } from '../../study/index.ts';
import { type Html, html, NOTHING } from '../html.ts';
import { count, MISSING } from '../number.ts';
import { type Column, estimateCell, numberCell, row, section, table, textCell } from './common.ts';

const COLUMNS: readonly Column[] = [
  { title: 'Data' },
  { title: 'Family' },
  { title: 'Size', numeric: true },
  { title: 'P', numeric: true },
  { title: html`ratio, witnessed<br>over exact (\u2248)`, numeric: true },
  { title: html`ratio, certified<br>over exact (\u2248)`, numeric: true },
  { title: 'Best construction' },
  { title: 'Draws', numeric: true },
  { title: html`Did not<br>memorize`, numeric: true },
  { title: 'Remark' },
];

/** Nothing for a study that asks for no comparison. */
export function comparisons(result: StudyResult): Html {
  const all = result.analysis.comparisons ?? [];
  if (all.length === 0) return NOTHING;
  return section(
    'comparisons',
    'Against the best construction',
    html`<p>The Lipschitz constant of each function over the least constant among the explicit constructions that fit the same labels with at most as many parameters: 1 would be as smooth as is known to be possible. Ratios are geometric means over draws of the data; the true mean lies between the two columns.</p>
${all.map(compared)}`,
  );
}

function compared({ title, members }: Comparison): Html {
  return html`<h3>${title}</h3>
${table(title, COLUMNS, members.map(memberRow))}`;
}

function memberRow(member: ComparedMember): Html {
  const { data, family, size, parameterCount, best, atLeast, atMost, draws, leftOut, note } = member;
  return row([
    textCell(data),
    html`<th scope="row">${family}</th>`,
    numberCell(size === undefined ? MISSING : count(size)),
    numberCell(count(parameterCount)),
    atLeast ? estimateCell(atLeast) : numberCell(MISSING),
    atMost ? estimateCell(atMost) : numberCell(MISSING),
    textCell(best.length > 0 ? best.join(', ') : MISSING),
    numberCell(count(draws)),
    numberCell(count(leftOut)),
    textCell(note ?? atLeast?.method ?? ''),
  ]);
}
