// Attacks: changes of inputs, small in a norm, that make a model wrong. What an attack returns is checked by its caller.
export { apgd, apgdCe, apgdDlr, apgdTargeted } from './apgd/apgd.ts';
export { type ApgdTrace, apgdTrace } from './apgd/trace.ts';
export type { Attack, Samples } from './attack.ts';
export {
  type AdversarialExample,
  type AttackTally,
  type Attempt,
  attempt,
  NOTHING_BROKEN,
  record,
  standardEnsemble,
  stillRobust,
  type WorstCase,
  worstCase,
} from './ensemble.ts';
export { fgsm } from './fgsm.ts';
export {
  crossEntropy,
  deviation,
  dlr,
  margin,
  suited,
  targetedDifference,
  targetedDlr,
} from './losses.ts';
export { carliniWagner } from './minimum-norm/carlini-wagner.ts';
export { deepFool } from './minimum-norm/deepfool.ts';
export { fab, fabTargeted } from './minimum-norm/fab.ts';
export { minimumNorm } from './minimum-norm/minimum-norm.ts';
export { pgd } from './pgd.ts';
export { project } from './projection.ts';
export * from './reliability/index.ts';
export { scored } from './scored.ts';
export { type ImageShape, square } from './square/index.ts';
export { argmax, type LabelRows, margins, oneHot, type Task, wrong } from './task.ts';
export { allows, createThreat, distance, type Threat, UNBOUNDED } from './threat.ts';
export { createVictim, type Loss, type LossGradient, type Victim } from './victim.ts';
