import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  integers,
  normal,
  permutation,
  type Rng,
  rng,
  signs,
  sphere,
  uniform,
} from '../../src/random/index.ts';

/** Kolmogorov-Smirnov: sqrt(n) sup |F_n - F|; above 1.95 with probability 0.001 (Kolmogorov's limit law). */
function kolmogorov(sample: Float64Array, cdf: (x: number) => number): number {
  const sorted = sample.slice().sort();
  const n = sorted.length;
  let sup = 0;
  sorted.forEach((x, i) => {
    const f = cdf(x);
    sup = Math.max(sup, f - i / n, (i + 1) / n - f);
  });
  return Math.sqrt(n) * sup;
}

/** Chi-squared statistic as a normal score (Wilson-Hilferty). */
function chiSquaredScore(counts: readonly number[]): number {
  const expected = counts.reduce((a, b) => a + b, 0) / counts.length;
  const statistic = counts.reduce((a, c) => a + (c - expected) ** 2 / expected, 0);
  const k = counts.length - 1;
  return (Math.cbrt(statistic / k) - (1 - 2 / (9 * k))) / Math.sqrt(2 / (9 * k));
}

/** Phi by Simpson's rule on the density: independent of the sampler and of any rational approximation. */
function normalCdf(x: number): number {
  const t = Math.min(Math.abs(x), 9);
  const steps = 2 * Math.ceil(20 * t + 1);
  const h = t / steps;
  let sum = 1 + Math.exp((-t * t) / 2);
  for (let i = 1; i < steps; i++) sum += (i % 2 ? 4 : 2) * Math.exp(-((i * h) ** 2) / 2);
  const half = (sum * h) / 3 / Math.sqrt(2 * Math.PI);
  return x < 0 ? 0.5 - half : 0.5 + half;
}

function moment(sample: Float64Array, power: number): number {
  return sample.reduce((a, x) => a + x ** power, 0) / sample.length;
}

function correlation(a: Float64Array, b: Float64Array): number {
  const n = a.length;
  const [ma, mb] = [moment(a, 1), moment(b, 1)];
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    ab += (a[i]! - ma) * (b[i]! - mb);
    aa += (a[i]! - ma) ** 2;
    bb += (b[i]! - mb) ** 2;
  }
  return ab / Math.sqrt(aa * bb);
}

describe('keys', () => {
  it('give the same numbers to whoever asks, in any order', () => {
    const a = rng(7);
    const first = normal(a.split('x'), 5);
    normal(a.split('y'), 100);
    expect(normal(rng(7).split('x'), 5)).toEqual(first);
    expect(normal(a.split('x'), 5)).toEqual(first);
  });

  it('give the numbers they have always given', () => {
    // Pinned so that a published study stays reproducible; change VERSION in bits.ts on purpose only.
    expect([...normal(rng(0), 3)]).toEqual([
      0.02649960793107015, -0.052709010164698644, -0.13917359052753034,
    ]);
    expect([...uniform(rng('seed').split('init').split(2), 2)]).toEqual([
      0.7379224277662827, 0.31234239790262674,
    ]);
    expect([...permutation(rng(1), 8)]).toEqual([7, 1, 6, 3, 4, 5, 2, 0]);
  });

  it('have one path per sequence of names, whatever characters the names hold', () => {
    const name = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('/', '"', '\\', '1', ''),
      fc.integer(),
    );
    const names = fc.array(name, { minLength: 1, maxLength: 4 });
    const path = (all: (string | number)[]) =>
      all.slice(1).reduce((key: Rng, n) => key.split(n), rng(all[0]!)).path;
    fc.assert(
      fc.property(names, names, (a, b) => {
        const same = a.length === b.length && a.every((x, i) => x === b[i]);
        expect(path(a) === path(b)).toBe(same);
      }),
      { numRuns: 2000 },
    );
    expect(path(['a', 'b'])).not.toBe(path(['ab']));
    expect(path(['a', 'b'])).not.toBe(path(['a/b']));
    expect(path(['a', '1'])).not.toBe(path(['a', 1]));
  });

  it('are independent after a split, and so are the samplers of one key', () => {
    const n = 100_000;
    const parent = rng(3);
    const children = Array.from({ length: 6 }, (_, i) => normal(parent.split(i), n));
    const samples = [...children, normal(parent, n), uniform(parent, n), signs(parent, n)];
    for (let i = 0; i < samples.length; i++) {
      for (let j = 0; j < i; j++) {
        // sqrt(n) r is standard normal; 36 pairs.
        expect(Math.abs(correlation(samples[i]!, samples[j]!)) * Math.sqrt(n)).toBeLessThan(4.2);
      }
    }
    // The first numbers of many sibling keys are themselves a uniform sample.
    const firsts = Float64Array.from({ length: 20_000 }, (_, i) => uniform(parent.split(i), 1)[0]!);
    expect(kolmogorov(firsts, (x) => x)).toBeLessThan(1.95);
  });

  it('refuse what is no name', () => {
    expect(() => rng(Number.NaN)).toThrow(/invalid seed: NaN/);
    expect(() => rng(1).split(Number.POSITIVE_INFINITY)).toThrow(/invalid split name: Infinity/);
  });
});

