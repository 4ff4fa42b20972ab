// Rows that equal another one, and those among them whose labels contradict each other.
import type { DataSurvey, SurveyRepeats } from '../../survey/index.ts';
import { measured } from '../audit/measured.ts';
import { type Html, html, NOTHING, shorten } from '../html.ts';
import { count, counted } from '../number.ts';
import { row, section, table, textCell } from '../sections/common.ts';
import { rowPicture } from './row-picture.ts';

export function repeats(survey: DataSurvey): Html {
  return section(
    'repeats',
    'Equal rows',
    measured(survey.repeats, (value) => content(survey, value)),
  );
}

function content(survey: DataSurvey, { copies, places, contradictory, list }: SurveyRepeats): Html {
  if (copies === 0) return html`<p>No two rows are equal.</p>\n`;
  const contradictions =
    contradictory === 0
      ? 'Their labels agree.'
      : `At ${counted(contradictory, 'place')} labels contradict each other: no function fits them all.`;
  return html`<p>${count(copies)} rows equal another one; there are ${count(places)} different points. ${contradictions} Equal rows count twice in n, and bring nothing to the law.</p>
${table(
  'Equal rows',
  [{ title: '' }, { title: 'Rows' }, { title: 'Labels' }],
  list.map(({ rows, more, contradictory: differing }) =>
    row([
      html`<td class="thumbs">${rowPicture(survey, rows[0]!.row)}</td>`,
      textCell(
        `${rows.map((one) => count(one.row)).join(', ')}${more > 0 ? `, and ${count(more)} more` : ''}`,
      ),
      textCell(
        html`${Array.from(new Set(rows.map((one) => shorten(one.label, 30)))).join(' / ')}${differing ? html`<small>contradictory</small>` : NOTHING}`,
      ),
    ]),
  ),
)}`;
}
