// Theorem 2 of Bubeck and Sellke (arXiv 2105.12806): no finite class of Lipschitz functions fits noisy labels below the noise, and its inversions.
import { requirePositive } from '../errors.ts';
import { requireHypothesis } from './hypothesis.ts';
import { smallestInteger } from './invert.ts';

/**
 * n samples of a mixture of k c-isoperimetric components in dimension d, labels in [-1, 1], noise variance
 * sigma^2 > 0.
 */
export interface FiniteClassSetting {
  readonly n: number;
  readonly d: number;
  /** Natural logarithm of the number of functions, >= 0. */
  readonly logSize: number;
  /** Fit below the noise: (1/n) sum (f(x_i) - y_i)^2 <= sigma^2 - epsilon, 0 < epsilon <= 1. */
  readonly epsilon: number;
  /** Isoperimetry: P(|f - E f| >= t) <= 2 exp(-d t^2 / (2 c L^2)). */
  readonly c: number;
  /** Number of mixture components. */
  readonly k: number;
}

/**
 * P(some f in F has (1/n) sum (y_i - f(x_i))^2 <= sigma^2 - epsilon and Lip(f) <= L)
 *   <= 4k exp(-n epsilon^2 / (8^3 k)) + 2 exp(log|F| - epsilon^2 n d / (8^4 c L^2)).
 *
 * @param L Lipschitz constant, > 0.
 * @returns the right-hand side, at most 1 (where it says nothing). Upper bound.
 * @throws hypothesis-violated or invalid-argument for numbers outside the theorem's range.
 */
export function finiteClassFailure(setting: FiniteClassSetting, L: number): number {
  check(setting);
  requirePositive('L', L);
  const { n, d, logSize, epsilon, c } = setting;
  const ofClass = 2 * Math.exp(logSize - (epsilon ** 2 * n * d) / (8 ** 4 * c * L ** 2));
  return Math.min(1, labelFailure(setting) + ofClass);
}

/**
 * The L that every fit exceeds with probability at least 1 - delta: failure(L') <= delta for all L' < L. 0 where
 * the theorem says nothing.
 */
export function finiteClassLipschitz(setting: FiniteClassSetting, delta: number): number {
  const exponent = classExponent(setting, delta);
  const { n, d, logSize, epsilon, c } = setting;
  return Math.sqrt((epsilon ** 2 * n * d) / (8 ** 4 * c * (logSize + exponent)));
}

/**
 * The log|F| below which no class has a fit with Lip <= L, with probability at least 1 - delta; 0 where the
 * theorem says nothing.
 */
export function finiteClassLogSize(
  setting: Omit<FiniteClassSetting, 'logSize'>,
  delta: number,
  L: number,
): number {
  requirePositive('L', L);
  const exponent = classExponent({ ...setting, logSize: 0 }, delta);
  const { n, d, epsilon, c } = setting;
  return Math.max(0, (epsilon ** 2 * n * d) / (8 ** 4 * c * L ** 2) - exponent);
}

/** The smallest n at which failure(L) <= delta; Infinity past 2^53. */
export function finiteClassSampleSize(
  setting: Omit<FiniteClassSetting, 'n'>,
  delta: number,
  L: number,
): number {
  requireDelta(delta);
  return smallestInteger((n) => finiteClassFailure({ ...setting, n }, L) <= delta);
}

/** The d from which failure(L) <= delta, a real number; Infinity where the samples alone are too few. */
export function finiteClassDimension(
  setting: Omit<FiniteClassSetting, 'd'>,
  delta: number,
  L: number,
): number {
  requirePositive('L', L);
  const exponent = classExponent({ ...setting, d: 1 }, delta);
  const { n, logSize, epsilon, c } = setting;
  return (8 ** 4 * c * L ** 2 * (logSize + exponent)) / (epsilon ** 2 * n);
}

/** 4k exp(-n epsilon^2 / (8^3 k)): the labels' share of the failure. */
function labelFailure({ n, epsilon, k }: FiniteClassSetting): number {
  return 4 * k * Math.exp((-n * epsilon ** 2) / (8 ** 3 * k));
}

/**
 * log(2 / (delta - label failure)): what the exponent of the second term must exceed log|F| by; Infinity where
 * nothing is left of delta.
 */
function classExponent(setting: FiniteClassSetting, delta: number): number {
  check(setting);
  requireDelta(delta);
  const left = delta - labelFailure(setting);
  return left > 0 ? Math.log(2 / left) : Number.POSITIVE_INFINITY;
}

function requireDelta(delta: number): void {
  requireHypothesis(delta > 0 && delta < 1, THEOREM, '0 < delta < 1', delta);
}

function check({ n, d, logSize, epsilon, c, k }: FiniteClassSetting): void {
  requirePositive('n', n);
  requirePositive('d', d);
  requirePositive('c', c);
  requireHypothesis(epsilon > 0 && epsilon <= 1, THEOREM, '0 < epsilon <= 1', epsilon);
  requireHypothesis(
    Number.isInteger(k) && k >= 1,
    THEOREM,
    'an integer number k >= 1 of mixture components',
    k,
  );
  requireHypothesis(
    logSize >= 0 && Number.isFinite(logSize),
    THEOREM,
    'a finite class, 0 <= log|F| < Infinity',
    logSize,
  );
}

const THEOREM = 'Theorem 2 (finite classes)';
