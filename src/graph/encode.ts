// Writes a Graph as an ONNX model: parameters become initializers, constants Constant nodes.
import { RobustlawError } from '../errors.ts';
import { attributeMessage, portMessage, tensorMessage } from './encode-parts.ts';
import type { Graph } from './graph.ts';
import { topological } from './graph.ts';
import { type GraphMessage, modelBytes, type NodeMessage, type TensorMessage } from './onnx-messages.ts';
import { PRODUCER } from './onnx-model.ts';
import type { Node, Value } from './value.ts';
import { INPUT, nameOf, OPSET, PARAMETER, tensorOf } from './value.ts';

/** IR version 9 is the oldest that knows OPSET 20. */
const IR_VERSION = 9;

/** A protobuf message is at most this long. */
const MAX_BYTES = 2 ** 31 - 1;

/** What is not static in the file that is written: see encodeForAnyBatch(). */
export interface Symbolic {
  /** Inputs and outputs, by name, whose first axis is written as the symbol `batch`. */
  readonly ports: ReadonlySet<string>;
  /** Nodes that compute a constant from the batch size; `name` is the name to give it. */
  readonly compute: (value: Value, name: string) => readonly NodeMessage[] | undefined;
  /** Nodes to put before all others. */
  readonly prologue: readonly NodeMessage[];
}

/** What a graph inside another one sees of it. */
export interface Surroundings {
  /** Inputs of the outer graph that the inner one reads. */
  readonly values: ReadonlySet<Value>;
  /** All names of the outer graph: no name may mean two things. */
  readonly names: ReadonlySet<string>;
}

const NOTHING: Surroundings = { values: new Set(), names: new Set() };

const STATIC: Symbolic = { ports: new Set(), compute: () => undefined, prologue: [] };

/**
 * The bytes of an `.onnx` file, with `metadata` as its metadata_props. Deterministic: the same graph gives the same
 * bytes. Throws `file-too-large` where the parameters exceed the 2 GiB of one protobuf message.
 */
export function encode(g: Graph, metadata: Readonly<Record<string, string>> = {}): Uint8Array {
  return encodeWith(g, metadata, STATIC);
}

/** encode() with some shapes and constants written as functions of the batch size. */
export function encodeWith(
  g: Graph,
  metadata: Readonly<Record<string, string>>,
  symbolic: Symbolic,
): Uint8Array {
  return fileOf(graphMessage(g, symbolic), domainsOf(g), metadata);
}

/** A graph as a message of its own. */
export function graphMessage(
  g: Graph,
  symbolic: Symbolic = STATIC,
  around: Surroundings = NOTHING,
): GraphMessage {
  const order = topological(Object.values(g.outputs));
  const names = nameValues(g, order, around.names);
  const used = new Set<Value>(Object.values(g.outputs));
  for (const node of order) for (const value of node.inputs) if (value) used.add(value);

  const nodes: NodeMessage[] = [...symbolic.prologue];
  const initializer: TensorMessage[] = [];
  for (const node of order) {
    if (node.op === INPUT) continue;
    const [value] = node.outputs;
    const computed = symbolic.compute(value!, names.get(value!)!);
    if (computed) nodes.push(...computed);
    else if (node.op === PARAMETER) initializer.push(tensorMessage(tensorOf(value!)!, names.get(value!)!));
    else nodes.push(nodeMessage(node, names, used));
  }
  // An output that is itself an input or parameter, or that is listed twice, needs a name of its own.
  const outputs = Object.entries(g.outputs).map(([name, value]) => {
    if (names.get(value) !== name) {
      nodes.push({ opType: 'Identity', input: [names.get(value)!], output: [name] });
    }
    return portMessage(name, value, symbolic.ports.has(name) ? 'batch' : undefined);
  });
  const weightBytes = initializer.reduce((sum, t) => sum + t.rawData.length, 0);
  if (weightBytes > MAX_BYTES) {
    throw new RobustlawError(
      'file-too-large',
      `the parameters take ${weightBytes} bytes; an ONNX file holds at most ${MAX_BYTES}`,
    );
  }
  const inputs = g.inputs.filter((value) => !around.values.has(value));
  return {
    name: 'robustlaw',
    node: nodes,
    initializer,
    input: inputs.map((value) => {
      const name = nameOf(value)!;
      return portMessage(name, value, symbolic.ports.has(name) ? 'batch' : undefined);
    }),
    output: outputs,
  };
}

/** The domains of the operators of a graph that are not ONNX's own. */
export function domainsOf(g: Graph): readonly string[] {
  return [...new Set(topological(Object.values(g.outputs)).flatMap((node) => node.op.domain ?? []))];
}

/** A model file with a graph whose operators are of ONNX's own domain and of `domains`. */
export function fileOf(
  graph: GraphMessage,
  domains: readonly string[],
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const opsets = ['', ...domains].map((domain) => ({ domain, version: domain === '' ? OPSET : 1 }));
  return modelBytes({ irVersion: IR_VERSION, producerName: PRODUCER, opsets, metadata, graph });
}

function nodeMessage(node: Node, names: ReadonlyMap<Value, string>, used: ReadonlySet<Value>): NodeMessage {
  return {
    opType: node.op.name,
    domain: node.op.domain ?? '',
    input: trimmed(node.inputs.map((value) => (value ? names.get(value)! : ''))),
    output: outputNames(node, names, used),
    attribute: Object.entries(node.attributes).map(([name, value]) => attributeMessage(name, value, node)),
  };
}

/** Inputs, parameters and outputs keep their names; all other values are numbered in topological order. */
function nameValues(g: Graph, order: readonly Node[], outer: ReadonlySet<string>): Map<Value, string> {
  const names = new Map<Value, string>();
  const own = [...g.inputs.map((value) => nameOf(value)!), ...Object.keys(g.outputs)];
  const taken = new Set<string>([...outer, ...own]);
  for (const value of g.inputs) names.set(value, nameOf(value)!);
  for (const node of order) if (node.op === PARAMETER) taken.add(nameOf(node.outputs[0]!)!);
  for (const [name, value] of Object.entries(g.outputs)) {
    if (value.node.op !== INPUT && value.node.op !== PARAMETER && !names.has(value)) names.set(value, name);
  }
  let next = 0;
  for (const node of order) {
    for (const value of node.outputs) {
      if (names.has(value)) continue;
      const own = nameOf(value);
      let name = own ?? `v${next++}`;
      while (own === undefined && taken.has(name)) name = `v${next++}`;
      names.set(value, name);
    }
  }
  return names;
}

/**
 * Outputs nobody uses are left out, but not the first, which no operator may leave out, nor those of Split, which has
 * no optional ones: ONNX Runtime crashes on that.
 */
function outputNames(node: Node, names: ReadonlyMap<Value, string>, used: ReadonlySet<Value>): string[] {
  const needed = (value: Value) => value.index === 0 || node.op.name === 'Split' || used.has(value);
  return trimmed(node.outputs.map((value) => (needed(value) ? names.get(value)! : '')));
}

/** Trailing optional inputs and outputs are left out, inner ones are the empty string. */
function trimmed(names: string[]): string[] {
  let length = names.length;
  while (length > 0 && names[length - 1] === '') length--;
  return names.slice(0, length);
}
