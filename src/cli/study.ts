// `robustlaw study`: run a study, look at a run, list the runs.
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import type { Estimate } from '../guarantee/index.ts';
import { median } from '../numeric/index.ts';
import {
  type Comparison,
  dimensionText,
  type FittedSum,
  findRun,
  listRuns,
  MODELS,
  openExistingRun,
  openRun,
  type PredictorFit,
  planStudy,
  type RunDirectory,
  readStudyFile,
  runTrials,
  type Series,
  type StudyResult,
  studyResult,
  TRIAL_WORKER,
  toJson,
  versions,
} from '../study/index.ts';
import { interruption } from './interruption.ts';
import { positiveInteger } from './options.ts';
import { progressDisplay } from './progress.ts';
import { figure, table } from './table.ts';

interface RunOptions {
  readonly runs: string;
  readonly workers: number;
  readonly new?: boolean;
  readonly report: boolean;
  readonly json?: boolean;
}

interface LookOptions {
  readonly runs: string;
  readonly json?: boolean;
}

export function studyCommand(): Command {
  const command = new Command('study').description('a grid of trials: data x families x sizes x seeds');
  const runs = ['--runs <directory>', 'where runs are kept', 'runs'] as const;
  const json = ['--json', 'print the result as JSON'] as const;

  command
    .command('run <file>')
    .description('run a study file, or go on with it after an interruption')
    .option(...runs)
    .option(
      '--workers <count>',
      'trials at a time; defaults to the number of cores',
      positiveInteger,
      availableParallelism(),
    )
    .option(
      '--new',
      'start another run beside an earlier one of the same name with other contents; trials that are the same are taken over',
    )
    .option('--no-report', 'write no report.html, results.csv and results.parquet')
    .option(...json)
    .addHelpText(
      'after',
      `
Examples:
  $ robustlaw study run studies/law-of-robustness.yaml
  $ robustlaw study run my-study.yaml --workers 4 --json > result.json

Ctrl-C keeps every trial that was reported; the same command goes on from there.`,
    )
    .action(run);

  command
    .command('show <run>')
    .description('print the result of a run: its directory, or the name of its study')
    .option(...runs)
    .option(...json)
    .action(show);

  command
    .command('list')
    .description('list the runs')
    .option(...runs)
    .option(...json)
    .action(list);
  return command;
}

async function run(file: string, options: RunOptions): Promise<void> {
  const study = readStudyFile(file);
  const plan = planStudy(study);
  const directory = await openRun(options.runs, study, plan, options.new === true);
  try {
    for (const note of plan.notes) say(note);
    await runToTheEnd(directory, options.workers);
    const result = await studyResult(directory);
    if (options.report) {
      // Charts and formulas take longer to load than many a study needs to run: only where they are drawn.
      const { writeReport } = await import('../report/index.ts');
      writeReport(directory.path, result);
    }
    print(result, directory.path, options);
  } finally {
    await directory.store.close();
  }
}

/** Runs what is left to run; SIGINT and SIGTERM end it in a state from which it can go on. */
async function runToTheEnd({ path, store }: RunDirectory, workers: number): Promise<void> {
  const { done, failed, open, running } = await store.counts();
  if (open + running === 0) {
    say(`all ${done + failed} trials of ${path} are stored; nothing is left to run`);
    return;
  }
  if (done + failed > 0) say(`going on with ${path}: ${done + failed} trials are stored`);
  const { signal, dispose } = interruption(() =>
    say('\nfinishing the trials at work; once more to stop at once'),
  );
  const display = progressDisplay(process.stderr);
  try {
    await runTrials({
      store,
      workers: Math.min(workers, open + running),
      module: TRIAL_WORKER,
      models: join(path, MODELS),
      versions: versions(),
      onProgress: ({ done, failed, total }) =>
        display.update({
          done: done + failed,
          total,
          text: `${done + failed} of ${total} trials${failed > 0 ? `, ${failed} failed` : ''}`,
        }),
      signal,
    });
  } finally {
    display.stop();
    dispose();
  }
}

