// Points of a two-layer network with a steep activation pattern: the pattern by rounding the relaxation (Goemans and
// Williamson 1995) and flipping single signs, the point by linear algebra.

import type { Activation } from '../../intervals/index.ts';
import {
  cholesky,
  choleskySolve,
  gram,
  type Matrix,
  matrix,
  multiplyVectorTransposed,
  row,
  transpose,
} from '../../linalg/index.ts';
import type { Rng } from '../../random/index.ts';
import { sphere } from '../../random/index.ts';
import { length } from '../norms.ts';
import { mixing } from './mixing.ts';
import type { TwoLayer } from './two-layer.ts';
import { gradientRows } from './two-layer.ts';

/** Hyperplanes that round the relaxation. */
const ROUNDINGS = 24;
/** How far inside of its half-space each neuron is put, as multiples of `scale` |w_l|. */
const MARGINS = [0.1, 1, 10];

/**
 * Points of R^d `[count, d]` whose pattern is (for k <= d independent neurons) or resembles (else) one that makes
 * |sum_l s_l R_l| large. Starting points for an ascent: nothing is promised about them.
 *
 * @param scale the length of typical inputs.
 */
export function patternStarts(network: TwoLayer, scale: number, rng: Rng): Float64Array[] {
  const { rows } = gradientRows(network);
  if (!rows.data.every((v) => Number.isFinite(v))) return [];
  const q = gram(rows);
  const { vectors } = mixing(q, rng.split('mixing'));
  const found = new Map<string, { signs: Float64Array; value: number }>();
  for (let trial = 0; trial < ROUNDINGS; trial++) {
    const pattern = climb(q, rounded(vectors, sphere(rng.split(trial), 1, vectors.columns)));
    found.set(pattern.signs.join(), pattern);
  }
  const best = [...found.values()].sort((a, b) => b.value - a.value).slice(0, 4);
  const place = placer(network, scale);
  return best.flatMap(({ signs }) => MARGINS.map((margin) => place(signs.subarray(1), margin)));
}

/** Signs of the vectors' components along a random direction, with s_0 = 1. */
function rounded(vectors: Matrix, direction: Float64Array): Float64Array {
  const rank = vectors.columns;
  const signs = Float64Array.from({ length: vectors.rows }, (_, i) => {
    let component = 0;
    for (let r = 0; r < rank; r++) component += direction[r]! * vectors.data[i * rank + r]!;
    return component < 0 ? -1 : 1;
  });
  return signs.map((s) => s * signs[0]!);
}

/** Flips the single sign that raises s^T Q s most, s_0 apart, until none does. */
function climb(q: Matrix, start: Float64Array): { signs: Float64Array; value: number } {
  const m = q.rows;
  const signs = start.slice();
  const product = multiplyVectorTransposed(q, signs);
  const value = () => product.reduce((sum, v, i) => sum + v * signs[i]!, 0);
  const noise = 1e-12 * value();
  for (;;) {
    let best = 0;
    let gain = noise;
    for (let i = 1; i < m; i++) {
      const gained = q.data[i * m + i]! - signs[i]! * product[i]!;
      if (gained > gain) [best, gain] = [i, gained];
    }
    if (best === 0) return { signs, value: value() };
    for (let i = 0; i < m; i++) product[i]! -= 2 * q.data[i * m + best]! * signs[best]!;
    signs[best] = -signs[best]!;
  }
}

/** 1 where the slope is larger on the right of zero, as s_l = 1 asks for, and -1 where it is on the left. */
function steeperSide({ value }: Activation): 1 | -1 {
  return value(1) - value(0) < value(0) - value(-1) ? -1 : 1;
}

/**
 * From signs and a margin to a point x with W x + b close to margin scale |w_l| s_l (on the steeper side for s_l = 1), by
 * ridge regression with a ridge so small that independent neurons (k <= d) take their targets.
 */
function placer(
  { weights: w, biases, activations }: TwoLayer,
  scale: number,
): (signs: Float64Array, margin: number) => Float64Array {
  const { rows: k, columns: d } = w;
  const lengths = Float64Array.from({ length: k }, (_, l) => length(row(w, l), 'l2'));
  const target = (signs: Float64Array, margin: number) =>
    signs.map((s, l) => margin * scale * lengths[l]! * s * steeperSide(activations[l]!) - biases[l]!);
  // W^T (W W^T + r I)^-1 = (W^T W + r I)^-1 W^T: the smaller side is factorised.
  const factor = cholesky(ridged(gram(k <= d ? w : transpose(w))));
  return (signs, margin) =>
    k <= d
      ? multiplyVectorTransposed(w, choleskySolve(factor, target(signs, margin)))
      : choleskySolve(factor, multiplyVectorTransposed(w, target(signs, margin)));
}

function ridged(g: Matrix): Matrix {
  const n = g.rows;
  let trace = 0;
  for (let i = 0; i < n; i++) trace += g.data[i * n + i]!;
  const ridge = trace > 0 ? 1e-11 * trace : 1;
  return matrix(
    n,
    n,
    g.data.map((v, i) => (i % (n + 1) === 0 ? v + ridge : v)),
  );
}
