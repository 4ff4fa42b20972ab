// Certified ranges of neurons and outputs on a box or ball, the slopes they leave, and margins: CROWN (Zhang et al. 2018)
// on networks of any shape.
import { invalidArgument, RobustlawError, requireInteger } from '../../errors.ts';
import type { Domain } from '../../guarantee/index.ts';
import { type Matrix, matrix } from '../../linalg/index.ts';
import { affine, type Network } from '../network/network.ts';
import type { Slopes } from './jacobian.ts';
import { type Ends, propagate, rangesOf, type UnitNetwork } from './propagation.ts';
import { regionOf } from './region.ts';
import { activationUnit, IDENTITY, type Unit } from './unit.ts';

/**
 * Ranges of the pre-activations of every block over the domain: interval arithmetic and, for each neuron that it leaves
 * between two slopes, backward linear bounds; exact for the first block up to rounding. Enclosures in real arithmetic.
 *
 * Time: for each block, its undecided neurons times the weights before it.
 *
 * @throws invalid-argument when the domain is no finite, nonempty box or ball of the network's features.
 */
export function neuronRanges(network: Network, domain: Domain): readonly Ends[] {
  return propagate(unitBlocks(network), regionOf(domain, network.features), 'linear')!.preactivations;
}

/**
 * For each neuron, by block, a range of all its difference quotients over the domain.
 *
 * @throws as neuronRanges().
 */
export function slopesOnDomain(network: Network, domain: Domain): Slopes {
  return slopesOf(network, neuronRanges(network, domain));
}

/** The slopes that ranges of pre-activations leave. */
export function slopesOf({ blocks }: Network, ranges: readonly Ends[]): Slopes {
  return blocks.map(({ activations }, k) => {
    const { lower, upper } = ranges[k]!;
    return activations.map((activation, i) => activation.slopesOn(lower[i]!, upper[i]!));
  });
}

/**
 * Lower and upper bounds on the rows of R f(x) over the domain; R is the identity by default. Differences of outputs are
 * far tighter as rows than from the outputs' own bounds. Enclosures in real arithmetic.
 *
 * @param rows R, `[rows, outputs]`.
 * @throws as neuronRanges(); shape-mismatch when R has not one column per output.
 */
export function outputRange(network: Network, domain: Domain, rows?: Matrix): Ends {
  const region = regionOf(domain, network.features);
  const blocks = unitBlocks(network);
  if (!rows) return rangesOf(network.output, propagate(blocks, region, 'linear')!, 'linear');
  if (rows.columns !== network.output.rows) {
    throw new RobustlawError(
      'shape-mismatch',
      `rows of ${rows.columns} entries for ${network.output.rows} outputs; expected one entry per output`,
    );
  }
  const outputs = {
    preactivation: network.output,
    units: new Array<Unit>(network.output.rows).fill(IDENTITY),
  };
  const propagated = propagate([...blocks, outputs], region, 'linear')!;
  return rangesOf(affine(blocks.length + 1, rows), propagated, 'linear');
}

/**
 * A lower bound on min over x in the domain and j != label of f_label(x) - f_j(x): where it is positive, every point of the
 * domain has that label.
 *
 * @throws as neuronRanges(); invalid-argument when there is no such output, or only one. Lower bound.
 */
export function certifiedMargin(network: Network, domain: Domain, label: number): number {
  const outputs = network.output.rows;
  if (outputs < 2) throw invalidArgument('number of outputs', outputs, 'at least two, to compare');
  requireInteger('label', label, 0, outputs - 1);
  const rows = matrix(outputs - 1, outputs);
  for (let j = 0, at = 0; j < outputs; j++) {
    if (j === label) continue;
    rows.data[at * outputs + label] = 1;
    rows.data[at * outputs + j] = -1;
    at++;
  }
  return Math.min(...outputRange(network, domain, rows).lower);
}

/** The blocks of the network with what bound propagation needs of their activations. */
export function unitBlocks({ blocks }: Network): UnitNetwork['blocks'] {
  const units = new Map(
    [...new Set(blocks.flatMap(({ activations }) => activations))].map(
      (a) => [a, activationUnit(a)] as const,
    ),
  );
  return blocks.map(({ preactivation, activations }) => ({
    preactivation,
    units: activations.map((activation) => units.get(activation)!),
  }));
}
