// Linear functions, two-layer ReLU networks and sums of powers as parametric classes: their W and J over inputs with |x| <= R.
import { requireInteger, requirePositive } from '../errors.ts';
import { checkedClass, type ParametricClass } from './parametric-class.ts';

/**
 * f(x) = w.x over |x| <= R with |w| <= rho: p = d, W = 2 rho, J = R (attained).
 *
 * @throws invalid-argument unless d is a positive integer and rho, R are positive.
 */
export function linearClass(d: number, rho: number, R: number): ParametricClass {
  requireInteger('d', d);
  requirePositive('rho', rho);
  requirePositive('R', R);
  return checkedClass({ p: d, W: 2 * rho, logJ: Math.log(R) });
}

/**
 * f(x) = sum_{l <= k} a_l ReLU(w_l.x + b_l) + b over |x| <= R, all parameters together of norm at most rho:
 * p = k (d + 2) + 1, W = 2 rho, J = sqrt( (R^2 + 1) rho^2 + 1 ).
 *
 * Proof. With x' = (x, 1) and v_l = (w_l, b_l) the gradient has (v_l.x')_+ in a_l, a_l 1[v_l.x' > 0] x' in v_l
 * and 1 in b, so its square is at most |x'|^2 sum_l (|v_l|^2 + a_l^2) + 1. For bounds per neuron, |a_l| <= A
 * and |v_l| <= B, take rho = sqrt(k (A^2 + B^2) + b^2). Networks without some of the biases are members with
 * zeros there.
 *
 * @throws invalid-argument unless d and k are positive integers and rho, R are positive.
 */
export function twoLayerReluClass(d: number, k: number, rho: number, R: number): ParametricClass {
  requireInteger('d', d);
  requireInteger('k', k);
  requirePositive('rho', rho);
  requirePositive('R', R);
  // In logarithms, since the weights of some memorizers are astronomical.
  const logSlope = Math.log(rho) + Math.log(R ** 2 + 1) / 2;
  const logJ =
    logSlope > 0
      ? logSlope + Math.log1p(Math.exp(-2 * logSlope)) / 2
      : Math.log1p(Math.exp(2 * logSlope)) / 2;
  return checkedClass({ p: k * (d + 2) + 1, W: 2 * rho, logJ });
}

/**
 * f(x) = sum_{i <= k} a_i (c_i.x)^q over |x| <= R with |a_i| <= A and |c_i| <= C: p = k (d + 1), W = 2 sqrt(k
 * (A^2 + C^2)),
 *
 *   J = (C R)^(q-1) R sqrt( k (C^2 + A^2 q^2) ).
 *
 * Proof. The gradient has (c_i.x)^q in a_i and a_i q (c_i.x)^(q-1) x in c_i.
 *
 * @param q the power, an integer >= 1.
 * @throws invalid-argument unless d, k and q are positive integers and A, C, R are positive.
 */
export function powerSumClass(
  d: number,
  k: number,
  q: number,
  A: number,
  C: number,
  R: number,
): ParametricClass {
  requireInteger('d', d);
  requireInteger('k', k);
  requireInteger('q', q);
  requirePositive('A', A);
  requirePositive('C', C);
  requirePositive('R', R);
  const logJ = (q - 1) * Math.log(C * R) + Math.log(R) + Math.log(k * (C ** 2 + (A * q) ** 2)) / 2;
  return checkedClass({ p: k * (d + 1), W: 2 * Math.sqrt(k * (A ** 2 + C ** 2)), logJ });
}