describe('uniform', () => {
  it('is uniform on [0, 1): Kolmogorov-Smirnov, moments, serial correlation', () => {
    const u = uniform(rng(11), 1_000_000);
    expect(kolmogorov(u, (x) => x)).toBeLessThan(1.95);
    for (const p of [1, 2, 3, 4]) {
      const sd = Math.sqrt(1 / (2 * p + 1) - 1 / (p + 1) ** 2);
      expect(Math.abs(moment(u, p) - 1 / (p + 1))).toBeLessThan((4 * sd) / 1000);
    }
    for (const lag of [1, 2, 3]) {
      expect(Math.abs(correlation(u.subarray(lag), u.subarray(0, u.length - lag)))).toBeLessThan(0.004);
    }
  });

  it('uses 53 bits, all of them fair', () => {
    const n = 40_000;
    const u = uniform(rng(12), n);
    const ones = new Array<number>(53).fill(0);
    for (const x of u) {
      let rest = x;
      for (let b = 0; b < 53; b++) {
        rest *= 2;
        if (rest >= 1) {
          ones[b]!++;
          rest -= 1;
        }
      }
      expect(rest).toBe(0);
    }
    for (const count of ones) expect(Math.abs(count - n / 2) / Math.sqrt(n / 4)).toBeLessThan(4.2);
  });

  it('stays in [low, high), prefixes agree, and bad intervals are refused', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -1e6, max: 1e6, noNaN: true }),
        fc.double({ min: 1e-9, max: 1e6, noNaN: true }),
        (low, width) => {
          const high = low + width;
          fc.pre(low < high);
          const sample = uniform(rng(1), 50, low, high);
          expect(sample.every((x) => x >= low && x < high)).toBe(true);
          expect(uniform(rng(1), 20, low, high)).toEqual(sample.slice(0, 20));
        },
      ),
    );
    expect(uniform(rng(1), 0)).toHaveLength(0);
    expect([...uniform(rng(1), 20, 1, 1 + Number.EPSILON)]).toEqual(new Array(20).fill(1));
    expect(() => uniform(rng(1), 1, 1, 1)).toThrow(/invalid interval/);
    expect(() => uniform(rng(1), 1, -1e308, 1e308)).toThrow(/invalid interval/);
    expect(() => uniform(rng(1), -1)).toThrow(/invalid count: -1/);
    expect(() => uniform(rng(1), 1.5)).toThrow(/invalid count: 1.5/);
  });
});

describe('normal', () => {
  it('is standard normal: Kolmogorov-Smirnov, eight moments, tails', () => {
    const n = 1_000_000;
    const z = normal(rng(21), n);
    expect(kolmogorov(z.subarray(0, 100_000), normalCdf)).toBeLessThan(1.95);
    const exact = [0, 1, 0, 3, 0, 15, 0, 105];
    const double = [1, 3, 15, 105, 945, 10395, 135135, 2027025];
    exact.forEach((m, i) => {
      const sd = Math.sqrt(double[i]! - m * m);
      expect(Math.abs(moment(z, i + 1) - m)).toBeLessThan((4 * sd) / Math.sqrt(n));
    });
    // P(|Z| > 3) = 0.0026998, P(|Z| > 4) = 6.334e-5
    for (const [t, p] of [
      [3, 0.0026997960632601866],
      [4, 6.334248366623973e-5],
    ] as const) {
      const count = z.filter((x) => Math.abs(x) > t).length;
      expect(Math.abs(count - n * p) / Math.sqrt(n * p)).toBeLessThan(4);
    }
  });

  it('has independent neighbours (the polar method yields pairs) and prefixes agree', () => {
    const z = normal(rng(22), 200_001);
    for (const lag of [1, 2]) {
      const a = z.subarray(lag);
      const b = z.subarray(0, z.length - lag);
      expect(Math.abs(correlation(a, b)) * Math.sqrt(a.length)).toBeLessThan(4);
      const squares = (x: Float64Array) => x.map((v) => v * v);
      expect(Math.abs(correlation(squares(a), squares(b))) * Math.sqrt(a.length)).toBeLessThan(4);
    }
    expect(normal(rng(22), 7)).toEqual(z.slice(0, 7));
  });
});

