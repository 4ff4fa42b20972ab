// A training as a plain value for files and command lines.
import { z } from 'zod';

const positive = z.number().positive();
const share = positive.max(1);
const updates = z.int().min(1).max(10_000_000);

const adversarialSchema = z
  .strictObject({
    method: z
      .enum(['fgsm', 'pgd', 'trades'])
      .describe(
        'fgsm: one step from a random start (Wong et al. 2020); pgd: projected gradient ascent (Madry et al. 2018); trades: accuracy and stability (Zhang et al. 2019)',
      ),
    norm: z.enum(['l2', 'linf']),
    radius: positive.describe('in the units of the data'),
    steps: z.int().min(1).max(1000).optional().describe('of pgd and trades; 10 by default'),
    stepSize: positive
      .optional()
      .describe('1.25 radius for fgsm, 2.5 radius / steps for pgd and trades by default'),
    beta: positive.optional().describe('weight of stability in trades; 6 by default'),
    bounds: z
      .tuple([z.number(), z.number()])
      .refine(([low, high]) => low < high, { error: 'expected low < high' })
      .optional()
      .describe('least and largest value of an input entry; none by default'),
  })
  .describe('adversarial training');

const stopSchema = z
  .strictObject({
    memorized: positive.optional().describe('when every error |f(x_i) - y_i| is at most this'),
    signs: positive
      .optional()
      .describe('when every sign is right and the mean squared error is at most this'),
    noiseLevel: positive.optional().describe('when the mean squared error is at most this variance'),
    accuracy: share.optional().describe('when this share of the points is classified rightly'),
    robustAccuracy: share
      .optional()
      .describe("when this share is classified rightly at the adversary's points"),
    stalled: z
      .strictObject({
        window: z
          .int()
          .min(1)
          .default(500)
          .describe('updates in full-batch training, epochs with mini-batches'),
        fraction: z
          .number()
          .gt(0)
          .lt(1)
          .default(0.01)
          .describe('by which the loss must fall within a window'),
      })
      .optional(),
  })
  .describe('reasons to stop before the last step; those of memorization in this order');

/** Schema of a training; every field has a default. */
export const trainingSchema = z.strictObject({
  loss: z
    .enum(['squared', 'cross-entropy', 'margin'])
    .default('squared')
    .describe('cross-entropy and margin take labels +-1 or one-hot'),
  labelSmoothing: z.number().min(0).lt(1).default(0).describe('of cross-entropy'),
  optimiser: z.enum(['sgd', 'adam', 'adamw']).default('adam'),
  momentum: z.number().min(0).lt(1).optional().describe('of sgd; 0 by default'),
  nesterov: z.boolean().default(false).describe("Nesterov's variant of momentum"),
  learningRate: positive.default(0.003).describe('the largest, where the schedule changes it'),
  schedule: z
    .union([
      z.enum(['constant', 'cosine', 'one-cycle']),
      z.strictObject({
        milestones: z.array(updates).min(1).describe('updates after which the rate falls'),
        factor: z.number().gt(0).lt(1).default(0.1),
      }),
    ])
    .default('cosine'),
  warmup: z.int().min(0).default(0).describe('first updates, in which the rate rises linearly'),
  steps: updates.default(3000).describe('most updates'),
  batch: z
    .union([z.int().min(1), z.literal('full')])
    .default('full')
    .describe('points per update'),
  weightDecay: z
    .number()
    .min(0)
    .default(0)
    .describe('lambda in (lambda / 2) |W|^2 over weights, not biases; decoupled under adamw'),
  gradientPenalty: positive.optional().describe('lambda in lambda E |grad f|^2, exact'),
  jacobianPenalty: positive.optional().describe('lambda in (lambda / 2) E |J|_F^2, by random projections'),
  spectralNorm: positive.optional().describe('bound on the spectral norm of every weight, certified'),
  adversarial: adversarialSchema.optional(),
  stop: stopSchema.default({}),
});

/** A training as it is written: fields may be left out. */
export type TrainingSpecification = z.input<typeof trainingSchema>;
/** A training with all defaults filled in. */
export type ResolvedTrainingSpecification = z.output<typeof trainingSchema>;
