// The error function, the inverse tangent, e^x - 1 and log(1 + x) from elementary operators, to float64 accuracy.
import type { Value } from '../value.ts';
import { add, div, equal, greater, minimum, mul, sub, where } from './arithmetic.ts';
import { abs, exp, log, neg, reciprocal, sign, sqrt, square } from './elementary.ts';

/** c_0 x^n + ... + c_n by Horner's rule. */
function polynomial(x: Value, [first, ...rest]: readonly number[]): Value {
  return rest.slice(1).reduce((value, c) => add(mul(value, x), c), add(mul(x, first!), rest[0]!));
}

/** erf(sqrt t) / sqrt t on [0, 1]: Chebyshev interpolant of degree 11, computed in 50 digits; error below 8e-18. */
const ERF_CENTRE = [
  -7.795898827002142e-10, 1.3720064546777686e-8, -1.6208483801871705e-7, 1.6447424703317362e-6,
  -1.492473690741966e-5, 0.00012055294904839707, -0.0008548325975389692, 0.0052239776071164225,
  -0.02686617064323777, 0.11283791670945006, -0.37612638903183543, 1.1283791670955126,
];

/** e^(x^2) erfc(x) on [1, 6] as a polynomial in s = (x - 3) / (x + 3); made likewise, error below 6e-18. */
const ERFC_TAIL = [
  3.381355142042904e-9, 1.2755818949624478e-6, 2.0135111426447427e-6, -8.00978093907608e-6,
  -1.2845780030775907e-5, 6.406279226046039e-5, 4.525434558991009e-5, -0.0005970624964924544,
  0.0007077464666941425, 0.004269136356961225, -0.024392499318915004, 0.07166583719747308,
  -0.15011593650077898, 0.24560380171233487, -0.3262335600430372, 0.17900115118138996,
];

/** 2 / sqrt(pi) times the integral of e^(-t^2) from 0 to x; within 2 units in the last place. */
export function erfBySeries(x: Value): Value {
  // Beyond 6 the float64 nearest to erf is 1.
  const size = minimum(abs(x), 6);
  const centre = mul(size, polynomial(square(minimum(size, 1)), ERF_CENTRE));
  const tail = polynomial(div(sub(size, 3), add(size, 3)), ERFC_TAIL);
  const outer = sub(1, mul(exp(neg(square(size))), tail));
  return mul(sign(x), where(greater(size, 1), outer, centre));
}

/** atan(sqrt t) / sqrt t on [0, tan(pi/8)^2]; made likewise, error below 2e-18. */
const ATAN = [
  -0.017805397205419446, 0.03796525745386593, -0.05035102456601552, 0.05846878297330872, -0.06662951813629191,
  0.07692045330902225, -0.09090896809064027, 0.11111110744919658, -0.14285714279250245, 0.19999999999940893,
  -0.3333333333333312, 1,
];

/** Inverse tangent, by atan x = pi/2 - atan(1/x) and then atan x = 2 atan(x / (1 + sqrt(1 + x^2))). */
export function atanBySeries(x: Value): Value {
  const size = abs(x);
  const large = greater(size, 1);
  const reduced = where(large, reciprocal(size), size);
  const half = div(reduced, add(1, sqrt(add(1, square(reduced)))));
  const angle = mul(mul(half, 2), polynomial(square(half), ATAN));
  return mul(sign(x), where(large, sub(Math.PI / 2, angle), angle));
}

/**
 * e^x - 1 without cancellation near 0: (u - 1) x / log u with u = e^x as rounded, whose errors cancel (Kahan; Higham,
 * Accuracy and Stability of Numerical Algorithms, 1.14.1).
 */
export function expMinusOne(x: Value): Value {
  const u = exp(x);
  const difference = sub(u, 1);
  // Where e^x rounds to 1 the answer is x; where it is negligible beside 1, or infinite, no correction is due.
  const corrected = where(greater(abs(x), 1), difference, div(mul(difference, x), log(u)));
  return where(equal(u, 1), x, corrected);
}

/** log(1 + x) without cancellation near 0: x log w / (w - 1) with w = 1 + x as rounded (same source). */
export function logOnePlus(x: Value): Value {
  const w = add(1, x);
  const corrected = div(mul(x, log(w)), sub(w, 1));
  return where(equal(w, 1), x, where(greater(abs(x), 1), log(w), corrected));
}
