// The data set that a checked specification stands for, as a function of the specification and a random key.
import { invalidArgument } from '../errors.ts';
import type { Rng } from '../random/index.ts';
import { type BinaryTask, binaryLabels, oneHotLabels } from './class-labels.ts';
import { createDataset, type Dataset, featureCount, pointCount } from './dataset.ts';
import type { Distribution } from './distributions/distribution.ts';
import { gaussian } from './distributions/gaussian.ts';
import { hypercube } from './distributions/hypercube.ts';
import { nearManifold } from './distributions/manifold.ts';
import { type Mixture, mixture, randomComponents } from './distributions/mixture.ts';
import { uniformSphere } from './distributions/sphere.ts';
import { addClippedNoise, addNoise, flipSigns, type Labels, type Noise } from './labels/noise.ts';
import {
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
import { opticalDigits } from './optical-digits.ts';
import { type ReadOptions, readDataset } from './readers/read.ts';
import type {
  NoiseSpecification,
  RealSpecification,
  ResolvedDatasetSpecification,
  SyntheticSpecification,
} from './schema.ts';
import { relabel, scaleFeatures, subsample } from './transform.ts';

/**
 * The data set of a checked specification; the same specification and key give the same numbers.
 *
 * @throws RobustlawError naming the field, or the file, that cannot be used.
 */
export function datasetOf(specification: ResolvedDatasetSpecification, rng: Rng): Dataset {
  return 'distribution' in specification ? makeSynthetic(specification, rng) : makeReal(specification, rng);
}

/** The distribution that `datasetOf` draws the points from with the same key; undefined for real data. */
export function drawnFrom(specification: ResolvedDatasetSpecification, rng: Rng): Distribution | undefined {
  return 'distribution' in specification ? distribution(specification, rng.split('distribution')) : undefined;
}

function makeSynthetic(spec: SyntheticSpecification, rng: Rng): Dataset {
  const law = distribution(spec, rng.split('distribution'));
  const points = draw(law, spec.n, rng.split('points'));
  const g = syntheticSignal(spec, law, points, rng);
  const { description, ...known } = noisyLabels(points, g, spec.labels, rng.split('noise'));
  return createDataset({
    name: `${spec.distribution} n = ${spec.n} d = ${spec.d}`,
    x: points.x,
    shape: [spec.n, spec.d],
    ...known,
    ...(law.isoperimetry && { isoperimetry: law.isoperimetry }),
    source: law.name,
    transformations: [`${spec.n} points drawn with random key ${rng.path}`, description],
  });
}

function distribution(spec: SyntheticSpecification, rng: Rng): Distribution {
  switch (spec.distribution) {
    case 'sphere':
      return uniformSphere(spec.d);
    case 'gaussian':
      return gaussian(spec.d);
    case 'hypercube':
      return hypercube(spec.d);
    case 'gaussian-mixture':
      return gaussianMixture(spec, rng);
    case 'manifold':
      return nearManifold(rng, { dimension: spec.d, ...spec });
  }
}

function gaussianMixture(
  spec: Extract<SyntheticSpecification, { distribution: 'gaussian-mixture' }>,
  rng: Rng,
): Mixture {
  const { d, components, separation = 1, scale = 1 } = spec;
  const list =
    typeof components === 'number'
      ? randomComponents(rng, components, d, separation, scale)
      : components.map(({ centre, ...rest }) => ({ ...rest, centre: Float64Array.from(centre) }));
  return mixture(gaussian(d), list);
}

function syntheticSignal(spec: SyntheticSpecification, law: Distribution, points: Points, rng: Rng): Signal {
  const wanted = spec.labels.signal;
  const key = rng.split('signal');
  const { kind, norm, neurons, amplitude } = {
    norm: 1,
    neurons: 10,
    amplitude: 1,
    ...(typeof wanted === 'string' ? { kind: wanted } : wanted),
  };
  switch (kind) {
    case 'zero':
      return zeroSignal(points);
    case 'linear':
      return linearSignal(points, norm, key);
    case 'half-space':
      return signOf(linearSignal(points, norm, key));
    case 'teacher':
      return teacherSignal(points, neurons, amplitude, key);
    case 'teacher-sign':
      return signOf(teacherSignal(points, neurons, amplitude, key));
    case 'component':
      if (!('assign' in law))
        throw invalidArgument('labels.signal', kind, 'another signal, or a gaussian-mixture');
      return componentSignal((law as Mixture).assign(rng.split('points'), points.n));
  }
}

function makeReal(spec: RealSpecification, rng: Rng): Dataset {
  const whole = applyTask(spec.source === 'file' ? readFile(spec) : opticalDigits(), spec.task);
  const chosen = spec.n === undefined ? whole : subsample(whole, spec.n, rng.split('rows'));
  if (spec.flips === undefined && spec.noise === 'none') return chosen;
  const binary = chosen.y.every((value) => Math.abs(value) === 1);
  const g = givenSignal('the real label', chosen.y, chosen.outputs, binary ? 1 : undefined);
  const points: Points = { x: chosen.x, n: pointCount(chosen), d: featureCount(chosen) };
  return relabel(chosen, noisyLabels(points, g, spec, rng.split('noise')));
}

function readFile(spec: Extract<RealSpecification, { source: 'file' }>): Dataset {
  const { labels: labelFile, labelColumn, header, arrays, scale } = spec;
  const options: ReadOptions = {
    ...(labelFile !== undefined && { labels: labelFile }),
    ...(labelColumn !== undefined && { labelColumn }),
    ...(header !== undefined && { header }),
    ...(arrays !== undefined && { arrays }),
  };
  const read = readDataset(spec.path, options);
  return scale === undefined ? read : scaleFeatures(read, scale);
}

function applyTask(dataset: Dataset, task: RealSpecification['task']): Dataset {
  if (task === 'given') return dataset;
  if (task === 'one-hot') return oneHotLabels(dataset);
  const binary: BinaryTask = typeof task === 'string' ? { kind: task } : task;
  return binaryLabels(dataset, binary);
}

function noisyLabels(points: Points, g: Signal, spec: NoiseSpecification, rng: Rng): Labels {
  if (spec.flips !== undefined) return flipSigns(g, spec.flips, rng);
  const law = additive(spec.noise);
  return spec.clip ? addClippedNoise(points, g, law, rng) : addNoise(points, g, law, rng);
}

function additive(spec: NoiseSpecification['noise']): Noise {
  if (spec === 'signs') return { kind: 'signs', amplitude: 1 };
  return spec === 'none' ? { kind: 'none' } : spec;
}
