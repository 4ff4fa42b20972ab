// Which neuron to split: the one whose slope could change the norm of the Jacobian most.
import type { Norm } from '../../guarantee/index.ts';
import { row } from '../../linalg/index.ts';
import { dual, length } from '../norms.ts';
import { gradientMatrices, middleOf, tangentMatrices } from './derivatives.ts';
import type { Neuron, Reduced } from './reduction.ts';

/** What splitting would change, estimated with the slopes in the middle of their ranges. */
export interface Influences {
  /** Neurons without a fixed slope, the most influential first. */
  readonly neurons: readonly Neuron[];
  /** For each feature: how far the pre-activations of those neurons move with it, weighed by influence. */
  readonly features: Float64Array;
}

/**
 * A change of the slope of neuron j moves the Jacobian by g_j z_j^T times it, with g_j the derivatives of the outputs by the
 * neuron and z_j those of its pre-activation by the input: by |g_j|_p |z_j|_q in norm. Not a bound; it only ranks.
 *
 * Time: the weights of each block times the features.
 */
export function influences(
  { network, slopes, neurons: places }: Reduced,
  norm: Norm,
  source: number | undefined,
): Influences {
  const middle = slopes.map((ranges) => Float64Array.from(ranges, middleOf));
  const z = tangentMatrices(network, middle);
  const g = gradientMatrices(network, middle);
  const scored: { neuron: Neuron; score: number }[] = [];
  const features = new Float64Array(network.features);
  slopes.forEach((ranges, block) => {
    ranges.forEach(([a, b], index) => {
      if (a === b) return;
      const column = Float64Array.from(
        { length: g[block + 1]!.rows },
        (_, i) => g[block + 1]!.data[i * ranges.length + index]!,
      );
      const tangent = row(z[block]!, index);
      // In linf only the gradient of the output with the largest sum matters, in l1 the derivative by one feature.
      const ofOutput =
        norm === 'linf' && source !== undefined ? Math.abs(column[source]!) : length(column, norm);
      const ofInput =
        norm === 'l1' && source !== undefined ? Math.abs(tangent[source]!) : length(tangent, dual(norm));
      const score = (b - a) * ofOutput * ofInput;
      scored.push({ neuron: places[block]![index]!, score });
      const sensitivity = length(tangent, 'l1');
      if (sensitivity === 0) return;
      tangent.forEach((t, m) => {
        features[m]! += (Math.abs(t) / sensitivity) * score;
      });
    });
  });
  scored.sort((p, q) => q.score - p.score);
  return { neurons: scored.map(({ neuron }) => neuron), features };
}
