// What the test of c-isoperimetry says, as plain data.
import type { CertifiedUpperBound, Estimate, Norm } from '../guarantee/index.ts';
import type { MomentReading } from './moments.ts';
import type { Tail } from './tails.ts';

/** Every c below `constant` contradicts the held-out rows; whoever has them and the function can count again. */
export interface Refutation {
  readonly constant: number;
  /** Probability with which no such statement of this sample is wrong: one-sided, over all functions and thresholds at once. */
  readonly confidence: number;
  readonly family: string;
  readonly function: string;
  /** Of the function, in the norm of the test: at most 1. */
  readonly lipschitz: CertifiedUpperBound;
  /** Its two tails: P(f <= below.threshold) >= below.lower and P(f >= above.threshold) >= above.lower. */
  readonly below: Tail;
  readonly above: Tail;
  /** The held-out rows that were counted. */
  readonly rows: number;
}

/** One point of a tail curve: P(|f - mean f| >= t), observed, and what isoperimetry with the estimated c allows. */
export interface TailPoint {
  readonly t: number;
  readonly observed: number;
  /** min(1, 2 exp(-d t^2 / 2c)). */
  readonly bound: number;
}

/** The tail of the function of a family that deviates most, on the held-out rows, about its mean there. A picture, no proof. */
export interface TailCurve {
  readonly family: string;
  readonly function: string;
  /** How many functions the family has. */
  readonly functions: number;
  /** t rises; 2 exp(-d t^2 / 2c) at the estimated c stands beside it. */
  readonly points: readonly TailPoint[];
}

export type VerdictKind =
  | 'consistent'
  | 'refuted'
  | 'undecided'
  | 'too few rows'
  | 'too few dimensions'
  | 'no spread';

/** One sample: all rows, or those of one group. */
export interface SampleIsoperimetry {
  /** `all rows`, `group 3`, `cluster 1`. */
  readonly name: string;
  /** The label of the group; undefined for all rows. */
  readonly group?: number;
  /** Rows that were used, in two halves. */
  readonly trainingRows: number;
  readonly heldOutRows: number;
  /** d, the number of features. */
  readonly dimension: number;
  /** s with s^2 = E|x - Ex|^2 in the norm of the test, on the training half. c is the constant of x / s, c s^2 that of x. NaN with too few rows. */
  readonly scale: number;
  /** Functions that were made, and tested after a ranking on the training half. */
  readonly functions: number;
  readonly tested: number;
  /** Absent where the held-out rows contradict no c > 0. */
  readonly refutedBelow?: Refutation;
  /**
   * The smallest c that the tested functions at their thresholds allow. Each end of the interval holds with 95 %, so both with
   * 90 %. The lower end bounds the c of the law as well; the upper end does not: other functions may ask for more.
   */
  readonly estimate?: Estimate;
  /**
   * D = d / c, what stands for d in the law of robustness: from `estimate`, ends exchanged. The D of the law is at most the upper
   * end, and never more than 2 (1 + log 2) d.
   */
  readonly concentrationDimension?: Estimate;
  /** Constants from below, in the same units as c. Poincare and logarithmic Sobolev constants speak of l2 gradients: in l2 only. */
  readonly transport?: MomentReading;
  readonly poincare?: MomentReading;
  readonly logSobolev?: MomentReading;
  readonly curves: readonly TailCurve[];
  readonly verdict: { readonly kind: VerdictKind; readonly sentence: string };
}

export interface IsoperimetryTest {
  readonly norm: Norm;
  readonly overall: SampleIsoperimetry;
  /** Whether the groups were given or found as the two clusters of a 2-means split. */
  readonly origin: 'given' | 'found';
  /** Components of the mixture, largest first; each with its own scale and its own 95 %. */
  readonly groups: readonly SampleIsoperimetry[];
  /** Groups without a result of their own: too many, or the test was stopped. */
  readonly leftOut: number;
}
