// What `robustlaw train` is asked for: its options, and the family and training they mean.
import { type Command, InvalidArgumentError, Option } from 'commander';
import { ACTIVATIONS, type Activation, type ModelSpecification } from '../models/index.ts';
import { modelSchema } from '../models/schema.ts';
import type { ResolvedTrainingSpecification } from '../training/index.ts';
import { trainingSchema } from '../training/schema.ts';
import { parseSpecification } from '../validation/index.ts';
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
import { addImageOptions, addLabelOptions, addScaleOption } from './read-data.ts';
import type { TrainingDataOptions } from './training-data.ts';

export interface TrainOptions extends TrainingDataOptions {
  readonly output?: string;
  readonly model: string;
  readonly size: number;
  readonly layers?: number;
  readonly activation?: Activation;
  readonly batchNorm?: boolean;
  readonly fromZero?: boolean;
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

/** A ball of changes. */
export interface Ball {
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

/** Adds them to the command. */
export function addTrainOptions(command: Command): Command {
  const optional = (flags: string, text: string, choices: readonly string[]) =>
    new Option(flags, text).choices(choices);
  command
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
    .option('--from-zero', 'two-layer: weights of the output start at 0, so that the function does')
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
    .option('--json', 'machine-readable output');
  return addScaleOption(addImageOptions(addLabelOptions(command)));
}

/** The family without its capacity. */
export function modelOf(options: TrainOptions): ModelSpecification {
  const { model, layers, activation, batchNorm, fromZero } = options;
  const depth = { mlp: 'layers', cnn: 'layers', 'residual-cnn': 'blocks', 'vision-transformer': 'depth' }[
    model
  ];
  const given = {
    model,
    ...(layers !== undefined && { [depth ?? 'layers']: layers }),
    ...(activation !== undefined && { activation }),
    ...(batchNorm && { batchNorm }),
    ...(fromZero && { fromZero }),
  };
  return parseSpecification(modelSchema, given, 'model');
}

/** The training, with the usual loss for the labels where none is asked for. */
export function specificationOf(options: TrainOptions, usualLoss: string): ResolvedTrainingSpecification {
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
