// How far apart points are: exact nearest neighbours, and distances between points of different labels.
export { type Neighbourhoods, nearestNeighbours } from './nearest-neighbours.ts';
