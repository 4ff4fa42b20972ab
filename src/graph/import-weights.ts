// Which values of an ONNX graph are needed, which of its stored tensors are trained weights, and which are settings.
import type { OnnxGraph, OnnxModel, OnnxNode } from './onnx-model.ts';
import { PRODUCER, supportedTensor } from './onnx-model.ts';
import type { Tensor } from './tensor.ts';
import { isFloat } from './tensor.ts';
import type { Value } from './value.ts';
import { constant } from './value.ts';

/** The nodes that the named values depend on, in the order of the file, which ONNX demands to be topological. */
export function neededNodes(nodes: readonly OnnxNode[], outputs: readonly string[]): OnnxNode[] {
  const wanted = new Set(outputs);
  const needed: OnnxNode[] = [];
  for (const node of nodes.toReversed()) {
    if (!node.outputs.some((name) => name !== '' && wanted.has(name))) continue;
    needed.push(node);
    for (const name of [...node.inputs, ...capturedNames(node)]) wanted.add(name);
  }
  return needed.reverse();
}

/** Values of the surrounding graph that the subgraphs of a node may use: every name in them. */
function capturedNames(node: OnnxNode): string[] {
  return [...node.attributes.values()].flatMap((attribute) =>
    attribute.type === 'graph'
      ? [
          ...attribute.value.outputs.map((port) => port.name),
          ...attribute.value.nodes.flatMap((inner) => [...inner.inputs, ...capturedNames(inner)]),
        ]
      : [],
  );
}

/** Inputs of operators that are settings, never trained weights. */
const SETTINGS: Readonly<Record<string, readonly number[]>> = {
  Reshape: [1],
  Expand: [1],
  Tile: [1],
  Squeeze: [1],
  Unsqueeze: [1],
  Split: [1],
  Slice: [1, 2, 3, 4],
  Pad: [1, 2, 3],
  Clip: [1, 2],
  Dropout: [1, 2],
  Range: [0, 1, 2],
  ConstantOfShape: [0],
  Resize: [1, 2, 3],
  Upsample: [1],
  BatchNormalization: [3, 4],
};

/** Inputs of operators that are weights even where a Constant node holds them. */
const WEIGHTS: Readonly<Record<string, readonly number[]>> = {
  Conv: [1, 2],
  ConvTranspose: [1, 2],
  Gemm: [1, 2],
  MatMul: [0, 1],
};

/** The values that some node uses at one of the positions `at` (or, with `others`, at any other position). */
function usedAt(
  nodes: readonly OnnxNode[],
  at: Readonly<Record<string, readonly number[]>>,
  others = false,
): Set<string> {
  const names = new Set<string>();
  for (const node of nodes) {
    node.inputs.forEach((name, i) => {
      const listed = node.domain === '' && (at[node.op]?.includes(i) ?? false);
      if (listed !== others) names.add(name);
    });
    if (others) for (const name of capturedNames(node)) names.add(name);
  }
  return names;
}

/** The names that nodes and outputs use. */
export function usedNames(nodes: readonly OnnxNode[], outputs: readonly string[]): Set<string> {
  return new Set([...outputs, ...nodes.flatMap((node) => [...node.inputs, ...capturedNames(node)])]);
}

/**
 * Whether the file itself says what its parameters are. encode() writes every parameter as an initializer and every fixed
 * tensor (a random projection, say) as a Constant node, so nothing has to be guessed from how a tensor is used.
 */
export function marksParameters({ producer }: OnnxModel): boolean {
  return producer.split(' ')[0] === PRODUCER;
}

/** Names of values that are weights wherever they are stored, for a file that does not mark its parameters. */
export function weightNames(nodes: readonly OnnxNode[]): Set<string> {
  return usedAt(nodes, WEIGHTS);
}

/** Names of the Constant nodes that are counted as weights, because exporters of frozen models keep them there. */
export function constantWeights(model: OnnxModel): string[] {
  if (marksParameters(model)) return [];
  const weights = weightNames(model.graph.nodes);
  return model.graph.nodes.flatMap(({ op, outputs }) =>
    op === 'Constant' ? outputs.filter((name) => weights.has(name)) : [],
  );
}

/**
 * The stored tensors of a graph that these nodes and outputs use: parameters (made by `asParameter`) if they are
 * floating-point and, unless the file is `marked` (see marksParameters()), used as anything but settings; constants
 * otherwise.
 */
export function storedValues(
  { initializers }: OnnxGraph,
  nodes: readonly OnnxNode[],
  outputs: readonly string[],
  asParameter: (name: string, value: Tensor) => Value,
  marked = false,
): Map<string, Value> {
  const used = usedNames(nodes, outputs);
  const weights = new Set([...usedAt(nodes, SETTINGS, true), ...outputs]);
  const values = new Map<string, Value>();
  for (const [name, value] of initializers) {
    if (!used.has(name)) continue;
    const t = supportedTensor(value, `the initializer "${name}"`);
    values.set(name, isFloat(t.dtype) && (marked || weights.has(name)) ? asParameter(name, t) : constant(t));
  }
  return values;
}
