// The standard normal distribution function and its inverse.
import { invalidArgument } from '../errors.ts';
import { erf, erfc, scaledErfc } from './erf.ts';

/**
 * Phi(x) = P(Z <= x) = erfc(-x / sqrt 2) / 2. Relative error about 1e-15 near 0, growing like x^2 1e-16 in the
 * lower tail.
 */
export function normalCdf(x: number): number {
  return erfc(-x * Math.SQRT1_2) / 2;
}

/**
 * The x with Phi(x) = p. Relative error about 1e-15. p = 0 and 1 give -Infinity and Infinity.
 *
 * Newton's method: on erf in the middle, on log Phi (concave, so that it converges from either side) in the
 * tails.
 *
 * @throws invalid-argument for p outside [0, 1].
 */
export function normalQuantile(p: number): number {
  if (!(p >= 0 && p <= 1)) throw invalidArgument('probability', p, 'a number in [0, 1]');
  if (p > 0.75) return -lowerTail(1 - p);
  return p < 0.25 ? lowerTail(p) : middle(p - 0.5);
}

/** Solves erf(x / sqrt 2) = 2q for |q| <= 1/4. */
function middle(q: number): number {
  let x = q * SQRT_2PI;
  for (let step = 0; step < 8; step++) {
    const residual = erf(x * Math.SQRT1_2) / 2 - q;
    x -= residual * SQRT_2PI * Math.exp((x * x) / 2);
  }
  return x;
}

/** Solves log Phi(x) = log p for p < 1/4, with Phi(-t) = exp(-t^2/2) erfcx(t / sqrt 2) / 2. */
function lowerTail(p: number): number {
  if (p === 0) return Number.NEGATIVE_INFINITY;
  const target = Math.log(p);
  let t = Math.sqrt(-2 * target);
  for (let step = 0; step < 12; step++) {
    const tail = scaledErfc(t * Math.SQRT1_2) / 2;
    const residual = Math.log(tail) - (t * t) / 2 - target;
    // d/dt log Phi(-t) = -phi(t) / Phi(-t)
    t += residual * SQRT_2PI * tail;
  }
  return -t;
}

const SQRT_2PI = Math.sqrt(2 * Math.PI);
