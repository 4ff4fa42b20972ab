// A training as a plain value for files and command lines: its schema, and the plan that it means for a family and samples.
import { z } from 'zod';
import { invalidArgument, RobustlawError } from '../errors.ts';
import type { ModelFamily } from '../models/index.ts';
import { adam, adamW } from './adam.ts';
import { adversarial, trades } from './adversarial.ts';
import { type Adversary, fgsmRandomStart, pgdAdversary } from './adversary.ts';
import { spectralNorm } from './constraint.ts';
import { labelKind } from './labels.ts';
import { crossEntropy, klDivergence, type Loss, marginLoss, squaredLoss } from './loss.ts';
import { type Objective, plain, weightDecay } from './objective.ts';
import type { Optimiser } from './optimiser.ts';
import { gradientPenalty, jacobianPenalty } from './penalties.ts';
import { constantRate, cosineRate, linearWarmup, oneCycle, type Schedule, stepRate } from './schedule.ts';
import { sgd } from './sgd.ts';
import {
  accurate,
  atNoiseLevel,
  exploded,
  labelsMemorized,
  robustlyAccurate,
  type StopRule,
  signsMemorized,
  stalled,
} from './stop.ts';
import type { Samples, TrainingPlan } from './train.ts';

const positive = z.number().positive();
const share = positive.max(1);
const updates = z.int().min(1).max(10_000_000);

const adversarialSchema = z
  .strictObject({
    method: z
      .enum(['fgsm', 'pgd', 'trades'])
      .describe(
        'fgsm: one step from a random start (Wong et al. 2020); pgd: projected gradient ascent (Madry et al. 2018); trades: accuracy and stability (Zhang et al. 2019)',
      ),
    norm: z.enum(['l2', 'linf']),
    radius: positive.describe('in the units of the data'),
    steps: z.int().min(1).max(1000).optional().describe('of pgd and trades; 10 by default'),
    stepSize: positive
      .optional()
      .describe('1.25 radius for fgsm, 2.5 radius / steps for pgd and trades by default'),
    beta: positive.optional().describe('weight of stability in trades; 6 by default'),
    bounds: z
      .tuple([z.number(), z.number()])
      .refine(([low, high]) => low < high, { error: 'expected low < high' })
      .optional()
      .describe('least and largest value of an input entry; none by default'),
  })
  .describe('adversarial training');

const stopSchema = z
  .strictObject({
    memorized: positive.optional().describe('when every error |f(x_i) - y_i| is at most this'),
    signs: positive
      .optional()
      .describe('when every sign is right and the mean squared error is at most this'),
    noiseLevel: positive.optional().describe('when the mean squared error is at most this variance'),
    accuracy: share.optional().describe('when this share of the points is classified rightly'),
    robustAccuracy: share
      .optional()
      .describe("when this share is classified rightly at the adversary's points"),
    stalled: z
      .strictObject({
        window: z
          .int()
          .min(1)
          .default(500)
          .describe('updates in full-batch training, epochs with mini-batches'),
        fraction: z
          .number()
          .gt(0)
          .lt(1)
          .default(0.01)
          .describe('by which the loss must fall within a window'),
      })
      .optional(),
  })
  .describe('reasons to stop before the last step; those of memorization in this order');

/** Schema of a training; every field has a default. */
export const trainingSchema = z.strictObject({
  loss: z
    .enum(['squared', 'cross-entropy', 'margin'])
    .default('squared')
    .describe('cross-entropy and margin take labels +-1 or one-hot'),
  labelSmoothing: z.number().min(0).lt(1).default(0).describe('of cross-entropy'),
  optimiser: z.enum(['sgd', 'adam', 'adamw']).default('adam'),
  momentum: z.number().min(0).lt(1).optional().describe('of sgd; 0 by default'),
  nesterov: z.boolean().default(false).describe("Nesterov's variant of momentum"),
  learningRate: positive.default(0.003).describe('the largest, where the schedule changes it'),
  schedule: z
    .union([
      z.enum(['constant', 'cosine', 'one-cycle']),
      z.strictObject({
        milestones: z.array(updates).min(1).describe('updates after which the rate falls'),
        factor: z.number().gt(0).lt(1).default(0.1),
      }),
    ])
    .default('cosine'),
  warmup: z.int().min(0).default(0).describe('first updates, in which the rate rises linearly'),
  steps: updates.default(3000).describe('most updates'),
  batch: z
    .union([z.int().min(1), z.literal('full')])
    .default('full')
    .describe('points per update'),
  weightDecay: z
    .number()
    .min(0)
    .default(0)
    .describe('lambda in (lambda / 2) |W|^2 over weights, not biases; decoupled under adamw'),
  gradientPenalty: positive.optional().describe('lambda in lambda E |grad f|^2, exact'),
  jacobianPenalty: positive.optional().describe('lambda in (lambda / 2) E |J|_F^2, by random projections'),
  spectralNorm: positive.optional().describe('bound on the spectral norm of every weight, certified'),
  adversarial: adversarialSchema.optional(),
  stop: stopSchema.default({}),
});

