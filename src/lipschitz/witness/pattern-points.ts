// Points where two-layer networks have a steep activation pattern.
import { RobustlawError } from '../../errors.ts';
import { type Graph, topological } from '../../graph/index.ts';
import { activationOf } from '../../intervals/index.ts';
import type { Rng } from '../../random/index.ts';
import { readNetwork } from '../network/read.ts';
import { patternStarts } from '../two-layer/patterns.ts';
import { asTwoLayer, type TwoLayer } from '../two-layer/two-layer.ts';

/** patternStarts() where the graph is a two-layer network with one output; no points for others. */
export function patternPoints(g: Graph, scale: number, rng: Rng): Float64Array[] {
  const twoLayer = twoLayerIn(g);
  return twoLayer ? patternStarts(twoLayer, scale, rng) : [];
}

/** The graph as a two-layer network with one output; undefined for others, which are not read to the end. */
export function twoLayerIn(g: Graph): TwoLayer | undefined {
  const activations = topological(Object.values(g.outputs)).filter((node) => activationOf(node));
  if (activations.length !== 1) return undefined;
  try {
    return asTwoLayer(readNetwork(g));
  } catch (error) {
    if (error instanceof RobustlawError && error.code === 'unsupported-op') return undefined;
    throw error;
  }
}
