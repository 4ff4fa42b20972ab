// Measurements and estimates as plain JSON; `schema.ts` describes them.
import type { Estimate } from './guarantees.ts';

/** A measurement that failed or does not apply is a result saying so; one cut short says what is missing, and why. */
export type Measurement<Value> =
  | { readonly status: 'done'; readonly seconds: number; readonly value: Value }
  | { readonly status: 'partial'; readonly seconds: number; readonly reason: string; readonly value: Value }
  | { readonly status: 'failed'; readonly seconds: number; readonly reason: string }
  | { readonly status: 'skipped'; readonly reason: string };

/** An estimate as results have it. */
export interface PlainEstimate {
  readonly value: number;
  readonly interval: [number, number];
  readonly confidence: number;
  readonly method: string;
}

/** An estimate as the schema of results has it. */
export function plainEstimate({ value, interval, confidence, method }: Estimate): PlainEstimate {
  return { value, interval: [interval[0], interval[1]], confidence, method };
}
