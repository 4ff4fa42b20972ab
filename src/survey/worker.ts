// The parts of a survey as jobs of worker threads.
import type { JobContext } from '../runtime/index.ts';
import type { Found, Measure, Subject } from './part.ts';

/** Each part brings its own libraries: a thread loads those of the parts that it measures. */
export const MEASURES = {
  repeats: async () => (await import('./parts/repeats.ts')).measureRepeats,
  noise: async () => (await import('./parts/noise.ts')).measureNoise,
  separation: async () => (await import('./parts/separation.ts')).measureSeparation,
  dimensions: async () => (await import('./parts/dimensions.ts')).measureDimensions,
  isoperimetry: async () => (await import('./parts/isoperimetry.ts')).measureIsoperimetry,
  concentration: async () => (await import('./parts/concentration.ts')).measureConcentration,
} as const;

export type PartName = keyof typeof MEASURES;
export type ValueOf<Part extends PartName> =
  Awaited<ReturnType<(typeof MEASURES)[Part]>> extends Measure<infer Value> ? Value : never;

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
  const measure: Measure<unknown> = await MEASURES[part]();
  const found = await measure(subject, () => interrupted() || elapsed() >= seconds, progress);
  return { seconds: elapsed(), found };
}
