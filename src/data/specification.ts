// A data set as a plain value for study files: a validated specification, and the data set it specifies for a random key.
import { z } from 'zod';
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
import { parseSpecification } from './specification-errors.ts';
import { relabel, scaleFeatures, subsample } from './transform.ts';

const positive = z.number().positive();
const size = z.int().min(1);

const signal = z
  .union([
    z.enum(['zero', 'linear', 'half-space', 'teacher', 'teacher-sign', 'component']),
    z.discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('linear'), norm: positive.default(1) }),
      z.strictObject({
        kind: z.literal('teacher'),
        neurons: size.default(10),
        amplitude: positive.default(1),
      }),
      z.strictObject({ kind: z.literal('teacher-sign'), neurons: size.default(10) }),
    ]),
  ])
  .describe('g in y = g(x) + Z');

const noise = z
  .union([
    z.enum(['none', 'signs']),
    z.discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('gaussian'), sigma: positive }),
      z.strictObject({ kind: z.literal('uniform'), halfWidth: positive }),
      z.strictObject({ kind: z.literal('signs'), amplitude: positive.default(1) }),
      z.strictObject({
        kind: z.literal('heteroscedastic'),
        sigma: positive,
        contrast: z.number().min(0).max(1).default(0.5),
      }),
    ]),
  ])
  .describe('Z in y = g(x) + Z: none, or fair signs, or another law with its parameters');

const flips = z.number().min(0).max(0.5).describe('probability with which the sign of a label ±1 is flipped');
const clip = z.boolean().describe('labels clipped to [-1, 1]');

const labels = z
  .strictObject({
    signal,
    noise: noise.default('none'),
    flips: flips.optional(),
    clip: clip.default(false),
  })
  .refine(flipsStandAlone, {
    path: ['flips'],
    error: 'cannot stand beside noise or clip; choose one of them',
  });

const synthetic = { n: size.describe('number of points'), d: size.describe('dimension'), labels };

const component = z.strictObject({
  weight: positive.default(1),
  centre: z.array(z.number()).min(1),
  scale: positive.default(1),
});

const syntheticSchema = z.discriminatedUnion('distribution', [
  z.strictObject({ distribution: z.literal('sphere'), ...synthetic }),
  z.strictObject({ distribution: z.literal('gaussian'), ...synthetic }),
  z.strictObject({ distribution: z.literal('hypercube'), ...synthetic }),
  z
    .strictObject({
      distribution: z.literal('gaussian-mixture'),
      ...synthetic,
      components: z
        .union([size, z.array(component).min(1)])
        .describe('how many, or each with weight, centre and scale'),
      separation: z.number().min(0).optional().describe('norm of random centres; defaults to 1'),
      scale: positive.optional().describe('scale of random components; defaults to 1'),
    })
    .refine(({ components, separation }) => !Array.isArray(components) || separation === undefined, {
      path: ['separation'],
      error: 'cannot stand beside a list of components; give a number of components, or centres in the list',
    })
    .refine(({ components, scale }) => !Array.isArray(components) || scale === undefined, {
      path: ['scale'],
      error: 'cannot stand beside a list of components; give each component its scale',
    }),
  z.strictObject({
    distribution: z.literal('manifold'),
    ...synthetic,
    intrinsicDimension: size,
    curvature: z.number().min(0).lt(1).default(0.5),
    frequency: positive.default(1),
    ambientNoise: z.number().min(0).default(0.01),
  }),
]);

const real = {
  n: size.optional().describe('number of rows chosen at random; defaults to all'),
  task: z
    .union([
      z.enum(['given', 'parity', 'halves', 'one-hot']),
      z.strictObject({ kind: z.literal('one-versus-rest'), positiveClass: z.int().min(0) }),
    ])
    .default('given')
    .describe('labels as given, or made of class labels'),
  noise: noise.default('none'),
  flips: flips.optional(),
  clip: clip.default(false),
};

const flipsRule = { path: ['flips'], error: 'cannot stand beside noise or clip; choose one of them' };
const clipRule = { path: ['clip'], error: 'needs noise: the labels of the data themselves are not clipped' };

const realSchema = z.discriminatedUnion('source', [
  z
    .strictObject({ source: z.literal('optical-digits'), ...real })
    .refine(flipsStandAlone, flipsRule)
    .refine(clipHasNoise, clipRule),
  z
    .strictObject({
      source: z.literal('file'),
      path: z.string().min(1).describe('CSV, JSON, NPZ, NPY or IDX file'),
      labels: z.string().min(1).optional().describe('file of labels, for NPY and IDX'),
      labelColumn: z
        .union([z.string(), z.array(z.string()).min(1)])
        .optional()
        .describe('CSV: name of the label column; defaults to the last'),
      header: z.boolean().optional().describe('CSV: whether the first line holds names'),
      arrays: z
        .strictObject({ x: z.string(), y: z.string() })
        .optional()
        .describe('NPZ: names of the arrays'),
      scale: z.number().optional().describe('factor for all features, e.g. 0.00392156862745098 for bytes'),
      ...real,
    })
    .refine(flipsStandAlone, flipsRule)
    .refine(clipHasNoise, clipRule),
]);

