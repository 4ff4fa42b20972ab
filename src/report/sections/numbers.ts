// The numbers: one row per data set, family and size over its seeds, and every trial on demand.
import type { StudyResult, TrialOutcome } from '../../study/index.ts';
import { chartedDataSets } from '../charts/law-data.ts';
import { type Html, html, NOTHING, trusted } from '../html.ts';
import { count, counted, MISSING, significant } from '../number.ts';
import { type DoneOutcome, doneOutcomes, type FailedOutcome, failedOutcomes } from '../outcomes.ts';
import { spreadOf } from '../spread.ts';
import {
  type Column,
  details,
  numberCell,
  row,
  scrollingTable,
  section,
  spreadCell,
  table,
  textCell,
} from './common.ts';

export function numbers(result: StudyResult): Html {
  const done = doneOutcomes(result);
  const failed = failedOutcomes(result);
  const tally = `${counted(result.outcomes.length, 'trial')}: ${count(done.length)} done, ${count(failed.length)} failed.`;
  return section('numbers', 'Numbers', [
    html`<p>${tally} Constants are medians over seeds, with the least and the greatest beneath; what each column guarantees stands <a href="#guarantees">below</a>.</p>\n`,
    summary(result),
    failures(failed),
    training(done),
    done.length > 0
      ? details(`Every finished trial (${count(done.length)})`, everyTrial(done), 'long')
      : NOTHING,
  ]);
}

/** Two rows of heads: the three kinds of Lipschitz constant stand side by side and never share a column. */
const HEAD: Html = html`<tr><th scope="col" rowspan="2">Family</th>${['Size', 'P', '\u221A(nd/P)'].map(
  tallHead,
)}<th scope="colgroup" colspan="3" class="middle">Lipschitz constant</th>${[
  html`exact \u00F7<br>\u221A(nd/P)`,
  html`class bound<br>certified (\u2265)`,
  html`largest<br>|f(x\u1D62)\u202F\u2212\u202Fy\u1D62|`,
].map(tallHead)}<th scope="col" rowspan="2">Memorizes</th>${tallHead('Seeds')}</tr>
<tr>${['exact (=)', 'certified (\u2264)', 'witnessed (\u2265)'].map((kind) => html`<th scope="col" class="number">${kind}</th>`)}</tr>
`;

function tallHead(title: string | Html): Html {
  return html`<th scope="col" rowspan="2" class="number">${title}</th>`;
}

/** One table for each data set, the largest first and open. */
function summary(result: StudyResult): Html {
  const charted = chartedDataSets(result);
  const order = ([data]: readonly [string, unknown]): number =>
    charted.includes(data) ? charted.indexOf(data) : charted.length;
  const groups = Array.from(Map.groupBy(result.outcomes, ({ trial }) => trial.data)).sort(
    (a, b) => order(a) - order(b),
  );
  const tables = groups.map(([data, outcomes], index) => {
    const cells = Map.groupBy(outcomes, ({ trial }) => JSON.stringify([trial.family, trial.size]));
    const content = scrollingTable(`Numbers of ${data}`, HEAD, Array.from(cells.values(), summaryRow));
    return html`<details${trusted(index === 0 ? ' open' : '')}><summary>${dataHeading(data, outcomes)}</summary>
${content}</details>
`;
  });
  return html`${tables}`;
}

function dataHeading(data: string, outcomes: readonly TrialOutcome[]): Html {
  const done = outcomes.filter((outcome) => outcome.state === 'done');
  const optimum = spreadOf(done.map(({ result }) => result.law.mcShaneOptimum));
  if (done.length === 0 || !optimum) return html`${data}`;
  const { n, d } = done[0]!.result;
  const range =
    optimum.high > optimum.low ? ` (${significant(optimum.low)} to ${significant(optimum.high)})` : '';
  return html`${data} <span>n\u202F=\u202F${count(n)}, d\u202F=\u202F${count(d)}; McShane optimum =\u202F${significant(optimum.median)}${range}</span>`;
}

