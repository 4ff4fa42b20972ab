// Points where two-layer networks have a steep activation pattern.
import { RobustlawError } from '../../errors.ts';
import type { Graph } from '../../graph/index.ts';
import type { Rng } from '../../random/index.ts';
import type { Network } from '../network/network.ts';
import { readNetwork } from '../network/read.ts';
import { patternStarts } from '../patterns.ts';
import { asTwoLayer } from '../two-layer.ts';

/** patternStarts() where the graph is a two-layer network with one output; no points for others. */
export function patternPoints(g: Graph, scale: number, rng: Rng): Float64Array[] {
  const network = readable(g);
  const twoLayer = network && asTwoLayer(network);
  return twoLayer ? patternStarts(twoLayer, scale, rng) : [];
}

function readable(g: Graph): Network | undefined {
  try {
    return readNetwork(g);
  } catch (error) {
    if (error instanceof RobustlawError && error.code === 'unsupported-op') return undefined;
    throw error;
  }
}
