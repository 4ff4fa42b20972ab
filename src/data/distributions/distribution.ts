// What the theory needs to know of an input distribution: how to sample it, how it concentrates, how far it reaches.
import { invalidArgument, requireInteger } from '../../errors.ts';
import type { Rng } from '../../random/index.ts';

/**
 * c-isoperimetry (Bubeck and Sellke 2021, Definition 1.1): every L-Lipschitz f satisfies
 * `P(|f(x) - E f| >= t) <= 2 exp(-dimension t^2 / (2 constant L^2))`.
 * With `components` k > 1 the distribution is a mixture of k distributions that each satisfy it.
 */
export interface Isoperimetry {
  /** The metric in which f is L-Lipschitz; `hamming` is the fraction of coordinates that differ. */
  readonly metric: 'l2' | 'hamming';
  /** c. */
  readonly constant: number;
  /** The concentration dimension, which stands where d stands in Definition 1.1. */
  readonly dimension: number;
  /** k. */
  readonly components: number;
  /** The theorem that gives it. */
  readonly method: string;
}

/** Weights w_j and nodes t_j with `sum_j w_j h(t_j) = E h(t)`, to a relative error of about 1e-6 for smooth h. */
export interface Expectation {
  readonly nodes: Float64Array;
  /** They sum to 1. */
  readonly weights: Float64Array;
}

/** A distribution on R^d. */
export interface Distribution {
  /** For people, e.g. `uniform on the unit sphere in R^100`. */
  readonly name: string;
  /** d. */
  readonly dimension: number;
  /** n independent points, `[n, d]` row-major; a function of the key. */
  sample(rng: Rng, n: number): Float64Array;
  /** Concentration of l2-Lipschitz functions, where a theorem gives it. */
  readonly isoperimetry?: Isoperimetry;
  /** Concentration of functions that are Lipschitz in the normalised Hamming metric, where a theorem gives it. */
  readonly hammingIsoperimetry?: Isoperimetry;
  /** The smallest known R with |x| <= R for every x in the support; Infinity when the support is unbounded. */
  readonly supportRadius: number;
  /** R such that n independent points all satisfy |x_i| <= R with probability >= 1 - failure. */
  radius(n: number, failure: number): number;
  /** Whether x and -x have the same distribution. */
  readonly symmetric: boolean;
  /** `E h(<v, x>)` for any unit vector v, where it is the same for all of them and known. */
  readonly projection?: Expectation;
}

/** The most values one sample may hold: 8 GiB of float64. */
const MAX_VALUES = 2 ** 30;

/**
 * Throws unless n and d are integers >= 1 whose product fits in memory.
 *
 * @throws RobustlawError `invalid-argument` naming `n`, `d` or both.
 */
export function requireSampleSize(n: number, d: number): void {
  requireInteger('n', n);
  requireInteger('d', d);
  if (n * d > MAX_VALUES) {
    const gibibytes = ((n * d * 8) / 2 ** 30).toPrecision(3);
    throw invalidArgument(
      'n d',
      `${n} x ${d} values (${gibibytes} GiB)`,
      `at most ${MAX_VALUES} values (8 GiB)`,
    );
  }
}

/** Radius of a bounded support, which holds with certainty. */
export function boundedBy(supportRadius: number): Pick<Distribution, 'supportRadius' | 'radius'> {
  return {
    supportRadius,
    radius(n, failure) {
      requireRadiusArguments(n, failure);
      return supportRadius;
    },
  };
}

/** Throws unless n >= 1 and 0 < failure < 1. */
export function requireRadiusArguments(n: number, failure: number): void {
  requireInteger('n', n);
  if (!(failure > 0 && failure < 1))
    throw invalidArgument('failure probability', failure, 'a number in (0, 1)');
}