async function show(pathOrName: string, options: LookOptions): Promise<void> {
  const directory = await openExistingRun(findRun(options.runs, pathOrName));
  try {
    const { open, running } = await directory.store.counts();
    if (open + running > 0) say(`${open + running} trials are still to run; this is the result so far`);
    print(await studyResult(directory), directory.path, options);
  } finally {
    await directory.store.close();
  }
}

async function list(options: LookOptions): Promise<void> {
  const rows = [];
  for (const path of listRuns(options.runs)) {
    const directory = await openExistingRun(path);
    const { done, failed, open, running } = await directory.store.counts();
    await directory.store.close();
    rows.push({ path, title: directory.study.title, done, failed, open: open + running });
  }
  if (options.json) {
    process.stdout.write(`${JSON.stringify(rows, undefined, 2)}\n`);
    return;
  }
  if (rows.length === 0) say(`there are no runs in ${options.runs}`);
  else {
    const cells = rows.map((row) => [
      row.path,
      String(row.done),
      String(row.failed),
      String(row.open),
      row.title,
    ]);
    const header = ['run', 'done', 'failed', 'open', 'title'];
    process.stdout.write(`${table(header, cells, ['done', 'failed', 'open'])}\n`);
  }
}

/** Prints the result; a violated check is a finding and sets the exit code. */
function print(result: StudyResult, path: string, { json }: { readonly json?: boolean }): void {
  process.stdout.write(`${json ? toJson(result) : formatResult(result, path)}\n`);
  if (result.analysis.checks.some(({ holds }) => !holds)) process.exitCode = 1;
}

/** The verdict, then the numbers behind it, then where the rest is. */
export function formatResult(result: StudyResult, path: string): string {
  const { verdict, fits, predictorFits, comparisons, effectiveDimensions, checks } = result.analysis;
  const parts = [verdict.join('\n'), resultTable(result)];
  if (fits.length > 0) {
    const rows = fits.map(({ data, family, exponent, prefactor, rSquared, range }) => [
      data,
      family,
      `${figure(exponent.value)} [${figure(exponent.interval[0])}, ${figure(exponent.interval[1])}]`,
      `${figure(prefactor.value)} [${figure(prefactor.interval[0])}, ${figure(prefactor.interval[1])}]`,
      rSquared.toFixed(3),
      range,
    ]);
    const header = ['data', 'family', 'exponent of P', 'Lip / √(nd/P)', 'R²', 'fitted over'];
    parts.push(`Fits of Lip = C P^b, with 95 % intervals over seeds\n${table(header, rows)}`);
  }
  parts.push(...(predictorFits ?? []).map(fitText), ...(comparisons ?? []).map(comparisonText));
  for (const { data, ambient, estimate } of effectiveDimensions) {
    parts.push(`Effective dimension of ${data}: ${dimensionText(estimate)} of ${ambient}`);
  }
  const violated = checks.filter(({ holds }) => !holds);
  parts.push(
    violated.length === 0
      ? `All ${checks.length} checks hold`
      : violated.map(({ statement, detail }) => `VIOLATED: ${statement}\n  ${detail}`).join('\n'),
  );
  const report = join(path, 'report.html');
  parts.push(existsSync(report) ? `Report: ${report}` : `Run: ${path}`);
  return parts.join('\n\n');
}

/** The lines of one fit, those of its groups and then the published ones, with the predictor that explains the group best. */
function fitText({ title, quantity, predictor, scale, groups, published }: PredictorFit): string {
  const rows = [
    ...groups.map(({ name, points, leftOut, line, note, rivals }) => [
      name || 'all',
      String(points.length),
      String(leftOut),
      line ? intervalText(line.slope) : '',
      line ? intervalText(line.intercept) : '',
      line ? line.rSquared.toFixed(3) : '',
      note ?? rivals[0]?.predictor ?? '',
    ]),
    ...published.map(({ name, points, slope, intercept, rSquared }) => [
      name,
      String(points.length),
      '',
      figure(slope, 4),
      figure(intercept, 4),
      rSquared.toFixed(3),
      '',
    ]),
  ];
  const logs = scale === 'log' ? 'log ' : '';
  const header = [
    'trials of',
    'fitted',
    'left out',
    'slope',
    'intercept',
    'R²',
    'best predictor, or why no line',
  ];
  const lines = `${title}: ${logs}${quantity} = intercept + slope ${logs}${predictor}, with 95 % intervals\n${table(header, rows, ['fitted', 'left out', 'R²'])}`;
  const sums = groups.flatMap(({ name, sums }) =>
    (sums ?? []).map((sum) => sumText(name || 'all', logs, sum)),
  );
  return [lines, ...sums].join('\n');
}

