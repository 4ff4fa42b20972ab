// The constant on the whole space, by the methods that take any model or a moment: all that a study asks of the folder above,
// whose other methods are most of it and need not be loaded by each of its workers.
export { compositionBound } from '../composition/composition-bound.ts';
export { recheck } from '../witness/pairs.ts';
export { witnessedLowerBound } from '../witness/search.ts';
export { type LipschitzInterval, lipschitzInterval, upperBounds } from './interval.ts';
