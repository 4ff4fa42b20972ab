// How tightly Lipschitz functions of the data concentrate: the test of c-isoperimetry, and concentration of measure as a limit on classifiers.
export { coverConcentration } from './concentration/covers.ts';
export { defaultEpsilons } from './concentration/epsilons.ts';
export { gaussianHalfSpace } from './concentration/gaussian.ts';
export { halfSpaceConcentration } from './concentration/half-spaces.ts';
export type { MeasuredExpansion } from './concentration/measured.ts';
export {
  type Balls,
  type ExpansionNorm,
  type FoundSet,
  type HalfSpace,
  inExpansion,
  type OutsideBoxes,
} from './concentration/sets.ts';
export { halves, type Split } from './concentration/split.ts';
export type { MomentReading } from './moments.ts';
export type {
  IsoperimetryTest,
  Refutation,
  SampleIsoperimetry,
  TailCurve,
  TailPoint,
  VerdictKind,
} from './result.ts';
export type { Tail } from './tails.ts';
export { testIsoperimetry, testTogether } from './test-isoperimetry.ts';
export { largestConstant } from './verdict.ts';
