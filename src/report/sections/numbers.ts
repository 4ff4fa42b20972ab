// The numbers: one row per data set, family and size over its seeds, and every trial on demand.
import type { StudyResult, TrialOutcome } from '../../study/result.ts';
import { type Html, html, NOTHING } from '../html.ts';
import { count, counted, MISSING, significant } from '../number.ts';
import { type DoneOutcome, doneOutcomes, type FailedOutcome, failedOutcomes, grouped } from '../outcomes.ts';
import { spreadOf } from '../spread.ts';
import {
  body,
  type Column,
  details,
  numberCell,
  row,
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
    result.outcomes.length > 0 ? summary(result.outcomes) : NOTHING,
    failures(failed),
    training(done),
    done.length > 0 ? details(`Every finished trial (${count(done.length)})`, everyTrial(done)) : NOTHING,
  ]);
}

const SUMMARY: readonly Column[] = [
  { title: 'Family' },
  { title: 'Size', numeric: true },
  { title: 'P', numeric: true },
  { title: '\u221A(nd/P)', numeric: true },
  { title: html`Lipschitz constant<br>exact (=)`, numeric: true },
  { title: html`Lipschitz constant<br>certified (\u2264)`, numeric: true },
  { title: html`Lipschitz constant<br>witnessed (\u2265)`, numeric: true },
  { title: html`exact constant<br>\u00F7 \u221A(nd/P)`, numeric: true },
  { title: html`certified lower<br>bound of the class`, numeric: true },
  { title: html`max\u202F|f(x\u1D62)\u202F\u2212\u202Fy\u1D62|<br>largest`, numeric: true },
  { title: 'Memorizes' },
  { title: 'Seeds', numeric: true },
];

function summary(outcomes: readonly TrialOutcome[]): Html {
  const bodies = Array.from(
    grouped(outcomes, ({ trial }) => trial.data),
    ([data, ofData]) => {
      const cells = grouped(ofData, ({ trial }) => JSON.stringify([trial.family, trial.size]));
      return body(Array.from(cells.values(), summaryRow), {
        content: dataHeading(data, ofData),
        columns: SUMMARY.length,
      });
    },
  );
  return table('Numbers by data set, family and size', SUMMARY, bodies);
}

function dataHeading(data: string, outcomes: readonly TrialOutcome[]): Html {
  const done = outcomes.filter((outcome) => outcome.state === 'done');
  const optimum = spreadOf(done.map(({ result }) => result.law.mcShaneOptimum));
  if (done.length === 0 || !optimum) return html`${data}`;
  const { n, d } = done[0]!.result;
  const range =
    optimum.high > optimum.low
      ? ` (${significant(optimum.low)} to ${significant(optimum.high)} over seeds)`
      : '';
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
    const empty = Array.from({ length: SUMMARY.length - 4 }, () => numberCell(MISSING));
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
    textCell(Array.from(grouped(results, (result) => result.memorization).keys()).join(', ')),
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
${table('Trials that failed', [...TRIAL, { title: 'Code' }, { title: 'What happened' }], [body(rows)])}`;
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
  return details(
    `Training (${counted(trained.length, 'network')})`,
    table('Training', columns, [body(rows)]),
  );
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
  return table('Every finished trial', columns, [body(rows)]);
}
