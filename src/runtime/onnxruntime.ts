// The only file that knows onnxruntime-node. A browser build puts one with onnxruntime-web in its place.
import * as ort from 'onnxruntime-node';
import { RobustlawError } from '../errors.ts';
import type { DataType, Shape, TensorData } from '../graph/index.ts';

/** A flat array with the type and shape that the graph gives it. */
export interface Bound {
  readonly dtype: DataType;
  readonly shape: Shape;
  readonly data: TensorData;
}

/** A compiled model in native memory. */
export interface Session {
  /** One execution; the arrays of `fetches` are written to. */
  run(feeds: Readonly<Record<string, Bound>>, fetches: Readonly<Record<string, Bound>>): Promise<void>;
  /** Gives the native memory back. */
  release(): Promise<void>;
}

/** Errors are thrown; ONNX Runtime need not print them as well. */
const FATAL = 4;
const QUIET = { logSeverityLevel: FATAL } as const;

/**
 * Fusions that ONNX Runtime 1.30 applies to float64, too, though their kernels exist for float32 alone (x sigmoid(x)) or
 * keep a factor in float32 (products times a constant).
 */
const FLOAT32_ONLY = ['QuickGeluFusion', 'MatMulScaleFusion'];

/** It would undo what untransposed() does. */
const SLOWER = ['GemmTransposeFusion'];

/** Compiles the bytes of an ONNX model for the CPU provider, with `threads` threads within an operator. */
export async function createSession(model: Uint8Array, threads: number): Promise<Session> {
  const session = await ort.InferenceSession.create(model, {
    executionProviders: ['cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    // One block planned for a whole run is taken beside the pieces of the first run, which stay: as fast, and larger.
    enableMemPattern: false,
    logSeverityLevel: FATAL,
    extra: { optimization: { disable_specified_optimizers: [...FLOAT32_ONLY, ...SLOWER].join(';') } },
  }).catch((error: Error) => {
    throw new RobustlawError('unsupported-op', `ONNX Runtime does not accept the graph: ${error.message}`, {
      cause: error,
    });
  });
  // Wrapping the same array again on every step of a loop is waste.
  const wrapped = new WeakMap<TensorData, ort.Tensor>();
  const wrap = ({ dtype, shape, data }: Bound): ort.Tensor => {
    const known = wrapped.get(data);
    if (known?.type === dtype && known.dims.length === shape.length) {
      if (known.dims.every((n, i) => n === shape[i])) return known;
    }
    const fresh = new ort.Tensor(dtype, data as never, shape);
    wrapped.set(data, fresh);
    return fresh;
  };
  const wrapAll = (bound: Readonly<Record<string, Bound>>): Record<string, ort.Tensor> => {
    const tensors: Record<string, ort.Tensor> = {};
    for (const name in bound) tensors[name] = wrap(bound[name]!);
    return tensors;
  };
  return {
    // onnxruntime-node 1.30 also copies the arrays of `fetches` into new ones, which nobody reads (pull request 32346 of
    // microsoft/onnxruntime would end it): a millisecond per 10 MB, so what is large should leave an execution seldom.
    async run(feeds, fetches) {
      try {
        await session.run(wrapAll(feeds), wrapAll(fetches), QUIET);
      } catch (error) {
        throw new RobustlawError('internal', `ONNX Runtime failed: ${(error as Error).message}`, {
          cause: error,
        });
      }
    },
    release: () => session.release(),
  };
}
