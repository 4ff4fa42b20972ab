// `robustlaw train`: data in, a trained network out as ONNX, with its fit, its Lipschitz constant and its robust accuracy.
import { existsSync, rmSync } from 'node:fs';
import { Command, InvalidArgumentError, Option } from 'commander';
import { argmax, createThreat, createVictim, crossEntropy, oneHot, pgd, wrong } from '../attacks/index.ts';
import { type Dataset, featureCount } from '../data/index.ts';
import { RobustlawError } from '../errors.ts';
import { writeWhole } from '../files/index.ts';
import { type Model, modelFrom, toFloat } from '../graph/index.ts';
import type { LipschitzMeasurement, Norm } from '../guarantee/index.ts';
import { scalingLaw } from '../law/index.ts';
import { measureLipschitz } from '../lipschitz/index.ts';
import {
  ACTIVATIONS,
  type Activation,
  createFamily,
  describeSize,
  exportModel,
  type ModelFamily,
  modelGraph,
  modelSchema,
} from '../models/index.ts';
import { permutation, type Rng, rng } from '../random/index.ts';
import { lipschitzVerdict } from '../report/index.ts';
import {
  labelKind,
  loadCheckpoint,
  type Progress,
  saveCheckpoint,
  type TrainingResult,
  train,
  trainingPlan,
  trainingSchema,
} from '../training/index.ts';
import { parseSpecification } from '../validation/index.ts';
import { interruption } from './interruption.ts';
import { plainJson } from './json.ts';
import {
  factor,
  flipProbability,
  numberRange,
  positiveInteger,
  positiveNumber,
  rowRange,
  seedNumber,
  tolerance,
} from './options.ts';
import { progressDisplay } from './progress.ts';
import { addImageOptions, addLabelOptions, addScaleOption, DATA_FORMATS } from './read-data.ts';
import { figure, table } from './table.ts';
import { readTrainingData, type TrainingDataOptions } from './training-data.ts';
import { version } from './version.ts';

interface TrainOptions extends TrainingDataOptions {
  readonly output?: string;
  readonly model: string;
  readonly size: number;
  readonly layers?: number;
  readonly activation?: Activation;
  readonly batchNorm?: boolean;
  readonly loss?: string;
  readonly labelSmoothing?: number;
  readonly optimiser?: string;
  readonly momentum?: number;
  readonly learningRate?: number;
  readonly schedule?: string;
  readonly warmup?: number;
  readonly steps?: number;
  readonly batch?: number;
  readonly weightDecay?: number;
  readonly gradientPenalty?: number;
  readonly jacobianPenalty?: number;
  readonly spectralNorm?: number;
  readonly adversarial?: Adversarial;
  readonly range?: readonly [number, number];
  readonly stop: Readonly<Record<string, number>>;
  readonly attack?: Ball;
  readonly boundSeconds: number;
  readonly checkpoint?: string;
  readonly seed: number;
  readonly json?: boolean;
}

interface Ball {
  readonly norm: 'l2' | 'linf';
  readonly radius: number;
}

interface Adversarial extends Ball {
  readonly method: 'fgsm' | 'pgd' | 'trades';
  readonly steps?: number;
}

const MODELS = ['two-layer', 'mlp', 'cnn', 'madry', 'residual-cnn', 'vision-transformer'];

/** Names of rules on the command line, and in a specification of a training. */
const RULES = {
  memorized: 'memorized',
  signs: 'signs',
  'noise-level': 'noiseLevel',
  accuracy: 'accuracy',
  'robust-accuracy': 'robustAccuracy',
} as const;

