// A lower bound on the Lipschitz constant with constants near 1, for labels that are pure noise: non-vacuous at a thousand points.
import { requirePositive } from '../errors.ts';
import { assumed, exceeds, type Hypothesis, requireLevels, rounded } from './hypothesis.ts';
import { largestParameterCount, smallestInteger } from './invert.ts';
import { checkedClass, type ParametricClass } from './parametric-class.ts';

/** Pure-noise data: y_i independent uniform signs, independent of the inputs. */
export interface SharperSetting {
  /** Number of samples. */
  readonly n: number;
  /** Concentration dimension of each mixture component: `gaussianConcentration`, `sphereConcentration`. */
  readonly concentration: number;
  /** Fit: (1/n) sum (f(x_i) - y_i)^2 <= 1 - epsilon; 1 for interpolation. In (0, 1]. */
  readonly epsilon: number;
  /** Failure probability, in (0, 1). */
  readonly delta: number;
  /** Number of mixture components. */
  readonly k: number;
}

/** What the sharper bound says for given numbers. */
export interface SharperBound {
  /** Proven lower bound on Lip(f); 0 where it says nothing. */
  readonly bound: number;
  /** a = 1 - sqrt(1 - epsilon), how far a fit must correlate with the labels. */
  readonly correlation: number;
  /** s, the part of the correlation that the means of f may explain. */
  readonly labelSlack: number;
  /** The optimal radius eta of the net, in units of f; 0 where the bound is vacuous. */
  readonly netRadius: number;
  readonly hypotheses: readonly Hypothesis[];
}

/**
 * With probability at least 1 - delta, simultaneously for all f in F with (1/n) sum (f(x_i) - y_i)^2 <= 1 -
 * epsilon:
 *
 *   Lip(f) >= max_eta (a - s - eta) sqrt( n D / (2 (p log(1 + W J / eta) + log(2/delta))) ),
 *   a = 1 - sqrt(1 - epsilon),
 *   s = min( sqrt(2 (k log 2 + log(2/delta)) / n), sqrt(k/n) + sqrt(2 log(2/delta) / n) ),
 *
 * D the concentration dimension. For k = 1, s = sqrt(2 log(4/delta) / n).
 *
 * Proof. (1) Clip f to [-1, 1]: neither Lip(f) nor |f(x_i) - y_i| grows, and J does not either.
 * (2) Let A(f) = (1/n) sum y_i f(x_i). As y_i^2 = 1, the error is 1 - 2A + (1/n) sum f(x_i)^2 >= (1 - A)^2
 * (Cauchy-Schwarz), so a fit has A(f) >= a.
 * (3) Given the components l_i of the points, A(f) = (1/n) sum y_i (f(x_i) - E_{l_i} f) + (1/n) sum_l (E_l f)
 * sum_{i: l_i = l} y_i. The second sum is at most M = (1/n) sum_l |sum_{i: l_i = l} y_i|, as |E_l f| <= 1. M
 * is the maximum of 2^k averages of n signs, so P(M >= s) <= 2^k exp(-n s^2 / 2); and E M <= sqrt(k/n) while M
 * moves by 2/n with one sign, so P(M >= sqrt(k/n) + u) <= exp(-n u^2 / 2) (McDiarmid). Either choice of s
 * makes it at most delta/2.
 * (4) For one L-Lipschitz f and fixed y and l, the terms y_i (f(x_i) - E_{l_i} f) are independent with moment
 * generating function at most exp(lambda^2 L^2 / (2D)) whatever the sign y_i, so P((1/n) sum >= t) <= exp(-n D
 * t^2 / (2 L^2)).
 * (5) Let T be the parameters w with Lip(f_w) <= L, N a maximal subset of T with distances > eta/J. The balls
 * of radius eta/(2J) around N are disjoint and lie in a set of diameter at most W + eta/J, whose volume is at
 * most that of a ball of this diameter (the isodiametric inequality, in any norm by Brunn and Minkowski:
 * vol(A) <= vol((A - A)/2)). So |N| <= (1 + W J / eta)^p, and every w in T has w' in N with sup |f_w - f_w'|
 * <= eta.
 * (6) If some f_w with w in T fits, then A(f_w') >= a - eta, and unless M >= s the first sum of (3) for f_w'
 * is at least t = a - eta - s. By (4) and (5) this has probability at most (1 + W J / eta)^p exp(-n D t^2 / (2
 * L^2)), which is at most delta/2 once L is at most the bound.
 *
 * The eta that maximises is the one zero of an increasing function, found by bisection. J need hold only on a set
 * that contains all inputs (`gaussianRadius` for Gaussian ones).
 *
 * @param family the class; W is the diameter of its parameter set.
 * @throws hypothesis-violated for epsilon, delta or k outside the range, invalid-argument for numbers that are not
 *   positive. Lower bound.
 */
