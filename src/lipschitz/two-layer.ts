// Two-layer networks with one output: the rows whose signed sums are all gradients the network could have.
import type { Matrix } from '../linalg/index.ts';
import { matrix } from '../linalg/index.ts';
import type { Activation } from './activation.ts';
import type { DenseLayer, Sequential } from './layers.ts';

/** f(x) = sum_l a_l h(w_l . x + b_l) + c. */
export interface TwoLayer {
  /** Rows w_l `[k, d]` and b `[k]`. */
  readonly hidden: DenseLayer;
  readonly activation: Activation;
  /** a `[k]`. */
  readonly output: Float64Array;
}

/** The network as a two-layer one, or undefined if it has another form. */
export function asTwoLayer({ layers, outputs }: Sequential): TwoLayer | undefined {
  const [hidden, middle, last] = layers;
  if (layers.length !== 3 || outputs !== 1) return undefined;
  if (hidden!.kind !== 'dense' || middle!.kind !== 'activation' || last!.kind !== 'dense') return undefined;
  return { hidden, activation: middle.activation, output: last.matrix.data };
}

/**
 * Rows R_0..R_k `[k + 1, d]` such that every difference f(x) - f(y) is <sum_i s_i R_i, x - y> for some s with s_0 = 1
 * and |s_l| <= 1: with slopes in [low, high], R_0 = (high + low)/2 sum_l a_l w_l and R_l = (high - low)/2 a_l w_l.
 * `error` bounds the rounding of each entry.
 */
export function gradientRows({ hidden, activation, output }: TwoLayer): {
  rows: Matrix;
  error: Float64Array;
} {
  const { rows: k, columns: d, data } = hidden.matrix;
  const [low, high] = activation.slopes;
  const centre = (high + low) / 2;
  const radius = (high - low) / 2;
  const rows = new Float64Array((k + 1) * d);
  const error = new Float64Array((k + 1) * d);
  const unit = 2 ** -53;
  for (let l = 0; l < k; l++) {
    for (let j = 0; j < d; j++) {
      const entry = output[l]! * data[l * d + j]!;
      rows[(l + 1) * d + j] = radius * entry;
      error[(l + 1) * d + j] = 4 * unit * Math.abs(radius * entry) + 2 ** -1070;
      rows[j]! += centre * entry;
      error[j]! += 2 * (k + 4) * unit * Math.abs(centre * entry) + 2 ** -1070;
    }
  }
  return { rows: matrix(k + 1, d, rows), error };
}
