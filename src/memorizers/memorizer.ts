// What every explicit construction of a memorizer offers: its function as an ONNX graph, its size P and its certified Lipschitz constant.
import { invalidArgument } from '../errors.ts';
import type { Graph } from '../graph/index.ts';
import { encodeForAnyBatch, toFloat } from '../graph/index.ts';
import type { UpperGuarantee, Witness } from '../guarantee/index.ts';
import { upperEnd } from '../guarantee/index.ts';
import { compile } from '../runtime/index.ts';
import { BULK_RANGE, type BulkForm } from './bulk.ts';

/**
 * A function f: R^d -> R^m made from n labelled points by a formula, without training.
 *
 * Guarantees are about the function that the stored float64 parameters define in exact arithmetic. Evaluating it in
 * floating point adds an error of evaluation, which is not part of f.
 */
export interface Memorizer {
  /** Name of the construction, e.g. `McShane-Whitney`. */
  readonly name: string;
  /** d. */
  readonly inputDimension: number;
  /** m. */
  readonly outputDimension: number;
  /** P, the number of real parameters of the class that f is taken from; what `parameterCount(graph(1))` counts. */
  readonly parameterCount: number;
  /**
   * The Lipschitz constant of f in l2, on its domain: for `sphere` the supremum of |f(a) - f(b)| / |a - b| over a, b
   * on the unit sphere.
   */
  readonly lipschitz: UpperGuarantee;
  /** Where `lipschitz` holds on a smaller domain only: a bound on all of R^d. It may take seconds to compute. */
  readonly globalLipschitz?: () => UpperGuarantee;
  /** Where the constant is attained, or for an upper bound the steepest place that the construction knows of. */
  readonly witness?: Witness;
  /**
   * Approximate constructions only: an upper bound on max_i |f(x_i) - y_i|. Where it is absent, f(x_i) = y_i up to
   * rounding.
   */
  readonly misfit?: number;
  /** f in float64: input `x` `[batch, d]`, output `y` `[batch, m]`. */
  readonly graph: (batch: number) => Graph;
  /**
   * Where there is one, the form for evaluating many points: for coordinates up to BULK_RANGE its values are within
   * 1.5e-10 of the largest label of those of `graph`, plus rounding far from the data.
   */
  readonly bulk?: BulkForm;
}

/** Elements of the largest intermediate tensor of one execution, of order (points in the batch) x P. */
const BATCH_ELEMENTS = 2 ** 22;

/** Points from which the bulk form is worth its smaller accuracy. */
const MANY = 16;

/**
 * f(x) for N points, through ONNX Runtime in float64; many points in the bulk form of the memorizer where it has one.
 *
 * @param x `[N, d]`, row-major; N >= 1.
 * @returns `[N, m]`, row-major.
 * @throws invalid-argument when the length of x is not a positive multiple of d.
 */
export async function evaluateMemorizer(memorizer: Memorizer, x: Float64Array): Promise<Float64Array> {
  const [d, m] = [memorizer.inputDimension, memorizer.outputDimension];
  const count = x.length / d;
  if (!(Number.isInteger(count) && count >= 1)) {
    throw invalidArgument('length of x', x.length, `a positive multiple of the input dimension ${d}`);
  }
  const { bulk } = memorizer;
  const inBulk = bulk && count >= MANY && x.every((t) => Math.abs(t) <= BULK_RANGE);
  const { graph, batch: wanted } = inBulk
    ? bulk
    : { graph: memorizer.graph, batch: Math.floor(BATCH_ELEMENTS / memorizer.parameterCount) };
  const batch = Math.max(1, Math.min(count, wanted));
  const program = await compile(graph(batch));
  try {
    const result = new Float64Array(count * m);
    for (let start = 0; start < count; start += batch) {
      const rows = Math.min(batch, count - start);
      const chunk = new Float64Array(batch * d);
      chunk.set(x.subarray(start * d, (start + rows) * d));
      const { y } = await program.run({ x: chunk });
      result.set((y as Float64Array).subarray(0, rows * m), start * m);
    }
    return result;
  } finally {
    await program.dispose();
  }
}

/**
 * The bytes of an `.onnx` file that computes f for any batch size: input `x` `[batch, d]`, output `y` `[batch, m]`.
 * Name, P and Lipschitz constant stand in its metadata. In float32 the parameters are rounded, so that interpolation
 * holds to about 1e-6 of the label scale only.
 */
export function exportMemorizer(
  memorizer: Memorizer,
  dtype: 'float64' | 'float32' = 'float64',
): Uint8Array<ArrayBufferLike> {
  const { lipschitz } = memorizer;
  return encodeForAnyBatch(
    (batch) => (dtype === 'float64' ? memorizer.graph(batch) : toFloat(memorizer.graph(batch), dtype)),
    {
      memorizer: memorizer.name,
      parameterCount: String(memorizer.parameterCount),
      lipschitz: String(upperEnd(lipschitz)),
      lipschitzGuarantee: lipschitz.kind,
      lipschitzDomain: lipschitz.domain.kind,
    },
  );
}
