// The law without isoperimetry (Wu, Huang and Zhang, arXiv 2202.11592): sqrt(n / p) for p parameters, n^(1/d) for any function at all.
import { requirePositive } from '../errors.ts';

/**
 * C sqrt(n / p): for arbitrary bounded inputs the factor d of the universal law is lost. C
 * defaults to 1. Estimate.
 *
 * @throws invalid-argument unless all arguments are positive.
 */
export function boundedDataLaw(n: number, p: number, C = 1): number {
  requirePositive('n', n);
  requirePositive('p', p);
  requirePositive('C', C);
  return C * Math.sqrt(n / p);
}

/** p = C^2 n / L^2 parameters. Estimate. */
export function boundedDataParameters(n: number, L: number, C = 1): number {
  requirePositive('n', n);
  requirePositive('L', L);
  requirePositive('C', C);
  return (C / L) ** 2 * n;
}

/** n = p L^2 / C^2 points. Estimate. */
export function boundedDataSampleSize(p: number, L: number, C = 1): number {
  requirePositive('p', p);
  requirePositive('L', L);
  requirePositive('C', C);
  return (L / C) ** 2 * p;
}

/**
 * C n^(1/d): n points in a bounded set of dimension d crowd to distances n^(-1/d), so every function that fits
 * their noise, of whatever size, is at least so steep (tight). C defaults to 1.
 * Estimate.
 */
export function crowdingLaw(n: number, d: number, C = 1): number {
  requirePositive('n', n);
  requirePositive('d', d);
  requirePositive('C', C);
  return C * n ** (1 / d);
}

/** n = (L / C)^d points. Estimate. */
export function crowdingSampleSize(d: number, L: number, C = 1): number {
  requirePositive('d', d);
  requirePositive('L', L);
  requirePositive('C', C);
  return (L / C) ** d;
}

/** d = log n / log(L / C). @throws invalid-argument unless L > C: the law is never below C. Estimate. */
export function crowdingDimension(n: number, L: number, C = 1): number {
  requirePositive('n', n);
  requirePositive('C', C);
  requirePositive('L / C - 1', L / C - 1);
  return Math.log(n) / Math.log(L / C);
}
