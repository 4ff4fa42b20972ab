// What a survey found out about a data set, as plain JSON: schema 1 of data.json, published in schema/data.schema.json. Pages are pure functions of it.
import { z } from 'zod';
import { estimateSchema, measurementSchema } from '../guarantee/schema.ts';

export const SURVEY_SCHEMA = 'robustlaw.data/1';

const norm = z.enum(['l1', 'l2', 'linf']);
const count = z.int().nonnegative();
/** Number of a row in the data file, from 0. */
const rowNumber = z.int().nonnegative();
const interval = z.tuple([z.number(), z.number()]);
/** An interval whose upper end may be open: null. */
const openInterval = z.tuple([z.number(), z.number().nullable()]);

const data = z.strictObject({
  name: z.string(),
  source: z.string(),
  transformations: z.array(z.string()),
  sha256: z.string().describe('of the bytes of the points, then of the labels'),
  points: count.describe('n'),
  features: count.describe('d'),
  shape: z.array(count).describe('of one point'),
  range: interval.describe('of all values'),
  constantFeatures: count.describe('features that have one value in all rows'),
  labels: z.discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('classification'),
      classes: z.array(z.strictObject({ name: z.string(), rows: count })),
    }),
    z.strictObject({
      kind: z.literal('regression'),
      outputs: count,
      range: interval,
      variance: z.number().describe('summed over the outputs'),
    }),
  ]),
  warnings: z.array(z.string()).describe('what was guessed, and what is odd'),
});

const labelled = z.strictObject({ row: rowNumber, label: z.string() });

const repeats = z.strictObject({
  copies: count.describe('rows that equal another row'),
  places: count.describe('different points among all rows'),
  contradictory: count.describe('places whose rows have different labels: no function fits them'),
  /** Contradictory places first; at most some. */
  list: z.array(
    z.strictObject({
      rows: z.array(labelled).describe('with the same features; at most some'),
      more: count.describe('further rows there'),
      contradictory: z.boolean(),
    }),
  ),
});

const noise = z.strictObject({
  level: estimateSchema.describe(
    'sigma^2 = E Var[y|x], summed over the outputs (one-hot for classes): from the surest source',
  ),
  source: z.string(),
  readings: z
    .array(z.strictObject({ name: z.string(), level: estimateSchema, source: z.string() }))
    .describe('all that apply, the surest first'),
  variance: z
    .number()
    .describe('Var y, summed over the outputs: sigma^2 without any information in the points'),
  crossEntropyFloor: z
    .number()
    .nullable()
    .describe('H(y|x) in nats, where the share of flipped labels is given'),
  profile: z
    .array(
      z.strictObject({ distance: z.number(), rows: count, value: z.number(), interval: interval.nullable() }),
    )
    .describe('readings from neighbours by their distance: what rises with it is no noise'),
});

const separation = z.array(
  z.strictObject({
    norm,
    closest: z.strictObject({
      distance: z.number(),
      rows: z.tuple([labelled, labelled]),
    }),
    exhaustive: z.boolean().describe('whether every pair was compared; else `closest` is from above'),
    compared: count.describe('rows all pairs of which were compared'),
    robustRadius: z
      .number()
      .describe('half of the closest distance: no classifier is right within more around every point'),
    quantiles: z
      .array(z.strictObject({ share: z.number(), distance: z.number() }))
      .describe('of the distance to the nearest row of another class'),
    histogram: z.strictObject({ from: z.number(), to: z.number(), counts: z.array(count) }),
    sampled: count.describe('rows whose nearest row of another class is known'),
    radii: z.array(
      z.strictObject({
        radius: z.number(),
        ratio: z
          .number()
          .nullable()
          .describe('rho = radius / robustRadius (Kim, Moon and Yun 2025); null where that is 0'),
        parameters: z
          .number()
          .nullable()
          .describe('order of what robust memorizers of the worst such data need, for rho < 1'),
        sharedShare: z
          .number()
          .describe('of the sampled rows, those with a row of another class within twice the radius'),
      }),
    ),
  }),
);

const reading = z.strictObject({
  name: z.string(),
  dimension: estimateSchema.nullable(),
  reason: z.string().nullable().describe('why there is no dimension'),
  meaning: z.string(),
  notes: z.array(z.string()),
});

const dimensions = z.strictObject({
  readings: z.array(reading),
  scales: z
    .array(z.strictObject({ neighbours: count, distance: z.number(), dimension: estimateSchema }))
    .describe('dimension against scale (Gride); empty where it does not apply'),
});