function summaryRow(outcomes: readonly TrialOutcome[]): Html {
  const { family, size } = outcomes[0]!.trial;
  const results = outcomes.filter((outcome) => outcome.state === 'done').map((outcome) => outcome.result);
  const name = html`<th scope="row">${family}</th>`;
  const sizeCell = numberCell(size === undefined ? MISSING : count(size));
  const failed = outcomes.length - results.length;
  const seeds = html`${count(results.length)}${failed > 0 ? html`<small>${count(failed)} failed</small>` : NOTHING}`;
  if (results.length === 0) {
    const empty = Array.from({ length: 8 }, () => numberCell(MISSING));
    return row([name, sizeCell, ...empty, textCell('failed'), numberCell(seeds)]);
  }
  const exact = results.filter(({ lipschitz }) => lipschitz.upper.kind === 'exact');
  const bounded = results.filter(({ lipschitz }) => lipschitz.upper.kind === 'upper');
  const errors = results.map((result) => result.interpolationError);
  return row([
    name,
    sizeCell,
    spreadCountCell(results.map((result) => result.parameterCount)),
    spreadCell(spreadOf(results.map((result) => result.law.scaling))),
    constantsCell(
      exact.map((result) => result.lipschitz.upper.value),
      'nearest',
    ),
    constantsCell(
      bounded.map((result) => result.lipschitz.upper.value),
      'up',
    ),
    constantsCell(
      results.flatMap(({ lipschitz }) => (lipschitz.lower ? [lipschitz.lower.value] : [])),
      'down',
    ),
    spreadCell(spreadOf(exact.map((result) => result.lipschitz.upper.value / result.law.scaling))),
    spreadCell(spreadOf(results.map((result) => result.law.certifiedBound)), 'down'),
    numberCell(significant(errors.every(Number.isFinite) ? Math.max(...errors) : Number.NaN, 'up')),
    textCell(Array.from(Map.groupBy(results, (result) => result.memorization).keys()).join(', ')),
    numberCell(seeds),
  ]);
}

/** A cell of constants says so when one of them is not finite. */
function constantsCell(constants: readonly number[], rounding: 'nearest' | 'up' | 'down'): Html {
  if (constants.length > 0 && !constants.some(Number.isFinite)) return numberCell('not finite');
  return spreadCell(spreadOf(constants), rounding);
}

function spreadCountCell(counts: readonly number[]): Html {
  const spread = spreadOf(counts)!;
  return spread.low === spread.high ? numberCell(count(spread.low)) : spreadCell(spread);
}

function failures(failed: readonly FailedOutcome[]): Html {
  if (failed.length === 0) return NOTHING;
  const rows = failed.map(({ trial, error }) =>
    row([...trialCells(trial), textCell(html`<code>${error.code}</code>`), textCell(error.message)]),
  );
  return html`<h3>Trials that failed</h3>
${table('Trials that failed', [...TRIAL, { title: 'Code' }, { title: 'What happened' }], rows)}`;
}

function training(done: readonly DoneOutcome[]): Html {
  const trained = done.flatMap(({ trial, result }) =>
    result.training ? [{ trial, training: result.training, error: result.meanSquaredError }] : [],
  );
  if (trained.length === 0) return NOTHING;
  const rows = trained.map(({ trial, training, error }) =>
    row([
      ...trialCells(trial),
      numberCell(count(training.steps)),
      textCell(training.reason),
      numberCell(significant(error)),
    ]),
  );
  const columns = [
    ...TRIAL,
    { title: 'Steps', numeric: true },
    { title: 'Stopped because' },
    { title: 'Mean squared error', numeric: true },
  ];
  return details(`Training (${counted(trained.length, 'network')})`, table('Training', columns, rows));
}

const TRIAL: readonly Column[] = [
  { title: 'Data' },
  { title: 'Family' },
  { title: 'Size', numeric: true },
  { title: 'Seed', numeric: true },
];

function trialCells({ data, family, size, seed }: TrialOutcome['trial']): readonly Html[] {
  return [
    textCell(data),
    textCell(family),
    numberCell(size === undefined ? MISSING : count(size)),
    numberCell(count(seed)),
  ];
}

function everyTrial(done: readonly DoneOutcome[]): Html {
  const columns: readonly Column[] = [
    ...TRIAL,
    { title: 'P', numeric: true },
    { title: 'Exact (=)', numeric: true },
    { title: 'Certified (\u2264)', numeric: true },
    { title: 'Witnessed (\u2265)', numeric: true },
    { title: 'Class bound', numeric: true },
    { title: 'McShane (=)', numeric: true },
    { title: 'max\u202F|f(x\u1D62)\u202F\u2212\u202Fy\u1D62|', numeric: true },
    { title: 'Mean squared error', numeric: true },
    { title: 'Noise variance', numeric: true },
    { title: 'Memorizes' },
  ];
  const rows = done.map(({ trial, result }) => {
    const { upper, lower } = result.lipschitz;
    return row([
      ...trialCells(trial),
      numberCell(count(result.parameterCount)),
      numberCell(upper.kind === 'exact' ? significant(upper.value) : MISSING),
      numberCell(upper.kind === 'upper' ? significant(upper.value, 'up') : MISSING),
      numberCell(lower ? significant(lower.value, 'down') : MISSING),
      numberCell(
        result.law.certifiedBound === undefined ? MISSING : significant(result.law.certifiedBound, 'down'),
      ),
      numberCell(significant(result.law.mcShaneOptimum)),
      numberCell(significant(result.interpolationError)),
      numberCell(significant(result.meanSquaredError)),
      numberCell(result.noiseVariance === undefined ? MISSING : significant(result.noiseVariance)),
      textCell(result.memorization),
    ]);
  });
  return table('Every finished trial', columns, rows);
}
