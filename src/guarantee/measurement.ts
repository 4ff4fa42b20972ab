// What was found out about one Lipschitz constant: the answer of every method, and the tightest of each side.
import {
  type CertifiedUpperBound,
  type Domain,
  type Estimate,
  type Exact,
  type Norm,
  type UpperGuarantee,
  upperEnd,
  type WitnessedLowerBound,
} from './guarantees.ts';

/** What one method says, or why it says nothing. */
export interface Answer {
  readonly method: string;
  readonly guarantees: readonly (Exact | CertifiedUpperBound | WitnessedLowerBound)[];
  /** Why there is no guarantee. */
  readonly note?: string;
  readonly seconds: number;
}

/** witnessed lower <= Lip(f) <= certified upper, in one norm on one domain. */
export interface LipschitzMeasurement {
  readonly norm: Norm;
  readonly domain: Domain;
  readonly lower: WitnessedLowerBound | undefined;
  /** Exact where both ends agree but for rounding. */
  readonly upper: UpperGuarantee | undefined;
  readonly answers: readonly Answer[];
  /** Apart from the bounds: a statistic proves nothing. */
  readonly estimate?: Estimate;
}

/** upper / lower - 1; undefined where an end is missing, zero or infinite. */
export function relativeGap({ lower, upper }: LipschitzMeasurement): number | undefined {
  if (!lower || !upper || !(lower.value > 0) || !Number.isFinite(upperEnd(upper))) return undefined;
  return upperEnd(upper) / lower.value - 1;
}
