// Numbers handled with care: rounding outwards for certificates, and the statistics that studies report.
export {
  bcaInterval,
  bootstrapReplicates,
  expandedPercentileInterval,
  percentileInterval,
  type Statistic,
} from './bootstrap.ts';
export { requireFinite, requireSameLength } from './checks.ts';
export { erf, erfc, scaledErfc } from './erf.ts';
export { distanceEnclosure, dotEnclosure, normEnclosure } from './euclidean.ts';
export {
  addDown,
  addUp,
  divideDown,
  divideUp,
  gamma,
  multiplyDown,
  multiplyUp,
  nextDown,
  nextUp,
  SMALLEST_SUBNORMAL,
  sqrtDown,
  sqrtUp,
  UNIT_ROUNDOFF,
} from './float.ts';
export { logBeta, logGamma } from './gamma-function.ts';
export { incompleteBeta } from './incomplete-beta.ts';
export { type Line, leastSquaresLine } from './least-squares.ts';
export { mean, standardDeviation, variance } from './moments.ts';
export { normalCdf, normalQuantile } from './normal-distribution.ts';
export { type PowerLaw, powerLawFit } from './power-law.ts';
export { binomialInterval, groupedInterval } from './proportion.ts';
export { median, quantile } from './quantile.ts';
export { studentCdf, studentQuantile } from './student-t.ts';
export { compensatedSum, type Enclosure, sumEnclosure } from './sum.ts';
