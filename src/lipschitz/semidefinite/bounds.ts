// What a semidefinite certificate knows about each neuron: between which slopes it moves, and on which inputs that holds.
import { invalidArgument, RobustlawError } from '../../errors.ts';
import { type Domain, GLOBAL } from '../../guarantee/index.ts';
import type { Range } from '../../intervals/index.ts';
import type { Network } from '../network/network.ts';

/**
 * (phi_j(s) - phi_j(t)) / (s - t) lies in `slopes[k - 1][j]` for all pre-activations s, t that neuron j of block k
 * takes on `domain`, a convex set.
 */
export interface SlopeBounds {
  readonly slopes: readonly (readonly Range[])[];
  readonly domain: Domain;
}

/** The slopes that hold on the whole space. */
export function globalSlopes({ blocks }: Network): SlopeBounds {
  return {
    slopes: blocks.map(({ activations }) => activations.map(({ slopes }) => slopes)),
    domain: GLOBAL,
  };
}

/** Throws shape-mismatch or invalid-argument unless there is one range per neuron, unsupported-op unless all are finite. */
export function requireSlopes({ blocks }: Network, { slopes }: SlopeBounds): void {
  if (slopes.length !== blocks.length) {
    throw new RobustlawError(
      'shape-mismatch',
      `slopes for ${slopes.length} blocks; expected ${blocks.length}`,
    );
  }
  blocks.forEach(({ activations }, k) => {
    const given = slopes[k]!;
    if (given.length !== activations.length) {
      throw new RobustlawError(
        'shape-mismatch',
        `slopes of ${given.length} neurons for block ${k + 1}; expected ${activations.length}`,
      );
    }
    given.forEach(([low, high], j) => {
      if (!(low <= high))
        throw invalidArgument(`slopes of neuron ${j} in block ${k + 1}`, `[${low}, ${high}]`, 'low <= high');
      if (!Number.isFinite(low) || !Number.isFinite(high)) {
        throw new RobustlawError(
          'unsupported-op',
          `the slopes of ${activations[j]!.name} are not bounded here; ask for a box or ball on which they are`,
        );
      }
    });
  });
}
