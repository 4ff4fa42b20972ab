// What is claimed of a number, and how sure it is.
export {
  type CertifiedUpperBound,
  type Domain,
  type Estimate,
  type Exact,
  GLOBAL,
  type Norm,
  type UpperGuarantee,
  upperEnd,
  type Witness,
  type WitnessedLowerBound,
} from './guarantees.ts';
export { type Measurement, type PlainEstimate, plainEstimate } from './json.ts';
export { type Answer, type LipschitzMeasurement, relativeGap } from './measurement.ts';
