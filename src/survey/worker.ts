// The parts of a survey as jobs of worker threads.
import type { JobContext } from '../runtime/index.ts';
import type { Found, Measure, Subject } from './part.ts';
import { measureConcentration } from './parts/concentration.ts';
import { measureDimensions } from './parts/dimensions.ts';
import { measureIsoperimetry } from './parts/isoperimetry.ts';
import { measureNoise } from './parts/noise.ts';
import { measureRepeats } from './parts/repeats.ts';
import { measureSeparation } from './parts/separation.ts';

export const MEASURES = {
  repeats: measureRepeats,
  noise: measureNoise,
  separation: measureSeparation,
  dimensions: measureDimensions,
  isoperimetry: measureIsoperimetry,
  concentration: measureConcentration,
} as const;

export type PartName = keyof typeof MEASURES;
export type ValueOf<Part extends PartName> =
  (typeof MEASURES)[Part] extends Measure<infer Value> ? Value : never;

export interface PartJob {
  readonly part: PartName;
  readonly subject: Subject;
  /** Seconds from its start. */
  readonly seconds: number;
}

export interface PartReport {
  readonly seconds: number;
  readonly found: Found<unknown>;
}

/** Says how far a job is, as a share in [0, 1]. */
export async function run(
  { part, subject, seconds }: PartJob,
  { progress, interrupted }: JobContext<number>,
): Promise<PartReport> {
  const start = performance.now();
  const elapsed = () => (performance.now() - start) / 1e3;
  const measure: Measure<unknown> = MEASURES[part];
  const found = await measure(subject, () => interrupted() || elapsed() >= seconds, progress);
  return { seconds: elapsed(), found };
}
