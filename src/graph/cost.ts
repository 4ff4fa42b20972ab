// What one evaluation of a graph costs, in operations and in memory.
import { vjp } from './differentiate.ts';
import { type Graph, graph, toFloat, topological } from './graph.ts';
import { lowerForRuntime } from './lower.ts';
import { sizeOf } from './tensor.ts';
import { input, type Node, type Value } from './value.ts';

/** Multiplications and additions of one evaluation: those of products counted, one for each other entry. O(nodes). */
export function work(g: Graph): number {
  return topological(Object.values(g.outputs)).reduce((sum, node) => sum + workOf(node), 0);
}

function workOf(node: Node): number {
  if (node.inputs.length === 0) return 0;
  const entries = entriesOf(node);
  const [a, w] = node.inputs;
  switch (node.op.name) {
    case 'Conv':
      return entries * sizeOf(w!.shape.slice(1));
    case 'ConvTranspose':
      return sizeOf(a!.shape) * sizeOf(w!.shape.slice(1));
    case 'MatMul':
      return entries * a!.shape.at(-1)!;
    case 'Gemm':
      return entries * (node.attributes.transA ? a!.shape[0]! : a!.shape[1]!);
    default:
      return entries;
  }
}

function entriesOf(node: Node): number {
  return node.outputs.reduce((sum, value) => sum + sizeOf(value.shape), 0);
}

/** Bytes of all that the engine computes for the gradient of `g` in float64, as if nothing were freed. */
export function bytesOfDerivative(g: Graph): number {
  const exact = toFloat(g, 'float64');
  const [x] = exact.inputs as [Value];
  const [y] = Object.values(exact.outputs) as [Value];
  const u = input(':cotangent', 'float64', y.shape);
  const [gradient] = vjp([y], [u], [x]) as [Value];
  const lowered = lowerForRuntime(graph([x, u], { y, gradient }));
  const nodes = topological(Object.values(lowered.outputs)).filter((node) => node.inputs.length > 0);
  return 8 * nodes.reduce((sum, node) => sum + entriesOf(node), 0);
}
