// `robustlaw plan`: how many parameters a robust fit of these data needs, by the law and by a pilot sweep, as text, as JSON, and as a page.
import { mkdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import type { Dataset } from '../data/index.ts';
import { invalidArgument } from '../errors.ts';
import { writeWhole } from '../files/index.ts';
import type { Norm } from '../guarantee/index.ts';
import { modelSchema } from '../models/schema.ts';
import { mean } from '../numeric/index.ts';
import {
  PILOT_MODELS,
  type PilotModel,
  type PlanRequest,
  type PlanResult,
  plan,
  planName,
  type Wish,
} from '../plan/index.ts';
import { renderPlanPage } from '../report/index.ts';
import { versions } from '../study/index.ts';
import { interruption } from './interruption.ts';
import {
  factor,
  fraction,
  list,
  normName,
  numberRange,
  positiveInteger,
  positiveNumber,
  probability,
  seedNumber,
  tolerance,
} from './options.ts';
import { progressDisplay } from './progress.ts';
import {
  addImageOptions,
  addLabelOptions,
  addScaleOption,
  DATA_FORMATS,
  type ReadingOptions,
  readRows,
  scaled,
} from './read-data.ts';
import { figure, table } from './table.ts';

interface PlanOptions extends ReadingOptions {
  readonly regression?: boolean;
  readonly norm: Norm;
  readonly radius?: number;
  readonly lipschitz?: number;
  readonly range?: readonly [number, number];
  readonly flips: number;
  readonly noise?: number;
  readonly flipProbability?: number;
  readonly pilot: boolean;
  readonly model: PilotModel['model'];
  readonly sizes?: readonly number[];
  readonly seeds: number;
  readonly threshold: number;
  readonly updates: number;
  readonly timeLimit: number;
  readonly workers: number;
  readonly seed: number;
  readonly plans: string;
  readonly output?: string;
  readonly json?: boolean;
}

export function planCommand(): Command {
  const command = new Command('plan')
    .description(
      'how many parameters does a robust fit of these data need, and what does the number hang on?',
    )
    .argument('<data>', `points with labels: ${DATA_FORMATS}`);
  addScaleOption(addImageOptions(addLabelOptions(command)));
  return command
    .option('--regression', 'labels are numbers to be predicted, not classes')
    .option('--norm <name>', 'of the changes that are to do no harm: l2, linf or l1', normName, 'l2' as Norm)
    .option(
      '--radius <r>',
      'size of these changes; defaults to 0.5 (l2), 0.1 (linf) or 5 (l1) times the width of the inputs',
      factor,
    )
    .option(
      '--lipschitz <L>',
      'instead of a radius: the wanted constant, labels from -1 to 1 on data of norm about 1; then there is no pilot',
      factor,
    )
    .option('--range <low,high>', 'of the inputs; adversarial examples stay in it', numberRange)
    .option('--flips <share>', 'replace this share of the labels at random first', probability, 0)
    .option('--noise <variance>', 'the noise variance of the labels, where it is known', tolerance)
    .option('--flip-probability <p>', 'the share of labels that are wrong, where it is known', probability)
    .option('--no-pilot', 'the law alone: an answer in seconds')
    .addOption(
      new Option('-m, --model <name>', 'family of networks that the pilot trains')
        .choices(PILOT_MODELS)
        .default('two-layer'),
    )
    .option('--sizes <list>', 'of the subsamples of the pilot, like 200,400,800', list(positiveInteger))
    .option('--seeds <count>', 'subsamples and networks at each size and width', positiveInteger, 3)
    .option('--threshold <share>', 'robust training accuracy that counts as taken off', fraction, 0.65)
    .option(
      '--updates <count>',
      'of a training on up to 400 points; in proportion to n on more',
      positiveInteger,
      1000,
    )
    .option(
      '--time-limit <seconds>',
      'for the pilot; what was done is told',
      positiveNumber,
      Number.POSITIVE_INFINITY,
    )
    .option(
      '--workers <count>',
      'threads; defaults to the number of cores',
      positiveInteger,
      availableParallelism(),
    )
    .option('--seed <seed>', 'seed of every random choice', seedNumber, 0)
    .option('--plans <directory>', 'where plans are kept', 'plans')
    .option('-o, --output <file>', 'write the page here instead')
    .option('--json', 'print plan.json')
    .addHelpText(
      'after',
      `
Examples:
  $ robustlaw plan optical-digits --no-pilot                             the law alone, in seconds
  $ robustlaw plan optical-digits --flips 0.1 --radius 0.8 --sizes 200,400,800
  $ robustlaw plan mnist/ --scale 1/255 --norm linf --radius 0.1 --sizes 2500,5000,10000 --updates 400

Ctrl-C keeps the finished runs of the pilot; the same command goes on from there.`,
    )
    .action(planData);
}

async function planData(path: string, options: PlanOptions): Promise<void> {
  const data = scaled(await readRows(path, 'train', options), options.scale ?? 1);
  const request = requestOf(data, options);
  const directory = join(options.plans, planName(request));
  const { signal, dispose } = interruption(() => say('\nstopping; the same command goes on from here'));
  const display = progressDisplay(process.stderr);
  let result: PlanResult;
  try {
    result = await plan(
      request,
      directory,
      ({ runs, curvesDone, curves, text: latest }) =>
        display.update({
          done: curvesDone,
          total: curves,
          text: `${runs} runs, ${curvesDone} of ${curves} curves done; ${latest}`,
        }),
      () => signal.aborted,
    );
  } finally {
    display.stop();
    dispose();
  }
  mkdirSync(directory, { recursive: true });
  const page = options.output ?? join(directory, 'plan.html');
  writeWhole(join(directory, 'plan.json'), `${JSON.stringify(result, null, 1)}\n`);
  writeWhole(page, renderPlanPage(result));
  process.stdout.write(
    options.json ? `${JSON.stringify(result, null, 1)}\n` : `${text(result)}\n\nPage: ${page}\n`,
  );
}

function requestOf(data: Dataset, options: PlanOptions): PlanRequest {
  const { norm, radius, lipschitz, flips, noise, flipProbability, seeds, threshold, pilot } = options;
  if (radius !== undefined && lipschitz !== undefined)
    throw invalidArgument('--lipschitz', 'beside --radius', 'one of the two');
  if (noise !== undefined && flipProbability !== undefined)
    throw invalidArgument('--noise', 'beside --flip-probability', 'one of the two');
  if (options.regression && radius !== undefined)
    throw invalidArgument('--radius', radius, '--lipschitz in regression, where no answer is right or wrong');
  const range = options.range ?? usualRange(data);
  const wish: Wish =
    lipschitz !== undefined || options.regression
      ? { kind: 'lipschitz', lipschitz: lipschitz ?? 1 }
      : {
          kind: 'radius',
          norm,
          radius: radius ?? Number((SHARES[norm] * widthOf(data, range)).toPrecision(2)),
        };
  return {
    data,
    task: options.regression ? 'regression' : 'classification',
    wish,
    flips,
    noise:
      flipProbability !== undefined
        ? { flips: flipProbability }
        : noise !== undefined
          ? { variance: noise }
          : null,
    bounds: range,
    pilot: pilot
      ? {
          model: modelSchema.parse({ model: options.model }) as PilotModel,
          sizes: options.sizes ?? null,
          seeds,
          threshold,
          updates: options.updates,
        }
      : null,
    seed: options.seed,
    timeLimit: options.timeLimit,
    workers: options.workers,
    versions: versions(),
  };
}

/** Shares of the width of the inputs that are asked for where no radius is, as in an audit. */
const SHARES: Readonly<Record<Norm, number>> = { linf: 0.1, l2: 0.5, l1: 5 };

/** [0, 1] or [0, 255] where the data look like pixels; no range otherwise. */
function usualRange({ x }: Dataset): readonly [number, number] {
  let [low, high, whole] = [Infinity, -Infinity, true];
  for (const value of x) {
    low = Math.min(low, value);
    high = Math.max(high, value);
    whole &&= Number.isInteger(value);
  }
  if (low >= 0 && high <= 1) return [0, 1];
  return whole && low >= 0 && high > 127 && high <= 255 ? [0, 255] : [-Infinity, Infinity];
}

/** Of the range; without one, four standard deviations of an entry. */
function widthOf({ x }: Dataset, [low, high]: readonly [number, number]): number {
  if (Number.isFinite(high - low)) return high - low;
  const variance = mean(x.map((value) => value * value)) - mean(x) ** 2;
  return 4 * Math.sqrt(Math.max(0, variance)) || 1;
}

/** The verdict, the numbers behind it, and how sure they are. */
function text({ verdict, law, pilot, proven }: PlanResult): string {
  const readings = law.readings.map(({ name, dimension, parameters, interval }) => [
    name,
    figure(dimension.value),
    figure(parameters),
    span(interval),
  ]);
  const parts = [
    verdict.join('\n'),
    `By the law, ${law.formula}, with each reading of the dimension:\n${table(
      ['dimension', 'D', 'P', 'interval of D'],
      readings,
      ['D', 'P'],
    )}`,
  ];
  if ('value' in pilot) {
    const rows = pilot.value.takeOffs.map(({ n, parameters, interval, above, below }) => [
      String(n),
      parameters !== null
        ? figure(parameters)
        : above !== null
          ? `> ${figure(above)}`
          : `<= ${figure(below!)}`,
      interval ? span(interval) : '',
    ]);
    const { prediction } = pilot.value;
    if (prediction)
      rows.push([String(prediction.n), figure(prediction.value), `${span(prediction.interval)}, foretold`]);
    parts.push(
      `Robust training accuracy ${pilot.value.threshold} at P*, from ${pilot.value.runs.length} runs\n${table(['n', 'P*', '95 % interval'], rows, ['n', 'P*'])}`,
      ...pilot.value.notes,
    );
  }
  const swings = ('value' in pilot && pilot.value.drivers.length > 0 ? pilot.value.drivers : law.tornado).map(
    ({ name, low, high, factor: by }) => [
      name,
      figure(low),
      figure(high),
      by === null ? 'open' : `x ${figure(by)}`,
    ],
  );
  if (swings.length > 0)
    parts.push(
      `What the number hangs on, one thing at a time\n${table(['assumption', 'P from', 'to', ''], swings, ['P from', 'to', ''])}`,
    );
  parts.push(
    `Proven\n${table(
      ['theorem', 'P at least', 'formula alone', 'what fails'],
      proven.map(({ theorem, parameters, formula, lights }) => [
        theorem,
        parameters > 0 ? figure(parameters) : 'nothing',
        figure(formula),
        lights
          .filter(({ holds }) => !holds)
          .map(({ name }) => name)
          .join(', '),
      ]),
      ['P at least', 'formula alone'],
    )}`,
  );
  return parts.join('\n\n');
}

function span([low, high]: readonly [number, number]): string {
  return low === high ? '' : `${figure(low)} to ${figure(high)}`;
}

function say(message: string): void {
  process.stderr.write(`${message}\n`);
}
