// The noise level of labels, sigma^2 = E Var[y|x]: given, from repeated points, from neighbours.
export {
  givenFlips,
  givenVariance,
  type NoiseLevel,
  noiseOfDuplicates,
  noiseOfFlips,
  noiseOfNeighbours,
} from './noise-level.ts';
