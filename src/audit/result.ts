// What an audit found out, as plain JSON: schema 1 of audit.json, published in schema/audit.schema.json. Pages are pure functions of it.
import { z } from 'zod';
import { estimateSchema, measurementSchema } from '../guarantee/schema.ts';

export const AUDIT_SCHEMA = 'robustlaw.audit/1';

/** The domain of a global Lipschitz constant. */
export const WHOLE_SPACE = 'the whole space';

/** JSON has no infinity: a radius or distance without end is null. */
const distance = z.number().nonnegative().nullable();
const norm = z.enum(['l1', 'l2', 'linf']);
const count = z.int().nonnegative();
/** Number of a row in the data file, from 0. */
const rowNumber = z.int().nonnegative();

export const findingSchema = z.strictObject({
  id: z.string().describe('stable name, like softmax-output'),
  severity: z.enum(['critical', 'warning', 'info']),
  title: z.string(),
  explanation: z.string().describe('what it means, and what to do'),
  evidence: z.record(z.string(), z.union([z.number(), z.string()])),
});

const model = z.strictObject({
  file: z.string(),
  sha256: z.string(),
  input: z.string().describe('name, type and shape of one row'),
  output: z.string(),
  parameterCount: count.describe('P: shared weights once, zeros counted'),
  task: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('classification'), classes: z.int().min(2) }),
    z.strictObject({ kind: z.literal('regression'), outputs: z.int().min(1), tolerance: z.number() }),
  ]),
  notes: z.array(z.string()).describe('what was changed or left out on reading'),
});

const data = z.strictObject({
  name: z.string(),
  source: z.string(),
  sha256: z.string(),
  points: count.describe('n of this file'),
  features: count.describe('d'),
  shape: z.array(count).describe('of one point'),
  classNames: z.array(z.string()).optional(),
  bounds: z
    .tuple([z.number(), z.number()])
    .nullable()
    .describe('of the inputs, in the units of the data; null: none'),
  preprocessing: z.array(z.string()).describe('what is done to a point before the model sees it'),
  warnings: z.array(z.string()).describe('what was guessed'),
});

const tally = z.strictObject({ points: count, correct: count });

const accuracy = z.strictObject({
  all: tally,
  /** One entry per class, in order; empty for regression. */
  classes: z.array(tally),
  /** Of regression: mean of sum_k (f_k - y_k)^2. */
  meanSquaredError: z.number().nullable(),
});

/** The class (-1 where an output is NaN), or the outputs (null where one is not finite). */
const prediction = z.array(z.number().nullable());

/** What is known about one attacked point: the distance to the nearest wrong point lies in [certified, found]. */
const point = z.strictObject({
  row: rowNumber,
  label: z.array(z.number()).describe('the class, or the wanted outputs'),
  correct: z.boolean(),
  certified: z
    .strictObject({ radius: z.number().nonnegative(), method: z.string() })
    .describe('the largest proven radius; 1.7976931348623157e308 where no change does harm'),
  found: z
    .strictObject({
      distance: z.number().nonnegative(),
      attack: z.string(),
      prediction: prediction.describe('at the adversarial example'),
      /** Row of the adversarial example in the file `examples`. */
      example: count,
    })
    .nullable()
    .describe('the nearest adversarial example that any attack returned; null: none was found'),
});

const attackStage = z.strictObject({
  attack: z.string(),
  status: z.enum(['done', 'stopped', 'failed']),
  attacked: count.describe('rows that it broke or was through with'),
  broken: count,
  notAttacked: count.describe('still robust rows that it had no time for, or failed on'),
  robustAfter: count,
  seconds: z.number().describe('of work, over all processes'),
  reason: z.string().optional(),
});

/**
 * The worst case at one radius: over the standard ensemble, whose stages attack rows still robust, and over every example
 * that was found for another radius or as the nearest.
 */
const ensemble = z.strictObject({
  radius: z.number().positive(),
  stages: z.array(attackStage),
  correct: count,
  robust: count.describe('rows with no known example within this radius, those not attacked included'),
  notAttacked: count.describe('of the robust ones: rows that some attack had no time for, or failed on'),
  certified: count.describe('rows proven robust at this radius'),
});

const robustness = z.strictObject({
  norm,
  points: z.array(point),
  ensembles: z.array(ensemble),
  /** The search for the nearest example of every correct row; robustAfter: rows for which nothing was found so far. */
  nearest: attackStage,
  /** Path of the NPY file of adversarial examples beside audit.json, `[examples, ...features]`; null: none was found. */
  examples: z.string().nullable(),
});

const bound = z.strictObject({
  method: z.string(),
  kind: z.enum(['exact', 'upper', 'lower']),
  value: z.number(),
});

/** witnessed lower <= Lip <= certified upper. */
const lipschitz = z.strictObject({
  norm,
  domain: z.string().describe('in words: the whole space, the ball of radius r around row i, ...'),
  lower: bound.nullable(),
  upper: bound.nullable(),
  answers: z.array(
    z.strictObject({
      method: z.string(),
      bounds: z.array(bound),
      note: z.string().optional(),
      seconds: z.number(),
    }),
  ),
});

/** The nearest adversarial example of one row. */
const image = z.strictObject({
  row: rowNumber,
  norm,
  attack: z.string(),
  distance: z.number(),
  label: z.array(z.number()),
  before: z.strictObject({ prediction, confidence: z.number().nullable() }),
  after: z.strictObject({ prediction, confidence: z.number().nullable() }),
  /** Little-endian float32 in base64, in the units of the data. */
  original: z.string(),
  adversarial: z.string(),
});

