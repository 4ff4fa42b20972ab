// How far apart points are: exact nearest neighbours, and distances between points of different labels.
export { type ClassDistances, classDistances, type Pair } from './class-distances.ts';
export { type Places, placesOf } from './copies.ts';
export { distanceBetween } from './distance.ts';
export { type Neighbourhoods, nearestNeighbours, nearestNeighboursIn } from './nearest-neighbours.ts';
export { robustMemorizerScaling, robustnessRatio } from './robustness-ratio.ts';
export type { Observe } from './tiles.ts';
