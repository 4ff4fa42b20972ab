// The schemas that results publish for measurements and estimates.
import { z } from 'zod';

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

/** `PlainEstimate`. */
export const estimateSchema = z.strictObject({
  value: z.number(),
  interval: z.tuple([z.number(), z.number()]),
  confidence: z.number(),
  method: z.string(),
});
