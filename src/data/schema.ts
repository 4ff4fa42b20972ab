// A data set as a plain value for study files: the schema of its specification, and what one means.
import { z } from 'zod';
import type { Rng } from '../random/index.ts';
import { parseSpecification } from '../validation/index.ts';
import type { Dataset } from './dataset.ts';
import type { Distribution } from './distributions/distribution.ts';
import { datasetOf, drawnFrom } from './make-dataset.ts';

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

/** Points of a distribution, with labels y = g(x) + Z. */
export type SyntheticSpecification = z.output<typeof syntheticSchema>;
/** Points of a file or of the bundled data, their labels perhaps with noise added. */
export type RealSpecification = z.output<typeof realSchema>;
/** The noise of either. */
export interface NoiseSpecification {
  readonly noise: z.output<typeof noise>;
  readonly flips?: number | undefined;
  readonly clip: boolean;
}

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
  return datasetOf(resolveDatasetSpecification(specification), rng);
}

/**
 * The distribution that `makeDataset` draws the points from with the same key; undefined for real data.
 *
 * @throws RobustlawError naming the field that cannot be used.
 */
export function distributionOf(specification: DatasetSpecification, rng: Rng): Distribution | undefined {
  return drawnFrom(resolveDatasetSpecification(specification), rng);
}

function flipsStandAlone(spec: { noise?: unknown; flips?: number | undefined; clip?: boolean }): boolean {
  return spec.flips === undefined || (spec.noise === 'none' && spec.clip === false);
}

function clipHasNoise(spec: { noise?: unknown; clip?: boolean }): boolean {
  return !spec.clip || spec.noise !== 'none';
}
