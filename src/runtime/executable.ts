// A session with named ports: arrays are checked, bound and run, until it is disposed of.
import { RobustlawError } from '../errors.ts';
import type { Shape, TensorData, TensorType, Value } from '../graph/index.ts';
import { allocate, sizeOf } from '../graph/index.ts';
import type { Bound } from './onnxruntime.ts';
import type { Lease } from './sessions.ts';

/** Named flat arrays, row-major, in the element types of the graph's inputs or outputs. */
export type Arrays = Readonly<Record<string, TensorData>>;

export interface Port extends TensorType {
  readonly name: string;
  readonly size: number;
  /** Whether it has a first axis more, of any length. */
  readonly sequence: boolean;
  /** The class of its arrays. */
  readonly arrays: unknown;
}

export function port(name: string, { shape, dtype }: Value, sequence = false): Port {
  return { name, shape, dtype, size: sizeOf(shape), sequence, arrays: allocate(dtype, 0).constructor };
}

export interface Executable {
  /** One execution, with sequences of `length`. See Program and RecurrentProgram. */
  run(feeds: Arrays, into: Arrays, length: number): Promise<Record<string, TensorData>>;
  dispose(): Promise<void>;
}

/** @param passed outputs that are an input under the same name: ONNX Runtime writes nothing there. */
export function executable(
  lease: Lease,
  inputs: readonly Port[],
  outputs: readonly Port[],
  passed: readonly string[],
): Executable {
  const running = new Set<Promise<void>>();
  let disposed = false;
  return {
    async run(feeds, into, length) {
      if (disposed) {
        throw new RobustlawError(
          'invalid-argument',
          'this program has been disposed of; compile the graph again',
        );
      }
      requireNames(feeds, inputs, 'input');
      requireNames(into, outputs, 'output');
      const fed: Record<string, Bound> = {};
      for (const input of inputs) fed[input.name] = bind(input, feeds[input.name], length, 'feed');
      const fetched: Record<string, Bound> = {};
      for (const output of outputs) {
        const size = output.sequence ? length * output.size : output.size;
        const given = into[output.name] ?? allocate(output.dtype, size);
        fetched[output.name] = bind(output, given, length, 'output array');
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

function requireNames(arrays: Arrays, ports: readonly Port[], what: string): void {
  for (const name in arrays) {
    if (ports.some((known) => known.name === name)) continue;
    const names = ports.map((known) => known.name).join(', ') || 'none';
    throw new RobustlawError('invalid-argument', `the program has no ${what} "${name}"; it has ${names}`);
  }
}

/** The array, if its type and length are what the port needs. */
function bind(port: Port, data: TensorData | undefined, length: number, what: string): Bound {
  const { name, dtype, arrays } = port;
  const shape: Shape = port.sequence ? [length, ...port.shape] : port.shape;
  const size = port.sequence ? length * port.size : port.size;
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
