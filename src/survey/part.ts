// A part of a survey: what it is given, and how it tells what it found.
import type { Norm } from '../guarantee/index.ts';
import type { Stop } from '../stop.ts';
import type { SurveyLabels } from './labels.ts';

/** What is known of the noise: E Var[y|x], the share of labels replaced by another class, or how accurate a good model is. */
export type KnownNoise =
  | { readonly variance: number }
  | { readonly flips: number }
  | { readonly accuracy: number; readonly rows: number | undefined };

/** The data of a survey, as every part sees them; points may lie in memory that threads share. */
export interface Subject {
  /** `[rows, features]`. */
  readonly points: Float32Array | Float64Array;
  readonly features: number;
  readonly labels: SurveyLabels;
  readonly known: KnownNoise | undefined;
  /** Radii that are asked about. */
  readonly radii: readonly { readonly norm: Norm; readonly radius: number }[];
  readonly seed: number;
}

/** What a part found; `missing` says what it did not come to, and why. */
export interface Found<Value> {
  readonly value: Value;
  readonly missing?: string;
}

/** Measures one part. Throws what keeps it from applying. */
export type Measure<Value> = (
  subject: Subject,
  stop: Stop,
  observe: (share: number) => void,
) => Promise<Found<Value>>;

/** Said of work that was ended. */
export const OUT_OF_TIME = 'the time for it was over';
