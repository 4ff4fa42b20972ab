// The plan that a specification of a training means for a family and samples.
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
import type { ResolvedTrainingSpecification } from './schema.ts';
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

function adversaryOf(attack: NonNullable<ResolvedTrainingSpecification['adversarial']>): Adversary {
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
