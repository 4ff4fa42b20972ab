// Nodes that apply one activation to each element of one value.
import type { Node, Value } from '../../graph/index.ts';
import { numbersOf, sizeOf, tensorOf } from '../../graph/index.ts';
import type { Activation, Range } from '../../intervals/index.ts';
import { activationOf, preluOf } from '../../intervals/index.ts';
import { gatedOf } from './gated.ts';
import { broadcastPositions } from './positions.ts';
import { finiteNumbers } from './reading.ts';

/** outer activations(inner from), element by element. */
export interface Elementwise {
  readonly from: Value;
  /** One for each element. */
  readonly activations: () => readonly Activation[];
  /** The same for two nodes that apply the same activations. */
  readonly key: string;
  /** The true factors lie in these ranges. */
  readonly inner: Range;
  readonly outer: Range;
}

const ONE: Range = [1, 1];

/** What the node applies to each element of one value; undefined for other operators. */
export function elementwiseOf(node: Node): Elementwise | undefined {
  const gated = gatedOf(node);
  if (gated) {
    const { activation, ...rest } = gated;
    return { ...rest, activations: () => repeated(activation, rest.from), key: activation.name };
  }
  const [from, slope] = node.inputs;
  if (!from) return undefined;
  const activation = activationOf(node);
  if (!activation && !(node.op.name === 'PRelu' && slope && tensorOf(slope))) return undefined;
  return {
    from,
    activations: () => (activation ? repeated(activation, from) : withSlopes(slope!, from)),
    key: keyOf(node),
    inner: ONE,
    outer: ONE,
  };
}

function repeated(activation: Activation, from: Value): Activation[] {
  return new Array<Activation>(sizeOf(from.shape)).fill(activation);
}

/** PRelu with a slope for each element, as `slopes` broadcasts to the value. */
function withSlopes(slopes: Value, from: Value): Activation[] {
  const units = Array.from(finiteNumbers(slopes), preluOf);
  return Array.from(broadcastPositions(slopes.shape, from.shape), (at) => units[at]!);
}

/** The operator with its attributes and constants. */
function keyOf(node: Node): string {
  const constants = node.inputs.slice(1).map((value) => {
    const t = value && tensorOf(value);
    return t && numbersOf(t);
  });
  return `${node.op.name} ${JSON.stringify(node.attributes)} ${JSON.stringify(constants)}`;
}
