// A trainable family as a user writes it: which model, with which fixed options.
import { z } from 'zod';
import { ACTIVATIONS, type Activation } from './activations.ts';

const activation = z
  .enum(Object.keys(ACTIVATIONS) as [Activation, ...Activation[]])
  .default('relu')
  .describe('activation of the hidden layers');

/** More layers than any study trains; far beyond, graphs take longer to build than to run. */
const MAX_DEPTH = 64;

/** Halvings after which every image is a single cell. */
const MAX_HALVINGS = 10;

const layers = (what: string, least: number, usual: number, most = MAX_DEPTH) =>
  z.int().min(least).max(most).default(usual).describe(what);

/** Schema of a family without its capacity; strict: unknown keys are errors. */
export const modelSchema = z.discriminatedUnion('model', [
  z.strictObject({
    model: z.literal('two-layer'),
    activation,
    batchNorm: z.boolean().default(false).describe('batch normalisation in front of the activation'),
    // Without a default, so that studies without it keep their hash.
    fromZero: z
      .boolean()
      .optional()
      .describe('weights of the output start at 0: so does the function; false by default'),
  }),
  z.strictObject({ model: z.literal('mlp'), layers: layers('hidden layers', 0, 2), activation }),
  z.strictObject({
    model: z.literal('cnn'),
    layers: layers(
      'convolutions; each halves the sides of the image and doubles the channels',
      1,
      2,
      MAX_HALVINGS,
    ),
    activation,
  }),
  z.strictObject({ model: z.literal('madry') }),
  z.strictObject({
    model: z.literal('residual-cnn'),
    blocks: layers('residual blocks of two convolutions', 0, 2),
    activation,
  }),
  z.strictObject({
    model: z.literal('vision-transformer'),
    patch: z.int().min(1).max(1024).default(4).describe('side of a patch; divides height and width'),
    depth: layers('transformer blocks', 0, 2),
    heads: z.int().min(1).max(64).default(2).describe('attention heads; divide the embedding'),
  }),
]);

/** A family without its capacity, defaults filled in. */
export type ModelSpecification = z.output<typeof modelSchema>;
