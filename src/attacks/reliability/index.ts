// Reasons to distrust a measured robustness, each a named finding.
export type { Finding } from './finding.ts';
export { attackFindings, modelFindings } from './findings.ts';
export { countGradients, type GradientCounts, vanishingGradients, zeroGradients } from './gradients.ts';
export { inputRange, normalisation } from './inputs.ts';
export { labelsShifted, tooFewClasses } from './labels.ts';
export { constantOutput, nanOutput, softmaxOutput } from './outputs.ts';
export { randomisedOutput, randomOperators } from './randomised.ts';
export {
  type Answered,
  accuracyNotFalling,
  attackFailed,
  blackBoxBeatsWhiteBox,
  lossNotRising,
  restartsKeepFinding,
} from './results.ts';
