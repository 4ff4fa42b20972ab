// Certified local Lipschitz constants: one bound of the whole domain, and branch and bound over its parts (Shi et al. 2022;
// LipBaB: Bhowmick, D'Souza and Raghavan 2021).
import type { CertifiedUpperBound, Domain, Norm } from '../../guarantee/index.ts';
import { type Stop, whenDone } from '../../stop.ts';
import { type Network, neuronCount } from '../network/network.ts';
import { operatorNormUpper, separation } from '../norms.ts';
import { jacobianAt } from './derivatives.ts';
import { influences } from './influence.ts';
import { type LeafBound, leafBound, refinedBound } from './leaf.ts';
import { type Part, splitAtFeature, splitAtNeuron } from './part.ts';
import { propagate } from './propagation.ts';
import { slopesOf, unitBlocks } from './ranges.ts';
import { type Reduced, reduced } from './reduction.ts';
import { regionOf } from './region.ts';

/** Branch and bound ends when the certificate is within this fraction of the norm of a Jacobian it has met. */
const GAP = 1e-6;

/** Below this fraction of the first bound, all is rounding. */
const NOISE = 1e-12;

/** Inputs are split only where there are at most so many: the number of parts grows like a power of it. */
const MOST_FEATURES = 32;

/** In networks of at most so many neurons, several splits are tried and the best is kept. */
const SMALL = 128;

/** How many neurons are tried there. */
const TRIED = 3;

/**
 * An upper bound on |f(x) - f(y)| / |x - y| over all x, y of a box or ball, from one bound of all its Jacobians: ranges of
 * the neurons, the slopes these leave, and for l1 and linf linear bounds through the network of derivatives, for l2 the least
 * of three bounds (`lipsdp` with slopesOnDomain() is tighter and dearer). At a single point it bounds the Jacobians there (at
 * kinks, those of Clarke).
 *
 * Time: that of slopesOnDomain() and, for each output (each feature in l1), a pass through the neurons of unknown slope.
 *
 * @param stop ends the tightening; what is returned is still a certificate.
 * @throws invalid-argument when the domain is no finite, nonempty box or ball of the network's features, or a weight is NaN
 *   or infinite in l2. Upper bound.
 */
export function localBound(
  network: Network,
  domain: Domain,
  norm: Norm = 'l2',
  stop: Stop = whenDone,
): CertifiedUpperBound {
  const { bound } = rootOf(network, domain, norm, stop);
  return certificate(bound.value, bound.method, domain, norm);
}

/**
 * As localBound(), improved by branch and bound: the part with the largest bound is split at the neuron with the most
 * influence (at its breakpoint, or in the middle of its range where it has none) or, with few features, across an input;
 * parts whose ranges turn out empty are dropped. For l2, a part that comes first is bounded by LipSDP with its slopes before
 * it is split, as long as that gains. Ends when the certificate is within 1e-6 of the norm of a Jacobian that was met, when
 * the part of the largest bound cannot be split, or on `stop`.
 *
 * Time: a local bound for each part; the number of parts may grow exponentially with that of undecided neurons.
 *
 * @param improved is handed the first certificate and every lower one: the largest bound of all parts only falls.
 * @throws as localBound(). Upper bound.
 */
export function localLipschitz(
  network: Network,
  domain: Domain,
  norm: Norm = 'l2',
  stop: Stop = whenDone,
  improved: (certificate: CertifiedUpperBound) => void = () => {},
): CertifiedUpperBound {
  const root = rootOf(network, domain, norm, stop);
  let current = certificate(root.bound.value, root.bound.method, domain, norm);
  improved(current);
  // Ascending by bound.
  const open: Leaf[] = [root];
  let met = normAtCentre(network, root, norm);
  const noise = NOISE * root.bound.value + 2 ** -1022;
  while (open.length > 0 && !stop()) {
    const worst = open.at(-1)!;
    if (worst.bound.value <= met * (1 + GAP) + noise) break;
    if (worst.bound.refinement === 'due') {
      open.pop();
      insert(open, { ...worst, bound: refinedBound(worst.derivatives, worst.bound, stop) });
    } else {
      const children = bestSplit(network, worst, norm, stop);
      if (children === undefined) break;
      open.pop();
      for (const child of children) {
        insert(open, child);
        // Splits of neurons leave the centre where it is.
        if (child.region !== worst.region) met = Math.max(met, normAtCentre(network, child, norm));
      }
    }
    const largest = open.at(-1)?.bound;
    if (largest && largest.value < current.value) {
      current = certificate(largest.value, `${largest.method}, branch and bound`, domain, norm);
      improved(current);
    }
  }
  return current;
}