/** A training as it is written: fields may be left out. */
export type TrainingSpecification = z.input<typeof trainingSchema>;
/** A training with all defaults filled in. */
export type ResolvedTrainingSpecification = z.output<typeof trainingSchema>;

/** A loss this many times the first, for as many rules asked, is divergence. */
const EXPLOSION = { multiple: 1000, window: 100 };

/**
 * The plan that a specification means for a family and labelled points.
 *
 * @throws invalid-argument where the parts do not go together: a batch larger than n, a loss of classes for other labels,
 *   momentum without sgd, an accuracy of labels that are no classes, and so on; the message names the fields.
 */
export function trainingPlan(
  specification: ResolvedTrainingSpecification,
  family: ModelFamily,
  samples: Samples,
): TrainingPlan {
  requireCompatible(specification, family, samples);
  const { batch, steps } = specification;
  return {
    family,
    objective: objectiveOf(specification),
    optimiser: optimiserOf(specification),
    ...(specification.spectralNorm !== undefined && { constraint: spectralNorm(specification.spectralNorm) }),
    learningRate: scheduleOf(specification),
    steps,
    ...(batch !== 'full' && { batch }),
    stop: rulesOf(specification.stop),
  };
}

function objectiveOf(specification: ResolvedTrainingSpecification): Objective {
  const loss = lossOf(specification);
  const penalties: readonly ((objective: Objective) => Objective)[] = [
    ...(specification.gradientPenalty === undefined
      ? []
      : [(o: Objective) => gradientPenalty(o, specification.gradientPenalty!)]),
    ...(specification.jacobianPenalty === undefined
      ? []
      : [(o: Objective) => jacobianPenalty(o, specification.jacobianPenalty!)]),
    // adamw decays by itself.
    ...(specification.weightDecay === 0 || specification.optimiser === 'adamw'
      ? []
      : [(o: Objective) => weightDecay(o, specification.weightDecay)]),
  ];
  return penalties.reduce((objective, penalty) => penalty(objective), fitting(specification, loss));
}

function fitting({ adversarial: attack, loss }: ResolvedTrainingSpecification, of: Loss): Objective {
  if (!attack) return plain(of);
  const adversary = adversaryOf(attack);
  if (attack.method !== 'trades') return adversarial(of, adversary);
  return trades(of, attack.beta ?? 6, adversary, loss === 'squared' ? squaredLoss : klDivergence);
}

function adversaryOf(attack: z.output<typeof adversarialSchema>): Adversary {
  const { method, norm, radius, stepSize, steps, bounds } = attack;
  if (method === 'fgsm') return fgsmRandomStart(norm, radius, stepSize, bounds);
  return pgdAdversary(norm, radius, stepSize, steps, bounds);
}

function lossOf({ loss, labelSmoothing }: ResolvedTrainingSpecification): Loss {
  if (loss === 'squared') return squaredLoss;
  return loss === 'margin' ? marginLoss() : crossEntropy(labelSmoothing);
}

function optimiserOf({
  optimiser,
  momentum,
  nesterov,
  weightDecay: decay,
}: ResolvedTrainingSpecification): Optimiser {
  if (optimiser === 'sgd') return sgd(momentum, nesterov);
  return optimiser === 'adam' ? adam() : adamW(decay);
}

function scheduleOf({ schedule, learningRate, steps, warmup }: ResolvedTrainingSpecification): Schedule {
  const rates = {
    constant: () => constantRate(learningRate),
    cosine: () => cosineRate(learningRate, steps),
    'one-cycle': () => oneCycle(learningRate, steps),
  };
  const base =
    typeof schedule === 'string'
      ? rates[schedule]()
      : stepRate(learningRate, schedule.milestones, schedule.factor);
  return warmup === 0 ? base : linearWarmup(base, warmup);
}

