// The one door to ONNX Runtime: a Program is a graph compiled once and run many times.
import { availableParallelism } from 'node:os';
import * as ort from 'onnxruntime-node';
import { RobustlawError } from '../errors.ts';
import type { Graph, Shape, Tensor, TensorData, Value } from '../graph/index.ts';
import { allocate, encode, graph, inputsOf, lowerForRuntime, nameOf, sizeOf } from '../graph/index.ts';

/** Named flat arrays, row-major, in the element types of the graph's inputs or outputs. */
export type Arrays = Readonly<Record<string, TensorData>>;

export interface Program {
  readonly inputs: readonly { readonly name: string; readonly shape: Shape }[];
  readonly outputs: readonly { readonly name: string; readonly shape: Shape }[];
  /**
   * One execution. Outputs named in `into` are written to the arrays given there (of the right length and type) and
   * no new memory is taken for them; the others are freshly allocated. An array that is both fed and written gives
   * undefined results: swap two arrays instead. Inputs are not copied, so they must not change until it resolves.
   */
  run(feeds: Arrays, into?: Arrays): Promise<Record<string, TensorData>>;
  /** Releases the native memory. Further runs throw. */
  dispose(): Promise<void>;
}

/**
 * Compiles a graph for ONNX Runtime's CPU provider. `threads` defaults to 1: several sessions in worker threads beat
 * one session with several threads on the small graphs of the law. Deterministic for a given machine kind.
 */
export async function compile(g: Graph, threads = 1): Promise<Program> {
  if (!Number.isInteger(threads) || threads < 1) {
    throw new RobustlawError(
      'invalid-argument',
      `invalid threads: ${threads}; expected an integer in [1, ${availableParallelism()}]`,
    );
  }
  const session = await createSession(encode(lowerForRuntime(g)), threads);
  const inputs = g.inputs.map((value) => describe(nameOf(value)!, value));
  const outputs = Object.entries(g.outputs).map(([name, value]) => describe(name, value));
  // onnxruntime wraps arrays in tensors; wrapping the same array again on every step of a loop is waste.
  const wrapped = new WeakMap<TensorData, ort.Tensor>();
  const wrap = (port: Port, data: TensorData): ort.Tensor => {
    const known = wrapped.get(data);
    if (known && known.dims.length === port.shape.length && known.dims.every((n, i) => n === port.shape[i]))
      return known;
    const fresh = new ort.Tensor(port.dtype, data as never, [...port.shape]);
    wrapped.set(data, fresh);
    return fresh;
  };
  let disposed = false;
  return {
    inputs,
    outputs,
    async run(feeds, into = {}) {
      if (disposed)
        throw new RobustlawError(
          'invalid-argument',
          'this program has been disposed of; compile the graph again',
        );
      const fed = Object.fromEntries(
        inputs.map((port) => [port.name, wrap(port, fitting(port, feeds[port.name], 'feed'))]),
      );
      const fetches = Object.fromEntries(
        outputs.map((port) => {
          const given = into[port.name];
          const data = given
            ? fitting(port, given, 'output array')
            : allocate(port.dtype, sizeOf(port.shape));
          return [port.name, wrap(port, data)];
        }),
      );
      const results = await session.run(fed, fetches).catch((error: Error) => {
        throw new RobustlawError('internal', `ONNX Runtime failed: ${error.message}`, { cause: error });
      });
      return Object.fromEntries(outputs.map((port) => [port.name, results[port.name]!.data as TensorData]));
    },
    async dispose() {
      if (disposed) return;
      disposed = true;
      await session.release();
    },
  };
}

/** Values computed once: compiles, runs with `feeds` (by input name) and disposes. */
export async function evaluate<Names extends string>(
  values: Readonly<Record<Names, Value>>,
  feeds: Arrays = {},
  threads = 1,
): Promise<Record<Names, Tensor>> {
  const program = await compile(graph(inputsOf(Object.values(values)), values), threads);
  try {
    const arrays = await program.run(feeds);
    return Object.fromEntries(
      Object.entries<Value>(values).map(([name, { dtype, shape }]) => [
        name,
        { dtype, shape, data: arrays[name]! },
      ]),
    ) as Record<Names, Tensor>;
  } finally {
    await program.dispose();
  }
}

interface Port {
  readonly name: string;
  readonly shape: Shape;
  readonly dtype: Tensor['dtype'];
}

function describe(name: string, { shape, dtype }: Value): Port {
  return { name, shape, dtype };
}

/** The array, if its type and length are what the port needs. */
function fitting(port: Port, data: TensorData | undefined, what: string): TensorData {
  const expected = `${port.dtype} [${port.shape.join(', ')}]`;
  if (!data)
    throw new RobustlawError('shape-mismatch', `the ${what} "${port.name}" is missing; expected ${expected}`);
  if (data.length !== sizeOf(port.shape) || data.constructor !== allocate(port.dtype, 0).constructor) {
    throw new RobustlawError(
      'shape-mismatch',
      `the ${what} "${port.name}" is ${data.constructor.name} of length ${data.length}; expected ${expected}`,
    );
  }
  return data;
}

async function createSession(model: Uint8Array, threads: number): Promise<ort.InferenceSession> {
  try {
    return await ort.InferenceSession.create(model, {
      executionProviders: ['cpu'],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      graphOptimizationLevel: 'all',
      logSeverityLevel: 3,
    });
  } catch (error) {
    throw new RobustlawError(
      'unsupported-op',
      `ONNX Runtime does not accept the graph: ${(error as Error).message}`,
      { cause: error },
    );
  }
}
