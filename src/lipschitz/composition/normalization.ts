// Global Lipschitz constants of softmax and of the normalisation layers, each with its proof.
import type { Norm } from '../../guarantee/index.ts';
import { addUp, divideUp, multiplyUp, nextDown, nextUp, sqrtDown, sqrtUp } from '../../numeric/index.ts';

/**
 * softmax on n numbers: 1/2 in l1, l2 and linf for n >= 2, 0 for n = 1. Exact.
 *
 * The Jacobian J = diag(p) - p p^T is symmetric; row i has absolute sum p_i (1 - p_i) + p_i sum_{j != i} p_j =
 * 2 p_i (1 - p_i) <= 1/2, so |J|_1 = |J|_inf <= 1/2 and |J|_2 <= sqrt(|J|_1 |J|_inf). At p = (1/2, 1/2, 0, ...), a limit
 * for n > 2, J = [[1, -1], [-1, 1]] / 4 has norm 1/2 in each.
 */
export function softmaxConstant(n: number): number {
  return n === 1 ? 0 : 0.5;
}

/**
 * log softmax on n >= 2 numbers: n - 1 in l1, sqrt(n) in l2, 2 in linf; 0 for n = 1. Exact as suprema.
 *
 * J = I - 1 p^T. Row i: 1 - p_i + sum_{j != i} p_j = 2 (1 - p_i) < 2. Column j: 1 - p_j + (n - 1) p_j = 1 + (n - 2) p_j <
 * n - 1. J is a projection (p^T 1 = 1) other than 0 and I, so |J|_2 = |I - J|_2 = |1|_2 |p|_2 < sqrt(n) (Kato 1995, I-6.34).
 * All are approached where p tends to a unit vector.
 */
export function logSoftmaxConstant(n: number, norm: Norm): number {
  if (n === 1) return 0;
  return norm === 'l1' ? n - 1 : norm === 'l2' ? sqrtUp(n) : 2;
}

/**
 * y = c / sqrt(|c|^2 / n + epsilon) for c in R^n, or for c = x - mean(x) if `centred`: the largest Jacobian norm.
 *
 * With D = |c|^2 + n epsilon the Jacobian by c is g (I - c c^T / D), g = sqrt(n / D) <= epsilon^(-1/2). It is symmetric
 * with eigenvalues g and g (1 - |c|^2 / D) in [0, g]; centring is a projection P = I - 1 1^T / n with P c = c. So
 * l2: epsilon^(-1/2), attained at c = 0 (0 if centred and n = 1).
 *
 * l1 and linf, equal by symmetry, of J = g (P - c c^T / D), P = I if not centred: the diagonal is
 * P_ii - c_i^2 / D >= 0 (if centred, c_i^2 <= (1 - 1/n) |c|^2), so a row has absolute sum at most g (A + Q / D) with
 * A = |P|_inf (1, or 2 (1 - 1/n)) and Q = |c_i| sum_{j != i} |c_j| - c_i^2. Given |c|, Cauchy-Schwarz gives
 * Q <= a b sqrt(n - 1) - a^2 for a = |c_i| and b^2 = |c|^2 - a^2, a quadratic form with largest eigenvalue
 * B = (sqrt(n) - 1) / 2: Q <= B |c|^2 = B (D - n epsilon). With E = D / (n epsilon) >= 1 the row has at most
 * epsilon^(-1/2) ((A + B) E^(-1/2) - B E^(-3/2)), largest at E = 3 B / (A + B) if that is >= 1, where it is
 * epsilon^(-1/2) (2/3) (A + B) sqrt((A + B) / (3 B)), else at E = 1: epsilon^(-1/2) A. Exact if not centred; grows as
 * 0.19 sqrt(n).
 */
export function normalizationConstant(n: number, epsilon: number, centred: boolean, norm: Norm): number {
  if (centred && n === 1) return 0;
  const root = divideUp(1, sqrtDown(epsilon));
  if (norm === 'l2') return root;
  const a = centred ? nextUp(2 * (1 - 1 / n)) : 1;
  const b = nextUp((sqrtUp(n) - 1) / 2);
  if (2 * b <= a) return multiplyUp(root, a);
  const sum = addUp(a, b);
  // Decreasing in b where b appears below: a lower bound of it there.
  const below = multiplyUp(3, b) * (1 - 2 ** -40);
  const peak = multiplyUp(multiplyUp(divideUp(2, 3), sum), sqrtUp(divideUp(sum, nextDown(below))));
  return multiplyUp(root, Math.max(a, peak));
}

/**
 * y_i = x_i / (bias + alpha / size S_i)^beta with S_i the sum of x_j^2 over the `size` channels around i, for bias > 0 and
 * alpha, beta >= 0: an upper bound on the largest Jacobian norm.
 *
 * With a = alpha / size and D = bias + a S_i, dy_i/dx_j = D^(-beta) (delta_ij - 2 beta a x_i x_j / D) and a S_i <= D. Row i:
 * |x_i| sum_j |x_j| <= S_i (1 + sqrt(size)) / 2, so at most bias^(-beta) (1 + beta (1 + sqrt(size))). Column j: the row
 * i = j has at most 1 + 2 beta, each of the size - 1 others |x_i x_j| <= S_i / 2, so beta: bias^(-beta) (1 + beta (size + 1)).
 * l2: the geometric mean of the two.
 */
export function responseConstant(size: number, bias: number, beta: number, norm: Norm): number {
  // V8's power errs by less than a few units in the last place.
  const scale = bias ** -beta * (1 + 2 ** -40);
  const rows = multiplyUp(scale, addUp(1, multiplyUp(beta, addUp(1, sqrtUp(size)))));
  const columns = multiplyUp(scale, addUp(1, multiplyUp(beta, size + 1)));
  return norm === 'linf' ? rows : norm === 'l1' ? columns : sqrtUp(multiplyUp(rows, columns));
}
