// What is set against what in a fit: measured quantities of a trial, and the predictors that theorems and conjectures name.
import { upperEnd } from '../../guarantee/index.ts';
import type { Finished } from './series.ts';

/**
 * Measured quantities. `upper` is exact or certified, `lower` exact or witnessed. `gradients` is the largest gradient at
 * fresh points (Bubeck, Li and Nagaraj 2021, section 4), `average` the root of the mean of |grad f|^2 over them,
 * `sensitivity` the mean of |z| |grad f(z)| (Bombari, Kiyani and Mondelli 2023).
 */
export const QUANTITIES = ['upper', 'lower', 'gradients', 'average', 'sensitivity'] as const;
export type Quantity = (typeof QUANTITIES)[number];

/** The value of a trial; undefined where it was not measured or is not finite and positive. */
export function quantityOf(quantity: Quantity, { result }: Finished): number | undefined {
  const { lipschitz, gradients } = result;
  switch (quantity) {
    case 'upper':
      return usable(upperEnd(lipschitz.upper));
    case 'lower':
      return usable(lipschitz.upper.kind === 'exact' ? lipschitz.upper.enclosure[0] : lipschitz.lower?.value);
    case 'gradients':
      return usable(gradients?.largest.value);
    case 'average':
      return usable(gradients && Math.sqrt(gradients.meanSquare.value));
    case 'sensitivity':
      return usable(gradients?.sensitivity?.value);
  }
}

/**
 * Predictors. n points in d dimensions, P parameters, k the size of the family (neurons, dimension of a projection). In
 * `n^(1/d)` d is the dimension of the manifold where the data lie near one, as in Wu, Huang and Zhang (2023).
 */
export const PREDICTORS = [
  'sqrt(n/k)',
  'sqrt(nd/P)',
  'sqrt(n/P)',
  'n^(1/d)',
  'sqrt(d)',
  'n',
  'd',
  'k',
  'P',
] as const;
export type Predictor = (typeof PREDICTORS)[number];

/** The value for a trial; undefined for a predictor in k where the family has no size. */
export function predictorOf(predictor: Predictor, { trial, result }: Finished): number | undefined {
  const { n, d, parameterCount: P, intrinsicDimension } = result;
  const k = trial.size;
  switch (predictor) {
    case 'sqrt(n/k)':
      return k === undefined ? undefined : Math.sqrt(n / k);
    case 'sqrt(nd/P)':
      return Math.sqrt((n * d) / P);
    case 'sqrt(n/P)':
      return Math.sqrt(n / P);
    case 'n^(1/d)':
      return n ** (1 / (intrinsicDimension ?? d));
    case 'sqrt(d)':
      return Math.sqrt(d);
    case 'n':
      return n;
    case 'd':
      return d;
    case 'k':
      return k;
    case 'P':
      return P;
  }
}

function usable(value: number | undefined): number | undefined {
  return value !== undefined && value > 0 && value < Number.POSITIVE_INFINITY ? value : undefined;
}
