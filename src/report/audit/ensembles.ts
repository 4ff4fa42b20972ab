// The attacks stage by stage: which attack broke how many, and what time did not allow.
import type { Ensemble, Robustness } from '../../audit/index.ts';
import { type Html, html, NOTHING } from '../html.ts';
import { count, counted, MISSING, significant } from '../number.ts';
import { details, numberCell, row, table, textCell } from '../sections/common.ts';
import { NORMS } from '../words.ts';
import { radiusText } from './words.ts';

/** One table for each radius, and one for the search for the nearest example. */
export function attackStages({ norm, ensembles, nearest }: Robustness): Html {
  const tables = ensembles.map((ensemble) => {
    const title = `Radius ${radiusText(ensemble.radius)}`;
    return html`<h4>${title}</h4>
<p>${inWords(ensemble)}</p>
${table(`Stages, ${NORMS[norm]}, ${title}`, COLUMNS, ensemble.stages.map(stageRow))}`;
  });
  return details(
    `Attack by attack, ${NORMS[norm]}`,
    html`${
      ensembles.length === 0
        ? NOTHING
        : html`<p>The standard ensemble: each attack runs on the points that all attacks before it left robust. One success counts, however it was found.</p>
${tables}`
    }<h4>The nearest example of each point</h4>
${table(`Search for the nearest example, ${NORMS[norm]}`, COLUMNS, [stageRow(nearest)])}`,
  );
}

const COLUMNS = [
  { title: 'Attack' },
  { title: 'Attacked', numeric: true },
  { title: 'Broken', numeric: true },
  { title: 'Not attacked', numeric: true },
  { title: 'Robust after', numeric: true },
  { title: 'Seconds', numeric: true },
  { title: 'State' },
];

const STATES = { done: 'done', stopped: 'stopped by the time limit', failed: 'failed' } as const;

function stageRow(stage: Robustness['nearest']): Html {
  const state = STATES[stage.status];
  return row([
    html`<th scope="row">${stage.attack}</th>`,
    numberCell(count(stage.attacked)),
    numberCell(count(stage.broken)),
    numberCell(stage.notAttacked === 0 ? MISSING : count(stage.notAttacked)),
    numberCell(count(stage.robustAfter)),
    numberCell(significant(stage.seconds)),
    textCell(stage.status === 'failed' && stage.reason !== undefined ? `${state}: ${stage.reason}` : state),
  ]);
}

function inWords({ correct, robust, notAttacked, certified }: Ensemble): string {
  const left = `Of ${counted(correct, 'correct point')} ${count(robust)} have no known example within this radius`;
  const missing = notAttacked > 0 ? `, ${count(notAttacked)} of them not attacked in full` : '';
  return `${left}${missing}; ${count(certified)} are proven robust.`;
}
