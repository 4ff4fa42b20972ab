// Trainable model families.
export { exportModel, type ModelFamily, modelGraph, type Weights } from './family.ts';
export { heNormal } from './initialisation.ts';
export { mlp, twoLayer } from './mlp.ts';
