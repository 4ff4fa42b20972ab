// The noise level of labels, sigma^2 = E Var[y|x]: given, from a reference model, from repeated points, from neighbours.
export { entropyOfFlips, entropyOfKnownFlips, givenEntropy } from './entropy.ts';
export { type NeighbourReading, neighbourProfile } from './neighbour-profile.ts';
export {
  givenFlips,
  givenVariance,
  type NoiseLevel,
  noiseOfDuplicates,
  noiseOfFlips,
  noiseOfNeighbours,
} from './noise-level.ts';
export { noiseOfReference } from './reference.ts';
