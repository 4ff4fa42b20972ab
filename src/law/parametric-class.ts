// A function class described by real parameters, as the law counts it: how many, how far apart, and how much each moves the function.
import { invalidArgument, requirePositive } from '../errors.ts';

/**
 * F = { f_w : w in a set of R^p }, fixed before the data are seen, with |w - w'| <= W and sup_x |f_w(x) -
 * f_w'(x)| <= J |w - w'| for all w, w' in the set, the supremum over all inputs that occur.
 *
 * |w| is one norm of R^p, the same in both: the Euclidean one unless a class says otherwise. The law only
 * counts how many balls of radius eta/J cover the set, by volumes, and so holds for every norm.
 */
export interface ParametricClass {
  /** Number of parameters; a shared weight counts once, a pruned weight counts. */
  readonly p: number;
  /** Diameter of the parameter set. */
  readonly W: number;
  /** log J, natural: J itself overflows for deep networks. Only its logarithm enters the law. */
  readonly logJ: number;
}

/**
 * The class with p parameters, diameter W and Lipschitz constant J of the parametrisation.
 * @throws invalid-argument unless all are positive.
 */
export function parametricClass(p: number, W: number, J: number): ParametricClass {
  requirePositive('J', J);
  return checkedClass({ p, W, logJ: Math.log(J) });
}

/** The class itself. @throws invalid-argument unless p and W are positive and log J is finite. */
export function checkedClass(family: ParametricClass): ParametricClass {
  requirePositive('p', family.p);
  requirePositive('W', family.W);
  if (!Number.isFinite(family.logJ)) throw invalidArgument('log J', family.logJ, 'a finite number');
  return family;
}
