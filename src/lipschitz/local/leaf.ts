// The bound on the operator norm of all Jacobians of one part of the domain.
import type { Norm } from '../../guarantee/index.ts';
import type { Stop } from '../stop.ts';
import { expansionBound, magnitudeBound } from './expansion.ts';
import { absoluteSums, summedIn } from './jacobian.ts';
import type { Reduced } from './reduction.ts';

/** A network and the slopes of its neurons. */
export type Derivatives = Pick<Reduced, 'network' | 'slopes'>;

/** A bound on the operator norm, and what helps to bound parts of the same domain. */
export interface LeafBound {
  readonly value: number;
  readonly method: string;
  /** For l1 and linf: bounds on the absolute sums of the columns or rows of the Jacobian. */
  readonly sums?: Float64Array;
}

/**
 * An upper bound on |J|_{p->p} over all slopes in their ranges: for l1 and linf, linear bounds on the absolute sums of its
 * columns or rows, never above those of interval arithmetic; for l2, the least of the expansions and the magnitude rule.
 *
 * @param known the bound of a larger domain.
 */
export function leafBound(
  { network, slopes }: Derivatives,
  norm: Norm,
  stop: Stop,
  known?: LeafBound,
): LeafBound {
  if (norm === 'l2') return euclideanBound({ network, slopes }, stop, known);
  const derivatives = summedIn(norm, network, slopes);
  const sums = absoluteSums(
    derivatives,
    known?.sums ?? new Float64Array(derivatives.sources).fill(Infinity),
    stop,
  );
  return { value: sums.reduce((a, b) => Math.max(a, b), 0), method: 'Jacobian bound propagation', sums };
}

/** Backward linear bounds on each entry of the Jacobian cost more than all else, so parts make do with intervals. */
function euclideanBound(
  { network, slopes }: Derivatives,
  stop: Stop,
  known: LeafBound | undefined,
): LeafBound {
  const candidates: readonly (readonly [method: string, bound: () => number])[] = [
    ['expansion around the middle slopes', () => expansionBound(network, slopes, 'middle')],
    ['product of norms scaled by local slopes', () => expansionBound(network, slopes, 'zero')],
    ['magnitudes of Jacobian entries', () => magnitudeBound(network, slopes, known ? 'interval' : 'linear')],
  ];
  let best: LeafBound = known ?? { value: Infinity, method: 'none' };
  for (const [method, bound] of candidates) {
    const value = bound();
    if (value < best.value) best = { value, method };
    if (stop()) break;
  }
  return best;
}
