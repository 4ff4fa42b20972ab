// The few numbers that most readers come for, in one row of tiles.
import type { PlanResult } from '../../plan/index.ts';
import { type Html, html } from '../html.ts';
import { count, MISSING } from '../number.ts';
import { about, rangeText } from './words.ts';

/** Each tile leads to its section. */
export function glance(result: PlanResult): Html {
  const { answer, law, data } = result;
  const tiles = [
    [
      'drivers',
      'Parameters to plan for',
      `${answer.from === 'pilot, one side' ? '> ' : '\u2248 '}${about(answer.parameters)}`,
      answer.interval[1] === null ? 'a lower side only' : rangeText([answer.interval[0], answer.interval[1]]),
    ],
    ['pilot', 'Pilot', ...pilotTile(result)],
    ['pilot', 'Backtest', ...backtestTile(result)],
    ['law', 'By the law alone', `\u2248 ${about(law.value)}`, rangeText(law.independent)],
    ['proven', 'Proven', ...provenTile(result)],
    ['law', 'To memorize at all', `\u2248 ${count(law.memorizing)}`, `n = ${count(data.points)}`],
  ] as const;
  const items = tiles.map(
    ([id, name, value, note]) =>
      html`<li><a href="#${id}"><span>${name}</span> <strong>${value}</strong> <small>${note}</small></a></li>\n`,
  );
  return html`<nav aria-label="At a glance"><ul class="tiles">
${items}</ul></nav>
`;
}

function pilotTile({ pilot }: PlanResult): readonly [string, string] {
  if (!('value' in pilot)) return [MISSING, pilot.status === 'failed' ? 'failed' : 'not run'];
  const { growth, takeOffs } = pilot.value;
  if (!growth) return [MISSING, `${count(takeOffs.length)} sizes, no fit`];
  return [
    `n^${growth.exponent.toFixed(2)}`,
    `${growth.exponentInterval.map((end) => end.toFixed(2)).join(' to ')}, growth of P*`,
  ];
}

function backtestTile({ pilot }: PlanResult): readonly [string, string] {
  const found = 'value' in pilot ? pilot.value.backtest : null;
  if (!found) return [MISSING, 'not possible'];
  if (found.ratio === null)
    return [MISSING, `foretold ${about(found.predicted)}, found more than ${about(found.above!)}`];
  return [`\u00D7 ${found.ratio.toFixed(2)}`, `foretold over found at n = ${count(found.n)}`];
}

function provenTile({ proven }: PlanResult): readonly [string, string] {
  const most = Math.max(...proven.map(({ parameters }) => parameters));
  return most > 0 ? [`\u2265 ${about(most)}`, 'no class of fewer'] : ['0', 'no theorem applies'];
}
