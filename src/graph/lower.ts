// Lowering: rewrites what the CPU provider of ONNX Runtime has no kernel for in terms of what it has.
import type { Graph } from './graph.ts';
import { rebuild } from './graph.ts';
import { Max, Min } from './ops/arithmetic.ts';
import type { Node, Value } from './value.ts';
import { emit1 } from './value.ts';

/** Operators of float64 without a kernel in ONNX Runtime 1.30 (tried one by one; test/graph/lower.test.ts tries again). */
const NO_FLOAT64_KERNEL = new Set<string>([]);

/** The same graph in operators that ONNX Runtime's CPU provider can run in the element types it uses. */
export function lowerForRuntime(g: Graph): Graph {
  const names = Object.keys(g.outputs);
  const outputs = rebuild(Object.values(g.outputs), (node, inputs) => {
    if (node.outputs[0]?.dtype !== 'float64' || !NO_FLOAT64_KERNEL.has(node.op.name) || !node.op.decompose)
      return undefined;
    return lowerDeep({ ...node, inputs });
  });
  return { inputs: g.inputs, outputs: Object.fromEntries(names.map((name, i) => [name, outputs[i]!])) };
}

function lowerDeep(node: Node): (Value | undefined)[] {
  return node.op.decompose!(node);
}

void [Max, Min, emit1];
