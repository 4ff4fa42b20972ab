// Two-layer networks with one output: the rows whose signed sums are all gradients the network could have.

import type { Activation } from '../intervals/index.ts';
import type { Matrix } from '../linalg/index.ts';
import { matrix } from '../linalg/index.ts';
import { nextUp, UNIT_ROUNDOFF } from '../numeric/index.ts';
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

/** Rows 2^-exponent R_i `[k + 1, d]` with largest entry near 1, and a bound on the rounding of each entry. */
export interface GradientRows {
  readonly rows: Matrix;
  readonly error: Float64Array;
  readonly exponent: number;
}

/**
 * Rows R_0..R_k such that every difference f(x) - f(y) is <sum_i s_i R_i, x - y> for some s with s_0 = 1 and
 * |s_l| <= 1: with slopes in [low, high], R_0 = (high + low)/2 sum_l a_l w_l and R_l = (high - low)/2 a_l w_l.
 */
export function gradientRows({ hidden, activation, output }: TwoLayer): GradientRows {
  const { rows: k, columns: d, data } = hidden.matrix;
  const [low, high] = activation.slopes;
  const centre = (high + low) / 2;
  const radius = (high - low) / 2;
  const rows = new Float64Array((k + 1) * d);
  const error = new Float64Array((k + 1) * d);
  for (let l = 0; l < k; l++) {
    for (let j = 0; j < d; j++) {
      const entry = output[l]! * data[l * d + j]!;
      rows[(l + 1) * d + j] = radius * entry;
      error[(l + 1) * d + j] = 4 * UNIT_ROUNDOFF * Math.abs(radius * entry) + TINY;
      rows[j]! += centre * entry;
      // gamma of the k additions and the products, and that this sum is rounded itself.
      error[j]! += 2 * (k + 4) * UNIT_ROUNDOFF * Math.abs(centre * entry) + TINY;
    }
  }
  const largest = rows.reduce((max, v) => Math.max(max, Math.abs(v)), 0);
  const exponent = largest > 0 ? Math.max(-1000, Math.min(1000, Math.floor(Math.log2(largest)))) : 0;
  const scale = 2 ** -exponent;
  return {
    rows: matrix(
      k + 1,
      d,
      rows.map((v) => v * scale),
    ),
    error: error.map((v) => nextUp(v * scale)),
    exponent,
  };
}

/** More than underflow takes from a product and a sum. */
const TINY = 2 ** -1070;
