// How far apart points are: exact nearest neighbours, and distances between points of different labels.
export { type ClassDistances, classDistances, type Pair } from './class-distances.ts';
export { distanceBetween } from './distance.ts';
export { type Neighbourhoods, nearestNeighbours } from './nearest-neighbours.ts';
export type { Observe } from './product-search.ts';
export { robustMemorizerScaling, robustnessRatio } from './robustness-ratio.ts';