export function sharperBound(setting: SharperSetting, family: ParametricClass): SharperBound {
  check(setting);
  checkedClass(family);
  const { n, concentration, epsilon, delta, k } = setting;
  const correlation = epsilon / (1 + Math.sqrt(1 - epsilon));
  const slack = labelSlack(n, delta, k);
  const margin = correlation - slack;
  const hypotheses = [
    assumed('pure noise', 'y_i are independent uniform signs, independent of the inputs'),
    assumed(
      'concentration',
      `inputs come from a mixture of k = ${k} components with E exp(t (f - E f)) <= exp(t^2 L^2 / (2D)), D = ${rounded(concentration)}, for L-Lipschitz f`,
    ),
    assumed(
      'parametrised class',
      "F = {f_w : w in a set of R^p fixed before the data}, of diameter <= W, and |f_w(x) - f_w'(x)| <= J |w - w'| at every input x",
    ),
    exceeds('enough samples', '1 - sqrt(1 - epsilon) > s, the label slack', correlation, slack),
  ];
  if (!(margin > 0)) return { bound: 0, correlation, labelSlack: slack, netRadius: 0, hypotheses };
  const netRadius = bestNetRadius(margin, family, Math.log(2 / delta));
  const complexity = family.p * logNet(netRadius, family) + Math.log(2 / delta);
  const bound = (margin - netRadius) * Math.sqrt((n * concentration) / (2 * complexity));
  return { bound, correlation, labelSlack: slack, netRadius, hypotheses };
}

/**
 * The largest real p, at fixed W and J, for which the bound forces Lip(f) >= L: a smaller constant needs more
 * parameters. 0 where it forces nothing.
 */
export function sharperParameters(setting: SharperSetting, W: number, logJ: number, L: number): number {
  requirePositive('L', L);
  return largestParameterCount((p) => sharperBound(setting, { p, W, logJ }).bound, L);
}

/** The smallest n at which the bound forces Lip(f) >= L; Infinity past 2^53. */
export function sharperSampleSize(
  setting: Omit<SharperSetting, 'n'>,
  family: ParametricClass,
  L: number,
): number {
  requirePositive('L', L);
  return smallestInteger((n) => sharperBound({ ...setting, n }, family).bound >= L);
}

/**
 * The concentration dimension from which the bound forces Lip(f) >= L, a real number; Infinity where the
 * samples are too few.
 */
export function sharperConcentration(
  setting: Omit<SharperSetting, 'concentration'>,
  family: ParametricClass,
  L: number,
): number {
  requirePositive('L', L);
  return (L / sharperBound({ ...setting, concentration: 1 }, family).bound) ** 2;
}

/** s of step (3): M < s with probability at least 1 - delta/2. */
function labelSlack(n: number, delta: number, k: number): number {
  const byUnion = Math.sqrt((2 * (k * Math.LN2 + Math.log(2 / delta))) / n);
  const byMean = Math.sqrt(k / n) + Math.sqrt((2 * Math.log(2 / delta)) / n);
  return Math.min(byUnion, byMean);
}

/**
 * The eta in (0, margin) that maximises (margin - eta)^2 / (p log(1 + M/eta) + l), M = W J: where
 * 2 (eta + eta^2/M) (log(1 + M/eta) + l/p) = margin - eta. The left side increases with eta, the right decreases.
 */
function bestNetRadius(margin: number, family: ParametricClass, l: number): number {
  const logM = Math.log(family.W) + family.logJ;
  let high = Math.log(margin);
  let low = high - 700;
  for (;;) {
    const middle = (low + high) / 2;
    if (middle <= low || middle >= high) return Math.exp(low);
    const eta = Math.exp(middle);
    const left = 2 * (eta + Math.exp(2 * middle - logM)) * (logNet(eta, family) + l / family.p);
    if (left < margin - eta) low = middle;
    else high = middle;
  }
}

/** log(1 + W J / eta), for J of any size. */
function logNet(eta: number, { W, logJ }: ParametricClass): number {
  const exponent = Math.log(W / eta) + logJ;
  return exponent > 40 ? exponent : Math.log1p(Math.exp(exponent));
}

function check(setting: SharperSetting): void {
  requirePositive('n', setting.n);
  requirePositive('concentration', setting.concentration);
  requireLevels('The sharper bound', setting);
}
