// Trainable model families, and models that are linear in what is trained.
export { ACTIVATIONS, type Activation, type ActivationFunction } from './activations.ts';
export { cnn } from './cnn.ts';
export { exportModel, type ModelFamily, modelGraph, type Weights } from './family.ts';
export { heNormal } from './initialisation.ts';
export type { FeatureFamily } from './linearised/feature-family.ts';
export { type Interpolation, interpolate } from './linearised/interpolate.ts';
export { randomFeatures } from './linearised/random-features.ts';
export { sensitivities } from './linearised/sensitivity.ts';
export { tangentFeatures } from './linearised/tangent-features.ts';
export { madry } from './madry.ts';
export { mlp, twoLayer } from './mlp.ts';
export { residualCnn } from './residual-cnn.ts';
export type { ModelSpecification } from './schema.ts';
export { activationOf, createFamily, describeSize } from './specification.ts';
export { plainNorm, twoLayerBatchNorm } from './two-layer-batch-norm.ts';
export { visionTransformer } from './vision-transformer.ts';
export { withStatistics } from './with-statistics.ts';
