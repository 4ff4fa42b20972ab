// Seeded randomness: immutable keys, split by name, and samplers that are pure functions of a key.
export { type Rng, rng } from './key.ts';
export { integers, normal, permutation, signs, sphere, uniform } from './samplers.ts';
