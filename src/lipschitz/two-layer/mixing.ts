// max s^T Q s over signs s, relaxed to unit vectors, by the mixing method (Wang, Chang and Kolter 2017, "The mixing
// method: low-rank coordinate descent for semidefinite programming with diagonal constraints").
import type { Matrix } from '../../linalg/index.ts';
import { matrix } from '../../linalg/index.ts';
import type { Rng } from '../../random/index.ts';
import { sphere } from '../../random/index.ts';

export interface Relaxation {
  /** Unit vectors v_i `[m, rank]`; the relaxed value is sum_ij q_ij <v_i, v_j>. */
  readonly vectors: Matrix;
  /** lambda_i = sum_j q_ij <v_i, v_j>: at the optimum diag(lambda) - Q is positive semidefinite. */
  readonly multipliers: Float64Array;
}

/** Sweeps over all coordinates; a change of the value below this fraction per sweep ends them. */
const PRECISION = 1e-6;
const MOST_SWEEPS = 300;

/**
 * Coordinate ascent v_i <- g_i / |g_i|, g_i = sum_{j != i} q_ij v_j, for a symmetric positive semidefinite Q
 * `[m, m]`, in dimension just above sqrt(2m), where generic Q leave no local optimum but the global one
 * (Boumal, Voroninski and Bandeira 2016).
 */
export function mixing(q: Matrix, rng: Rng): Relaxation {
  const m = q.rows;
  const rank = Math.ceil(Math.sqrt(2 * m)) + 1;
  const v = sphere(rng, m, rank);
  const multipliers = new Float64Array(m);
  const g = new Float64Array(rank);
  let before = 0;
  for (let sweep = 0; sweep < MOST_SWEEPS; sweep++) {
    let value = 0;
    for (let i = 0; i < m; i++) {
      g.fill(0);
      for (let j = 0; j < m; j++) {
        const weight = j === i ? 0 : q.data[i * m + j]!;
        if (weight === 0) continue;
        for (let r = 0, p = j * rank; r < rank; r++, p++) g[r]! += weight * v[p]!;
      }
      const size = Math.sqrt(g.reduce((sum, t) => sum + t * t, 0));
      if (size > 0) for (let r = 0; r < rank; r++) v[i * rank + r] = g[r]! / size;
      multipliers[i] = size + q.data[i * m + i]!;
      value += multipliers[i]!;
    }
    if (value - before <= PRECISION * value && sweep > 0) break;
    before = value;
  }
  return { vectors: matrix(m, rank, v), multipliers };
}
