// Student's t distribution function and its inverse.
import { invalidArgument, requirePositive } from '../errors.ts';
import { incompleteBeta } from './incomplete-beta.ts';

/**
 * P(T <= t) for Student's t with `freedom` degrees of freedom. Relative error about 1e-13 in both tails,
 * growing like 1e-17 `freedom` past 1e4.
 *
 * @throws invalid-argument unless freedom > 0.
 */
export function studentCdf(t: number, freedom: number): number {
  requirePositive('degrees of freedom', freedom);
  if (Number.isNaN(t)) return Number.NaN;
  if (Math.abs(t) < 1) return 0.5 + Math.sign(t) * aboutZero(Math.abs(t), freedom);
  return t < 0 ? tail(-t, freedom) : 1 - tail(t, freedom);
}

/**
 * The t with P(T <= t) = p. Relative error about 1e-13 for tail probabilities down to 1e-100,
 * growing like 1e-17 `freedom` past 1e4.
 *
 * @throws invalid-argument unless freedom > 0 and p in (0, 1).
 */
export function studentQuantile(p: number, freedom: number): number {
  requirePositive('degrees of freedom', freedom);
  if (!(p > 0 && p < 1)) throw invalidArgument('probability', p, 'a number in (0, 1)');
  if (p === 0.5) return 0;
  const below = Math.min(p, 1 - p);
  // In the middle P(0 < T < t) keeps its digits, in the tails P(T > t) does.
  const size =
    below > 0.25
      ? solve((t) => aboutZero(t, freedom) < Math.abs(p - 0.5))
      : solve((t) => tail(t, freedom) > below);
  return p < 0.5 ? -size : size;
}

/** P(T > t), t >= 0. */
function tail(t: number, freedom: number): number {
  const ratio = t / Math.sqrt(freedom);
  const square = ratio * ratio;
  return incompleteBeta(freedom / 2, 0.5, 1 / (1 + square), square / (1 + square)) / 2;
}

/** P(0 < T < t), t >= 0. */
function aboutZero(t: number, freedom: number): number {
  const ratio = t / Math.sqrt(freedom);
  const square = ratio * ratio;
  return incompleteBeta(0.5, freedom / 2, square / (1 + square), 1 / (1 + square)) / 2;
}

/** The t > 0 up to which `tooSmall` holds, by bisection of log t. */
function solve(tooSmall: (t: number) => boolean): number {
  let low = Math.log(1e-20);
  let high = Math.log(1e150);
  for (;;) {
    const middle = (low + high) / 2;
    if (middle <= low || middle >= high) return Math.exp(middle);
    if (tooSmall(Math.exp(middle))) low = middle;
    else high = middle;
  }
}
