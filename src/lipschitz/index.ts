// Lipschitz constants of networks: certified upper bounds, witnessed lower bounds, and the interval between them.
export {
  COMPOSITION_OF_NORMS,
  compositionBound,
  PRODUCT_OF_NORMS,
} from './composition/composition-bound.ts';
export { type LipschitzInterval, lipschitzInterval, upperBounds } from './global/interval.ts';
export { type RelaxedBlock, upperBounds as linearUpperBounds } from './local/backward.ts';
export { countOf } from './local/entries.ts';
export { type Ends, type Propagated, propagate, rangesOf, upperEndsOf } from './local/propagation.ts';
export { unitBlocks } from './local/ranges.ts';
export { ballWithin, type Region } from './local/region.ts';
export { certifiedRadii, type MarginConstant, marginConstants, rowConstants } from './margins.ts';
export { type Effort, measureLipschitz } from './measure.ts';
export { composeOutput } from './network/compose.ts';
export { evaluateNetwork } from './network/evaluate.ts';
export type { Network } from './network/network.ts';
export { readNetwork } from './network/read.ts';
export type { Question } from './task.ts';
export { SEMIDEFINITE, twoLayerBound } from './two-layer/two-layer-bound.ts';
export { CLEVER, type CleverEstimate, clever } from './witness/clever.ts';
export { DATA_PAIRS, steepestDataPair } from './witness/data-pairs.ts';
export { recheck } from './witness/pairs.ts';
export { ASCENT, witnessedLowerBound } from './witness/search.ts';
