// The one input and the one output of a graph that stands for a function.
import { RobustlawError } from '../../errors.ts';
import type { Graph, Value } from '../../graph/index.ts';
import { isFloat, nameOf, showType, sizeOf } from '../../graph/index.ts';

/** @throws unsupported-op for another number of inputs or outputs, unsupported-type unless they hold floating-point numbers. */
export function portsOf(g: Graph): { x: Value; y: Value } {
  const outputs = Object.entries(g.outputs);
  if (g.inputs.length !== 1 || outputs.length !== 1) {
    const show = (names: readonly string[]) =>
      names.length > 0 ? `${names.length} (${names.join(', ')})` : 'none';
    throw new RobustlawError(
      'unsupported-op',
      `a network has one input and one output; this graph has ${show(g.inputs.map((v) => nameOf(v)!))} and ${show(outputs.map(([name]) => name))}; choose one output, and fix the other inputs as constants`,
    );
  }
  const [x] = g.inputs as [Value];
  const [[name, y]] = outputs as [[string, Value]];
  for (const [what, value] of [
    [`input "${nameOf(x)}"`, x],
    [`output "${name}"`, y],
  ] as const) {
    if (!isFloat(value.dtype) || sizeOf(value.shape) === 0) {
      throw new RobustlawError(
        'unsupported-type',
        `the ${what} is ${showType(value)}; expected floating-point numbers, at least one`,
      );
    }
  }
  return { x, y };
}
