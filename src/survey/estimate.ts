// Estimates of functions of a quantity, and those that have no upper end.
import type { Estimate, PlainEstimate } from '../guarantee/index.ts';
import type { OpenEstimate } from './result.ts';

/** The estimate of a rising function of the quantity; the ends of the interval go through it. */
export function mapped(
  { value, interval, confidence, method }: PlainEstimate,
  f: (x: number) => number,
): PlainEstimate {
  return { value: f(value), interval: [f(interval[0]), f(interval[1])], confidence, method };
}

/** An estimate as the schema of results has it, where the upper end may be infinite, which JSON has no number for. */
export function openEstimate({ value, interval, confidence, method }: Estimate): OpenEstimate {
  return {
    value,
    interval: [interval[0], Number.isFinite(interval[1]) ? interval[1] : null],
    confidence,
    method,
  };
}