/** A part of the domain with its derivatives and the bound on them. */
interface Leaf extends Part {
  readonly derivatives: Reduced;
  readonly bound: LeafBound;
}

function rootOf(network: Network, domain: Domain, norm: Norm, stop: Stop): Leaf {
  return leafOf(network, { region: regionOf(domain, network.features), within: [] }, norm, stop)!;
}

/** Undefined for parts that hold no point. */
function leafOf(network: Network, part: Part, norm: Norm, stop: Stop, parent?: LeafBound): Leaf | undefined {
  const propagated = propagate(unitBlocks(network), part.region, 'linear', part.within);
  if (!propagated) return undefined;
  const within = propagated.preactivations;
  const derivatives = reduced(network, slopesOf(network, within));
  return {
    region: part.region,
    within,
    derivatives,
    bound: leafBound(derivatives, norm, stop, parent),
  };
}

/** The children of the split, of those tried, whose largest bound is least. */
function bestSplit(network: Network, leaf: Leaf, norm: Norm, stop: Stop): Leaf[] | undefined {
  let best: { children: Leaf[]; score: number } | undefined;
  for (const parts of splitsOf(network, leaf, norm)) {
    const children = parts.flatMap((part) => leafOf(network, part, norm, stop, leaf.bound) ?? []);
    const values = children.map(({ bound }) => bound.value);
    // Ties are settled by the other child.
    const score = Math.max(...values) + 1e-3 * values.reduce((a, b) => a + b, 0);
    if (best === undefined || score < best.score) best = { children, score };
    if (stop()) break;
  }
  return best?.children;
}

function splitsOf(network: Network, leaf: Leaf, norm: Norm): (readonly Part[])[] {
  const { neurons, features } = influences(leaf.derivatives, norm, worstSource(leaf.bound));
  const tried = neuronCount(network) <= SMALL ? TRIED : 1;
  const splits: (readonly Part[])[] = [];
  for (const neuron of neurons) {
    if (splits.length === tried) break;
    const parts = splitAtNeuron(network, leaf, neuron);
    if (parts) splits.push(parts);
  }
  if (features.length <= MOST_FEATURES) {
    const { spread } = leaf.region.box;
    // Where all slopes are fixed, halves may still show that no input has them.
    const gain = features.map((weight, m) => spread[m]! * (neurons.length === 0 ? 1 : weight));
    const parts = splitAtFeature(leaf, gain.indexOf(gain.reduce((a, b) => Math.max(a, b))));
    if (parts) splits.push(parts);
  }
  return splits;
}

/** The row or column whose sum is largest. */
function worstSource({ sums }: LeafBound): number | undefined {
  return sums?.indexOf(sums.reduce((a, b) => Math.max(a, b)));
}

/** The norm of the Jacobian at the centre of the part's box, where that belongs to the domain; 0 elsewhere. */
function normAtCentre(network: Network, { region: { box, ball } }: Part, norm: Norm): number {
  if (ball && separation(box.centre, ball.centre, ball.norm)[1] > ball.radius) return 0;
  const jacobian = jacobianAt(network, box.centre);
  return jacobian.data.every((v) => Number.isFinite(v)) ? operatorNormUpper(jacobian, norm) : 0;
}

function insert(open: Leaf[], leaf: Leaf): void {
  let [from, to] = [0, open.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (open[middle]!.bound.value < leaf.bound.value) from = middle + 1;
    else to = middle;
  }
  open.splice(from, 0, leaf);
}

function certificate(value: number, method: string, domain: Domain, norm: Norm): CertifiedUpperBound {
  return { kind: 'upper', value, norm, domain, method, arithmetic: 'float64' };
}
