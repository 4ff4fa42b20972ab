// Dimensions of data: estimators side by side, each with an interval and what it means for the law.
export {
  AMBIENT,
  CLASS_STABLE_RANK,
  type EffectiveDimension,
  effectiveDimensions,
  PARTICIPATION_RATIO,
  STABLE_RANK,
} from './covariance.ts';
