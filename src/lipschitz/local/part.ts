// Parts of a domain: a region of inputs and ranges that pre-activations keep on it, split in two at a neuron or an input.
import type { Activation } from '../../intervals/index.ts';
import type { Network } from '../network/network.ts';
import type { Ends } from './propagation.ts';
import type { Neuron } from './reduction.ts';
import { halves, type Region } from './region.ts';

/** The x in the region whose pre-activations lie in `within`, by block. */
export interface Part {
  readonly region: Region;
  readonly within: readonly Ends[];
}

/** The part where the neuron lies below its cut and the part where it lies above; undefined when it has none. */
export function splitAtNeuron(
  network: Network,
  part: Part,
  { block, index }: Neuron,
): readonly Part[] | undefined {
  const ends = part.within[block]!;
  const at = cutOf(network.blocks[block]!.activations[index]!, ends.lower[index]!, ends.upper[index]!);
  if (at === undefined) return undefined;
  const below: Ends = { lower: ends.lower, upper: ends.upper.with(index, at) };
  const above: Ends = { lower: ends.lower.with(index, at), upper: ends.upper };
  return [below, above].map((half) => ({ ...part, within: part.within.with(block, half) }));
}

/** The halves of the part across a feature; undefined when it has no width there. */
export function splitAtFeature(part: Part, feature: number): readonly Part[] | undefined {
  const { lower, upper } = part.region.box;
  const at = middle(lower[feature]!, upper[feature]!);
  if (at === undefined) return undefined;
  return halves(part.region, feature, at).map((region) => ({ ...part, region }));
}

/** Where slopes jump, the breakpoint nearest the middle; else the middle. */
function cutOf({ pieces }: Activation, low: number, high: number): number | undefined {
  if (!pieces) return middle(low, high);
  const centre = 0.5 * low + 0.5 * high;
  return pieces.breakpoints
    .filter((at) => low < at && at < high)
    .reduce<number | undefined>(
      (best, at) => (best !== undefined && Math.abs(best - centre) <= Math.abs(at - centre) ? best : at),
      undefined,
    );
}

function middle(low: number, high: number): number | undefined {
  const at = 0.5 * low + 0.5 * high;
  return low < at && at < high ? at : undefined;
}
