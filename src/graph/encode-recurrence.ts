// Writes a Recurrence as an ONNX model of one node, Scan.
import { domainsOf, fileOf, graphMessage } from './encode.ts';
import { portMessage } from './encode-parts.ts';
import { type Graph, parameters, substitute } from './graph.ts';
import { type Recurrence, resultsOf } from './recurrence.ts';
import type { Value } from './value.ts';
import { input, nameOf } from './value.ts';

/**
 * The bytes of a model with the inputs and outputs of the step, but that sequences and results have a first axis more,
 * the applications. Deterministic, as encode().
 */
export function encodeRecurrence(r: Recurrence): Uint8Array {
  const { step, carried, sequences } = r;
  const formal = new Map(step.inputs.map((value): [string, Value] => [nameOf(value)!, value]));
  const states = Object.keys(carried);
  const nextStates = Object.values(carried);
  const results = resultsOf(r);
  const read = [...states, ...sequences];
  const fixed = new Set([...formal].filter(([name]) => !read.includes(name)).map(([, value]) => value));
  const names = new Set([...formal.keys(), ...Object.keys(step.outputs)]);
  const body = renamed(step, read, [...nextStates, ...results], fixed, names);
  const declared = (name: string, value: Value, sequence: boolean) =>
    sequence
      ? portMessage(name, { dtype: value.dtype, shape: [0, ...value.shape] }, 'steps')
      : portMessage(name, value);
  const scan = {
    opType: 'Scan',
    input: read,
    output: [...nextStates, ...results],
    attribute: [
      { name: 'num_scan_inputs', int: sequences.length },
      { name: 'body', graph: graphMessage(body, undefined, { values: fixed, names }) },
    ],
  };
  const outer = {
    name: 'robustlaw',
    node: [scan],
    initializer: [],
    input: [...formal].map(([name, value]) => declared(name, value, sequences.includes(name))),
    output: Object.entries(step.outputs).map(([name, value]) =>
      declared(name, value, results.includes(name)),
    ),
  };
  return fileOf(outer, domainsOf(body), {});
}

/** The step with inputs and outputs in the given order, under names that `outer` does not have. */
function renamed(
  step: Graph,
  inputs: readonly string[],
  outputs: readonly string[],
  fixed: ReadonlySet<Value>,
  outer: ReadonlySet<string>,
): Graph {
  const taken = new Set([...outer, ...parameters(step).map((value) => nameOf(value)!)]);
  const fresh = (name: string): string => {
    const free = taken.has(name) ? fresh(`_${name}`) : name;
    taken.add(free);
    return free;
  };
  const inner = new Map(
    inputs.map((name): [Value, Value] => {
      const value = step.inputs.find((of) => nameOf(of) === name)!;
      return [value, input(fresh(name), value.dtype, value.shape)];
    }),
  );
  const values = substitute(
    outputs.map((name) => step.outputs[name]!),
    inner,
  );
  return {
    inputs: [...inner.values(), ...fixed],
    outputs: Object.fromEntries(outputs.map((name, i) => [fresh(name), values[i]!])),
  };
}
