// Writes a Graph for any batch size: the batch axis becomes a symbol, and shape constants that contain the batch size
// become computations from it.
import { RobustlawError } from '../errors.ts';
import { encodeWith } from './encode.ts';
import { tensorMessage } from './encode-parts.ts';
import type { Graph } from './graph.ts';
import { topological } from './graph.ts';
import type { NodeMessage } from './onnx-messages.ts';
import { numbersOf, sameShape, tensor } from './tensor.ts';
import type { Value } from './value.ts';
import { CONSTANT, nameOf, tensorOf } from './value.ts';

/** Two sizes determine what is affine in the batch size, a third one checks it. */
const BATCHES = [2, 3, 7] as const;

/** The value that holds the batch size, in a file for any batch size. */
const BATCH_SIZE = 'robustlaw_batch_size';

/** Entry k of an int64 constant is offset[k] + slope[k] * batch. */
interface Affine {
  readonly offset: readonly number[];
  readonly slope: readonly number[];
}

/**
 * Encodes a model for any batch size. `build` gives it for one; it is called for three, and everything but first axes
 * of inputs and outputs and integer constants (lengths in shapes) must be the same. Throws `invalid-argument` where it
 * is not, as in a model that divides by the batch size.
 */
export function encodeForAnyBatch(
  build: (batch: number) => Graph,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const graphs = BATCHES.map(build);
  const constants = graphs.map((g) => integerConstants(g));
  const ports = batchPorts(graphs);
  const source = graphs[0]!.inputs.map((value) => nameOf(value)!).find((name) => ports.has(name));
  const encoded = (i: number): Uint8Array => {
    const affine = new Map<Value, Affine>();
    constants[i]!.forEach((value, k) => {
      const found = affineIn(constants.map((list) => list[k]));
      if (found) affine.set(value, found);
    });
    return encodeWith(graphs[i]!, metadata, {
      ports,
      prologue: source !== undefined && affine.size > 0 ? batchSizeOf(source) : [],
      compute: (value, name) => {
        const found = affine.get(value);
        return found && affineNodes(found, value, name);
      },
    });
  };
  const first = encoded(0);
  for (let i = 1; i < graphs.length; i++) {
    if (!sameBytes(encoded(i), first)) {
      throw new RobustlawError(
        'invalid-argument',
        'the model depends on the batch size beyond the lengths of its axes; it cannot be written for any batch size',
      );
    }
  }
  return first;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Names of the inputs and outputs whose first axis is the batch size in every graph. */
function batchPorts(graphs: readonly Graph[]): Set<string> {
  const shapes = graphs.map(
    (g) =>
      new Map([
        ...g.inputs.map((value) => [nameOf(value)!, value.shape] as const),
        ...Object.entries(g.outputs).map(([name, value]) => [name, value.shape] as const),
      ]),
  );
  const names = [...shapes[0]!.keys()];
  return new Set(names.filter((name) => shapes.every((of, i) => of.get(name)?.[0] === BATCHES[i])));
}

function integerConstants(g: Graph): Value[] {
  return topological(Object.values(g.outputs)).flatMap((node) =>
    node.op === CONSTANT && node.outputs[0]!.dtype === 'int64' && node.outputs[0]!.shape.length <= 1
      ? [node.outputs[0]!]
      : [],
  );
}

/** The affine form of a constant that differs between the batch sizes; undefined if it does not, or is not affine. */
function affineIn(values: readonly (Value | undefined)[]): Affine | undefined {
  const first = values[0];
  if (!first || !values.every((value) => value && sameShape(value.shape, first.shape))) return undefined;
  const entries = values.map((value) => numbersOf(tensorOf(value!)!));
  const [small, large, check] = entries as [number[], number[], number[]];
  const slope = small.map((x, k) => (large[k]! - x) / (BATCHES[1] - BATCHES[0]));
  if (slope.every((s) => s === 0)) return undefined;
  const offset = small.map((x, k) => x - slope[k]! * BATCHES[0]);
  const fits = check.every((x, k) => x === offset[k]! + slope[k]! * BATCHES[2]);
  return fits ? { offset, slope } : undefined;
}

/** The length of the first axis of an input, as a scalar. */
function batchSizeOf(input: string): NodeMessage[] {
  const axis = `${BATCH_SIZE}_axis`;
  const first = [
    { name: 'start', int: 0 },
    { name: 'end', int: 1 },
  ];
  return [
    { opType: 'Shape', input: [input], output: [axis], attribute: first },
    { opType: 'Squeeze', input: [axis], output: [BATCH_SIZE] },
  ];
}

function affineNodes({ offset, slope }: Affine, { shape }: Value, name: string): NodeMessage[] {
  const fixed = (output: string, values: readonly number[]): NodeMessage => ({
    opType: 'Constant',
    input: [],
    output: [output],
    attribute: [{ name: 'value', tensor: tensorMessage(tensor('int64', shape, values), '') }],
  });
  const binary = (opType: string, input: string[], output: string) => ({ opType, input, output: [output] });
  return [
    fixed(`${BATCH_SIZE}_slope_${name}`, slope),
    fixed(`${BATCH_SIZE}_offset_${name}`, offset),
    binary('Mul', [`${BATCH_SIZE}_slope_${name}`, BATCH_SIZE], `${BATCH_SIZE}_part_${name}`),
    binary('Add', [`${BATCH_SIZE}_part_${name}`, `${BATCH_SIZE}_offset_${name}`], name),
  ];
}