function rulesOf(stop: ResolvedTrainingSpecification['stop']): StopRule[] {
  const { memorized, signs, noiseLevel, accuracy, robustAccuracy, stalled: stall } = stop;
  return [
    ...(memorized === undefined ? [] : [labelsMemorized(memorized)]),
    ...(signs === undefined ? [] : [signsMemorized(signs)]),
    ...(accuracy === undefined ? [] : [accurate(accuracy)]),
    ...(robustAccuracy === undefined ? [] : [robustlyAccurate(robustAccuracy)]),
    ...(noiseLevel === undefined ? [] : [atNoiseLevel(noiseLevel)]),
    ...(stall === undefined ? [] : [stalled(stall.window, stall.fraction)]),
    exploded(EXPLOSION.multiple, EXPLOSION.window),
  ];
}

/** One row per rule: whether it is broken, and what to do. */
function requireCompatible(
  specification: ResolvedTrainingSpecification,
  family: ModelFamily,
  samples: Samples,
): void {
  const {
    loss,
    labelSmoothing,
    optimiser,
    momentum,
    nesterov,
    batch,
    stop,
    adversarial: attack,
  } = specification;
  const n = samples.shape[0]!;
  if (batch !== 'full' && batch > n) {
    throw invalidArgument('batch', batch, `an integer in [1, ${n}] for n = ${n} points, or "full"`);
  }
  const normalises = Object.keys(family.statisticShapes).length > 0;
  const kind = labelKind(samples.y, family.outputs);
  const rules: readonly (readonly [boolean, string])[] = [
    [
      loss !== 'squared' && kind === 'values',
      `the loss "${loss}" takes labels +-1 for one output or one-hot labels for several; these labels are other numbers: use the loss "squared"`,
    ],
    [loss !== 'cross-entropy' && labelSmoothing > 0, 'labelSmoothing belongs to the loss "cross-entropy"'],
    [
      optimiser !== 'sgd' && momentum !== undefined,
      `momentum belongs to the optimiser "sgd", not "${optimiser}"`,
    ],
    [
      nesterov && (optimiser !== 'sgd' || !momentum),
      'nesterov belongs to the optimiser "sgd" with a momentum > 0',
    ],
    [
      normalises && (batch === 'full' ? n : batch) < 2,
      `${family.name} normalises batches and needs at least 2 points in each`,
    ],
    [
      normalises && specification.spectralNorm !== undefined,
      `a bound on spectral norms bounds nothing in ${family.name}, whose normalisation scales its layers again: use a family without`,
    ],
    [
      attack?.method === 'fgsm' && (attack.steps ?? 1) !== 1,
      'adversarial.steps: "fgsm" takes one step; use the method "pgd" for more',
    ],
    [
      attack !== undefined && attack.method !== 'trades' && attack.beta !== undefined,
      'adversarial.beta belongs to the method "trades"',
    ],
    [
      attack?.method === 'trades' && loss === 'margin',
      'the method "trades" compares probabilities: use the loss "cross-entropy", or "squared" for regression',
    ],
    [
      attack?.bounds !== undefined && !within(samples.x, attack.bounds),
      `adversarial.bounds: some entries of the data lie outside of [${attack?.bounds}]; widen the bounds, or clip the data first`,
    ],
    [
      stop.robustAccuracy !== undefined && attack === undefined,
      'stop.robustAccuracy needs adversarial training',
    ],
    [
      stop.signs !== undefined && kind !== 'signs',
      'stop.signs needs labels +-1 and one output; use stop.accuracy for classes, stop.memorized for numbers',
    ],
    [
      (stop.accuracy !== undefined || stop.robustAccuracy !== undefined) && kind === 'values',
      'an accuracy needs labels +-1 or one-hot labels; use stop.memorized for other numbers',
    ],
  ];
  const broken = rules.find(([isBroken]) => isBroken);
  if (broken) throw new RobustlawError('invalid-argument', `training: ${broken[1]}`);
}

function within(x: ArrayLike<number>, [low, high]: readonly [number, number]): boolean {
  for (let i = 0; i < x.length; i++) if (!(x[i]! >= low && x[i]! <= high)) return false;
  return true;
}
