// Losses, objectives, optimisers, constraints, and the training loop.
export { adam, adamW } from './adam.ts';
export { adversarial, trades } from './adversarial.ts';
export { type Adversary, type AdversaryNorm, fgsmRandomStart, pgdAdversary } from './adversary.ts';
export { loadCheckpoint, type Progress, saveCheckpoint, type TrainingIdentity } from './checkpoint.ts';
export { type Constraint, spectralNorm } from './constraint.ts';
export type { Draw, Draws } from './draws.ts';
export { type LabelKind, labelKind } from './labels.ts';
export { crossEntropy, klDivergence, type Loss, marginLoss, squaredLoss } from './loss.ts';
export type { Fit, Measures } from './measures.ts';
export { type Assessment, type Batch, type Objective, plain, weightDecay } from './objective.ts';
export type { Optimiser } from './optimiser.ts';
export { gradientPenalty, jacobianPenalty } from './penalties.ts';
export { constantRate, cosineRate, linearWarmup, oneCycle, type Schedule, stepRate } from './schedule.ts';
export type { ResolvedTrainingSpecification, TrainingSpecification } from './schema.ts';
export { requireSecondDerivatives } from './second-derivatives.ts';
export { sgd } from './sgd.ts';
export { trainingPlan } from './specification.ts';
export { type Measured, type StepPlan, stepGraph } from './step.ts';
export {
  accurate,
  atNoiseLevel,
  exploded,
  labelsMemorized,
  robustlyAccurate,
  type StopReason,
  type StopRule,
  signsMemorized,
  stalled,
} from './stop.ts';
export {
  type Moment,
  type Observer,
  type Samples,
  type TrainingPlan,
  type TrainingResult,
  train,
} from './train.ts';
export { createTrainer, type Trainer, type TrainingState } from './trainer.ts';