/** An estimate whose interval may be open above: null. */
const openEstimate = z.strictObject({ ...estimateSchema.shape, interval: openInterval });

const tail = z.strictObject({
  threshold: z.number(),
  observed: z.number(),
  lower: z.number().describe('simultaneous lower bound on the probability'),
});

const isoperimetrySample = z.strictObject({
  name: z.string(),
  rows: z.strictObject({ training: count, heldOut: count }),
  scale: z.number().nullable().describe('s: c is about x / s; null where rows do not spread'),
  refutedBelow: z
    .strictObject({
      constant: z.number().describe('every c below contradicts the held-out rows'),
      confidence: z.number(),
      function: z.string(),
      below: tail,
      above: tail,
    })
    .nullable(),
  c: openEstimate.nullable().describe('the smallest that the tested functions allow'),
  concentrationDimension: openEstimate.nullable().describe('d / c, what stands for d in the law'),
  constants: z
    .array(z.strictObject({ name: z.string(), reading: openEstimate }))
    .describe('of inequalities that imply isoperimetry, from below'),
  curves: z
    .array(
      z.strictObject({
        family: z.string(),
        function: z.string(),
        functions: count,
        points: z.array(z.strictObject({ t: z.number(), observed: z.number(), bound: z.number() })),
      }),
    )
    .describe('P(|f - mean| >= t) of the function of each family that deviates most'),
  verdict: z.strictObject({ kind: z.string(), sentence: z.string() }),
});

const isoperimetry = z.strictObject({
  norm,
  overall: isoperimetrySample,
  origin: z.enum(['given', 'found']).describe('groups are the classes, or clusters that were found'),
  groups: z.array(isoperimetrySample),
  leftOut: count.describe('groups without a result of their own'),
  otherNorms: z
    .array(z.strictObject({ norm, sample: isoperimetrySample }))
    .optional()
    .describe(
      'all rows, with functions that are 1-Lipschitz in another norm, and c and the scale in that norm',
    ),
});

const expansion = z.strictObject({
  family: z.string(),
  norm: z.enum(['l2', 'linf']),
  alpha: z.number(),
  epsilon: z.number(),
  risk: estimateSchema,
  expanded: estimateSchema,
  meaning: z.string(),
});

const law = z.strictObject({
  n: count,
  asks: z
    .array(
      z.strictObject({
        name: z.string(),
        dimension: estimateSchema,
        parameters: estimateSchema.describe('n D: the order of P for a robust fit below the noise'),
        lipschitz: estimateSchema.describe(
          'sqrt(D) = sqrt(n D / P) at P = n: what a fit with as many parameters as points has',
        ),
      }),
    )
    .describe('orders of magnitude: the constant of the law is open'),
});

/** A row that is pictured: little-endian float32 in base64. */
const picture = z.strictObject({ row: rowNumber, point: z.string() });

export const surveySchema = z.strictObject({
  schema: z.literal(SURVEY_SCHEMA),
  version: z.string().describe('of robustlaw'),
  verdict: z.array(z.string()).describe('sentences, most important first'),
  data,
  settings: z.strictObject({
    seed: count,
    timeLimit: z.number().nonnegative().nullable().describe('seconds; null: none'),
  }),
  repeats: measurementSchema(repeats),
  noise: measurementSchema(noise),
  separation: measurementSchema(separation),
  dimensions: measurementSchema(dimensions),
  isoperimetry: measurementSchema(isoperimetry),
  concentration: measurementSchema(z.array(expansion)),
  law: measurementSchema(law),
  pictures: z.array(picture).describe('rows named above'),
});

/** JSON Schema (draft 2020-12) of data.json. */
export function surveyJsonSchema(): unknown {
  return z.toJSONSchema(surveySchema);
}

export type DataSurvey = z.output<typeof surveySchema>;
export type SurveyRepeats = z.output<typeof repeats>;
export type SurveyNoise = z.output<typeof noise>;
export type SurveySeparation = z.output<typeof separation>;
export type SurveyDimensions = z.output<typeof dimensions>;
export type SurveyIsoperimetry = z.output<typeof isoperimetry>;
export type SurveyIsoperimetrySample = z.output<typeof isoperimetrySample>;
export type OpenEstimate = z.output<typeof openEstimate>;
export type SurveyExpansions = z.output<z.ZodArray<typeof expansion>>;
export type SurveyLaw = z.output<typeof law>;
