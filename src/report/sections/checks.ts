// What must hold, and whether it did; and the hypotheses of the theorem, one by one.
import type { StudyResult } from '../../study/result.ts';
import { type Html, html, NOTHING } from '../html.ts';
import { count } from '../number.ts';
import { doneOutcomes, grouped } from '../outcomes.ts';
import { body, row, section, table, textCell } from './common.ts';

export function checks(result: StudyResult): Html {
  const items = result.analysis.checks.map(
    ({ statement, holds, detail }) =>
      html`<li class="${holds ? 'holds' : 'violated'}"><strong>${holds ? '\u2713 holds' : '\u2717 violated'}</strong> ${statement}. <span>${detail}</span></li>\n`,
  );
  const list =
    items.length > 0
      ? html`<ul class="checks">${items}</ul>\n`
      : html`<p>The analysis of this study made no check.</p>\n`;
  return section('checks', 'Checks', [list, hypotheses(result)]);
}

function hypotheses(result: StudyResult): Html {
  const lights = doneOutcomes(result).flatMap(({ trial, result: { law } }) =>
    (law.hypotheses ?? []).map((light) => ({ ...light, data: trial.data })),
  );
  if (lights.length === 0) return NOTHING;
  const rows = Array.from(
    grouped(lights, ({ data, name, statement }) => JSON.stringify([data, name, statement])).values(),
    (group) => {
      const { data, name, statement } = group[0]!;
      const holding = group.filter((light) => light.holds).length;
      const verdict =
        holding === group.length
          ? '\u2713 holds'
          : holding === 0
            ? '\u2717 does not hold'
            : `\u2717 holds in ${count(holding)} of ${count(group.length)} trials`;
      return row([textCell(data), textCell(name), textCell(statement), textCell(verdict)]);
    },
  );
  const columns = [{ title: 'Data' }, { title: 'Hypothesis' }, { title: 'Statement' }, { title: 'Here' }];
  return html`<h3>Hypotheses of the theorem</h3>
<p>A certified lower bound stands only where its hypotheses hold.</p>
${table('Hypotheses of the theorem', columns, [body(rows)])}`;
}
