// Losses, optimisers, and the training loop.
export { adam } from './adam.ts';
export { type Loss, squaredLoss } from './loss.ts';
export type { Optimiser } from './optimiser.ts';
export { constantRate, cosineRate, type Schedule } from './schedule.ts';
export { createTrainer, type Measures, stepGraph, type Trainer, type TrainingState } from './step.ts';
export {
  atNoiseLevel,
  labelsMemorized,
  type StopReason,
  type StopRule,
  signsMemorized,
  stalled,
} from './stop.ts';
export { type Samples, type TrainingPlan, type TrainingResult, train } from './train.ts';
