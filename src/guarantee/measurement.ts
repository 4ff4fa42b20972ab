// What was found out about one Lipschitz constant: the answer of every method, and the tightest of each side.
import type { CertifiedUpperBound, Domain, Estimate, Exact, Norm, WitnessedLowerBound } from './index.ts';

/** What one method says, or why it says nothing. */
export interface Answer {
  readonly method: string;
  readonly guarantees: readonly (CertifiedUpperBound | WitnessedLowerBound)[];
  /** Why there is no guarantee, or what limits it. */
  readonly note?: string;
  readonly seconds: number;
}

/** witnessed lower <= Lip(f) <= certified upper, in one norm on one domain. */
export interface LipschitzMeasurement {
  readonly norm: Norm;
  readonly domain: Domain;
  readonly lower: WitnessedLowerBound | undefined;
  readonly upper: CertifiedUpperBound | undefined;
  /** Both ends as one, where they agree but for rounding. */
  readonly exact: Exact | undefined;
  readonly answers: readonly Answer[];
  /** Apart from the bounds: a statistic proves nothing. */
  readonly estimate?: Estimate;
}

/** upper / lower - 1; undefined where an end is missing, zero or infinite. */
export function relativeGap({ lower, upper }: LipschitzMeasurement): number | undefined {
  if (!lower || !upper || !(lower.value > 0) || !Number.isFinite(upper.value)) return undefined;
  return upper.value / lower.value - 1;
}
