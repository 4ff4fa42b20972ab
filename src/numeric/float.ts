// The float64 number line: neighbours, unit roundoff, and operations rounded outwards, for certificates that survive rounding.

/** Unit roundoff u = 2^-53 of float64: fl(x op y) = (x op y)(1 + t) with |t| <= u, barring underflow. */
export const UNIT_ROUNDOFF = 2 ** -53;

/** Smallest positive float64, 2^-1074. One operation that underflows errs by at most half of it. */
export const SMALLEST_SUBNORMAL = 2 ** -1074;

/**
 * The smallest float64 > x. `nextUp(MAX_VALUE)` is Infinity, `nextUp(-Infinity)` is -MAX_VALUE; Infinity and
 * NaN stay themselves.
 *
 * Source: Rump, Zimmermann, Boldo and Melquiond, "Computing predecessor and successor in rounding to
 * nearest", BIT 49 (2009), Algorithm 1. Exact.
 */
export function nextUp(x: number): number {
  const magnitude = Math.abs(x);
  if (magnitude >= 2 ** -968) {
    return x === Number.NEGATIVE_INFINITY ? -Number.MAX_VALUE : x + HALF_STEP * magnitude;
  }
  // Below 2^-1021 all floats are 2^-1074 apart.
  if (magnitude < 2 ** -1021) return x + SMALLEST_SUBNORMAL;
  const scaled = x * 2 ** 53;
  return (scaled + HALF_STEP * Math.abs(scaled)) * 2 ** -53;
}

/** The largest float64 < x: -nextUp(-x). Exact. */
export function nextDown(x: number): number {
  return -nextUp(-x);
}

/** u(1 + 2u): adding this fraction of |x| to x rounds to the neighbour of x. */
const HALF_STEP = UNIT_ROUNDOFF * (1 + 2 * UNIT_ROUNDOFF);

/**
 * gamma(n) = n u / (1 - n u), rounded up: the relative error of a product of n factors (1 + t_i)^{±1},
 * |t_i| <= u, and hence of sums and dot products in any order of summation.
 *
 * @param n a non-negative integer; at or past 2^53 the bound is Infinity.
 * Source: Higham, "Accuracy and Stability of Numerical Algorithms" (2002), Lemma 3.1. Upper bound.
 */
export function gamma(n: number): number {
  const nu = n * UNIT_ROUNDOFF;
  if (nu === 0) return 0;
  return nu < 1 ? divideUp(nu, nextDown(1 - nu)) : Number.POSITIVE_INFINITY;
}

/** An upper bound on x + y, at most two neighbours above it. */
export function addUp(x: number, y: number): number {
  return nextUp(x + y);
}

/** A lower bound on x + y. */
export function addDown(x: number, y: number): number {
  return nextDown(x + y);
}

/** An upper bound on x y. Zero factors give exactly zero. */
export function multiplyUp(x: number, y: number): number {
  return x === 0 || y === 0 ? 0 : nextUp(x * y);
}

/** A lower bound on x y. Zero factors give exactly zero. */
export function multiplyDown(x: number, y: number): number {
  return x === 0 || y === 0 ? 0 : nextDown(x * y);
}

/** An upper bound on x / y. Zero divided gives exactly zero. */
export function divideUp(x: number, y: number): number {
  return x === 0 && y !== 0 ? 0 : nextUp(x / y);
}

/** A lower bound on x / y. Zero divided gives exactly zero. */
export function divideDown(x: number, y: number): number {
  return x === 0 && y !== 0 ? 0 : nextDown(x / y);
}

/** An upper bound on sqrt(x), x >= 0. */
export function sqrtUp(x: number): number {
  return x === 0 ? 0 : nextUp(Math.sqrt(x));
}

/** A lower bound on sqrt(x), x >= 0, itself never negative. */
export function sqrtDown(x: number): number {
  return x === 0 ? 0 : nextDown(Math.sqrt(x));
}
