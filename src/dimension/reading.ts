// A reading of "the dimension of the data": a number with its interval, or why there is none, and what it means for the law.
import type { Estimate } from '../guarantee/index.ts';

/** What one estimator says. */
export interface DimensionReading {
  readonly name: string;
  /** Undefined where the estimator does not apply. */
  readonly dimension?: Estimate;
  /** Why there is no dimension. */
  readonly unavailable?: string;
  /** What it means for the law. */
  readonly meaning: string;
  /** What was left out, and how far the interval can be trusted. */
  readonly notes: readonly string[];
  /** Dimension against scale, where the estimator has scales. */
  readonly curve?: readonly ScalePoint[];
}

/** The dimension seen at one scale. */
export interface ScalePoint {
  /** The farthest neighbour that counts. */
  readonly neighbours: number;
  /** Median distance of it. */
  readonly distance: number;
  readonly dimension: Estimate;
}

/** What an estimator found; the list gives it a name and a meaning. */
export type Finding =
  | {
      readonly dimension: Estimate;
      readonly notes: readonly string[];
      readonly curve?: readonly ScalePoint[];
    }
  | { readonly unavailable: string };

export const CONFIDENCE = 0.95;
