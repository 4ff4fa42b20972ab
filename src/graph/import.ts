// Gives a decoded ONNX model static shapes and turns its nodes into a Graph of OPSET operators. Shapes that the model
// computes from its input shapes become constants on the way.
import { RobustlawError } from '../errors.ts';
import type { Graph } from './graph.ts';
import { graph, topological } from './graph.ts';
import { located, lookUp, runNodes, topScope } from './import-nodes.ts';
import { marksParameters, neededNodes, storedValues, usedNames } from './import-weights.ts';
import type { OnnxModel, OnnxPort } from './onnx-model.ts';
import { sizeOf } from './tensor.ts';
import type { Value } from './value.ts';
import { INPUT, input, nameOf, PARAMETER, parameter } from './value.ts';

/**
 * What no input reaches is computed when a session is created: a small file must not make that large. Sums, products
 * and copies of its own weights are allowed on top.
 */
const MAX_CONSTANT_ELEMENTS = 2 ** 26;

/**
 * The model as a graph with static shapes.
 *
 * - `dimensions` gives the lengths of symbolic axes by their symbol, and of unnamed ones as `"input[axis]"`, say
 *   `{ batch: 8, 'x[2]': 28 }`.
 * - `outputs` are the names of the values to compute, by default all declared outputs. Any value of the model can be
 *   named; nodes and inputs that none of them needs are left out and so need not be supported.
 *
 * What counts as a parameter: in a file that encode() wrote, the float initializers, and nothing else; a Constant node
 * holds a fixed tensor there, such as a random projection. Other exporters do not say, so their float initializers
 * become parameters unless they are used only as shapes, bounds of Clip, padding values or the running mean and variance
 * of BatchNormalization (which are statistics, and redundant with its scale and bias); so do their Constant nodes that
 * are the weights of a Conv, ConvTranspose, Gemm or MatMul, where frozen models keep them. Half-precision numbers become
 * float32.
 *
 * Throws `invalid-argument` for a wrong dimension or output, `unsupported-op` and `unsupported-type` for what cannot be
 * computed, `malformed-file` and `shape-mismatch` for what contradicts the ONNX specification, each naming the node.
 */
export function importGraph(
  model: OnnxModel,
  dimensions: Readonly<Record<string, number>> = {},
  outputs: readonly string[] = model.graph.outputs.map((port) => port.name),
): Graph {
  return located(model.fileName, () => {
    if (outputs.length === 0) throw new RobustlawError('malformed-file', 'the model declares no output');
    const body = model.graph;
    const nodes = neededNodes(body.nodes, outputs);
    const used = usedNames(nodes, outputs);
    requireDimensions(body.inputs, dimensions);
    const inputs = body.inputs.filter((port) => used.has(port.name)).map((port) => bind(port, dimensions));
    const scope = topScope(
      model,
      nodes,
      new Map([
        ...inputs.map((value) => [nameOf(value)!, value] as const),
        ...storedValues(body, nodes, outputs, parameter, marksParameters(model)),
      ]),
    );
    runNodes(nodes, scope);
    const values = outputs.map((name) => lookUp(name, scope, `the output "${name}"`));
    refuseLargeConstants(values);
    return graph(inputs, Object.fromEntries(outputs.map((name, i) => [name, values[i]!])));
  });
}

/**
 * The model for `batch` rows: every symbolic or unnamed first axis of an input is given that length. Throws
 * `invalid-argument` if no input has such an axis and the first axes have another fixed length.
 */
export function importForBatch(
  model: OnnxModel,
  batch: number,
  outputs: readonly string[] = model.graph.outputs.map((port) => port.name),
): Graph {
  const dimensions: Record<string, number> = {};
  for (const port of model.graph.inputs) {
    const first = port.dimensions?.[0];
    if (port.dimensions && port.dimensions.length > 0 && typeof first !== 'number')
      dimensions[first ?? axisKey(port, 0)] = batch;
  }
  const g = importGraph(model, dimensions, outputs);
  if (!g.inputs.some((value) => value.shape[0] === batch)) {
    const first = g.inputs[0];
    throw new RobustlawError(
      'invalid-argument',
      `${model.fileName}: the model takes ${first ? `${first.shape[0]} rows at a time` : 'no input'}, not ${batch}; export it with a dynamic batch axis`,
    );
  }
  return g;
}

const axisKey = (port: OnnxPort, axis: number): string => `${port.name}[${axis}]`;

/** The keys under which `dimensions` can give lengths. */
function dimensionKeys(ports: readonly OnnxPort[]): string[] {
  return [
    ...new Set(
      ports.flatMap((port) =>
        (port.dimensions ?? []).flatMap((d, axis) =>
          typeof d === 'number' ? [] : [d ?? axisKey(port, axis)],
        ),
      ),
    ),
  ];
}

function requireDimensions(ports: readonly OnnxPort[], dimensions: Readonly<Record<string, number>>): void {
  const keys = dimensionKeys(ports);
  for (const [key, length] of Object.entries(dimensions)) {
    if (!keys.includes(key)) {
      throw new RobustlawError(
        'invalid-argument',
        `the model has no symbolic axis "${key}"; it has ${keys.length === 0 ? 'none' : keys.join(', ')}`,
      );
    }
    if (!Number.isSafeInteger(length) || length < 1)
      throw new RobustlawError(
        'invalid-argument',
        `invalid length of the axis "${key}": ${length}; expected an integer >= 1`,
      );
  }
}

function bind(port: OnnxPort, dimensions: Readonly<Record<string, number>>): Value {
  const what = `the input "${port.name}"`;
  if (!port.dtype) throw new RobustlawError('unsupported-type', `${what} is ${port.type}, no numeric tensor`);
  if (!port.dimensions)
    throw new RobustlawError('unsupported-type', `${what} declares no shape; export the model with one`);
  const shape = port.dimensions.map((dimension, axis) => {
    if (dimension === 0) throw new RobustlawError('malformed-file', `axis ${axis} of ${what} has length 0`);
    if (typeof dimension === 'number') return dimension;
    const key = dimension ?? axisKey(port, axis);
    if (!Object.hasOwn(dimensions, key)) {
      throw new RobustlawError(
        'invalid-argument',
        `axis ${axis} of ${what} is symbolic; export the model with a fixed length there, or give one to importGraph(), say ${JSON.stringify({ [key]: 8 })}`,
      );
    }
    return dimensions[key]!;
  });
  if (sizeOf(shape) >= 2 ** 31)
    throw new RobustlawError('file-too-large', `${what} of shape [${shape}] has more than 2^31 elements`);
  return input(port.name, port.dtype, shape);
}

/** Throws if the results that depend on no input have too many elements. */
function refuseLargeConstants(values: readonly Value[]): void {
  const varying = new Set<Value>();
  let elements = 0;
  let limit = MAX_CONSTANT_ELEMENTS;
  for (const node of topological(values)) {
    const count = node.outputs.reduce((sum, value) => sum + sizeOf(value.shape), 0);
    if (node.op === PARAMETER) limit += 4 * count;
    if (node.op === INPUT || node.inputs.some((value) => value && varying.has(value)))
      for (const value of node.outputs) varying.add(value);
    else if (node.inputs.length > 0) elements += count;
  }
  if (elements > limit) {
    throw new RobustlawError(
      'file-too-large',
      `the model computes ${elements} numbers that do not depend on its inputs; at most ${limit} are accepted`,
    );
  }
}
