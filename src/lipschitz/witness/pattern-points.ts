// Points where two-layer networks have a steep activation pattern.
import type { Graph } from '../../graph/index.ts';
import type { Rng } from '../../random/index.ts';
import { sequential } from '../layers.ts';
import { patternStarts } from '../patterns.ts';
import { asTwoLayer } from '../two-layer.ts';

/** patternStarts() where the graph is a two-layer network with one output; no points for others. */
export function patternPoints(g: Graph, scale: number, rng: Rng): Float64Array[] {
  const twoLayer = asTwoLayer(sequential(g));
  return twoLayer ? patternStarts(twoLayer, scale, rng) : [];
}