export function trainCommand(): Command {
  const optional = (flags: string, text: string, choices: readonly string[]) =>
    new Option(flags, text).choices(choices);
  const command = new Command('train')
    .description('fit a network to labelled data; write it as ONNX, say how smooth and how robust it is')
    .argument('<data>', `points with labels: ${DATA_FORMATS}`)
    .option('-o, --output <file>', 'write the trained network as an ONNX model')
    .addOption(optional('-m, --model <name>', 'the family', MODELS).default('two-layer'))
    .option(
      '-s, --size <size>',
      'capacity: neurons, width, channels, scale or embedding, by family',
      positiveInteger,
      100,
    )
    .option(
      '--layers <count>',
      'mlp, cnn: layers; residual-cnn: blocks; vision-transformer: depth',
      positiveInteger,
    )
    .addOption(optional('--activation <name>', 'of hidden layers', Object.keys(ACTIVATIONS)))
    .option('--batch-norm', 'two-layer: batch normalisation in front of the activation')
    .addOption(
      optional('--loss <name>', 'default cross-entropy for classes, squared for numbers and signs', [
        'squared',
        'cross-entropy',
        'margin',
      ]),
    )
    .option('--label-smoothing <share>', 'of cross-entropy', tolerance)
    .addOption(optional('--optimiser <name>', 'default adam', ['sgd', 'adam', 'adamw']))
    .option('--momentum <share>', 'of sgd', tolerance)
    .option('--learning-rate <rate>', 'the largest; default 0.003', positiveNumber)
    .addOption(
      optional('--schedule <name>', 'of the rate; default cosine', ['constant', 'cosine', 'one-cycle']),
    )
    .option('--warmup <updates>', 'in which the rate rises', positiveInteger)
    .option('--steps <updates>', 'most updates; default 3000', positiveInteger)
    .option('--batch <points>', 'points per update; default all', positiveInteger)
    .option('--weight-decay <lambda>', '(lambda / 2) |W|^2, decoupled under adamw', positiveNumber)
    .option('--gradient-penalty <lambda>', 'lambda E |grad f|^2', positiveNumber)
    .option('--jacobian-penalty <lambda>', '(lambda / 2) E |J|^2, by random projections', positiveNumber)
    .option('--spectral-norm <bound>', 'certified bound on the spectral norm of every weight', positiveNumber)
    .option(
      '--adversarial <method:norm:radius>',
      'adversarial training by fgsm, pgd or trades, as in pgd:linf:0.1 or, with steps, pgd:linf:0.1:7',
      adversary,
    )
    .option('--range <low,high>', 'adversarial points stay in it, say 0,1 for pixels', numberRange)
    .option(
      '--stop <rule=value>',
      `end early: ${Object.keys(RULES).join(', ')}; may be repeated`,
      (text: string, before: Readonly<Record<string, number>>) => ({ ...before, ...stopRule(text) }),
      {},
    )
    .addOption(
      optional('--task <task>', 'auto: labels 0, 1, 2, ... are classes, others numbers', [
        'auto',
        'given',
        'classes',
        'parity',
        'halves',
      ]).default('auto'),
    )
    .option('--flips <q>', 'probability with which a label ±1 is flipped', flipProbability)
    .option('--test-rows <from:to>', 'hold these rows out and measure on them', rowRange)
    .option(
      '--attack <norm:radius>',
      'also measure accuracy under PGD-40; default that of --adversarial',
      ball,
    )
    .option('--bound-seconds <seconds>', 'for the Lipschitz constant', positiveNumber, 10)
    .option('--checkpoint <file>', 'kept during training, to go on from; default beside the output')
    .option('--seed <seed>', 'seed of every random choice', seedNumber, 0)
    .option('--json', 'machine-readable output')
    .addHelpText(
      'after',
      `
Examples:
  $ robustlaw train optical-digits --rows 0:1400 --test-rows 1400: --size 64 -o digits.onnx
  $ robustlaw train optical-digits --task parity --flips 0.1 --size 200 --stop signs=0.02 -o memorized.onnx
  $ robustlaw train mnist/ --scale 1/255 --model madry --size 4 --batch 100 --adversarial pgd:linf:0.3 --range 0,1 -o robust.onnx

Ctrl-C writes a checkpoint; the same command goes on from there, to the same bits. Exit code 1: the training diverged.`,
    )
    .action(trainNetwork);
  return addScaleOption(addImageOptions(addLabelOptions(command)));
}

