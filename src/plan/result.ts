// What a plan says, as plain JSON: schema 1 of plan.json. Pages are pure functions of it.
import { z } from 'zod';
import { estimateSchema } from '../guarantee/schema.ts';

export const PLAN_SCHEMA = 'robustlaw.plan/1';

const count = z.int().nonnegative();
const positive = z.number().positive();
const interval = z.tuple([z.number(), z.number()]);
const norm = z.enum(['l1', 'l2', 'linf']);

const swing = z.strictObject({
  id: z.string(),
  name: z.string(),
  low: z.number().nonnegative(),
  high: z.number().nonnegative(),
  factor: z.number().nullable().describe('high / low; null where low is 0'),
});

const lawSchema = z.strictObject({
  formula: z.string(),
  dimension: z.string().describe('the reading of the dimension that the number stands on'),
  assumptions: z.array(
    z.strictObject({
      id: z.string(),
      name: z.string(),
      value: z.number().nonnegative(),
      interval,
      exponent: z.number().describe('P is in proportion to value^exponent'),
      source: z.string(),
    }),
  ),
  value: z.number().nonnegative().describe('P with every assumption at its value'),
  hull: interval.describe('every assumption at its worst at once'),
  independent: interval.describe('deviations in log P as independent'),
  tornado: z.array(swing),
  readings: z.array(
    z.strictObject({
      name: z.string(),
      dimension: estimateSchema,
      meaning: z.string(),
      parameters: z.number().nonnegative().describe('P with this dimension, all else at its value'),
      interval: interval.describe('from the interval of this dimension alone'),
    }),
  ),
  memorizing: count.describe('n: parameters that memorize at all, robust or not'),
});

const provenSchema = z.strictObject({
  theorem: z.string(),
  parameters: z
    .number()
    .nonnegative()
    .describe('no class of fewer has such a fit; 0 where a hypothesis fails'),
  formula: z.number().nonnegative(),
  lights: z.array(
    z.strictObject({ name: z.string(), statement: z.string(), holds: z.boolean(), assumed: z.boolean() }),
  ),
});

const runSchema = z.strictObject({
  n: count,
  width: count,
  parameters: count,
  seed: count,
  robust: count.describe('of n: right, and not broken by any attack'),
  correct: count.describe('of n: right without a change'),
  trained: count.describe('of n: right under the attack that was trained against'),
  updates: count,
  ended: z.string().describe('why training ended'),
});

const takeOff = z.strictObject({
  n: count,
  parameters: positive
    .nullable()
    .describe('P*, geometric mean over the seeds; null where a seed shows a side only'),
  interval: interval.nullable(),
  above: positive.nullable().describe('P* of some seed is above this'),
  below: positive.nullable().describe('P* of some seed is at most this'),
});

const prediction = z.strictObject({ n: count, value: positive, interval });

const growth = z.strictObject({
  prefactor: positive,
  exponent: z.number(),
  exponentInterval: interval,
  sizes: z.array(count),
  observations: count,
  residualDeviation: z.number(),
  confidence: z.number(),
});

const backtestSchema = z.strictObject({
  n: count,
  from: z.array(count),
  predicted: positive,
  interval,
  observed: positive.nullable(),
  above: positive.nullable(),
  ratio: positive.nullable().describe('predicted / observed'),
  held: z.boolean().describe('whether the interval holds what was observed'),
});

const pilotSchema = z.strictObject({
  networks: z.string().describe('the family, in the plural: two-layer networks'),
  family: z.string().describe('the family with its inputs and outputs'),
  norm,
  radius: positive,
  threshold: z.number(),
  seeds: count,
  sizes: z.array(count),
  training: z.string(),
  attacks: z.array(z.string()),
  runs: z.array(runSchema),
  curves: z.array(
    z.strictObject({
      n: count,
      points: z.array(
        z.strictObject({
          parameters: count,
          accuracies: z.array(z.number()).describe('robust training accuracy of each seed'),
          mean: z.number(),
          fitted: z.number().describe('non-decreasing fit over the runs of this n'),
        }),
      ),
    }),
  ),
  takeOffs: z.array(takeOff),
  growth: growth.nullable(),
  prediction: prediction.nullable(),
  backtest: backtestSchema.nullable(),
  drivers: z.array(swing).describe('what the prediction hangs on'),
  notes: z.array(z.string()),
});

const ladder = z.strictObject({
  name: z.string(),
  data: z.string(),
  threat: z.string(),
  n: count,
  rungs: z.array(z.strictObject({ model: z.string(), parameters: count, accuracy: z.number() })),
  pointsPerDecade: z.number(),
  source: z.string(),
});

const fact = z.strictObject({ statement: z.string(), source: z.string() });

const envelope = z.strictObject({
  title: z.string(),
  lines: z.array(
    z.strictObject({
      quantity: z.string(),
      formula: z.string(),
      value: z.union([z.number(), interval]),
      rounded: z.union([z.number(), interval]).nullable(),
      printed: z.string().nullable().describe('as the source prints it'),
    }),
  ),
});

const pilotMeasurement = z.discriminatedUnion('status', [
  z.strictObject({ status: z.literal('done'), value: pilotSchema }),
  z.strictObject({ status: z.literal('partial'), reason: z.string(), value: pilotSchema }),
  z.strictObject({ status: z.literal('failed'), reason: z.string() }),
  z.strictObject({ status: z.literal('skipped'), reason: z.string() }),
]);

export const planSchema = z.strictObject({
  schema: z.literal(PLAN_SCHEMA),
  version: z.string().describe('of robustlaw'),
  verdict: z.array(z.string()).describe('sentences, most important first'),
  answer: z.strictObject({
    parameters: z.number().nonnegative(),
    interval: z.tuple([z.number().nonnegative(), z.number().nonnegative().nullable()]),
    from: z.enum(['pilot', 'pilot, one side', 'law', 'memorizing']),
    meaning: z.string(),
  }),
  data: z.strictObject({
    name: z.string(),
    source: z.string(),
    sha256: z.string(),
    transformations: z.array(z.string()),
    points: count,
    features: count,
    shape: z.array(count),
    classes: count.nullable().describe('null in regression'),
    spread: positive.describe('sqrt(E|x - Ex|^2)'),
    notes: z.array(z.string()),
  }),
  wanted: z.strictObject({
    norm: norm.nullable(),
    radius: positive.nullable(),
    lipschitz: positive.describe('in the scale of the law'),
    rule: z.string().describe('how the one became the other'),
  }),
  noise: z.strictObject({ level: estimateSchema, source: z.string() }).nullable(),
  law: lawSchema,
  proven: z.array(provenSchema),
  pilot: pilotMeasurement,
  context: z.strictObject({
    applies: z.string().describe('whether these data are of that kind'),
    capacity: z.array(
      z.strictObject({ scale: count, parameters: count, statement: z.string(), source: z.string() }),
    ),
    ladders: z.array(ladder),
    scaling: z.array(fact),
  }),
  examples: z.array(envelope),
  settings: z.strictObject({
    seed: count,
    flips: z.number(),
    timeLimit: z.number().nullable(),
  }),
});

export type PlanResult = z.output<typeof planSchema>;
export type LawPlan = z.output<typeof lawSchema>;
export type Pilot = z.output<typeof pilotSchema>;
export type PilotRun = z.output<typeof runSchema>;
export type PlanSwing = z.output<typeof swing>;

/** JSON Schema (draft 2020-12) of plan.json. */
export function planJsonSchema(): unknown {
  return z.toJSONSchema(planSchema);
}
