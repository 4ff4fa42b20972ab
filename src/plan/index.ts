// Planning: how many parameters a robust fit of data needs, by the law, by theorems, and by a pilot sweep that can be wrong.
export { type Assumption, type Propagated, product, propagate, type Swing, tornado } from './assumption.ts';
export {
  bartoldsonFacts,
  type Ladder,
  madryCapacity,
  type PublishedFact,
  robustBenchLadders,
  wideResNetParameterCount,
} from './context.ts';
export { type Crossing, crossing, isotonicFit } from './crossing.ts';
export {
  type Backtest,
  backtest,
  type Growth,
  growthFit,
  type Observation,
  type TakeOff,
  takeOffs,
} from './growth.ts';
export { type LawQuestion, lawAssumptions, lawConstant } from './law-estimate.ts';
export {
  networksName,
  PILOT_MODELS,
  type PilotModel,
  parametersOf,
  widthLadder,
} from './networks.ts';
export type { PilotProgress } from './pilot.ts';
export { plan } from './plan.ts';
export { type ProvenQuestion, type ProvenSize, provenSizes } from './proven.ts';
export { type PilotRequest, type PlanRequest, planIdentity, planName } from './request.ts';
export {
  type LawPlan,
  type Pilot,
  type PilotRun,
  PLAN_SCHEMA,
  type PlanResult,
  type PlanSwing,
  planJsonSchema,
  planSchema,
} from './result.ts';
export { nextRung } from './search.ts';
export { lipschitzOfRadius, normRatio, type Wish } from './wish.ts';
