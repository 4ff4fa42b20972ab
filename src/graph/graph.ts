// A Graph is a set of named inputs and named outputs; everything between is reached from the outputs.
import { RobustlawError } from '../errors.ts';
import type { FloatType, Tensor } from './tensor.ts';
import { isFloat, sameShape, showType, sizeOf, tensor } from './tensor.ts';
import type { Node, Value } from './value.ts';
import { CONSTANT, constant, emit, INPUT, input, nameOf, PARAMETER, parameter, tensorOf } from './value.ts';

export interface Graph {
  readonly inputs: readonly Value[];
  readonly outputs: Readonly<Record<string, Value>>;
}

/** The graph from inputs to outputs; throws if an output needs an input that is not listed or names collide. */
export function graph(inputs: readonly Value[], outputs: Readonly<Record<string, Value>>): Graph {
  const listed = new Set(inputs);
  const names = new Set<string>();
  for (const value of inputs) {
    if (value.node.op !== INPUT)
      throw new RobustlawError('invalid-argument', 'a graph input must be made by input()');
    claim(names, nameOf(value)!);
  }
  for (const node of topological(Object.values(outputs))) {
    if (node.op === INPUT && !listed.has(node.outputs[0]!)) {
      throw new RobustlawError(
        'invalid-argument',
        `the outputs need the input "${nameOf(node.outputs[0]!)}", which is not listed`,
      );
    }
    if (node.op === PARAMETER) claim(names, nameOf(node.outputs[0]!)!);
  }
  for (const [name, value] of Object.entries(outputs)) {
    if (names.has(name) && nameOf(value) !== name) {
      throw new RobustlawError(
        'invalid-argument',
        `the output "${name}" has the name of an input or parameter that it is not`,
      );
    }
  }
  return { inputs, outputs };
}

function claim(names: Set<string>, name: string): void {
  if (names.has(name))
    throw new RobustlawError('invalid-argument', `two inputs or parameters are named "${name}"`);
  names.add(name);
}

/**
 * All nodes the values depend on, each after its inputs, without those that are reached only through a value of
 * `frontier`. Iterative, so depth is no limit; deterministic.
 */
export function topological(values: readonly Value[], frontier: ReadonlySet<Value> = new Set()): Node[] {
  const order: Node[] = [];
  const done = new Set<Node>();
  const stack: { node: Node; next: number }[] = [];
  for (const value of values) {
    if (done.has(value.node) || frontier.has(value)) continue;
    done.add(value.node);
    stack.push({ node: value.node, next: 0 });
    while (stack.length > 0) {
      const top = stack[stack.length - 1]!;
      if (top.next === top.node.inputs.length) {
        order.push(top.node);
        stack.pop();
        continue;
      }
      const child = top.node.inputs[top.next++];
      if (child && !done.has(child.node) && !frontier.has(child)) {
        done.add(child.node);
        stack.push({ node: child.node, next: 0 });
      }
    }
  }
  return order;
}

/** The parameters, in the order in which the outputs reach them; a shared one appears once. */
export function parameters(g: Graph): Value[] {
  return topological(Object.values(g.outputs))
    .filter((node) => node.op === PARAMETER)
    .map((node) => node.outputs[0]!);
}

/**
 * P: the number of floating-point parameter entries. A shared parameter counts once; a zero entry counts, because
 * P belongs to the class that was fixed beforehand, not to the instance (talk, "Size vs Robustness").
 */
export function parameterCount(g: Graph): number {
  return parameters(g).reduce((sum, p) => sum + (isFloat(p.dtype) ? sizeOf(p.shape) : 0), 0);
}

/** Rebuilds the outputs with some values replaced by others; nodes that do not depend on them are shared. */
export function substitute(outputs: readonly Value[], replacements: ReadonlyMap<Value, Value>): Value[] {
  return rebuild(outputs, (node) => {
    const replaced = node.outputs.map((output) => replacements.get(output));
    return replaced.some((r) => r !== undefined) ? replaced.map((r, i) => r ?? node.outputs[i]!) : undefined;
  });
}

/**
 * Rebuilds a graph bottom-up. `visit` sees each original node with its rebuilt inputs and returns the new outputs,
 * or undefined for the default: the same operator on the rebuilt inputs (the very same node if nothing changed).
 * Values of `frontier` stand for themselves, and what lies only behind them is not looked at.
 */
