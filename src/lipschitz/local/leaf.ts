// The bound on the operator norm of all Jacobians of one part of the domain.
import { GLOBAL, type Norm } from '../../guarantee/index.ts';
import type { Stop } from '../../stop.ts';
import { LIPSDP, lipsdp } from '../semidefinite/lipsdp.ts';
import { type Around, expansionBound } from './expansion.ts';
import { largestNorm } from './interval-jacobian.ts';
import { absoluteSums, jacobianEnclosure, summedIn } from './jacobian.ts';
import type { Neuron, Reduced } from './reduction.ts';

/** LipSDP goes on where it falls below this fraction of the other bounds. */
const GAIN = 0.99;

/** A bound on the operator norm, and what helps to bound parts of the same domain. */
export interface LeafBound {
  readonly value: number;
  readonly method: string;
  /** Whether LipSDP is due, done, or off, because it gained little on a larger domain. */
  readonly refinement: 'due' | 'done' | 'off';
  /** The bound found by all other methods without the bound of a larger domain. */
  readonly own: number;
  /** For l1 and linf: bounds on the absolute sums of the columns or rows of the Jacobian. */
  readonly sums?: Float64Array;
  /** For l2, once refined: multipliers of LipSDP, by neuron of the network that was reduced. */
  readonly multipliers?: ReadonlyMap<string, number>;
}

/**
 * An upper bound on |J|_{p->p} over all slopes in their ranges: for l1 and linf, linear bounds on the absolute sums of its
 * columns or rows, never above those of interval arithmetic; for l2, the least of two expansions and the magnitude rule.
 *
 * @param known the bound of a larger domain; the result does not exceed it.
 */
export function leafBound(derivatives: Reduced, norm: Norm, stop: Stop, known?: LeafBound): LeafBound {
  if (norm === 'l2') return euclideanBound(derivatives, stop, known);
  const { network, slopes } = derivatives;
  const summed = summedIn(norm, network, slopes);
  const before = known?.sums ?? new Float64Array(summed.sources).fill(Infinity);
  const sums = absoluteSums(summed, before, stop);
  const value = sums.reduce((a, b) => Math.max(a, b), 0);
  return { value, own: value, method: 'Jacobian bound propagation', refinement: 'off', sums };
}

/**
 * The l2 bound by LipSDP on the slopes at hand, where that is lower: tighter than all else and dearer, so that only parts
 * that come first are refined.
 */
export function refinedBound({ network, slopes, neurons }: Reduced, bound: LeafBound, stop: Stop): LeafBound {
  if (network.blocks.length === 0 || !slopes.flat(2).every(Number.isFinite))
    return { ...bound, refinement: 'off' };
  const start =
    bound.multipliers &&
    neurons.map((block) => Float64Array.from(block, (n) => bound.multipliers!.get(keyOf(n)) ?? 0));
  const found = lipsdp(network, 'neuron', stop, { slopes, domain: GLOBAL }, start);
  const multipliers = new Map(
    neurons.flatMap((block, k) => block.map((n, i) => [keyOf(n), found.multipliers[k]?.[i] ?? 0] as const)),
  );
  const refined = {
    ...bound,
    multipliers,
    refinement: found.value < GAIN * bound.own ? 'done' : 'off',
  } as const;
  return found.value < bound.value
    ? { ...refined, value: found.value, method: `${LIPSDP.neuron} with local slopes` }
    : refined;
}

/** Backward linear bounds on each entry of the Jacobian cost more than all else, so parts make do with intervals. */
function euclideanBound({ network, slopes }: Reduced, stop: Stop, known: LeafBound | undefined): LeafBound {
  const around = (what: Around) => () => expansionBound(network, slopes, what);
  const entries = known ? 'interval' : 'linear';
  const candidates: readonly (readonly [method: string, bound: () => number])[] = [
    ['expansion around the middle slopes', around('middle')],
    ['product of norms scaled by local slopes', around('zero')],
    ['magnitudes of Jacobian entries', () => largestNorm(jacobianEnclosure(network, slopes, entries), 'l2')],
  ];
  let own: number = Infinity;
  let by = candidates[0]![0];
  for (const [method, bound] of candidates) {
    const value = bound();
    if (value < own) [own, by] = [value, method];
    if (stop()) break;
  }
  const refinement = known?.refinement === 'off' ? 'off' : 'due';
  return known && known.value <= own
    ? { ...known, own, refinement }
    : { ...known, value: own, own, method: by, refinement };
}

const keyOf = ({ block, index }: Neuron): string => `${block}/${index}`;