async function trainNetwork(source: string, options: TrainOptions): Promise<void> {
  const key = rng(options.seed);
  const { training, test, notes } = await readTrainingData(source, options, key.split('data'));
  for (const note of notes) say(note);
  const [n, ...shape] = training.shape;
  const family = createFamily(modelOf(options), options.size, shape, training.outputs);
  const kind = labelKind(training.y, training.outputs);
  const specification = specificationOf(options, kind === 'classes' ? 'cross-entropy' : 'squared');
  const plan = trainingPlan(specification, family, training);
  const result = await run(plan, training, key.split('training'), options);
  const finished = result.reason !== 'diverged';
  const model = modelFrom(family.name, (batch) =>
    toFloat(modelGraph(family, result.weights, batch), 'float64'),
  );
  const lipschitz = finished ? await constantOf(model, training, key, options) : undefined;
  const attacked = options.attack ?? options.adversarial;
  const sets = [{ name: 'training', data: training }, ...(test ? [{ name: 'test', data: test }] : [])];
  const accuracies =
    finished && kind !== 'values'
      ? await Promise.all(
          sets.map(async ({ name, data }) => ({
            data: name,
            ...(await accuracyOf(family, result, data, attacked, options.range, key.split('attack'))),
          })),
        )
      : [];
  if (options.output && finished)
    writeWhole(
      options.output,
      exportModel(family, result.weights, { 'robustlaw.seed': String(options.seed) }),
    );

  const summary = {
    data: {
      name: training.name,
      n,
      d: featureCount(training),
      outputs: training.outputs,
      provenance: training.provenance,
    },
    family: family.name,
    parameterCount: family.parameterCount,
    training: specification,
    reason: result.reason,
    steps: result.steps,
    measures: result.measures,
    accuracies,
    ...(lipschitz && { lipschitz }),
    scalingLaw: scalingLaw(n!, featureCount(training), family.parameterCount),
    ...(training.noiseVariance !== undefined && { noiseVariance: training.noiseVariance }),
    seed: options.seed,
    version: version(),
    ...(options.output && finished && { output: options.output }),
  };
  process.stdout.write(options.json ? `${plainJson(summary)}\n` : `${text(summary, options)}\n`);
  if (!finished) process.exitCode = 1;
  else if (options.output)
    say(
      `Wrote ${options.output}: input x [batch, ${shape.join(', ')}], output y [batch, ${training.outputs}].`,
    );
  else say('Add -o FILE.onnx to write the network as an ONNX model.');
}

/** Trains with a display and a checkpoint; the checkpoint goes when the training is done. */
async function run(
  plan: ReturnType<typeof trainingPlan>,
  training: Dataset,
  key: Rng,
  options: TrainOptions,
): Promise<TrainingResult> {
  const file = options.checkpoint ?? (options.output && `${options.output}.checkpoint`);
  const from = file !== undefined && existsSync(file) ? loadCheckpoint(file) : undefined;
  if (from) say(`going on from ${file}: ${from.state.step} updates are made`);
  const { signal, dispose } = interruption(() =>
    say(file === undefined ? '\nstopping' : `\nstopping; the same command goes on from ${file}`),
  );
  const display = progressDisplay(process.stderr);
  let saved = performance.now();
  const save = (progress: () => Progress) => {
    if (file !== undefined) saveCheckpoint(file, progress());
    saved = performance.now();
  };
  try {
    const result = await train(
      plan,
      training,
      key,
      (step, { loss, accuracy, robustAccuracy }, progress) => {
        const parts = [
          `loss ${figure(loss)}`,
          ...(accuracy === undefined ? [] : [`accuracy ${percent(accuracy)}`]),
          ...(robustAccuracy === undefined ? [] : [`under attack ${percent(robustAccuracy)}`]),
        ];
        display.update({
          done: step,
          total: plan.steps,
          text: `update ${step} of ${plan.steps}: ${parts.join(', ')}`,
        });
        if (signal.aborted) save(progress);
        else if (performance.now() - saved > CHECKPOINT_EVERY) save(progress);
        return signal.aborted ? 'stop' : undefined;
      },
      'float32',
      from,
    );
    if (result.reason === 'interrupted') {
      const next = file === undefined ? '' : ': run the same command again to go on';
      throw new RobustlawError('interrupted', `interrupted after ${result.steps} updates${next}`);
    }
    if (file !== undefined) rmSync(file, { force: true });
    return result;
  } finally {
    display.stop();
    dispose();
  }
}

/** Milliseconds between checkpoints. */
const CHECKPOINT_EVERY = 30_000;

/** Rows that are attacked, and that Lipschitz searches start from. */
const MOST_ROWS = 500;
const ATTACK_STEPS = 40;

async function constantOf(
  model: Model,
  training: Dataset,
  key: Rng,
  { boundSeconds }: TrainOptions,
): Promise<LipschitzMeasurement> {
  const d = featureCount(training);
  const starts = Float64Array.from(training.x.subarray(0, MOST_ROWS * d));
  const effort = { seconds: boundSeconds, stop: () => false, clever: false };
  return measureLipschitz(
    model,
    { norm: 'l2', domain: { kind: 'global' } },
    starts,
    key.split('lipschitz'),
    effort,
  );
}

