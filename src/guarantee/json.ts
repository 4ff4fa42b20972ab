// Measurements and estimates as plain JSON, and the schemas that results publish for them.
import { z } from 'zod';
import type { Estimate } from './guarantees.ts';

/** A measurement that failed or does not apply is a result saying so; one cut short holds what is known. */
export function measurementSchema<Value extends z.ZodType>(value: Value) {
  return z.discriminatedUnion('status', [
    z.strictObject({ status: z.literal('done'), seconds: z.number(), value }),
    z.strictObject({
      status: z.literal('partial'),
      seconds: z.number(),
      reason: z.string().describe('what is missing, and why'),
      value,
    }),
    z.strictObject({ status: z.literal('failed'), seconds: z.number(), reason: z.string() }),
    z.strictObject({ status: z.literal('skipped'), reason: z.string() }),
  ]);
}

/** What `measurementSchema` checks. */
export type Measurement<Value> =
  | { readonly status: 'done'; readonly seconds: number; readonly value: Value }
  | { readonly status: 'partial'; readonly seconds: number; readonly reason: string; readonly value: Value }
  | { readonly status: 'failed'; readonly seconds: number; readonly reason: string }
  | { readonly status: 'skipped'; readonly reason: string };

export const estimateSchema = z.strictObject({
  value: z.number(),
  interval: z.tuple([z.number(), z.number()]),
  confidence: z.number(),
  method: z.string(),
});

export type PlainEstimate = z.output<typeof estimateSchema>;

/** An estimate as the schema of results has it. */
export function plainEstimate({ value, interval, confidence, method }: Estimate): PlainEstimate {
  return { value, interval: [interval[0], interval[1]], confidence, method };
}
