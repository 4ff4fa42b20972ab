// Lipschitz constants of networks: certified upper bounds, witnessed lower bounds, and the interval between them.
export { type LipschitzInterval, lipschitzInterval, upperBounds } from './interval.ts';
export { PRODUCT_OF_NORMS, productBound } from './product-bound.ts';
export { SEMIDEFINITE, twoLayerBound } from './two-layer-bound.ts';
export { CLEVER, type CleverEstimate, clever } from './witness/clever.ts';
export { DATA_PAIRS, steepestDataPair } from './witness/data-pairs.ts';
export { recheck } from './witness/pairs.ts';
export { ASCENT, witnessedLowerBound } from './witness/search.ts';
