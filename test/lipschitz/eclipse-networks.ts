// The random networks of the ECLipsE paper (Xu and Sivaranjani 2024) from NumPy's legacy generator, with known constants:
// all weights are >= 0, so the constant is that of the pattern with all neurons active, |W_L ... W_1|_2.
import { type Matrix, matrix, multiply, singularValues } from '../../src/linalg/index.ts';

/**
 * Widths 4, n, ..., n, 1 with L weight matrices; seed 7n + 13L. For each layer in order: t uniform in [0.4, 1.8]; W =
 * rand(out, in), scaled to |W|_2 = t; rand(out) is drawn and thrown away.
 */
export function eclipseNetwork(n: number, layers: number): Matrix[] {
  const random = mersenneTwister(7 * n + 13 * layers);
  const widths = [4, ...new Array<number>(layers - 1).fill(n), 1];
  return widths.slice(1).map((out, i) => {
    const t = 0.4 + 1.4 * random();
    const w = matrix(out, widths[i]!, Float64Array.from({ length: out * widths[i]! }, random));
    const factor = t / singularValues(w)[0]!;
    for (let bias = 0; bias < out; bias++) random();
    return matrix(
      out,
      w.columns,
      w.data.map((v) => v * factor),
    );
  });
}

/** |W_L ... W_1|_2. */
export function normOfProduct(weights: readonly Matrix[]): number {
  return singularValues(weights.reduce((product, w) => multiply(w, product)))[0]!;
}

/** Uniform numbers in [0, 1) with 53 bits: MT19937 of Matsumoto and Nishimura (1998), seeded by init_genrand. */
export function mersenneTwister(seed: number): () => number {
  const state = new Uint32Array(624);
  state[0] = seed;
  for (let i = 1; i < 624; i++) {
    const before = state[i - 1]! ^ (state[i - 1]! >>> 30);
    state[i] = Math.imul(1812433253, before) + i;
  }
  let index = 624;
  const next = () => {
    if (index === 624) {
      for (let i = 0; i < 624; i++) {
        const y = (state[i]! & 0x80000000) | (state[(i + 1) % 624]! & 0x7fffffff);
        state[i] = state[(i + 397) % 624]! ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
      }
      index = 0;
    }
    let y = state[index++]!;
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  };
  return () => {
    const [a, b] = [next() >>> 5, next() >>> 6];
    return (a * 67108864 + b) / 9007199254740992;
  };
}
