// Values of a graph at single points, with bounds on their own rounding.
import type { Graph } from '../../graph/index.ts';
import { evaluateEnclosed } from '../evaluation.ts';
import { sequential } from '../layers.ts';

/** The true output i lies in [lower[i], upper[i]]. */
export interface Enclosure {
  readonly lower: Float64Array;
  readonly upper: Float64Array;
}

export function enclose(g: Graph): (x: Float64Array) => Enclosure {
  const network = sequential(g);
  return (x) => {
    const { value, error } = evaluateEnclosed(network, x);
    return {
      lower: value.map((v, i) => v - 1.000001 * error[i]!),
      upper: value.map((v, i) => v + 1.000001 * error[i]!),
    };
  };
}
