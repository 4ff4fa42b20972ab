// Dimensions of data: estimators side by side, each with an interval and what it means for the law.
export { robustCapacity } from './capacity.ts';
export { constructiveDimension } from './constructive.ts';
export { correlationIntegral } from './correlation-integral.ts';
export {
  AMBIENT,
  CLASS_STABLE_RANK,
  type EffectiveDimension,
  effectiveDimensions,
  PARTICIPATION_RATIO,
  STABLE_RANK,
} from './covariance.ts';
export { expectedSimplexSkewness } from './expected-simplex-skewness.ts';
export { gride } from './gride.ts';
export { levinaBickel } from './levina-bickel.ts';
export type { DimensionReading, Finding, ScalePoint } from './reading.ts';
export { CAPACITY, CONSTRUCTIVE, dimensionReadings, NEIGHBOURS_FOR_DIMENSION } from './readings.ts';
export { capProbability, sphereDimension } from './sphere-separation.ts';
export { twoNN, twoNNSlope } from './two-nn.ts';