/** Schema of a data set in a study file; strict: unknown keys are errors. */
export const datasetSchema = z.union([syntheticSchema, realSchema]);

/** A data set as written in a study file; what has a default may be left out. */
export type DatasetSpecification = z.input<typeof datasetSchema>;
/** The same with all defaults filled in. */
export type ResolvedDatasetSpecification = z.output<typeof datasetSchema>;

type Synthetic = z.output<typeof syntheticSchema>;
type Real = z.output<typeof realSchema>;

/**
 * Checks a specification and fills in its defaults.
 *
 * @throws RobustlawError `invalid-argument` naming the field, its value and what was expected.
 */
export function resolveDatasetSpecification(value: unknown): ResolvedDatasetSpecification {
  return parseSpecification(datasetSchema, value, 'data set');
}

/**
 * The data set of a specification; the same specification and key give the same numbers.
 *
 * @throws RobustlawError naming the field, or the file, that cannot be used.
 */
export function makeDataset(specification: DatasetSpecification, rng: Rng): Dataset {
  const resolved = resolveDatasetSpecification(specification);
  return 'distribution' in resolved ? makeSynthetic(resolved, rng) : makeReal(resolved, rng);
}

/**
 * The distribution that `makeDataset` draws the points from with the same key; undefined for real data.
 *
 * @throws RobustlawError naming the field that cannot be used.
 */
export function distributionOf(specification: DatasetSpecification, rng: Rng): Distribution | undefined {
  const resolved = resolveDatasetSpecification(specification);
  return 'distribution' in resolved ? distribution(resolved, rng.split('distribution')) : undefined;
}

function makeSynthetic(spec: Synthetic, rng: Rng): Dataset {
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

function distribution(spec: Synthetic, rng: Rng): Distribution {
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

function gaussianMixture(spec: Extract<Synthetic, { distribution: 'gaussian-mixture' }>, rng: Rng): Mixture {
  const { d, components, separation = 1, scale = 1 } = spec;
  const list =
    typeof components === 'number'
      ? randomComponents(rng, components, d, separation, scale)
      : components.map(({ centre, ...rest }) => ({ ...rest, centre: Float64Array.from(centre) }));
  return mixture(gaussian(d), list);
}

function syntheticSignal(spec: Synthetic, law: Distribution, points: Points, rng: Rng): Signal {
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

function makeReal(spec: Real, rng: Rng): Dataset {
  const whole = applyTask(spec.source === 'file' ? readFile(spec) : opticalDigits(), spec.task);
  const chosen = spec.n === undefined ? whole : subsample(whole, spec.n, rng.split('rows'));
  if (spec.flips === undefined && spec.noise === 'none') return chosen;
  const binary = chosen.y.every((value) => Math.abs(value) === 1);
  const g = givenSignal('the real label', chosen.y, chosen.outputs, binary ? 1 : undefined);
  const points: Points = { x: chosen.x, n: pointCount(chosen), d: featureCount(chosen) };
  return relabel(chosen, noisyLabels(points, g, spec, rng.split('noise')));
}

function readFile(spec: Extract<Real, { source: 'file' }>): Dataset {
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

function applyTask(dataset: Dataset, task: Real['task']): Dataset {
  if (task === 'given') return dataset;
  if (task === 'one-hot') return oneHotLabels(dataset);
  const binary: BinaryTask = typeof task === 'string' ? { kind: task } : task;
  return binaryLabels(dataset, binary);
}

interface NoiseSpecification {
  readonly noise: z.output<typeof noise>;
  readonly flips?: number | undefined;
  readonly clip: boolean;
}

function noisyLabels(points: Points, g: Signal, spec: NoiseSpecification, rng: Rng): Labels {
  if (spec.flips !== undefined) return flipSigns(g, spec.flips, rng);
  const law = additive(spec.noise);
  return spec.clip ? addClippedNoise(points, g, law, rng) : addNoise(points, g, law, rng);
}

function additive(spec: z.output<typeof noise>): Noise {
  if (spec === 'signs') return { kind: 'signs', amplitude: 1 };
  return spec === 'none' ? { kind: 'none' } : spec;
}

function flipsStandAlone(spec: { noise?: unknown; flips?: number | undefined; clip?: boolean }): boolean {
  return spec.flips === undefined || (spec.noise === 'none' && spec.clip === false);
}

function clipHasNoise(spec: { noise?: unknown; clip?: boolean }): boolean {
  return !spec.clip || spec.noise !== 'none';
}