describe('signs, integers, permutation', () => {
  it('signs are fair and independent', () => {
    const n = 1_000_000;
    const s = signs(rng(31), n);
    expect(s.every((x) => x === 1 || x === -1)).toBe(true);
    expect(Math.abs(moment(s, 1)) * Math.sqrt(n)).toBeLessThan(4);
    expect(Math.abs(correlation(s.subarray(1), s.subarray(0, n - 1))) * Math.sqrt(n)).toBeLessThan(4);
  });

  it('integers are uniform, also where a modulo of 32 bits would be biased by a half', () => {
    const small = integers(rng(32), 200_000, -3, 7);
    const counts = new Array<number>(10).fill(0);
    for (const v of small) counts[v + 3]!++;
    expect(Math.abs(chiSquaredScore(counts))).toBeLessThan(4);
    // range 3 * 2^30: a modulo of 32 random bits would hit the lowest third twice as often
    const wide = integers(rng(33), 90_000, -(2 ** 31), 2 ** 30);
    const thirds = [0, 0, 0];
    for (const v of wide) thirds[Math.floor((v + 2 ** 31) / 2 ** 30)]!++;
    expect(Math.abs(chiSquaredScore(thirds))).toBeLessThan(4);
    expect([...integers(rng(1), 5, 4, 5)]).toEqual([4, 4, 4, 4, 4]);
    expect(integers(rng(1), 1000, -(2 ** 31), 2 ** 31)).toHaveLength(1000);
    expect(() => integers(rng(1), 5, 4, 4)).toThrow(/invalid high: 4/);
    expect(() => integers(rng(1), 5, 0.5, 4)).toThrow(/invalid low: 0.5/);
  });

  it('permutations hold each index once and all 24 orders of four are equally likely', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 300 }), fc.integer(), (n, seed) => {
        expect([...permutation(rng(seed), n)].sort((a, b) => a - b)).toEqual(
          Array.from({ length: n }, (_, i) => i),
        );
      }),
    );
    const counts = new Map<string, number>();
    const root = rng(34);
    for (let i = 0; i < 24_000; i++) {
      const key = permutation(root.split(i), 4).join('');
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    expect(Math.abs(chiSquaredScore([...counts.values()]))).toBeLessThan(4);
    // Each element of a longer permutation lands everywhere equally often.
    const places = new Array<number>(50).fill(0);
    for (let i = 0; i < 10_000; i++) places[permutation(root.split(`long ${i}`), 50).indexOf(49)]!++;
    expect(Math.abs(chiSquaredScore(places))).toBeLessThan(4);
  });
});

describe('sphere', () => {
  it('has unit rows, mean zero, covariance I/d and the same marginal in every direction', () => {
    const [n, d] = [40_000, 3];
    const x = sphere(rng(41), n, d);
    for (let i = 0; i < n; i++) {
      expect(Math.hypot(x[3 * i]!, x[3 * i + 1]!, x[3 * i + 2]!)).toBeCloseTo(1, 14);
    }
    // Archimedes: on S^2 every coordinate, in every rotated frame, is uniform on [-1, 1].
    const directions = sphere(rng(42), 10, d);
    for (let k = 0; k < 10; k++) {
      const marginal = Float64Array.from({ length: n }, (_, i) => {
        return (
          x[3 * i]! * directions[3 * k]! +
          x[3 * i + 1]! * directions[3 * k + 1]! +
          x[3 * i + 2]! * directions[3 * k + 2]!
        );
      });
      expect(kolmogorov(marginal, (t) => (t + 1) / 2)).toBeLessThan(1.95);
    }
    const gram = (a: number, b: number) =>
      Float64Array.from({ length: n }, (_, i) => x[3 * i + a]! * x[3 * i + b]!);
    for (const [a, b] of [
      [0, 1],
      [0, 2],
      [1, 2],
    ] as const) {
      // Var(x_a x_b) = 1/(d(d+2)) = 1/15
      expect(Math.abs(moment(gram(a, b), 1)) * Math.sqrt(n * 15)).toBeLessThan(4);
    }
  });

  it('concentrates: inner products of independent points in high dimension have variance 1/d', () => {
    const [n, d] = [200, 400];
    const x = sphere(rng(43), n, d);
    let [sum, count] = [0, 0];
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < i; j++) {
        let dot = 0;
        for (let k = 0; k < d; k++) dot += x[i * d + k]! * x[j * d + k]!;
        sum += dot * dot;
        count++;
      }
    }
    expect((sum / count) * d).toBeCloseTo(1, 1);
  });

  it('is the two signs for d = 1, uniform angles for d = 2, and refuses d = 0', () => {
    const two = sphere(rng(44), 10_000, 1);
    expect(two.every((v) => v === 1 || v === -1)).toBe(true);
    expect(Math.abs(moment(two, 1)) * 100).toBeLessThan(4);
    const circle = sphere(rng(45), 20_000, 2);
    const angles = Float64Array.from({ length: 20_000 }, (_, i) =>
      Math.atan2(circle[2 * i + 1]!, circle[2 * i]!),
    );
    expect(kolmogorov(angles, (a) => a / (2 * Math.PI) + 0.5)).toBeLessThan(1.95);
    expect(sphere(rng(1), 0, 3)).toHaveLength(0);
    expect(() => sphere(rng(1), 1, 0)).toThrow(/invalid d: 0/);
  });
});
