// A Program is a graph compiled once and run many times.
import { availableParallelism } from 'node:os';
import { RobustlawError } from '../errors.ts';
import type { Graph, Shape, Tensor, TensorData, TensorType, Value } from '../graph/index.ts';
import { allocate, encode, graph, inputsOf, lowerForRuntime, nameOf, sizeOf } from '../graph/index.ts';
import { blockLength } from './blocks.ts';
import type { Bound } from './onnxruntime.ts';
import type { Lease } from './sessions.ts';
import { leaseSession } from './sessions.ts';

/** Named flat arrays, row-major, in the element types of the graph's inputs or outputs. */
export type Arrays = Readonly<Record<string, TensorData>>;

export interface Program {
  readonly inputs: readonly { readonly name: string; readonly shape: Shape }[];
  readonly outputs: readonly { readonly name: string; readonly shape: Shape }[];
  /**
   * One execution. Outputs named in `into` are written to the arrays given there (of the right length and type) and
   * no new memory is taken for them; the others are freshly allocated. Inputs are not copied, so they must not change
   * until it resolves. Throws `shape-mismatch` for arrays that are missing or do not fit and `invalid-argument` for
   * unknown names, for an array that is both fed and written (swap two arrays instead), and after dispose().
   */
  run(feeds: Arrays, into?: Arrays): Promise<Record<string, TensorData>>;
  /** Waits for the runs under way and gives up the session. Further runs throw. */
  dispose(): Promise<void>;
}

/**
 * Compiles a graph for ONNX Runtime's CPU provider; a graph that encodes to the same bytes as one compiled before
 * shares its session. `threads` defaults to 1: several sessions in worker threads (see createPool()) beat one session
 * with several threads on the small graphs of the law. Deterministic for a given machine kind.
 *
 * Throws `unsupported-op` where ONNX Runtime has no kernel for an operator in its element type.
 */
export async function compile(g: Graph, threads = 1): Promise<Program> {
  if (!Number.isInteger(threads) || threads < 1) {
    throw new RobustlawError(
      'invalid-argument',
      `invalid threads: ${threads}; expected an integer in [1, ${availableParallelism()}]`,
    );
  }
  const lease = await leaseFor(g, threads);
  const inputs = g.inputs.map((value) => port(nameOf(value)!, value));
  const outputs = Object.entries(g.outputs).map(([name, value]) => port(name, value));
  // ONNX Runtime writes nothing where an output is an input under the same name.
  const passed = outputs
    .map(({ name }) => name)
    .filter((name) => g.inputs.includes(g.outputs[name]!) && nameOf(g.outputs[name]!) === name);
  const running = new Set<Promise<void>>();
  let disposed = false;
  return {
    inputs,
    outputs,
    async run(feeds, into = {}) {
      if (disposed) {
        throw new RobustlawError(
          'invalid-argument',
          'this program has been disposed of; compile the graph again',
        );
      }
      requireNames(feeds, inputs, 'input');
      requireNames(into, outputs, 'output');
      const fed: Record<string, Bound> = {};
      for (const input of inputs) fed[input.name] = bind(input, feeds[input.name], 'feed');
      const fetched: Record<string, Bound> = {};
      for (const output of outputs) {
        const given = into[output.name] ?? allocate(output.dtype, output.size);
        fetched[output.name] = bind(output, given, 'output array');
      }
      requireDistinct(fed, fetched);
      const run = lease.session.run(fed, fetched);
      running.add(run);
      try {
        await run;
      } finally {
        running.delete(run);
      }
      for (const name of passed) fetched[name]!.data.set(fed[name]!.data as never);
      const results: Record<string, TensorData> = {};
      for (const { name } of outputs) results[name] = fetched[name]!.data;
      return results;
    },
    async dispose() {
      if (disposed) return;
      disposed = true;
      await Promise.allSettled(running);
      await lease.release();
    },
  };
}

/** A session for the graph, with blocked convolutions where this machine has them and ONNX Runtime takes them. */
async function leaseFor(g: Graph, threads: number): Promise<Lease> {
  const block = await blockLength(g);
  const plain = () => leaseSession(encode(lowerForRuntime(g)), threads);
  if (block === undefined) return plain();
  return leaseSession(encode(lowerForRuntime(g, block)), threads).catch(plain);
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

interface Port extends TensorType {
  readonly name: string;
  readonly size: number;
  /** The class of its arrays. */
  readonly arrays: unknown;
}

function port(name: string, { shape, dtype }: Value): Port {
  return { name, shape, dtype, size: sizeOf(shape), arrays: allocate(dtype, 0).constructor };
}

function requireNames(arrays: Arrays, ports: readonly Port[], what: string): void {
  for (const name in arrays) {
    if (ports.some((known) => known.name === name)) continue;
    const names = ports.map((known) => known.name).join(', ') || 'none';
    throw new RobustlawError('invalid-argument', `the program has no ${what} "${name}"; it has ${names}`);
  }
}

/** The array, if its type and length are what the port needs. */
function bind({ name, dtype, shape, size, arrays }: Port, data: TensorData | undefined, what: string): Bound {
  if (data && data.length === size && data.constructor === arrays) return { dtype, shape, data };
  const given = data ? `${data.constructor.name} of length ${data.length}` : 'missing';
  throw new RobustlawError(
    'shape-mismatch',
    `the ${what} "${name}" is ${given}; expected ${dtype} [${shape.join(', ')}]`,
  );
}

/** Throws if two outputs, or an output and an input, share an array: the runtime may write before it reads. */
function requireDistinct(
  fed: Readonly<Record<string, Bound>>,
  fetched: Readonly<Record<string, Bound>>,
): void {
  const written = new Map<TensorData, string>();
  for (const name in fetched) {
    const { data } = fetched[name]!;
    if (written.has(data) && data.length > 0) {
      throw new RobustlawError(
        'invalid-argument',
        `the outputs "${written.get(data)}" and "${name}" are given the same array`,
      );
    }
    written.set(data, name);
  }
  for (const name in fed) {
    if (!written.has(fed[name]!.data)) continue;
    throw new RobustlawError(
      'invalid-argument',
      `the input "${name}" is also the array of the output "${written.get(fed[name]!.data)}"; use two arrays and swap them`,
    );
  }
}
