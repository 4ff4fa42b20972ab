// Why LipSDP-Network is not offered: multipliers that couple pairs of neurons give numbers below slopes that are attained.
import { describe, expect, it } from 'vitest';
import { RELU } from '../../../src/intervals/index.ts';
import { matrix } from '../../../src/linalg/index.ts';
import { chain } from '../../../src/lipschitz/network/network.ts';
import { lipsdp } from '../../../src/lipschitz/semidefinite/lipsdp.ts';
import { normal, rng } from '../../../src/random/index.ts';
import { steepestQuotient } from './random-networks.ts';

/** 1 / sqrt(rho) of T = diag(lambda) + sum_jk zeta_jk (e_j - e_k)(e_j - e_k)^T for c^T relu(W x), W `[3, 2]`, from the roots of lambda and zeta; Infinity if infeasible. */
function valueOfMultiplier(w: Float64Array, c: Float64Array, t: readonly number[]): number {
  const [a, b, d, ab, ad, bd] = t.map((v) => v * v) as [number, number, number, number, number, number];
  const m = [a + ab + ad, -ab, -ad, -ab, b + ab + bd, -bd, -ad, -bd, d + ad + bd];
  const tw = Array.from({ length: 6 }, (_, e) => {
    const [i, k] = [Math.floor(e / 2), e % 2];
    return m[3 * i]! * w[k]! + m[3 * i + 1]! * w[2 + k]! + m[3 * i + 2]! * w[4 + k]!;
  });
  // X = 2 T - T W W^T T > 0, L^2 = c^T X^-1 c, by Cholesky and substitution.
  const x = m.map((v, e) => {
    const [i, j] = [Math.floor(e / 3), e % 3];
    return 2 * v - tw[2 * i]! * tw[2 * j]! - tw[2 * i + 1]! * tw[2 * j + 1]!;
  });
  const l = new Array<number>(9).fill(0);
  const y = [0, 0, 0];
  for (let i = 0; i < 3; i++) {
    for (let j = 0; j <= i; j++) {
      let v = x[3 * i + j]!;
      for (let k = 0; k < j; k++) v -= l[3 * i + k]! * l[3 * j + k]!;
      if (i === j && !(v > 0)) return Number.POSITIVE_INFINITY;
      l[3 * i + j] = i === j ? Math.sqrt(v) : v / l[3 * j + j]!;
    }
    let v = c[i]!;
    for (let k = 0; k < i; k++) v -= l[3 * i + k]! * y[k]!;
    y[i] = v / l[3 * i + i]!;
  }
  return Math.hypot(...y);
}

describe('couplings between neurons', () => {
  it('fall below attained slopes on random 2-3-1 networks; LipSDP-Neuron never does', () => {
    let below = 0;
    for (let seed = 0; seed < 20; seed++) {
      const key = rng(seed);
      const [w, c] = [normal(key.split('w'), 6), normal(key.split('c'), 3)];
      const network = chain([matrix(3, 2, w), matrix(1, 3, c)], RELU);
      // Descent by random steps from multipliers that are surely feasible.
      const start = 1 / Math.sqrt(w.reduce((sum, v) => sum + v * v, 0));
      let t = [start, start, start, 0, 0, 0];
      let value = valueOfMultiplier(w, c, t);
      const steps = normal(key.split('steps'), 6 * 4000);
      for (let i = 0; i < 4000; i++) {
        const tried = t.map((v, k) => v + start * steps[6 * i + k]! * 10 ** ((-3 * (i % 7)) / 6));
        const next = valueOfMultiplier(w, c, tried);
        if (next < value) [t, value] = [tried, next];
      }
      const met = steepestQuotient(network, key, 30, 1e-3);
      expect(met).toBeLessThanOrEqual(lipsdp(network).value * (1 + 1e-11));
      if (value < met * 0.96) below++;
    }
    expect(below).toBeGreaterThanOrEqual(3);
  });
});
