// What must hold, and whether it did; and the hypotheses of the theorem, one by one.
import type { StudyResult } from '../../study/index.ts';
import { type Html, html, NOTHING } from '../html.ts';
import { count, MISSING } from '../number.ts';
import { doneOutcomes } from '../outcomes.ts';
import { details, row, section, table, textCell } from './common.ts';

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
    Map.groupBy(lights, ({ name, statement }) => JSON.stringify([name, statement])).values(),
    (group) => {
      const { name, statement } = group[0]!;
      const holds = group.every((light) => light.holds);
      const where = (holds: boolean): string => {
        const data = new Set(group.filter((light) => light.holds === holds).map((light) => light.data));
        return data.size === 0 ? MISSING : `${holds ? '\u2713' : '\u2717'} ${Array.from(data).join(', ')}`;
      };
      return {
        holds,
        row: row([textCell(name), textCell(statement), textCell(where(true)), textCell(where(false))]),
      };
    },
  );
  const broken = rows.filter(({ holds }) => !holds).map(({ row }) => row);
  const kept = rows.filter(({ holds }) => holds).map(({ row }) => row);
  const columns = [
    { title: 'Hypothesis' },
    { title: 'Statement' },
    { title: 'Holds on' },
    { title: 'Does not hold on' },
  ];
  return html`<h3>Hypotheses of the theorem</h3>
<p>A certified lower bound stands only where its hypotheses hold. ${broken.length > 0 ? 'These do not hold everywhere; a data set in both columns has trials of both kinds.' : 'All of them hold in every trial that has one.'}</p>
${broken.length > 0 ? table('Hypotheses that do not hold everywhere', columns, broken) : NOTHING}
${kept.length > 0 ? details(`Hypotheses that hold (${count(kept.length)})`, table('Hypotheses that hold', columns, kept)) : NOTHING}`;
}
