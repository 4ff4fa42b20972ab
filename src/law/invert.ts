// Inversion of monotone functions by bisection.

/** The smallest integer n >= 1 with `holds(n)`, for a condition that stays true once it is; Infinity past 2^53. */
export function smallestInteger(holds: (n: number) => boolean): number {
  let high = 1;
  while (!holds(high)) {
    high *= 2;
    if (high > 2 ** 53) return Number.POSITIVE_INFINITY;
  }
  let low = high / 2;
  // Invariant: holds(high), not holds(low) (or high = 1).
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (holds(middle)) high = middle;
    else low = middle;
  }
  return high;
}

/**
 * The largest real p >= 1 with bound(p) >= L, for a bound that does not grow with p: classes of at most so
 * many parameters are forced to a Lipschitz constant of at least L, so a smaller one needs more. 0 where
 * bound(1) < L, Infinity past 1e300.
 */
export function largestParameterCount(bound: (p: number) => number, L: number): number {
  if (!(bound(1) >= L)) return 0;
  let low = 0;
  let high = Math.log(1e300);
  if (bound(1e300) >= L) return Number.POSITIVE_INFINITY;
  for (;;) {
    const middle = (low + high) / 2;
    if (middle <= low || middle >= high) return Math.exp(low);
    if (bound(Math.exp(middle)) >= L) low = middle;
    else high = middle;
  }
}
