// The law of robustness as pure functions of numbers. Three things never share a name: what a theorem certifies, what the scaling law says, and what is measured elsewhere.
export { type Envelope, type EnvelopeLine, paperEnvelope, talkEnvelope } from './back-of-envelope.ts';
export {
  boundedDataLaw,
  boundedDataParameters,
  boundedDataSampleSize,
  crowdingDimension,
  crowdingLaw,
  crowdingSampleSize,
} from './beyond-isoperimetry.ts';
export { gaussianConcentration, gaussianRadius, sphereConcentration } from './concentration.ts';
export { type ConeClass, coneSumClass, mcShaneClass, mergedConeClass } from './cone-classes.ts';
export { type DeepNetwork, deepNetworkClass, normBoundedNetworkClass } from './deep-networks.ts';
export {
  type FiniteClassSetting,
  finiteClassDimension,
  finiteClassFailure,
  finiteClassLipschitz,
  finiteClassLogSize,
  finiteClassSampleSize,
} from './finite-class.ts';
export type { Hypothesis } from './hypothesis.ts';
export { interpolationDistance, interpolationFloor } from './interpolation-floor.ts';
export { largestParameterCount, smallestInteger } from './invert.ts';
export { madryParameterCount } from './madry-capacity.ts';
export { type ParametricClass, parametricClass } from './parametric-class.ts';
export {
  scalingLaw,
  scalingLawDimension,
  scalingLawParameters,
  scalingLawSampleSize,
} from './scaling-law.ts';
export {
  type SharperBound,
  type SharperSetting,
  sharperBound,
  sharperConcentration,
  sharperParameters,
  sharperSampleSize,
} from './sharper-bound.ts';
export { twoLayerLaw, twoLayerNeurons, twoLayerSampleSize } from './two-layer-law.ts';
export { linearClass, powerSumClass, twoLayerReluClass } from './unit-classes.ts';
export {
  type LawBound,
  type LawSetting,
  universalLaw,
  universalLawDimension,
  universalLawParameters,
  universalLawSampleSize,
  universalLawSideCondition,
} from './universal-law.ts';
