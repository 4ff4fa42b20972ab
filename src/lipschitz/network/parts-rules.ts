// Operators that are read as the more elementary ones they are made of: resizing, channels that
// become pixels, sums of absolute values.
import type { Node, Value } from '../../graph/index.ts';
import { constant, emit, input, isFloat, tensor, tensorOf, topological } from '../../graph/index.ts';
import { UNIT_ROUNDOFF } from '../../numeric/index.ts';
import { constantForm } from './form.ts';
import type { Reading } from './reading.ts';
import { formOf } from './reading.ts';
import type { Rule } from './rule.ts';

/** Reads a node whose inputs have been read. */
export type ReadNode = (node: Node, reading: Reading) => void;

/**
 * Reads what the operator decomposes into, in float64, with `read`. Constants that the decomposition computes lie within
 * `errorOf(node)` of the true ones.
 */
function byParts(read: ReadNode, errorOf: (node: Node) => number): Rule {
  return (node, reading) => {
    const inputs = node.inputs.map((value) => value && inFloat64(value));
    const [y] = emit(node.op, inputs, node.attributes);
    const parts = node.op.decompose!(y!.node);
    node.inputs.forEach((value, i) => {
      if (value && !tensorOf(value)) reading.forms.set(inputs[i]!, formOf(value, reading));
    });
    const error = errorOf(node);
    const part = parts[0]!;
    for (const each of topological([part])) {
      const [output] = each.outputs;
      if (!output || reading.forms.has(output)) continue;
      const t = tensorOf(output);
      if (t && t.data instanceof Float64Array && error > 0) {
        reading.forms.set(output, constantForm(t.data, new Float64Array(t.data.length).fill(error)));
      } else read(each, reading);
    }
    return [formOf(part, reading)];
  };
}

/** The value, or a stand-in of its shape, in float64. */
function inFloat64(value: Value): Value {
  if (!isFloat(value.dtype)) return value;
  const t = tensorOf(value);
  return t ? constant(tensor('float64', t.shape, t.data)) : input('part', 'float64', value.shape);
}

/**
 * Interpolation weights are differences of coordinates, which are rounded relative to the length of their axis; nearest
 * neighbours are picked exactly.
 */
function resizeError({ inputs: [x], attributes }: Node): number {
  if ((attributes.mode ?? 'nearest') === 'nearest') return 0;
  return 64 * UNIT_ROUNDOFF * (Math.max(...x!.shape) + 2);
}

export function partsRules(read: ReadNode): Readonly<Record<string, Rule>> {
  const exact = byParts(read, () => 0);
  return { DepthToSpace: exact, SpaceToDepth: exact, ReduceL1: exact, Resize: byParts(read, resizeError) };
}