interface Accuracy {
  readonly rows: number;
  /** Share of rows that are classified rightly. */
  readonly accuracy: number;
  /** Of some rows, still right under PGD-40: an upper bound on the robust accuracy on them. */
  readonly attacked?: {
    readonly norm: Norm;
    readonly radius: number;
    readonly rows: number;
    readonly accuracy: number;
  };
}

async function accuracyOf(
  family: ModelFamily,
  { weights }: TrainingResult,
  data: Dataset,
  attacked: Ball | undefined,
  range: readonly [number, number] | undefined,
  key: Rng,
): Promise<Accuracy> {
  const model = modelFrom(family.name, (batch) => modelGraph(family, weights, batch));
  const victim = await createVictim(model, { kind: 'classification' });
  try {
    const points = Float32Array.from(data.x);
    const labels = classRows(data);
    const misses = wrong(victim.task, await victim.scores(points), labels, victim.outputs);
    const accuracy = misses.filter((miss) => !miss).length / misses.length;
    if (!attacked) return { rows: misses.length, accuracy };
    const ids = Array.from(permutation(key, misses.length).subarray(0, MOST_ROWS)).sort((a, b) => a - b);
    const d = featureCount(data);
    const rows = <A extends Float32Array>(all: A, width: number) =>
      Float32Array.from(ids.flatMap((i) => Array.from(all.subarray(i * width, (i + 1) * width))));
    const samples = { points: rows(points, d), labels: rows(labels, victim.outputs), ids };
    const threat = createThreat(attacked.norm, attacked.radius, range ?? [-Infinity, Infinity]);
    const changed = await pgd(crossEntropy, ATTACK_STEPS, 1).run(victim, samples, threat, key, () => false);
    const broken = wrong(victim.task, await victim.scores(changed), samples.labels, victim.outputs);
    const still = ids.filter((i, at) => !misses[i] && !broken[at]).length / ids.length;
    const { norm, radius } = attacked;
    return { rows: misses.length, accuracy, attacked: { norm, radius, rows: ids.length, accuracy: still } };
  } finally {
    await victim.dispose();
  }
}

/** Labels as the attacks take them: one-hot; of labels ±1, class 1 is +1. */
function classRows({ y, outputs }: Dataset): Float32Array {
  if (outputs === 1)
    return oneHot(
      Array.from(y, (label) => (label > 0 ? 1 : 0)),
      2,
    );
  const classes = Array.from({ length: y.length / outputs }, (_, i) =>
    argmax(y.subarray(i * outputs, (i + 1) * outputs)),
  );
  return oneHot(classes, outputs);
}

function modelOf(options: TrainOptions) {
  const { model, layers, activation, batchNorm } = options;
  const depth = { mlp: 'layers', cnn: 'layers', 'residual-cnn': 'blocks', 'vision-transformer': 'depth' }[
    model
  ];
  const given = {
    model,
    ...(layers !== undefined && { [depth ?? 'layers']: layers }),
    ...(activation !== undefined && { activation }),
    ...(batchNorm && { batchNorm }),
  };
  return parseSpecification(modelSchema, given, 'model');
}

function specificationOf(options: TrainOptions, usualLoss: string) {
  const { adversarial, range, stop } = options;
  const plain = [
    'loss',
    'labelSmoothing',
    'optimiser',
    'momentum',
    'learningRate',
    'schedule',
    'warmup',
    'steps',
    'batch',
    'weightDecay',
    'gradientPenalty',
    'jacobianPenalty',
    'spectralNorm',
  ] as const;
  const given = Object.fromEntries(
    plain.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]]])),
  );
  return parseSpecification(
    trainingSchema,
    {
      loss: usualLoss,
      ...given,
      ...(adversarial && { adversarial: { ...adversarial, ...(range && { bounds: range }) } }),
      stop,
    },
    'training',
  );
}

interface Summary {
  readonly data: { readonly n: number | undefined; readonly d: number };
  readonly family: string;
  readonly parameterCount: number;
  readonly training: { readonly loss: string };
  readonly reason: TrainingResult['reason'];
  readonly steps: number;
  readonly measures: TrainingResult['measures'];
  readonly accuracies: readonly (Accuracy & { readonly data: string })[];
  readonly lipschitz?: LipschitzMeasurement;
  readonly scalingLaw: number;
  readonly noiseVariance?: number;
}

