// Theorem 3 of Bubeck and Sellke (arXiv 2105.12806), the universal law of robustness with its explicit constants.
import { requirePositive } from '../errors.ts';
import {
  assumed,
  exceeds,
  type Hypothesis,
  reaches,
  requireHypothesis,
  requireLevels,
  rounded,
} from './hypothesis.ts';
import { checkedClass, type ParametricClass } from './parametric-class.ts';

/** The data of Theorem 3. */
export interface LawSetting {
  /** Number of samples. */
  readonly n: number;
  /** Dimension of the inputs. */
  readonly d: number;
  /**
   * Fit below the noise: (1/n) sum (f(x_i) - y_i)^2 <= sigma^2 - epsilon. In (0, 1]; 1 by continuity of the
   * bound.
   */
  readonly epsilon: number;
  /** Failure probability, in (0, 1). */
  readonly delta: number;
  /** Isoperimetry constant: P(|f - E f| >= t) <= 2 exp(-d t^2 / (2 c L^2)); 1 for N(0, I/d). */
  readonly c: number;
  /** Number of mixture components. */
  readonly k: number;
  /** sigma^2 = E Var[y|x], in [0, 1] since labels lie in [-1, 1]. */
  readonly noiseVariance: number;
}

/** What Theorem 3 says for given numbers. */
export interface LawBound {
  /** The right-hand side of the theorem, whether its hypotheses hold or not. Not a prediction: see `scalingLaw`. */
  readonly formula: number;
  /** The lower bound on Lip(f) that is proven: `formula` where all hypotheses hold, else 0. */
  readonly certified: number;
  readonly hypotheses: readonly Hypothesis[];
}

/**
 * With probability at least 1 - delta, simultaneously for all f in F with mean squared error <= sigma^2 -
 * epsilon:
 *
 *   Lip(f) >= epsilon / (2^9 sqrt(c)) * sqrt( n d / (p log(60 W J / epsilon) + log(4/delta)) ),
 *
 * provided 8^4 k log(8k/delta) <= n epsilon^2. The logarithm is taken as 0 where 60 W J < epsilon: one function
 * then stands for all.
 *
 * @param family the class; W is the diameter of its parameter set.
 * @throws hypothesis-violated for epsilon, delta, k or sigma^2 outside the theorem's range, invalid-argument for
 *   numbers that are not positive. Lower bound.
 */
export function universalLaw(setting: LawSetting, family: ParametricClass): LawBound {
  check(setting);
  checkedClass(family);
  const { n, d, epsilon, delta, c, k, noiseVariance } = setting;
  const complexity = family.p * logNet(setting, family) + Math.log(4 / delta);
  const formula = (epsilon / (2 ** 9 * Math.sqrt(c))) * Math.sqrt((n * d) / complexity);
  const hypotheses = [
    assumed('labels', '(x_i, y_i) are independent and identically distributed with y_i in [-1, 1]'),
    assumed(
      'parametrised class',
      "F = {f_w : w in a set of R^p fixed before the data}, of diameter <= W, and sup_x |f_w(x) - f_w'(x)| <= J |w - w'|",
    ),
    assumed(
      'isoperimetry',
      `inputs come from a mixture of k = ${k} components, each c-isoperimetric with c = ${rounded(c)}`,
    ),
    reaches(
      'enough samples',
      'n epsilon^2 >= 8^4 k log(8k/delta)',
      n * epsilon ** 2,
      8 ** 4 * k * Math.log((8 * k) / delta),
    ),
    exceeds('noise', 'sigma^2 = E Var[y|x] > 0', noiseVariance, 0),
    reaches(
      'fit below the noise is possible',
      'sigma^2 >= epsilon, or no mean squared error is <= sigma^2 - epsilon',
      noiseVariance,
      epsilon,
    ),
  ];
  return { formula, certified: hypotheses.every((h) => h.holds) ? formula : 0, hypotheses };
}

/** The n from which the side condition 8^4 k log(8k/delta) <= n epsilon^2 holds, a real number. */
export function universalLawSideCondition(epsilon: number, delta: number, k: number): number {
  requireLevels(THEOREM, { epsilon, delta, k });
  return (8 ** 4 * k * Math.log((8 * k) / delta)) / epsilon ** 2;
}

/**
 * The p up to which the theorem's formula forces Lip(f) >= L, at fixed W and J: a fit with a smaller constant
 * needs more parameters. 0 where it forces nothing.
 */
export function universalLawParameters(setting: LawSetting, W: number, logJ: number, L: number): number {
  check(setting);
  requirePositive('L', L);
  const { n, d, epsilon, delta, c } = setting;
  const room = (epsilon ** 2 * n * d) / (2 ** 18 * c * L ** 2) - Math.log(4 / delta);
  return room > 0 ? room / logNet(setting, checkedClass({ p: 1, W, logJ })) : 0;
}

/** The n from which the theorem forces Lip(f) >= L, the side condition included; a real number. */
export function universalLawSampleSize(
  setting: Omit<LawSetting, 'n'>,
  family: ParametricClass,
  L: number,
): number {
  requirePositive('L', L);
  const perRoot = universalLaw({ ...setting, n: 1 }, family).formula;
  return Math.max((L / perRoot) ** 2, universalLawSideCondition(setting.epsilon, setting.delta, setting.k));
}

/** The d from which the theorem's formula forces Lip(f) >= L; a real number. */
export function universalLawDimension(
  setting: Omit<LawSetting, 'd'>,
  family: ParametricClass,
  L: number,
): number {
  requirePositive('L', L);
  return (L / universalLaw({ ...setting, d: 1 }, family).formula) ** 2;
}

/** log(60 W J / epsilon), at least 0. */
function logNet({ epsilon }: LawSetting, { W, logJ }: ParametricClass): number {
  return Math.max(0, Math.log((60 * W) / epsilon) + logJ);
}

function check(setting: LawSetting): void {
  requirePositive('n', setting.n);
  requirePositive('d', setting.d);
  requirePositive('c', setting.c);
  requireLevels(THEOREM, setting);
  const { noiseVariance } = setting;
  requireHypothesis(
    noiseVariance >= 0 && noiseVariance <= 1,
    THEOREM,
    'labels in [-1, 1], so 0 <= sigma^2 <= 1',
    noiseVariance,
  );
}

const THEOREM = 'Theorem 3 (the universal law)';
