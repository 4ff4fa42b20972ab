// Nodes that apply one activation to each element of one value.
import type { Node, Value } from '../../graph/index.ts';
import { numbersOf, sizeOf, tensorOf } from '../../graph/index.ts';
import type { Activation } from '../../intervals/index.ts';
import { activationOf } from '../../intervals/index.ts';

export interface Elementwise {
  readonly from: Value;
  /** One for each element. */
  readonly activations: () => readonly Activation[];
  /** The same for two nodes that apply the same activations. */
  readonly key: string;
}

/** What the node applies to each element of its first input; undefined for other operators. */
export function elementwiseOf(node: Node): Elementwise | undefined {
  const [from] = node.inputs;
  if (!from) return undefined;
  if (node.op.name === 'Clip' && !(node.inputs[1] && node.inputs[2])) return undefined;
  const activation = activationOf(node);
  if (!activation) return undefined;
  return {
    from,
    activations: () => new Array<Activation>(sizeOf(from.shape)).fill(activation),
    key: keyOf(node),
  };
}

function keyOf(node: Node): string {
  const constants = node.inputs.slice(1).map((value) => {
    const t = value && tensorOf(value);
    return t && numbersOf(t);
  });
  return `${node.op.name} ${JSON.stringify(node.attributes)} ${JSON.stringify(constants)}`;
}