const suspicious = z.strictObject({
  row: rowNumber,
  label: z.number(),
  suggested: z.number(),
  /** Larger is more suspicious; comparable within one audit. */
  score: z.number(),
  reason: z.string(),
  model: z.number().optional().describe('the class that the model says'),
  neighbours: z
    .number()
    .nullable()
    .optional()
    .describe('the most frequent class of the nearest rows; null: none are known'),
  point: z
    .string()
    .optional()
    .describe('of the first rows: little-endian float32 in base64, in the units of the data'),
});

const memorization = z.strictObject({
  data: z.string().describe('the training data, or the audited data where none were named'),
  points: count,
  /** Mean of the loss of the law: squared error of the class probabilities or of the outputs, halved scale as `loss` says. */
  loss: z.strictObject({ name: z.string(), value: z.number() }),
  noise: z
    .strictObject({ level: estimateSchema, source: z.string() })
    .nullable()
    .describe('the least loss that anything can reach without fitting noise, in the units of the loss'),
  /** loss < noise level - its uncertainty, in squared error or, where that is known, in cross-entropy. */
  fitsBelowNoise: z.enum(['yes', 'no', 'undecided']),
  crossEntropy: z
    .strictObject({
      loss: z.number().describe('mean of -log of the probability of the label, in nats'),
      floor: estimateSchema.describe(
        'the conditional entropy of the labels: no model has less expected loss',
      ),
      source: z.string(),
      fitsBelowFloor: z.enum(['yes', 'no', 'undecided']),
    })
    .optional()
    .describe('of classifiers whose flips are known: the same question in the loss they are trained with'),
  perfect: tally.describe('labels reproduced'),
  flipped: z
    .strictObject({ rows: count, memorized: count, chance: z.number() })
    .nullable()
    .describe('labels known to be wrong, and how many of them the model reproduces'),
  suspicious: z.array(suspicious),
});

const law = z.strictObject({
  n: count,
  d: count,
  parameterCount: count,
  dimensions: z.array(
    z.strictObject({
      name: z.string(),
      dimension: estimateSchema,
      meaning: z.string().describe('what it means for the law'),
      /** sqrt(n d / P) with this dimension, and the parameters P = n d for a robust fit. */
      scale: z.number(),
      robustParameters: z.number(),
      /** P / (n d). */
      ratio: z.number(),
    }),
  ),
  certified: z.strictObject({
    theorem: z.string(),
    value: z.number().describe('0 where a hypothesis fails'),
    formula: z.number(),
    lights: z.array(
      z.strictObject({
        name: z.string(),
        statement: z.string(),
        holds: z.boolean(),
        assumed: z.boolean(),
      }),
    ),
  }),
  measured: z
    .strictObject({ lower: z.number().nullable(), upper: z.number().nullable(), scaling: z.string() })
    .describe('the l2 constant in the scale of the law, as `scaling` says'),
  sentence: z.string(),
});

const requirement = z.strictObject({
  text: z.string(),
  measured: z.string(),
  met: z.boolean(),
});

export const auditSchema = z.strictObject({
  schema: z.literal(AUDIT_SCHEMA),
  version: z.string().describe('of robustlaw'),
  verdict: z.array(z.string()).describe('sentences, most important first'),
  model,
  data,
  training: data.nullable().describe('the data the model was trained on, where they were named'),
  settings: z.strictObject({
    seed: z.int().nonnegative(),
    rows: z.array(rowNumber).describe('of the data that were attacked and certified'),
    timeLimit: distance.describe('seconds for the whole audit'),
  }),
  accuracy: measurementSchema(accuracy),
  robustness: z.array(z.strictObject({ norm, result: measurementSchema(robustness) })),
  lipschitz: measurementSchema(z.array(lipschitz)),
  /** E[distance to the boundary] over the correct rows, by norm: from the certificates, and from the attacks. */
  stability: z.array(
    z.strictObject({
      norm,
      certified: z.number(),
      found: z.number().nullable().describe('null where some correct point has no adversarial example'),
      median: z
        .tuple([z.number(), distance])
        .describe('certified, found; null: of half of the rows nothing was found'),
    }),
  ),
  memorization: measurementSchema(memorization),
  law: measurementSchema(law),
  images: z.array(image),
  findings: z.array(findingSchema),
  requirements: z.array(requirement),
});

/** JSON Schema (draft 2020-12) of audit.json. */
export function auditJsonSchema(): unknown {
  return z.toJSONSchema(auditSchema);
}

export type AuditResult = z.output<typeof auditSchema>;
export type Accuracy = z.output<typeof accuracy>;
export type AttackStage = z.output<typeof attackStage>;
export type Robustness = z.output<typeof robustness>;
export type PointRobustness = z.output<typeof point>;
export type Ensemble = z.output<typeof ensemble>;
export type AuditLipschitz = z.output<typeof lipschitz>;
export type Memorization = z.output<typeof memorization>;
export type LawStanding = z.output<typeof law>;
export type AuditImage = z.output<typeof image>;
export type SuspiciousLabel = z.output<typeof suspicious>;
export type Finding = z.output<typeof findingSchema>;
export type Requirement = z.output<typeof requirement>;
