// Logarithms of the gamma and beta functions, by Stirling's series (Abramowitz and Stegun 6.1.41).
import { requirePositive } from '../errors.ts';

/**
 * log Gamma(x) for x > 0. Error about 1e-15 max(1, |log Gamma(x)|).
 * @throws invalid-argument unless x > 0 is finite.
 */
export function logGamma(x: number): number {
  requirePositive('argument of logGamma', x);
  let shifted = x;
  let product = 1;
  // Gamma(x) = Gamma(x + m) / (x (x+1) ... (x+m-1)); the series serves from 10 on.
  while (shifted < SERIES_START) product *= shifted++;
  const stirling = (shifted - 0.5) * Math.log(shifted) - shifted + HALF_LOG_2PI + correction(shifted);
  return stirling - Math.log(product);
}

/**
 * log B(a, b) = log Gamma(a) + log Gamma(b) - log Gamma(a + b), without cancellation when one argument is
 * large.
 */
export function logBeta(a: number, b: number): number {
  const small = Math.min(a, b);
  const large = Math.max(a, b);
  if (large < SERIES_START) return logGamma(a) + logGamma(b) - logGamma(a + b);
  // log Gamma(large + small) - log Gamma(large), both by Stirling, subtracted on paper.
  const ratio =
    (large - 0.5) * Math.log1p(small / large) +
    small * (Math.log(large + small) - 1) +
    (correction(large + small) - correction(large));
  return logGamma(small) - ratio;
}

const SERIES_START = 10;
const HALF_LOG_2PI = 0.5 * Math.log(2 * Math.PI);

/** sum_k B_2k / (2k (2k-1) x^(2k-1)); the first term left out is below 3e-17 for x >= 10. */
function correction(x: number): number {
  const z = 1 / (x * x);
  const coefficients = [1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156];
  return coefficients.reduceRight((sum, c) => sum * z + c, 0) / x;
}
