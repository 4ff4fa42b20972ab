// Lipschitz constants of a network from both sides, and what is said where there is no finite certificate.
import { RobustlawError } from '../errors.ts';
import type { Graph } from '../graph/index.ts';
import { type CertifiedUpperBound, GLOBAL, type WitnessedLowerBound } from '../guarantee/index.ts';
import { compositionBound, upperBounds } from '../lipschitz/global/index.ts';

/** Bounds from both sides, and the product that most people know. */
export interface Constants {
  readonly upper: CertifiedUpperBound;
  readonly lower: WitnessedLowerBound;
  readonly product: CertifiedUpperBound;
}

/** The smallest of them. */
export function least(uppers: readonly CertifiedUpperBound[]): CertifiedUpperBound {
  return uppers.reduce((a, b) => (b.value < a.value ? b : a));
}

/** A certificate below a witness is a defect: throws `internal`. */
export function inOrder(
  lower: WitnessedLowerBound,
  upper: CertifiedUpperBound,
  product: CertifiedUpperBound,
): Constants {
  if (lower.value <= upper.value) return { upper, lower, product };
  throw new RobustlawError(
    'internal',
    `the ${upper.method} gives ${upper.value}, but a pair of points (${lower.method}) attains ${lower.value}`,
  );
}

/**
 * Upper bounds, that by composition of norms first; infinite where no finite global bound is known, as of attention, or
 * exists, as of quadratic functions.
 *
 * @param one the function of one sample. @param relaxed whether to try the bounds that are tighter and take longer.
 * @param why there may be none, in words.
 */
export function certificates(
  one: Graph,
  relaxed: boolean,
  why = 'no finite global bound is known for this network',
): readonly CertifiedUpperBound[] {
  try {
    return relaxed ? upperBounds(one) : [compositionBound(one)];
  } catch (error) {
    if (!(error instanceof RobustlawError) || error.code !== 'unsupported-op') throw error;
    const method = `none: ${why}`;
    return [{ kind: 'upper', value: Infinity, norm: 'l2', domain: GLOBAL, method, arithmetic: 'float64' }];
  }
}
