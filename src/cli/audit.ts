// `robustlaw audit`: attacks, proofs, memorization and the law for one model and one data set, as a page, as JSON, and as a gate.
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import {
  type AuditRequest,
  type AuditResult,
  audit,
  auditIdentity,
  auditName,
  type ModelSource,
  modelDigest,
  type NormRadii,
  parseRequirement,
  requiredRadii,
} from '../audit/index.ts';
import type { Dataset } from '../data/index.ts';
import { invalidArgument, RobustlawError } from '../errors.ts';
import { writeWhole } from '../files/index.ts';
import { modelFromOnnx } from '../graph/index.ts';
import { readModel } from '../graph/onnx-file/index.ts';
import type { Norm } from '../guarantee/index.ts';
import { guessPreprocessing, LAYOUTS, type Layout } from '../preprocessing/index.ts';
import { auditCurveSvg, renderAuditPage, significant } from '../report/index.ts';
import { versions } from '../study/index.ts';
import { interruption } from './interruption.ts';
import {
  list,
  normName,
  number,
  numberRange,
  oneOf,
  positiveInteger,
  positiveNumber,
  probability,
  radii,
  rowRange,
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
  type RowRange,
  readRows,
  scaled,
} from './read-data.ts';
import { table } from './table.ts';

interface AuditOptions extends ReadingOptions {
  readonly data: readonly string[];
  readonly training?: readonly string[];
  readonly trainingLabels?: string;
  readonly trainingRows?: RowRange;
  readonly flipped?: string;
  readonly noise?: number;
  readonly flipProbability?: number;
  readonly outputName?: string;
  readonly tolerance?: number;
  readonly mean?: readonly number[];
  readonly std?: readonly number[];
  readonly layout?: Layout;
  readonly range?: readonly [number, number];
  readonly norm: readonly Norm[];
  readonly radius?: readonly NormRadii[];
  readonly points: number;
  readonly timeLimit?: number;
  readonly require?: readonly string[];
  readonly workers: number;
  readonly patience: number;
  readonly boundSeconds: number;
  readonly seed: number;
  readonly audits: string;
  readonly svg?: string;
  readonly json?: boolean;
}

export function auditCommand(): Command {
  const command = new Command('audit')
    .description(
      'one model, one data set: how robust is it, what is proven, and is it large enough to be robust?',
    )
    .argument('<model>', 'an ONNX file')
    .requiredOption(
      '--data <path>',
      `points with labels: ${DATA_FORMATS}; repeat for several Parquet files`,
      collected,
    );
  return addImageOptions(addScaleOption(addLabelOptions(command)))
    .option(
      '--training <path>',
      'what the model was trained on: memorization and the law are about these',
      collected,
    )
    .option('--training-labels <file>', 'as --labels')
    .option('--training-rows <from:to>', 'as --rows', rowRange)
    .option(
      '--flipped <file>',
      'rows of the training data whose labels are known to be wrong, one number per line',
    )
    .option('--noise <variance>', 'the noise variance of the training labels, where it is known', tolerance)
    .option(
      '--flip-probability <p>',
      'the share of training labels that are wrong, where it is known',
      probability,
    )
    .option('--output-name <name>', 'which output of the model, where it has several')
    .option('--tolerance <error>', 'regression: outputs may be off by so much', tolerance)
    .option('--mean <list>', 'subtracted before the model: one number, or one per channel', list(number))
    .option('--std <list>', 'divided by after that', list(positiveNumber))
    .option('--layout <order>', `how the model takes a point: ${LAYOUTS.join(', ')}`, oneOf(LAYOUTS))
    .option('--range <low,high>', 'of the scaled data; adversarial examples stay in it', numberRange)
    .addOption(
      new Option('--norm <list>', 'l1, l2, linf, or several')
        .argParser(list(normName))
        .default(['linf', 'l2'] satisfies Norm[], 'linf,l2'),
    )
    .option(
      '--radius <norm:list>',
      'attack at these radii, like linf:0.05,0.1; repeat for other norms; where none is given: ' +
        'a tenth of the range of the data in linf, 0.5 times it in l2, 5 times it in l1',
      (text, before: readonly NormRadii[] = []) => radii(text, before),
    )
    .option('--points <count>', 'attack and certify so many rows, drawn with the seed', positiveInteger, 100)
    .option(
      '--require <text>',
      'a gate, like "robust-accuracy(linf, 0.1) >= 0.8"; exit code 1 where it is not met; may be repeated',
      collected,
    )
    .option(
      '--time-limit <seconds>',
      'for all of it, reading the data included; what there was no time for is said, and done by the same command later',
      positiveNumber,
    )
    .addOption(
      new Option('--workers <count>', 'processes')
        .argParser(positiveInteger)
        .default(availableParallelism(), 'the number of cores'),
    )
    .option(
      '--patience <seconds>',
      'a process that says nothing for so long counts as hanging',
      positiveNumber,
      600,
    )
    .option('--bound-seconds <seconds>', 'for each Lipschitz constant', positiveNumber, 20)
    .option('--seed <seed>', 'seed of every random choice', seedNumber, 0)
    .option('--audits <directory>', 'where audits are kept', 'audits')
    .option('--svg <file>', 'write the curve of robust accuracy in the first norm as an SVG file')
    .option('--json', 'print audit.json')
    .addHelpText(
      'after',
      `
Examples:
  $ robustlaw audit model.onnx --data mnist/ --training mnist/ --radius linf:0.1,0.3
  $ robustlaw audit examples/digits-cnn.onnx --data optical-digits --rows 1400: --training examples/digits-cnn-training.npz
  $ robustlaw audit model.onnx --data test.parquet --require "robust-accuracy(linf, 8/255) >= 0.5" --time-limit 600

Ctrl-C and the time limit keep what is done; the same command goes on from there. Exit code 1: a requirement is not met, or the model could not be run.`,
    )
    .action(auditModel);
}

