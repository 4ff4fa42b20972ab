// Normalisation written out in elementary operators, as exporters did before LayerNormalization was one.
import type { Node, Value } from '../../graph/index.ts';
import { numbersOf, sizeOf, tensorOf } from '../../graph/index.ts';
import { reducedAxes } from './linear-nodes.ts';

/** c / sqrt(mean c^2 + epsilon) over n numbers at a time, c = from, or from minus its mean if `centred`. */
export interface Standardised {
  readonly from: Value;
  readonly n: number;
  readonly epsilon: number;
  readonly centred: boolean;
}

/** What a quotient or product standardises; undefined for other nodes. */
export function standardisedOf(node: Node): Standardised | undefined {
  const [a, b] = node.inputs;
  if (!a || !b) return undefined;
  if (node.op.name === 'Div') return overRoot(a, b);
  if (node.op.name !== 'Mul') return undefined;
  const [ofA, ofB] = [reciprocalOf(a), reciprocalOf(b)];
  return (ofB && overRoot(a, ofB)) ?? (ofA && overRoot(b, ofA));
}

/** r of 1 / r. */
function reciprocalOf({ node: { op, inputs } }: Value): Value | undefined {
  if (op.name === 'Reciprocal') return inputs[0];
  return op.name === 'Div' && numberOf(inputs[0]!) === 1 ? inputs[1] : undefined;
}

/** c over the root of mean c^2 + epsilon. */
function overRoot(c: Value, root: Value): Standardised | undefined {
  const sum = root.node.op.name === 'Sqrt' ? root.node.inputs[0]!.node : undefined;
  if (sum?.op.name !== 'Add') return undefined;
  const [a, b] = sum.inputs as [Value, Value];
  const [mean, epsilon] = numberOf(b) === undefined ? [b, numberOf(a)] : [a, numberOf(b)];
  const over = meanAxes(mean);
  if (!epsilon || !(epsilon > 0) || !over || !isSquareOf(mean.node.inputs[0]!, c)) return undefined;
  const [x, centre] = c.node.op.name === 'Sub' ? (c.node.inputs as [Value, Value]) : [];
  const centred = x && centre && centre.node.inputs[0] === x && String(meanAxes(centre)) === String(over);
  const n = sizeOf(c.shape) / sizeOf(mean.shape);
  return { from: centred ? x : c, n, epsilon, centred: centred === true };
}

/** The axes of a mean that keeps them with length 1. */
function meanAxes({ node }: Value): number[] | undefined {
  if (node.op.name !== 'ReduceMean' || node.attributes.keepdims === 0) return undefined;
  return reducedAxes(node, node.inputs[0]!);
}

function isSquareOf({ node: { op, inputs } }: Value, c: Value): boolean {
  if (inputs[0] !== c) return false;
  return op.name === 'Mul' ? inputs[1] === c : op.name === 'Pow' && numberOf(inputs[1]!) === 2;
}

/** The number of a constant with one element. */
function numberOf(value: Value): number | undefined {
  const t = sizeOf(value.shape) === 1 ? tensorOf(value) : undefined;
  return t && numbersOf(t)[0];
}