export function rebuild(
  outputs: readonly Value[],
  visit: (node: Node, inputs: readonly (Value | undefined)[]) => readonly (Value | undefined)[] | undefined,
  frontier: ReadonlySet<Value> = new Set(),
): Value[] {
  const image = new Map<Value, Value>([...frontier].map((value) => [value, value]));
  for (const node of topological(outputs, frontier)) {
    const inputs = node.inputs.map((value) => (value ? image.get(value)! : undefined));
    const visited = visit(node, inputs);
    const unchanged = inputs.every((value, i) => value === node.inputs[i]);
    const rebuilt = visited ?? (unchanged ? node.outputs : emit(node.op, inputs, node.attributes));
    node.outputs.forEach((output, i) => {
      const value = rebuilt[i];
      if (value && !frontier.has(output)) image.set(output, value);
    });
  }
  return outputs.map((value) => image.get(value)!);
}

/** Calls a graph on values: its outputs with the inputs replaced by `arguments_`, matched by name. */
export function call(g: Graph, arguments_: Readonly<Record<string, Value>>): Record<string, Value> {
  const replacements = new Map<Value, Value>();
  for (const formal of g.inputs) {
    const name = nameOf(formal)!;
    const actual = arguments_[name];
    if (!actual)
      throw new RobustlawError('invalid-argument', `the graph needs an argument for its input "${name}"`);
    if (actual.dtype !== formal.dtype || !sameShape(actual.shape, formal.shape)) {
      throw new RobustlawError(
        'shape-mismatch',
        `the input "${name}" is ${showType(formal)}; the argument is ${showType(actual)}`,
      );
    }
    replacements.set(formal, actual);
  }
  const names = Object.keys(g.outputs);
  const values = substitute(Object.values(g.outputs), replacements);
  return Object.fromEntries(names.map((name, i) => [name, values[i]!]));
}

/** The graph with every parameter turned into an input of the same name, as training wants it, and their values. */
export function parametersAsInputs(g: Graph): { graph: Graph; parameters: Record<string, Tensor> } {
  const weights = parameters(g);
  const replacements = new Map(weights.map((p) => [p, input(nameOf(p)!, p.dtype, p.shape)]));
  const values = substitute(Object.values(g.outputs), replacements);
  return {
    graph: graph(
      [...g.inputs, ...replacements.values()],
      Object.fromEntries(Object.keys(g.outputs).map((name, i) => [name, values[i]!])),
    ),
    parameters: Object.fromEntries(weights.map((p) => [nameOf(p)!, tensorOf(p)!])),
  };
}

/** The graph with these parameter values in place of its own (by name; others stay). */
export function withParameters(g: Graph, values: Readonly<Record<string, Tensor>>): Graph {
  const replacements = new Map<Value, Value>();
  for (const p of parameters(g)) {
    const value = values[nameOf(p)!];
    if (value) replacements.set(p, parameter(nameOf(p)!, value));
  }
  const outputs = substitute(Object.values(g.outputs), replacements);
  return {
    inputs: g.inputs,
    outputs: Object.fromEntries(Object.keys(g.outputs).map((name, i) => [name, outputs[i]!])),
  };
}

/** The same graph computed in another floating-point type; inputs, parameters, constants and casts change type. */
export function toFloat(g: Graph, dtype: FloatType): Graph {
  const code = dtype === 'float32' ? 1 : 11;
  const inputs = new Map(g.inputs.map((v) => [v, isFloat(v.dtype) ? input(nameOf(v)!, dtype, v.shape) : v]));
  const outputs = rebuild(Object.values(g.outputs), (node, rebuilt) => {
    const [value] = node.outputs;
    if (node.op === INPUT) return [inputs.get(value!) ?? value!];
    if ((node.op === CONSTANT || node.op === PARAMETER) && isFloat(value!.dtype)) {
      const t = tensorOf(value!)!;
      const converted = tensor(dtype, t.shape, t.data);
      return [node.op === PARAMETER ? parameter(nameOf(value!)!, converted) : constant(converted)];
    }
    const { to } = node.attributes;
    if (to === 1 || to === 11) return emit(node.op, rebuilt, { ...node.attributes, to: code });
    return undefined;
  });
  return {
    inputs: g.inputs.map((v) => inputs.get(v)!),
    outputs: Object.fromEntries(Object.keys(g.outputs).map((name, i) => [name, outputs[i]!])),
  };
}

/** The graph inputs that the values depend on, in the order in which they are reached. */
export function inputsOf(values: readonly Value[]): Value[] {
  return topological(values)
    .filter((node) => node.op === INPUT)
    .map((node) => node.outputs[0]!);
}