/** Of the process, on the clock of performance.now(): reading the data is a part of the time limit. */
const BEGINNING = 0;

/** An option that may be repeated. */
function collected(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

async function auditModel(path: string, options: AuditOptions): Promise<void> {
  const request = await requestOf(path, options);
  const directory = join(options.audits, auditName(request, auditIdentity(request, modelDigest(path))));
  for (const warning of request.warnings) say(warning);
  const { signal, dispose } = interruption(() => say('\nstopping; the same command goes on from here'));
  const display = progressDisplay(process.stderr);
  let result: AuditResult;
  try {
    result = await audit(
      request,
      directory,
      ({ step, done, total, robust }) => {
        const still = robust ? `; ${robust.rows} of ${robust.of} rows robust so far` : '';
        display.update({ done, total, text: `${step}: ${done} of ${total}${still}` });
      },
      () => signal.aborted,
      BEGINNING,
    );
  } finally {
    display.stop();
    dispose();
  }
  writeWhole(join(directory, 'audit.html'), renderAuditPage(result));
  if (options.svg) writeWhole(options.svg, auditCurveSvg(result, result.robustness[0]!.norm));
  process.stdout.write(
    options.json ? `${JSON.stringify(result, null, 1)}\n` : `${text(result, directory)}\n`,
  );
  if (result.accuracy.status === 'failed' || result.requirements.some(({ met }) => !met))
    process.exitCode = 1;
}

/** Reads what the options name, and says what was guessed. */
async function requestOf(path: string, options: AuditOptions): Promise<AuditRequest> {
  const required = (options.require ?? []).map(parseRequirement);
  const file = readModel(path);
  const model = modelFromOnnx(file, options.outputName === undefined ? undefined : [options.outputName]);
  const stored = await readRows(options.data, 'test', options);
  const guess = guessPreprocessing(model, stored, file.metadata);
  const stated = options.scale !== undefined || options.range !== undefined;
  const scale = options.scale ?? guess.preprocessing.scale;
  const range =
    options.range ?? (stated ? undefined : ordered(guess.preprocessing.range.map((v) => v * scale)));
  const data = scaled(stored, scale);
  const training =
    options.training === undefined
      ? undefined
      : scaled(await readRows(options.training, 'train', trainingOptions(options)), scale);
  const source: ModelSource = {
    path,
    ...(options.outputName !== undefined && { output: options.outputName }),
    preprocessing: {
      scale: 1,
      ...pick('mean', options.mean ?? guess.preprocessing.mean),
      ...pick('std', options.std ?? guess.preprocessing.std),
      layout: options.layout ?? guess.preprocessing.layout,
      range: range ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
    },
  };
  const norms = normsOf(options, required, spread(data, range));
  return {
    model: source,
    data,
    warnings: guess.warnings,
    ...pick('training', training),
    ...pick(
      'flipped',
      options.flipped === undefined ? undefined : flippedRows(options.flipped, options.trainingRows),
    ),
    ...pick('noise', knownNoise(options)),
    task:
      options.tolerance === undefined
        ? { kind: 'classification' }
        : { kind: 'regression', tolerance: options.tolerance },
    ...pick('bounds', range),
    norms,
    rows: { most: options.points },
    requirements: options.require ?? [],
    seed: options.seed,
    timeLimit: options.timeLimit ?? Number.POSITIVE_INFINITY,
    workers: options.workers,
    patience: options.patience,
    boundSeconds: options.boundSeconds,
    versions: versions(),
  };
}

/** How the training data are read. */
function trainingOptions(options: AuditOptions): ReadingOptions {
  const { labels: _labels, rows: _rows, ...shared } = options;
  return { ...shared, ...pick('labels', options.trainingLabels), ...pick('rows', options.trainingRows) };
}

function pick<Key extends string, Value>(
  key: Key,
  value: Value | undefined,
): { readonly [K in Key]?: Value } {
  return (value === undefined ? {} : { [key]: value }) as { readonly [K in Key]?: Value };
}

function ordered([a, b]: readonly number[]): readonly [number, number] {
  return a! <= b! ? [a!, b!] : [b!, a!];
}

/** Row numbers of the training file, as numbers of the rows that were chosen of it; a heading is passed over. */
function flippedRows(path: string, range: RowRange | undefined): number[] {
  let lines: string[];
  try {
    lines = readFileSync(path, 'utf8').split(/\r?\n/);
  } catch (error) {
    throw new RobustlawError('not-found', `${path}: cannot be read (${(error as Error).message})`);
  }
  const rows = lines.flatMap((line, i) => {
    const entry = line.split(',')[0]!.trim();
    if (entry === '' || (i === 0 && !/^\d/.test(entry))) return [];
    if (!/^\d+$/.test(entry)) {
      throw new RobustlawError(
        'malformed-file',
        `${path}, line ${i + 1}: ${JSON.stringify(entry.slice(0, 40))}; expected the number of a row, from 0`,
      );
    }
    return [Number(entry)];
  });
  const [from, to] = range ?? [0, Number.POSITIVE_INFINITY];
  return rows.filter((row) => row >= from && row < to).map((row) => row - from);
}

function knownNoise({ noise, flipProbability }: AuditOptions): AuditRequest['noise'] {
  if (noise !== undefined && flipProbability !== undefined)
    throw invalidArgument('--noise', 'beside --flip-probability', 'one of the two');
  if (flipProbability !== undefined) return { flips: flipProbability };
  return noise === undefined ? undefined : { variance: noise };
}

/** The width of the range of the data; without one, four standard deviations of an entry. */
function spread({ x }: Dataset, range: readonly [number, number] | undefined): number {
  if (range && Number.isFinite(range[1] - range[0])) return range[1] - range[0];
  let [sum, squares] = [0, 0];
  for (const value of x) {
    sum += value;
    squares += value * value;
  }
  const mean = sum / x.length;
  return 4 * Math.sqrt(Math.max(0, squares / x.length - mean * mean)) || 1;
}

/** Shares of the width that are attacked where no radius is asked for. */
const DEFAULT_RADII: Readonly<Record<Norm, number>> = { linf: 0.1, l2: 0.5, l1: 5 };

/** The norms and radii that the options and the requirements name; a norm without any is attacked at a default. */
function normsOf(
  { norm, radius = [] }: AuditOptions,
  required: readonly ReturnType<typeof parseRequirement>[],
  width: number,
): NormRadii[] {
  const asked = [...radius, ...requiredRadii(required).map(({ norm, radius: r }) => ({ norm, radii: [r] }))];
  const norms = [...new Set([...asked.map((entry) => entry.norm), ...(radius.length > 0 ? [] : norm)])];
  return norms.map((name) => {
    const found = asked.filter((entry) => entry.norm === name).flatMap((entry) => entry.radii);
    const chosen = found.length > 0 ? found : [significantNumber(DEFAULT_RADII[name] * width)];
    return { norm: name, radii: [...new Set(chosen)].sort((a, b) => a - b) };
  });
}

function significantNumber(value: number): number {
  return Number(value.toPrecision(2));
}

/** The verdict, the numbers behind it, what is doubtful, the gate, and where the rest is. */
function text(result: AuditResult, directory: string): string {
  const parts = [result.verdict.join('\n')];
  const rows = result.robustness.flatMap(({ norm, result: found }) =>
    'value' in found
      ? found.value.ensembles.map(({ radius, correct, robust, notAttacked, certified }) => {
          const of = found.value.points.length;
          return [
            norm,
            significant(radius, 'nearest', 4),
            share(correct, of),
            share(robust, of),
            share(certified, of),
            notAttacked === 0 ? '' : `${notAttacked} not attacked`,
          ];
        })
      : [[norm, '', '', '', '', 'reason' in found ? found.reason : '']],
  );
  parts.push(
    `Of the attacked rows: right, right after attacks (at most), proven right (at least)\n${table(
      ['norm', 'radius', 'right', 'robust ≤', 'proven ≥', 'note'],
      rows,
      ['radius', 'right', 'robust ≤', 'proven ≥'],
    )}`,
  );
  for (const { severity, title, explanation } of result.findings)
    parts.push(`${severity.toUpperCase()}: ${title}\n  ${explanation}`);
  for (const { text: asked, measured, met } of result.requirements)
    parts.push(`${met ? 'met' : 'NOT MET'}: ${asked} (${measured})`);
  parts.push(`Page: ${join(directory, 'audit.html')}`);
  return parts.join('\n\n');
}

function share(count: number, of: number): string {
  return of === 0 ? '' : `${((100 * count) / of).toFixed(1)} %`;
}

function say(message: string): void {
  process.stderr.write(`${message}\n`);
}