const REASONS: Readonly<Record<TrainingResult['reason'], string>> = {
  memorized: 'until they were memorized',
  'noise-level': 'until the error reached the noise level',
  stalled: 'until it made no more progress',
  diverged: 'and diverged',
  'step-limit': 'to the last one that was asked for',
  interrupted: 'and was interrupted',
};

/** Verdict, numbers, how sure they are. */
function text(summary: Summary, options: TrainOptions): string {
  const { data, family, parameterCount, measures, accuracies, lipschitz } = summary;
  const size = `${options.size} ${describeSize(modelOf(options))}`;
  const { loss } = summary.training;
  const fit =
    loss === 'squared'
      ? `mean squared error ${figure(measures.meanSquaredError)}`
      : `${loss} loss ${figure(measures.loss)}`;
  const right = measures.accuracy === undefined ? '' : `, ${percent(measures.accuracy)} of the labels right`;
  const verdict = `${family} (${size}, P = ${parameterCount}) was trained on ${data.n} points for ${summary.steps} updates ${REASONS[summary.reason]}: ${fit}${right}.`;
  if (summary.reason === 'diverged')
    return `${verdict}\nNothing is written. Try a smaller --learning-rate than ${options.learningRate ?? 0.003}, or --warmup.`;
  // The law's hypothesis is about the squared error.
  const noise =
    summary.noiseVariance === undefined || loss !== 'squared'
      ? []
      : [
          measures.meanSquaredError < summary.noiseVariance
            ? `That is below the noise variance ${figure(summary.noiseVariance)} of the labels: noise is fitted, and the law of robustness applies.`
            : `That is not below the noise variance ${figure(summary.noiseVariance)} of the labels: the law of robustness asks nothing of such a fit.`,
        ];
  const rows = [
    ['P, parameters', String(parameterCount), 'counted'],
    ['loss', figure(measures.loss), 'measured in float32'],
    ...(loss === 'squared' ? [['largest error', figure(measures.maxError), 'measured in float32']] : []),
    ...accuracies.flatMap(({ data: name, rows: count, accuracy, attacked }) => [
      [`accuracy, ${name}`, percent(accuracy), `measured on ${count} rows`],
      ...(attacked
        ? [
            [
              `under attack, ${name}`,
              percent(attacked.accuracy),
              `at most: PGD-${ATTACK_STEPS}, ${attacked.norm} ${attacked.radius}, ${attacked.rows} rows`,
            ],
          ]
        : []),
    ]),
    ['sqrt(n d / P)', figure(summary.scalingLaw), 'scaling law, constant 1'],
  ];
  return [
    [verdict, ...noise, ...(lipschitz ? [lipschitzVerdict(lipschitz)] : [])].join('\n'),
    table(['quantity', 'value', 'how sure'], rows, ['value']),
  ].join('\n\n');
}

function adversary(text: string): Adversarial {
  const [method, norm, radius, steps, ...rest] = text.split(':');
  const count = steps === undefined ? undefined : Number(steps);
  if (
    (method !== 'fgsm' && method !== 'pgd' && method !== 'trades') ||
    rest.length > 0 ||
    (count !== undefined && !(Number.isSafeInteger(count) && count >= 1))
  )
    throw new InvalidArgumentError(
      'expected fgsm, pgd or trades with a norm and a radius, like pgd:linf:0.1.',
    );
  return { method, ...ball(`${norm}:${radius}`), ...(count !== undefined && { steps: count }) };
}

function ball(text: string): Ball {
  const [norm, radius = '', ...rest] = text.split(':');
  if ((norm !== 'l2' && norm !== 'linf') || rest.length > 0)
    throw new InvalidArgumentError('expected l2 or linf with a radius, like linf:0.1 or linf:8/255.');
  return { norm, radius: factor(radius) };
}

function stopRule(text: string): Readonly<Record<string, number>> {
  const [name, value = '', ...rest] = text.split('=');
  const rule = RULES[name as keyof typeof RULES];
  const known = Object.keys(RULES).join(', ');
  if (rule === undefined || rest.length > 0)
    throw new InvalidArgumentError(`expected one of ${known} with a value, like accuracy=1.`);
  return { [rule]: positiveNumber(value) };
}

const percent = (share: number): string => `${figure(100 * share)} %`;

function say(message: string): void {
  process.stderr.write(`${message}\n`);
}
