// A Program is a graph compiled once and run many times.
import { availableParallelism } from 'node:os';
import { RobustlawError } from '../errors.ts';
import type { Graph, Shape, Tensor, TensorData, Value } from '../graph/index.ts';
import { encode, graph, inputsOf, lowerForRuntime, nameOf } from '../graph/index.ts';
import { blockLength } from './blocks.ts';
import { type Arrays, executable, port } from './executable.ts';
import type { Lease } from './sessions.ts';
import { leaseSession } from './sessions.ts';

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
  requireThreads(threads);
  const lease = await leaseFor(g, threads, (block) => encode(lowerForRuntime(g, block)));
  const inputs = g.inputs.map((value) => port(nameOf(value)!, value));
  const outputs = Object.entries(g.outputs).map(([name, value]) => port(name, value));
  const passed = outputs
    .map(({ name }) => name)
    .filter((name) => g.inputs.includes(g.outputs[name]!) && nameOf(g.outputs[name]!) === name);
  const { run, dispose } = executable(lease, inputs, outputs, passed);
  return { inputs, outputs, run: (feeds, into = {}) => run(feeds, into, 0), dispose };
}

export function requireThreads(threads: number): void {
  if (Number.isInteger(threads) && threads >= 1) return;
  throw new RobustlawError(
    'invalid-argument',
    `invalid threads: ${threads}; expected an integer in [1, ${availableParallelism()}]`,
  );
}

/** A session for a graph, with blocked convolutions where this machine has them and ONNX Runtime takes them. */
export async function leaseFor(
  g: Graph,
  threads: number,
  encoded: (block?: number) => Uint8Array,
): Promise<Lease> {
  const block = await blockLength(g);
  const plain = () => leaseSession(encoded(), threads);
  if (block === undefined) return plain();
  return leaseSession(encoded(block), threads).catch(plain);
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
