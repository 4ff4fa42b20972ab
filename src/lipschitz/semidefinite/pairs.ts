// The Lipschitz constant of every difference of two outputs, which is what decides between two classes.
import { RobustlawError } from '../../errors.ts';
import type { CertifiedUpperBound, Domain } from '../../guarantee/index.ts';
import { matrix } from '../../linalg/index.ts';
import { multiplyUp, sqrtUp } from '../../numeric/index.ts';
import { composeOutput } from '../network/compose.ts';
import type { Network } from '../network/network.ts';
import { type Stop, whenDone } from '../stop.ts';
import { globalSlopes, type SlopeBounds } from './bounds.ts';
import { upperBound } from './certified-bound.ts';
import { LIPSDP, lipsdp } from './lipsdp.ts';

export interface PairwiseConstants {
  readonly classes: number;
  readonly domain: Domain;
  /** `bounds[i][j]` bounds the Lipschitz constant of f_i - f_j in the Euclidean norm; symmetric, 0 on the diagonal. */
  readonly bounds: readonly (readonly CertifiedUpperBound[])[];
}

/**
 * Bounds on |f_i - f_j|_Lip for all pairs of outputs by LipSDP-Neuron, each search started from the multipliers of the one
 * before. None is above sqrt(2) times the bound for the network as a whole, since |e_i - e_j| = sqrt(2).
 *
 * Time: that of `lipsdp` for the whole network, and about half of it for each of the m (m - 1) / 2 pairs.
 *
 * @param stop asked after every step; pairs not reached by then get closed forms or the bound for the whole.
 * @throws invalid-argument for a network with one output; as `lipsdp` otherwise. Certified upper bounds.
 */
export function pairwiseConstants(
  network: Network,
  stop: Stop = whenDone,
  bounds: SlopeBounds = globalSlopes(network),
): PairwiseConstants {
  const classes = network.output.rows;
  if (classes < 2) {
    throw new RobustlawError(
      'invalid-argument',
      'a network with one output has no pair of classes; use its own Lipschitz constant',
    );
  }
  const whole = lipsdp(network, 'neuron', stop, bounds);
  const cap = multiplyUp(sqrtUp(2), whole.value);
  const none = upperBound(0, LIPSDP.neuron, bounds.domain);
  const table: CertifiedUpperBound[][] = Array.from({ length: classes }, () =>
    new Array<CertifiedUpperBound>(classes).fill(none),
  );
  let multipliers = whole.multipliers;
  for (let i = 0; i < classes; i++) {
    for (let j = 0; j < i; j++) {
      const difference = matrix(1, classes);
      difference.data[i] = 1;
      difference.data[j] = -1;
      const found = lipsdp(composeOutput(network, difference), 'neuron', stop, bounds, multipliers);
      if (found.multipliers.length > 0) multipliers = found.multipliers;
      table[i]![j] = table[j]![i] = upperBound(Math.min(found.value, cap), LIPSDP.neuron, bounds.domain);
    }
  }
  return { classes, domain: bounds.domain, bounds: table };
}
