// Two-layer networks with one output: the rows whose signed sums are all gradients the network could have.
import type { Activation } from '../../intervals/index.ts';
import type { Matrix } from '../../linalg/index.ts';
import { matrix } from '../../linalg/index.ts';
import { nextUp, UNIT_ROUNDOFF } from '../../numeric/index.ts';
import type { Network } from '../network/network.ts';

/** f(x) = sum_l a_l h_l(w_l . x + b_l) + v . x + c. */
export interface TwoLayer {
  /** Rows w_l `[k, d]`, each entry within `weightError` of the true one. */
  readonly weights: Matrix;
  readonly weightError: number;
  /** b `[k]`. */
  readonly biases: Float64Array;
  /** h `[k]`. */
  readonly activations: readonly Activation[];
  /** a `[k]`. */
  readonly output: Float64Array;
  /** v `[d]`, zero unless the input skips the hidden layer. */
  readonly direct: Float64Array;
  /** Each entry of a and v lies within this of the true one. */
  readonly outputError: number;
}

/** The network as a two-layer one, or undefined if it has another form. */
export function asTwoLayer({ features, blocks, output }: Network): TwoLayer | undefined {
  const [hidden] = blocks;
  const weights = hidden?.preactivation.terms.get(0);
  const last = output.terms.get(1);
  if (blocks.length !== 1 || output.rows !== 1 || !hidden || !weights || !last) return undefined;
  return {
    weights,
    weightError: hidden.preactivation.coefficientError,
    biases: hidden.preactivation.bias,
    activations: hidden.activations,
    output: last.data,
    direct: output.terms.get(0)?.data ?? new Float64Array(features),
    outputError: output.coefficientError,
  };
}

/** Rows 2^-exponent R_i `[k + 1, d]` with largest entry near 1, and a bound on the error of each entry. */
export interface GradientRows {
  readonly rows: Matrix;
  readonly error: Float64Array;
  readonly exponent: number;
}

/**
 * Rows R_0..R_k such that every difference f(x) - f(y) is <sum_i s_i R_i, x - y> for some s with s_0 = 1 and
 * |s_l| <= 1: with slopes of h_l in [low, high], R_0 = v + sum_l (high + low)/2 a_l w_l and R_l = (high - low)/2 a_l w_l.
 */
export function gradientRows(network: TwoLayer): GradientRows {
  const { weights, weightError, activations, output, direct, outputError } = network;
  const { rows: k, columns: d, data } = weights;
  const rows = new Float64Array((k + 1) * d);
  const error = new Float64Array((k + 1) * d);
  rows.set(direct);
  direct.forEach((v, j) => {
    error[j] = outputError + 2 * (k + 4) * UNIT_ROUNDOFF * Math.abs(v);
  });
  for (let l = 0; l < k; l++) {
    const [low, high] = activations[l]!.slopes;
    const centre = (high + low) / 2;
    const radius = (high - low) / 2;
    const a = output[l]!;
    // Of any product a_l w_lj, apart from what is proportional to |w_lj|.
    const shared = weightError * (Math.abs(a) + outputError) + TINY;
    for (let j = 0; j < d; j++) {
      const w = data[l * d + j]!;
      const entry = a * w;
      const slack = shared + outputError * Math.abs(w);
      rows[(l + 1) * d + j] = radius * entry;
      error[(l + 1) * d + j] = 4 * UNIT_ROUNDOFF * Math.abs(radius * entry) + radius * slack + TINY;
      rows[j]! += centre * entry;
      // gamma of the k additions and the products, and that this sum is rounded itself.
      error[j]! += 2 * (k + 4) * UNIT_ROUNDOFF * Math.abs(centre * entry) + Math.abs(centre) * slack + TINY;
    }
  }
  const largest = rows.reduce((max, v) => Math.max(max, Math.abs(v)), 0);
  const exponent = largest > 0 ? Math.max(-1000, Math.min(1000, Math.floor(Math.log2(largest)))) : 0;
  const scale = 2 ** -exponent;
  // The errors are sums of up to 4k positive terms, rounded themselves.
  const inflation = 1 + 8 * (k + 4) * UNIT_ROUNDOFF;
  return {
    rows: matrix(
      k + 1,
      d,
      rows.map((v) => v * scale),
    ),
    error: error.map((v) => nextUp(nextUp(v * inflation) * scale)),
    exponent,
  };
}

/** More than underflow takes from a product and a sum. */
const TINY = 2 ** -1070;
