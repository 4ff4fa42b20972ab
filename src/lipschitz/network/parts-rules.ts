// Operators that are read as the more elementary ones they are made of: resizing, and channels that become pixels.
import type { Node, Value } from '../../graph/index.ts';
import { constant, emit, input, isFloat, tensor, tensorOf, topological } from '../../graph/index.ts';
import { UNIT_ROUNDOFF } from '../../numeric/index.ts';
import type { Rule } from './affine-rules.ts';
import { constantForm } from './form.ts';
import { formOf, unsupported } from './reading.ts';

/**
 * Reads what the operator decomposes into, in float64, with `rules`. Constants that the decomposition computes lie within
 * `errorOf(node)` of the true ones.
 */
function byParts(rules: ReadonlyMap<string, Rule>, errorOf: (node: Node) => number): Rule {
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
      } else if (!t) {
        const rule = rules.get(each.op.name);
        if (!rule) throw unsupported(node, 'has no affine form in these modes');
        rule(each, reading).forEach((form, i) => {
          if (form) reading.forms.set(each.outputs[i]!, form);
        });
      }
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

export function partsRules(rules: ReadonlyMap<string, Rule>): Readonly<Record<string, Rule>> {
  const exact = byParts(rules, () => 0);
  return { DepthToSpace: exact, SpaceToDepth: exact, Resize: byParts(rules, resizeError) };
}
