// The regularised incomplete beta function, by its continued fraction (DLMF 8.17.22) in the modified Lentz form.
import { logBeta } from './gamma-function.ts';

/**
 * I_x(a, b) = (1/B(a,b)) times the integral of t^(a-1) (1-t)^(b-1) over [0, x], for a, b > 0.
 *
 * @param x in [0, 1].
 * @param y 1 - x, passed apart so that neither end loses digits.
 */
export function incompleteBeta(a: number, b: number, x: number, y: number): number {
  if (x <= 0) return 0;
  if (y <= 0) return 1;
  // The fraction converges fast below the mean of the beta distribution; above it the mirrored one does.
  return x <= (a + 1) / (a + b + 2) ? lowerPart(a, b, x, y) : 1 - lowerPart(b, a, y, x);
}

function lowerPart(a: number, b: number, x: number, y: number): number {
  const logX = x < 0.5 ? Math.log(x) : Math.log1p(-y);
  const logY = y < 0.5 ? Math.log(y) : Math.log1p(-x);
  const front = Math.exp(a * logX + b * logY - logBeta(a, b)) / a;
  return front * continuedFraction(a, b, x);
}

function continuedFraction(a: number, b: number, x: number): number {
  let c = 1;
  let d = 1 / awayFromZero(1 - ((a + b) * x) / (a + 1));
  let fraction = d;
  for (let m = 1; m < MAX_LEVELS; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / awayFromZero(1 + even * d);
    c = awayFromZero(1 + even / c);
    fraction *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / awayFromZero(1 + odd * d);
    c = awayFromZero(1 + odd / c);
    fraction *= d * c;
    if (Math.abs(d * c - 1) < 2 ** -52) break;
  }
  return fraction;
}

/** About sqrt(max(a, b)) levels are needed; this serves parameters up to 1e10. */
const MAX_LEVELS = 1_000_000;

function awayFromZero(t: number): number {
  return Math.abs(t) < 1e-300 ? 1e-300 : t;
}
