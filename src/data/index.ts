// Data: distributions whose isoperimetry is known, labels with known noise, readers and writers, memorization as a measured predicate.
export { type BinaryTask, binaryLabels, classCount, oneHotLabels } from './class-labels.ts';
export { type Contradiction, contradictoryPairs, requireConsistentLabels } from './contradictions.ts';
export {
  createDataset,
  type Dataset,
  type DatasetParts,
  featureCount,
  type Provenance,
  pointCount,
} from './dataset.ts';
export type { Distribution, Expectation, Isoperimetry } from './distributions/distribution.ts';
export { gaussian } from './distributions/gaussian.ts';
export { hypercube } from './distributions/hypercube.ts';
export { type ManifoldShape, nearManifold } from './distributions/manifold.ts';
export { type Component, type Mixture, mixture, randomComponents } from './distributions/mixture.ts';
export { uniformSphere } from './distributions/sphere.ts';
export { addClippedNoise, addNoise, flipSigns, type Labels, type Noise } from './labels/noise.ts';
export {
  componentSignal,
  draw,
  givenSignal,
  linearSignal,
  type Points,
  type Signal,
  signOf,
  teacherSignal,
  zeroSignal,
} from './labels/signal.ts';
export { datasetOf, drawnFrom } from './make-dataset.ts';
export {
  type FitBelowNoise,
  fitBelowNoise,
  type PartialMemorization,
  type PerfectMemorization,
  partialMemorization,
  perfectMemorization,
} from './memorization.ts';
export { opticalDigits } from './optical-digits.ts';
export type { NumericArray } from './readers/elements.ts';
export type { ImageSize } from './readers/image-pixels.ts';
export type { ImageOptions } from './readers/images.ts';
export { type OpenOptions, openDataset, type Split } from './readers/open.ts';
export { type ReadOptions, readArray, readDataset, readIdxPair, readPoints } from './readers/read.ts';
export type { DatasetSpecification, ResolvedDatasetSpecification } from './schema.ts';
export { chooseRows, normalize, relabel, scaleFeatures, subsample } from './transform.ts';
export { csvLabelColumns, writeCsv } from './writers/csv.ts';
export { encodeNpy, writeNpy } from './writers/npy.ts';
