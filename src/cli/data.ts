// `robustlaw data`: a data set in the terms of the law: noise, separation, dimensions, isoperimetry, and what the law asks.

import { mkdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import type { Dataset, Split } from '../data/index.ts';
import { invalidArgument, RobustlawError } from '../errors.ts';
import { writeWhole } from '../files/index.ts';
import type { Norm } from '../guarantee/index.ts';
import { type DataSurvey, type KnownNoise, surveyData, type Task } from '../survey/index.ts';
import { interruption } from './interruption.ts';
import {
  oneOf,
  positiveInteger,
  positiveNumber,
  probability,
  radii,
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
import { version } from './version.ts';

interface DataOptions extends ReadingOptions {
  readonly split: Split;
  readonly task?: Task;
  readonly flips?: number;
  readonly noiseVariance?: number;
  readonly referenceAccuracy?: { readonly accuracy: number; readonly rows: number | undefined };
  readonly radius: readonly { readonly norm: Norm; readonly radii: readonly number[] }[];
  readonly timeLimit: number;
  readonly workers: number;
  readonly seed: number;
  readonly output?: string;
  readonly json?: boolean;
}

export function dataCommand(): Command {
  const command = new Command('data')
    .description(
      'a data set in the terms of the law: how noisy, how separated, of what dimension, and what the law asks',
    )
    .argument('<data>', `points with labels: ${DATA_FORMATS}`)
    .argument('[labels]', 'as --labels');
  return addImageOptions(addScaleOption(addLabelOptions(command)))
    .option(
      '--split <part>',
      'folders that hold both: train or test',
      oneOf(['train', 'test'] as const),
      'train',
    )
    .option(
      '--task <kind>',
      'what labels are: classification (classes) or regression (numbers); guessed without',
      oneOf(['classification', 'regression'] as const),
    )
    .option(
      '--flips <share>',
      'the share of labels that were replaced by another class, where it is known',
      probability,
    )
    .option('--noise-variance <variance>', 'E Var[y|x], where it is known', tolerance)
    .option(
      '--reference-accuracy <share[:rows]>',
      'the accuracy of a good model on fresh points, and how many: 0.98 or 0.98:10000',
      referenceAccuracy,
    )
    .option(
      '--radius <norm:list>',
      'hold these radii of robustness against the data, like linf:0.1,0.3; repeat for other norms',
      radii,
      [],
    )
    .option(
      '--time-limit <seconds>',
      'for all of it; what it cuts short is said',
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
    .option('-o, --output <directory>', 'write data.json and the page data.html there')
    .option('--json', 'print data.json')
    .addHelpText(
      'after',
      `
Examples:
  $ robustlaw data optical-digits
  $ robustlaw data train.csv --label-column species -o survey
  $ robustlaw data mnist/ --reference-accuracy 0.9977:10000 --radius linf:0.1,0.3 -o survey

Ctrl-C ends the measurements and keeps those that are done.`,
    )
    .action(describe);
}

async function describe(path: string, labels: string | undefined, options: DataOptions): Promise<void> {
  if (labels !== undefined && options.labels !== undefined)
    throw invalidArgument('--labels', 'beside a second file', 'one of the two');
  const read = labels ?? options.labels;
  const stored = await readRows(path, options.split, {
    ...options,
    ...(read !== undefined && { labels: read }),
  });
  const guess = options.scale === undefined && holdsBytes(stored) ? 1 / 255 : undefined;
  const data = scaled(stored, options.scale ?? guess ?? 1);
  if (options.output !== undefined) makeFolder(options.output);
  const { signal, dispose } = interruption(() => process.stderr.write('\nstopping; what is done is kept\n'));
  const display = progressDisplay(process.stderr);
  let result: DataSurvey;
  let words: typeof import('./data-text.ts');
  try {
    // What writes the result is loaded while threads measure.
    [result, words] = await Promise.all([
      surveyData(
        {
          data,
          task: options.task,
          noise: knownNoise(options),
          radii: options.radius.flatMap(({ norm, radii: list }) => list.map((radius) => ({ norm, radius }))),
          warnings: guess === undefined ? [] : ['the points are images of bytes: divided by 255'],
          seed: options.seed,
          timeLimit: options.timeLimit,
          workers: options.workers,
          version: version(),
        },
        ({ parts, share }) =>
          display.update({
            done: Math.round(1000 * share),
            total: 1000,
            text: parts.length > 0 ? parts.join(', ') : 'done',
          }),
        () => signal.aborted,
      ),
      import('./data-text.ts'),
    ]);
  } finally {
    display.stop();
    dispose();
  }
  const json = `${JSON.stringify(result, null, 1)}\n`;
  if (options.output !== undefined) {
    writeWhole(join(options.output, 'data.json'), json);
    writeWhole(join(options.output, 'data.html'), words.renderSurveyPage(result));
  }
  process.stdout.write(options.json ? json : `${words.surveyText(result, options.output)}\n`);
}

/** Before the measurements: nobody wants to hear of it after them. */
function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (error) {
    throw new RobustlawError(
      'not-found',
      `${path}: no folder can be made there (${(error as Error).message})`,
    );
  }
}

/** Images whose values are whole numbers from 0 to 255, more than a few grey levels of them. */
function holdsBytes({ shape, x }: Dataset): boolean {
  let largest = 0;
  for (const value of x) {
    if (!(value >= 0 && value <= 255 && Number.isInteger(value))) return false;
    if (value > largest) largest = value;
  }
  return shape.length > 2 && largest > 127;
}

function knownNoise({
  flips,
  noiseVariance,
  referenceAccuracy: reference,
}: DataOptions): KnownNoise | undefined {
  const given = [
    ...(flips === undefined ? [] : [{ flips }]),
    ...(noiseVariance === undefined ? [] : [{ variance: noiseVariance }]),
    ...(reference === undefined ? [] : [reference]),
  ];
  if (given.length > 1)
    throw invalidArgument('noise', 'given twice', 'one of --flips, --noise-variance, --reference-accuracy');
  return given[0];
}

/** A share, or a share and a number of rows. */
function referenceAccuracy(text: string): { readonly accuracy: number; readonly rows: number | undefined } {
  const [share = '', rows, ...rest] = text.split(':');
  if (rest.length > 0)
    throw new InvalidArgumentError('expected a share and a number of rows, like 0.98:10000.');
  return { accuracy: probability(share), rows: rows === undefined ? undefined : positiveInteger(rows) };
}