/** `all: 0.709 [-0.211, 1.91] + 0.816 [0.723, 0.876] sqrt(d) + ..., R² 0.876`. */
function sumText(name: string, logs: string, { predictors, fit, note }: FittedSum): string {
  if (!fit) return `${name}, with ${predictors.join(' and ')}: ${note}`;
  const terms = predictors.map((predictor, j) => `${intervalText(fit.coefficients[j]!)} ${logs}${predictor}`);
  return `${name}: ${[intervalText(fit.intercept), ...terms].join(' + ')}, R² ${fit.rSquared.toFixed(3)}`;
}

/** Each size of each family beside the best construction with at most as many parameters. */
function comparisonText({ title, members }: Comparison): string {
  const rows = members.map(
    ({ data, family, size, parameterCount, best, atLeast, atMost, draws, leftOut, note }) => [
      data,
      family,
      size === undefined ? '' : String(size),
      String(parameterCount),
      best.join(', '),
      atLeast ? intervalText(atLeast) : '',
      atMost ? intervalText(atMost) : '',
      String(draws),
      String(leftOut),
      note ?? '',
    ],
  );
  const header = [
    'data',
    'family',
    'size',
    'P',
    'best',
    'ratio at least',
    'at most',
    'draws',
    'left out',
    'remark',
  ];
  return `${title}: Lipschitz constant over that of the best construction with at most P parameters, with 95 % intervals\n${table(header, rows, ['size', 'P', 'draws', 'left out'])}`;
}

function intervalText({ value, interval }: Estimate): string {
  return `${figure(value)} [${figure(interval[0])}, ${figure(interval[1])}]`;
}

function resultTable({ analysis, outcomes }: StudyResult): string {
  const header = ['data', 'family', 'size', 'P', 'Lipschitz', '√(nd/P)', 'ratio', 'certified ≥', 'optimum'];
  const optima = Map.groupBy(
    outcomes.filter((outcome) => outcome.state === 'done'),
    ({ trial }) => trial.data,
  );
  // Families beside each other that were measured on the same data, whichever entry of the study asked for them.
  const byData = [...Map.groupBy(analysis.series, ({ data }) => data).values()].flat();
  const rows = byData.flatMap((series) =>
    series.points.map((point) => {
      const scaling = Math.sqrt((series.n * series.d) / point.parameterCount);
      const optimum = median(optima.get(series.data)!.map(({ result }) => result.law.mcShaneOptimum));
      return [
        series.data,
        series.family,
        point.size === undefined ? '' : String(point.size),
        String(point.parameterCount),
        lipschitzText(point),
        figure(scaling),
        boundText(point.upper, (middle) => middle / scaling),
        point.certifiedBound === undefined ? '' : figure(point.certifiedBound),
        figure(optimum),
      ];
    }),
  );
  const numeric = ['size', 'P', 'Lipschitz', '√(nd/P)', 'ratio', 'certified ≥', 'optimum'];
  return `Lipschitz constants: exact, or [witnessed, certified]; medians over seeds\n${table(header, rows, numeric)}`;
}

function lipschitzText({ upper, lower, exact }: Series['points'][number]): string {
  if (exact) return figure(median(upper));
  return `[${lower ? figure(median(lower)) : '?'}, ${boundText(upper, (middle) => middle)}]`;
}

/** Bounds that do not exist are no numbers to take a median of. */
function boundText(upper: readonly number[], of: (middle: number) => number): string {
  return upper.every(Number.isFinite) ? figure(of(median(upper))) : 'none';
}

function say(message: string): void {
  process.stderr.write(`${message}\n`);
}
