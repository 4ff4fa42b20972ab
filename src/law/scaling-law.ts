// The scaling law sqrt(n d / P) of the universal law of robustness (Bubeck and Sellke, arXiv 2105.12806, Theorem 1) and its inverses.
import { requirePositive } from '../errors.ts';

/**
 * C sqrt(n d / P): the order of the smallest Lipschitz constant of a function with P parameters that fits n
 * noisy points of dimension d below the noise.
 *
 * An exponent, not a bound: the constant C is open; it defaults to 1 and is otherwise fitted. For a proven
 * number see `universalLaw` and `sharperBound`. Estimate.
 *
 * @throws invalid-argument unless all arguments are positive.
 */
export function scalingLaw(n: number, d: number, P: number, C = 1): number {
  requireAll({ n, d, P, C });
  return C * Math.sqrt((n * d) / P);
}

/** P = C^2 n d / L^2, the number of parameters at which the scaling law reaches L. Estimate. */
export function scalingLawParameters(n: number, d: number, L: number, C = 1): number {
  requireAll({ n, d, L, C });
  return (C / L) ** 2 * n * d;
}

/** n = L^2 P / (C^2 d), the number of points that P parameters fit with constant L. Estimate. */
export function scalingLawSampleSize(d: number, P: number, L: number, C = 1): number {
  requireAll({ d, P, L, C });
  return ((L / C) ** 2 * P) / d;
}

/** d = L^2 P / (C^2 n); with a measured L, the effective dimension of data that behave like it. Estimate. */
export function scalingLawDimension(n: number, P: number, L: number, C = 1): number {
  requireAll({ n, P, L, C });
  return ((L / C) ** 2 * P) / n;
}

function requireAll(values: Record<string, number>): void {
  for (const [name, value] of Object.entries(values)) requirePositive(name, value);
}
