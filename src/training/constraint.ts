// Constraints that weights are brought back into after every update: bounded spectral norms (Gouk et al. 2021, "Regularisation of neural networks by enforcing Lipschitz continuity").
import { requirePositive } from '../errors.ts';
import type { FloatType, Tensor, Value } from '../graph/index.ts';
import {
  div,
  equal,
  gemm,
  innerProduct,
  maximum,
  mul,
  reshape,
  sizeOf,
  sqrt,
  tensor,
  where,
} from '../graph/index.ts';
import { matrix, spectralNormUpper } from '../linalg/index.ts';
import type { Weights } from '../models/index.ts';
import { isWeight } from './objective.ts';

export interface Constraint {
  /** A parameter after the update, brought into the constraint up to the rounding of the training. */
  apply(parameter: Value): Value;
  /** Weights within the constraint, certified: those that are within keep their bits. */
  certify(weights: Weights): Weights;
}

/** Excess of the norm that the graph computes over the true one. */
const EXCESS = 0.01;

/**
 * Every weight matrix and every kernel is a linear map of l2 norm at most `bound`: where it is larger, the weight is
 * scaled down. With 1-Lipschitz activations and pooling between them, D layers have the Lipschitz constant bound^D at
 * most; residual connections, attention and normalisations keep no such promise.
 *
 * In the graph, the norm is bounded from above by Gram iteration (Delattre et al. 2023, "Efficient bound of Lipschitz
 * constant for convolutional layers by Gram iteration"): |W|_2 <= |(W W^T)^(2^t)|_F^(1 / 2^(t+1)), which exceeds it by at
 * most 1 %. certify() takes float64 bounds that hold with all rounding; there, a promise becomes a certificate.
 * The norm of a convolution is at most the root of the number of its kernel positions times that of the kernel
 * `[filters, channels * positions]` as a matrix, whatever stride and padding are.
 *
 * Cost per update: about (log2(ln(m) / 0.01) - 1) products of m x m matrices for each weight of smaller side m.
 *
 * @param bound > 0; 1 for 1-Lipschitz layers.
 */
export function spectralNorm(bound: number): Constraint {
  requirePositive('spectral norm', bound);
  return {
    apply(parameter) {
      if (!isWeight(parameter)) return parameter;
      const norm = mul(gramBound(asMatrix(parameter)), repetition(parameter.shape));
      return mul(parameter, div(bound, maximum(norm, bound)));
    },
    certify: (weights) =>
      Object.fromEntries(
        Object.entries(weights).map(([name, weight]) => [
          name,
          isWeight(weight) ? withNorm(weight, bound) : weight,
        ]),
      ),
  };
}

/** How much a convolution may stretch beyond its kernel as a matrix: each input entry is read at most once per position. */
function repetition(shape: readonly number[]): number {
  return Math.sqrt(sizeOf(shape.slice(2)));
}

/** The smaller side first where that needs no transposition in memory: gramBound() takes either. */
function asMatrix(w: Value): Value {
  return w.shape.length === 2 ? w : reshape(w, [w.shape[0]!, sizeOf(w.shape.slice(1))]);
}

/** An upper bound on |W|_2 within a share EXCESS of it, up to rounding; without overflow. */
function gramBound(w: Value): Value {
  const [rows, columns] = w.shape as [number, number];
  const m = Math.min(rows, columns);
  // m^(1 / 2^(t + 2)) <= 1 + EXCESS.
  const squarings = m === 1 ? 0 : Math.max(0, Math.ceil(Math.log2(Math.log(m) / Math.log1p(EXCESS))) - 2);
  const sizes: Value[] = [];
  const normalised = (g: Value): Value => {
    const size = sqrt(innerProduct(g, g));
    sizes.push(size);
    return div(g, where(equal(size, 0), 1, size));
  };
  const largest = normalised(w);
  let g = normalised(gemm(largest, largest, rows <= columns ? { transB: 1 } : { transA: 1 }));
  for (let t = 0; t < squarings; t++) g = normalised(gemm(g, g));
  const [first, ...grams] = sizes as [Value, ...Value[]];
  // |G_0|_2 <= s_0 (s_1 (s_2 ...)^(1/2))^(1/2), with s_t the norm of the square of the normalised G_(t-1).
  const ofGram = grams.reduceRight(
    (inner: Value | undefined, s) => (inner ? mul(s, sqrt(inner)) : s),
    undefined,
  );
  return mul(first, sqrt(ofGram!));
}

function withNorm(weight: Tensor, bound: number): Tensor {
  const rows = weight.shape[0]!;
  const allowed = bound / repetition(weight.shape) / (1 + 4 * Number.EPSILON);
  let data = weight.data as Float32Array | Float64Array;
  // Rounding to float32 may lead out again by a little, so the second scaling is by a little more.
  for (let margin = 1e-7; ; margin *= 2) {
    const norm = spectralNormUpper(matrix(rows, data.length / rows, Float64Array.from(data)));
    if (norm <= allowed) break;
    const factor = (allowed / norm) * (1 - margin);
    data = tensor(
      weight.dtype as FloatType,
      weight.shape,
      Float64Array.from(data, (entry) => entry * factor),
    ).data as Float32Array | Float64Array;
  }
  return { ...weight, data };
}
