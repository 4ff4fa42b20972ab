// A model: named typed inputs and outputs, parameters, and a graph for every batch size it can take.
import { RobustlawError } from '../errors.ts';
import { encodeForAnyBatch } from './encode-batch.ts';
import type { Graph } from './graph.ts';
import { parameterCount, parameters } from './graph.ts';
import { importForBatch } from './import.ts';
import { constantWeights } from './import-weights.ts';
import type { OnnxModel, OnnxPort } from './onnx-model.ts';
import type { DataType, Shape } from './tensor.ts';
import { isFloat } from './tensor.ts';
import type { Value } from './value.ts';
import { nameOf } from './value.ts';

/** The symbol of the batch axis in the shape of a port. */
export const BATCH = 'batch';

/** An input or output of a model; `shape` has `BATCH` where the batch size goes. */
export interface Port {
  readonly name: string;
  readonly dtype: DataType;
  readonly shape: readonly (number | typeof BATCH)[];
}

/** The closed interval in which every entry of an input lies. */
export type InputBounds = readonly [low: number, high: number];

export interface Model {
  readonly name: string;
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  /** The length of the first axis of every input, where the file fixes it: the only one that forBatch() takes. */
  readonly fixedBatch: number | undefined;
  /** Name and shape of each parameter; a shared one appears once. */
  readonly parameters: readonly { readonly name: string; readonly dtype: DataType; readonly shape: Shape }[];
  /** P, the number of floating-point parameter entries; see parameterCount(). */
  readonly parameterCount: number;
  /** Bounds of inputs, by name, where they are known. */
  readonly bounds: Readonly<Record<string, InputBounds>>;
  /** What was changed or left out on reading, for the user to know. */
  readonly notes: readonly string[];
  /** The graph for so many rows; throws `invalid-argument` if the model has another fixed batch size. */
  forBatch(batch: number): Graph;
}

/** Key of the metadata under which input bounds are kept, as JSON: `{"x":[0,1]}`. */
const BOUNDS_KEY = 'robustlaw.bounds';

/** The model whose graph for a batch size is `build(batch)`. Throws `invalid-argument` for impossible bounds. */
export function modelFrom(
  name: string,
  build: (batch: number) => Graph,
  bounds: Readonly<Record<string, InputBounds>> = {},
): Model {
  return describe(name, build, undefined, bounds, []);
}

/**
 * The model of an ONNX file. `outputs` names the values to compute; by default these are the declared outputs of a
 * floating-point type, so that the labels which scikit-learn adds do not matter. Throws what importGraph() throws.
 */
export function modelFromOnnx(file: OnnxModel, outputs: readonly string[] = floatOutputs(file)): Model {
  return describe(
    file.fileName,
    (batch) => importForBatch(file, batch, outputs),
    fixedBatchOf(file),
    boundsIn(file),
    [...file.notes, ...notesOn(file, outputs)],
  );
}

/** Outputs that are left out, weights that the exporter has merged because they were equal or shared, and frozen ones. */
function notesOn(file: OnnxModel, outputs: readonly string[]): string[] {
  const left = file.graph.outputs.map((port) => port.name).filter((name) => !outputs.includes(name));
  const copies = file.graph.nodes.filter(
    ({ op, inputs }) => op === 'Identity' && file.graph.initializers.has(inputs[0] ?? ''),
  );
  const frozen = constantWeights(file);
  const pairs = copies.map(({ inputs, outputs: [copy] }) => `${copy} as ${inputs[0]}`);
  return [
    ...(left.length > 0 ? [`the outputs ${left.join(', ')} are not computed`] : []),
    ...(pairs.length > 0
      ? [`weights that are shared or were equal on export are stored and counted once: ${pairs.join(', ')}`]
      : []),
    ...(frozen.length > 0
      ? [
          `weights in Constant nodes are counted as parameters, although fixed ones should not: ${frozen.join(', ')}`,
        ]
      : []),
  ];
}

/** The bytes of an ONNX file for any batch size, input bounds included. */
export function encodeModel(model: Model, metadata: Readonly<Record<string, string>> = {}): Uint8Array {
  const bounds = Object.keys(model.bounds).length > 0 ? { [BOUNDS_KEY]: JSON.stringify(model.bounds) } : {};
  if (model.fixedBatch !== undefined) {
    throw new RobustlawError(
      'invalid-argument',
      `the model "${model.name}" takes exactly ${model.fixedBatch} rows and cannot be written for any batch size; encode its graph`,
    );
  }
  return encodeForAnyBatch(model.forBatch, { ...metadata, ...bounds });
}

function describe(
  name: string,
  build: (batch: number) => Graph,
  fixedBatch: number | undefined,
  bounds: Readonly<Record<string, InputBounds>>,
  notes: readonly string[],
): Model {
  // Axes that follow the batch size differ between two of them.
  const [small, large] = fixedBatch === undefined ? [build(2), build(3)] : [build(fixedBatch), undefined];
  const port = (portName: string, value: Value, other: Value | undefined): Port => ({
    name: portName,
    dtype: value.dtype,
    shape: value.shape.map((n, i) => (other && i === 0 && other.shape[0] !== n ? BATCH : n)),
  });
  const inputs = small.inputs.map((value, i) => port(nameOf(value)!, value, large?.inputs[i]));
  requireBounds(bounds, inputs);
  return {
    name,
    inputs,
    outputs: Object.entries(small.outputs).map(([output, value]) =>
      port(output, value, large?.outputs[output]),
    ),
    fixedBatch,
    parameters: parameters(small).map((p) => ({ name: nameOf(p)!, dtype: p.dtype, shape: p.shape })),
    parameterCount: parameterCount(small),
    bounds,
    notes,
    forBatch: build,
  };
}

function requireBounds(bounds: Readonly<Record<string, InputBounds>>, inputs: readonly Port[]): void {
  for (const [name, [low, high]] of Object.entries(bounds)) {
    if (!inputs.some((port) => port.name === name) || !(low <= high)) {
      throw new RobustlawError(
        'invalid-argument',
        `invalid bounds of the input "${name}": [${low}, ${high}]; expected low <= high and one of the inputs ${inputs.map((port) => port.name).join(', ')}`,
      );
    }
  }
}

function floatOutputs(file: OnnxModel): string[] {
  const { outputs } = file.graph;
  const float = outputs.filter(({ dtype, type }) => (dtype ? isFloat(dtype) : type === 'sequence'));
  return (float.length > 0 ? float : outputs).map((port) => port.name);
}

/** The common fixed first axis of the inputs; undefined if any is symbolic. */
function fixedBatchOf(file: OnnxModel): number | undefined {
  const first = file.graph.inputs.map((port: OnnxPort) => port.dimensions?.[0]);
  return first.every((length) => typeof length === 'number') ? first[0] : undefined;
}

function boundsIn(file: OnnxModel): Record<string, InputBounds> {
  const text = file.metadata[BOUNDS_KEY];
  if (text === undefined) return {};
  try {
    return Object.fromEntries(
      Object.entries(JSON.parse(text) as object).map(([name, pair]) => {
        if (!Array.isArray(pair) || pair.length !== 2 || !pair.every((x) => typeof x === 'number'))
          throw new Error(`"${name}" is no pair of numbers`);
        return [name, [pair[0], pair[1]] as const];
      }),
    );
  } catch (error) {
    throw new RobustlawError(
      'malformed-file',
      `${file.fileName}: the metadata "${BOUNDS_KEY}" is ${JSON.stringify(text)}: ${(error as Error).message}`,
    );
  }
}
