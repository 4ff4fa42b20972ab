// Lipschitz constants of networks: certified upper bounds, witnessed lower bounds, and the interval between them.
export { type LipschitzInterval, lipschitzInterval, upperBounds } from './interval.ts';
export { PRODUCT_OF_NORMS, productBound } from './product-bound.ts';
export { SEMIDEFINITE, twoLayerBound } from './two-layer-bound.ts';
export { recheck } from './witness/pairs.ts';
export { witnessedLowerBound } from './witness/search.ts';
