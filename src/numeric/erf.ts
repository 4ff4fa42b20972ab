// The error function, from its convergent series near zero and its continued fraction in the tail (Abramowitz and Stegun 7.1.6, 7.1.14).

/** erf(x) = 2/sqrt(pi) times the integral of exp(-t^2) over [0, x]. Relative error about 1e-15. */
export function erf(x: number): number {
  const t = Math.abs(x);
  if (t < SERIES_END) return series(x);
  return Math.sign(x) * (1 - gaussian(t) * scaledTail(t));
}

/** erfc(x) = 1 - erf(x), without cancellation. Relative error about 1e-15 until it underflows past x = 26.5. */
export function erfc(x: number): number {
  if (x < 0.5) return 1 - erf(x);
  if (x < SERIES_END) return 1 - series(x);
  return gaussian(x) * scaledTail(x);
}

/**
 * exp(x^2) erfc(x), which stays representable where erfc underflows: about 1/(x sqrt(pi)) for large x.
 * @param x >= 0.
 */
export function scaledErfc(x: number): number {
  return x < SERIES_END ? erfc(x) / gaussian(x) : scaledTail(x);
}

/** Up to here the series serves, from here the continued fraction. */
const SERIES_END = 1;

/** 2/sqrt(pi) exp(-x^2) sum_k 2^k x^(2k+1) / (1 3 5 ... (2k+1)): all terms of one sign, so nothing cancels. */
function series(x: number): number {
  let term = x;
  let sum = x;
  for (let k = 1; Math.abs(term) > Math.abs(sum) * 2 ** -55; k++) {
    term *= (2 * x * x) / (2 * k + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

/** exp(x^2) erfc(x) = 1/sqrt(pi) / (x + (1/2)/(x + 1/(x + (3/2)/(x + ...)))), evaluated backwards. */
function scaledTail(x: number): number {
  if (x === Number.POSITIVE_INFINITY) return 0;
  // The error after k levels falls like exp(-4 x sqrt(k/2)): this many reach 1e-17.
  const levels = Math.ceil(12 + 200 / (x * x));
  let fraction = x;
  for (let k = levels; k > 0; k--) fraction = x + k / 2 / fraction;
  return 1 / (Math.sqrt(Math.PI) * fraction);
}

/** exp(-x^2) with the rounding error of x^2 put back (Cody 1969): exp(-h^2) exp(-(x-h)(x+h)), h a short number. */
function gaussian(x: number): number {
  if (x > 28) return 0;
  const head = Math.trunc(x * 16) / 16;
  return Math.exp(-head * head) * Math.exp(-(x - head) * (x + head));
}
