// Circular and hyperbolic functions beyond sin, cos and tanh, and their inverses.
import type { Op, Value } from '../value.ts';
import { emit1 } from '../value.ts';
import { add, div, greater, mul, sub, where } from './arithmetic.ts';
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
/** e^x as the square of e^(x/2), which overflows no earlier than cosh itself. */
export const Cosh = functionOf('Cosh', sinh, (x) => {
  const root = exp(mul(0.5, abs(x)));
  return add(mul(mul(0.5, root), root), div(div(0.5, root), root));
});
/** log(x + sqrt(x^2 + 1)) for x >= 0, arranged so that a small x is not lost beside 1 and a large one not squared. */
export const Asinh = functionOf(
  'Asinh',
  (x) => reciprocal(sqrt(add(square(x), 1))),
  (x) => {
    const size = abs(x);
    const root = sqrt(add(square(size), 1));
    const moderate = logOnePlus(add(size, div(square(size), add(1, root))));
    return mul(sign(x), where(greater(size, 1e9), add(log(size), Math.LN2), moderate));
  },
);
/** log(x + sqrt(x^2 - 1)) by the distance from 1. */
export const Acosh = functionOf(
  'Acosh',
  (x) => reciprocal(mul(sqrt(sub(x, 1)), sqrt(add(x, 1)))),
  (x) => {
    const t = sub(x, 1);
    return logOnePlus(add(t, mul(sqrt(t), sqrt(add(t, 2)))));
  },
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

/** (e^x - e^-x) / 2 = (m + m / (m + 1)) / 2 with m = e^x - 1, and e^x / 2 where the rest does not count. */
function sinhOfPositive(x: Value): Value {
  const m = expMinusOne(x);
  const root = exp(mul(0.5, x));
  return where(greater(x, 20), mul(mul(0.5, root), root), mul(0.5, add(m, div(m, add(m, 1)))));
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
