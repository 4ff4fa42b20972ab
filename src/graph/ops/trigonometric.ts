// Circular and hyperbolic functions beyond sin, cos and tanh, and their inverses.
import type { Op, Value } from '../value.ts';
import { emit1 } from '../value.ts';
import { add, div, mul, sub } from './arithmetic.ts';
import { abs, cos, exp, log, neg, reciprocal, sign, sin, sqrt, square, unary } from './elementary.ts';
import { atanBySeries, expMinusOne, logOnePlus } from './special.ts';

/** An elementwise operator with derivative g * slope(x, y) and a form in elementary operators. */
function functionOf(name: string, slope: (x: Value, y: Value) => Value, elementary: (x: Value) => Value): Op {
  return {
    ...unary(name, (x, y, g) => mul(g, slope(x, y))),
    decompose: (node) => [elementary(node.inputs[0]!)],
  };
}

export const Tan = functionOf(
  'Tan',
  (_x, y) => add(1, square(y)),
  (x) => div(sin(x), cos(x)),
);
export const Atan = functionOf('Atan', (x) => reciprocal(add(1, square(x))), atanBySeries);
/** atan2(x, sqrt(1 - x^2)), halved so that x = 1 divides by 1. */
export const Asin = functionOf(
  'Asin',
  (x) => reciprocal(sqrt(sub(1, square(x)))),
  (x) => mul(2, atanBySeries(div(x, add(1, cathetus(x))))),
);
export const Acos = functionOf(
  'Acos',
  (x) => neg(reciprocal(sqrt(sub(1, square(x))))),
  (x) => mul(2, atanBySeries(sqrt(div(sub(1, x), add(1, x))))),
);
export const Sinh = functionOf('Sinh', cosh, (x) => mul(sign(x), sinhOfPositive(abs(x))));
export const Cosh = functionOf('Cosh', sinh, (x) => {
  const half = exp(sub(abs(x), Math.LN2));
  return add(half, div(0.25, half));
});
/** log(x + sqrt(x^2 + 1)) for x >= 0, arranged so that a small x is not lost beside 1. */
export const Asinh = functionOf(
  'Asinh',
  (x) => reciprocal(sqrt(add(square(x), 1))),
  (x) => {
    const size = abs(x);
    const root = sqrt(add(square(size), 1));
    return mul(sign(x), logOnePlus(add(size, div(square(size), add(1, root)))));
  },
);
export const Acosh = functionOf(
  'Acosh',
  (x) => reciprocal(mul(sqrt(sub(x, 1)), sqrt(add(x, 1)))),
  (x) => log(add(x, mul(sqrt(sub(x, 1)), sqrt(add(x, 1))))),
);
export const Atanh = functionOf(
  'Atanh',
  (x) => reciprocal(mul(sub(1, x), add(1, x))),
  (x) => {
    const size = abs(x);
    return mul(sign(x), mul(0.5, logOnePlus(div(mul(2, size), sub(1, size)))));
  },
);

/** sqrt(1 - x^2) without cancellation near 1. */
function cathetus(x: Value): Value {
  return sqrt(mul(sub(1, x), add(1, x)));
}

/** (e^x - e^-x) / 2 = (m + m / (m + 1)) / 2 with m = e^x - 1. */
function sinhOfPositive(x: Value): Value {
  const m = expMinusOne(x);
  return mul(0.5, add(m, div(m, add(m, 1))));
}

export function sinh(x: Value): Value {
  return emit1(Sinh, [x]);
}
export function cosh(x: Value): Value {
  return emit1(Cosh, [x]);
}
export const tan = (x: Value): Value => emit1(Tan, [x]);
export const atan = (x: Value): Value => emit1(Atan, [x]);
export const asin = (x: Value): Value => emit1(Asin, [x]);
export const acos = (x: Value): Value => emit1(Acos, [x]);
