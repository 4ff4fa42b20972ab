// What is wanted of a model, in the scale of the law: the Lipschitz constant that a radius or a constant means for labels from -1 to 1 on data of norm about 1.
import { invalidArgument, requirePositive } from '../errors.ts';
import type { Norm } from '../guarantee/index.ts';
import type { Enclosure } from '../numeric/index.ts';

/** A radius within which predictions are to be right and stay so, or a constant in the scale of the law. */
export type Wish =
  | { readonly kind: 'radius'; readonly norm: Norm; readonly radius: number }
  | { readonly kind: 'lipschitz'; readonly lipschitz: number };

/**
 * How much longer than the radius r the changes are, measured in l2, that undo a prediction: with g the gradient of what
 * decides, changes of size r in a norm move it by r |g|_dual, as changes of length kappa r in l2 would, kappa = |g|_dual / |g|_2.
 *
 *   l2    kappa = 1
 *   linf  kappa = |g|_1 / |g|_2 in [1, sqrt(d)];        sqrt(2 d / pi) for independent normal entries of g
 *   l1    kappa = |g|_inf / |g|_2 in [1 / sqrt(d), 1];  about sqrt(2 log(2 d) / d) for independent normal entries
 *
 * The ends are attained by gradients along one feature and along all alike.
 */
export function normRatio(norm: Norm, d: number): { readonly value: number; readonly interval: Enclosure } {
  switch (norm) {
    case 'l2':
      return { value: 1, interval: [1, 1] };
    case 'linf':
      return { value: Math.max(1, Math.sqrt((2 * d) / Math.PI)), interval: [1, Math.sqrt(d)] };
    case 'l1':
      return {
        value: Math.min(1, Math.sqrt((2 * Math.log(2 * d)) / d)),
        interval: [1 / Math.sqrt(d), 1],
      };
  }
}

/**
 * L = s / (kappa r): f with labels 1 and -1, a gap of 2, keeps the sign of each label within an l2 radius of
 * (gap / 2) / Lip(f) if it fits them, and s = sqrt(E|x - Ex|^2) is the unit of length of the law. Margins of C classes convert
 * to the same number: scores with margin m change it by at most sqrt(2) Lip(f) per unit, where one-hot labels have margin 1
 * and lie sqrt(2) apart.
 */
export function lipschitzOfRadius(radius: number, spread: number, kappa = 1): number {
  requirePositive('radius', radius);
  requirePositive('spread of the data', spread);
  return spread / (kappa * radius);
}

/** @throws RobustlawError `invalid-argument` for a radius or constant that is no finite number > 0. */
export function requireWish(wish: Wish): void {
  const [name, value] =
    wish.kind === 'radius' ? ['radius', wish.radius] : ['Lipschitz constant', wish.lipschitz];
  if (!(value > 0 && value < Infinity)) throw invalidArgument(name as string, value, 'a finite number > 0');
}
