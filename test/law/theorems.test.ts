import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RobustlawError } from '../../src/errors.ts';
import {
  type FiniteClassSetting,
  finiteClassDimension,
  finiteClassFailure,
  finiteClassLipschitz,
  finiteClassLogSize,
  finiteClassSampleSize,
  type LawSetting,
  parametricClass,
  universalLaw,
  universalLawDimension,
  universalLawParameters,
  universalLawSampleSize,
  universalLawSideCondition,
} from '../../src/law/index.ts';
import { normal, rng, signs } from '../../src/random/index.ts';

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof RobustlawError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return 'no error';
}

describe('Theorem 2: finite classes', () => {
  const setting: FiniteClassSetting = { n: 10_000, d: 1000, logSize: 20, epsilon: 1, c: 1, k: 1 };

  it('has the value of its formula, worked by hand', () => {
    // 4 exp(-10000/512) + 2 exp(20 - 10^7 / (4096 * 64)), L = 8
    const byHand = 4 * Math.exp(-19.53125) + 2 * Math.exp(20 - 38.14697265625);
    expect(finiteClassFailure(setting, 8) / byHand).toBeCloseTo(1, 12);
    // Two components: 8 exp(-10000/1024)
    expect(finiteClassFailure({ ...setting, k: 2 }, 1) / (8 * Math.exp(-9.765625))).toBeCloseTo(1, 12);
    expect(finiteClassFailure(setting, 1e6)).toBe(1);
    expect(finiteClassFailure({ ...setting, n: 1 }, 1)).toBe(1);
  });

  const settings = fc.record({
    n: fc.integer({ min: 1, max: 1e7 }),
    d: fc.integer({ min: 1, max: 1e5 }),
    logSize: fc.double({ min: 0, max: 1e6, noNaN: true }),
    epsilon: fc.double({ min: 0.01, max: 1, noNaN: true }),
    c: fc.double({ min: 0.1, max: 10, noNaN: true }),
    k: fc.integer({ min: 1, max: 20 }),
  });
  const lipschitz = fc.double({ min: 1e-3, max: 1e4, noNaN: true });
  const level = fc.double({ min: 1e-6, max: 0.5, noNaN: true });

  it('is monotone: more points, dimensions and slack help, more functions and steepness hurt', () => {
    fc.assert(
      fc.property(settings, lipschitz, (s, L) => {
        const failure = finiteClassFailure(s, L);
        expect(failure).toBeGreaterThanOrEqual(0);
        expect(failure).toBeLessThanOrEqual(1);
        for (const easier of [
          { n: 2 * s.n },
          { d: 2 * s.d },
          { epsilon: Math.min(1, 1.5 * s.epsilon) },
          { logSize: s.logSize / 2 },
          { c: s.c / 2 },
        ]) {
          expect(finiteClassFailure({ ...s, ...easier }, L)).toBeLessThanOrEqual(failure * (1 + 1e-9));
        }
        expect(finiteClassFailure({ ...s, k: s.k + 1 }, L)).toBeGreaterThanOrEqual(failure * (1 - 1e-9));
        expect(finiteClassFailure(s, 2 * L)).toBeGreaterThanOrEqual(failure * (1 - 1e-9));
      }),
    );
  });

  it('is inverted in L, |F|, n and d', () => {
    fc.assert(
      fc.property(settings, lipschitz, level, (s, L, delta) => {
        const atL = finiteClassLipschitz(s, delta);
        expect(Number.isFinite(atL)).toBe(true);
        if (atL > 0) {
          expect(finiteClassFailure(s, atL) / delta).toBeCloseTo(1, 6);
          expect(finiteClassDimension(s, delta, atL) / s.d).toBeCloseTo(1, 6);
        }
        const logSize = finiteClassLogSize(s, delta, L);
        if (logSize > 1e-3) expect(finiteClassLipschitz({ ...s, logSize }, delta) / L).toBeCloseTo(1, 6);
        const n = finiteClassSampleSize(s, delta, L);
        if (Number.isFinite(n)) expect(finiteClassFailure({ ...s, n }, L)).toBeLessThanOrEqual(delta);
        if (Number.isFinite(n) && n > 1)
          expect(finiteClassFailure({ ...s, n: n - 1 }, L)).toBeGreaterThan(delta);
      }),
    );
    expect(finiteClassLipschitz({ ...setting, n: 10 }, 0.01)).toBe(0);
    expect(finiteClassLogSize({ ...setting, n: 10 }, 0.01, 1)).toBe(0);
    expect(finiteClassDimension({ ...setting, n: 10 }, 0.01, 1)).toBe(Infinity);
  });

  it('is not refuted by experiment where it says something', () => {
    // Ten functions x -> clip(u_j.x), |u_j| = 1, on N(0, I/d); labels are random signs, so sigma^2 = 1.
    const [n, d, size, epsilon, runs] = [4000, 40, 10, 0.9, 40];
    const stated = finiteClassFailure({ n, d, logSize: Math.log(size), epsilon, c: 1, k: 1 }, 1);
    expect(stated).toBeLessThan(0.01);
    const u = normal(rng('directions'), size * d);
    let failures = 0;
    for (let run = 0; run < runs; run++) {
      const x = normal(rng('finite').split(run).split('x'), n * d);
      const y = signs(rng('finite').split(run).split('y'), n);
      let best = Infinity;
      for (let j = 0; j < size; j++) {
        let [error, norm] = [0, 0];
        for (let k = 0; k < d; k++) norm += u[j * d + k]! ** 2;
        for (let i = 0; i < n; i++) {
          let f = 0;
          for (let k = 0; k < d; k++) f += x[i * d + k]! * u[j * d + k]!;
          error += (Math.max(-1, Math.min(1, f / Math.sqrt(norm * d))) - y[i]!) ** 2;
        }
        best = Math.min(best, error / n);
      }
      if (best <= 1 - epsilon) failures++;
    }
    expect(failures / runs).toBeLessThanOrEqual(stated);
  });

  it('names the hypothesis that numbers violate', () => {
    expect(codeOf(() => finiteClassFailure({ ...setting, epsilon: 1.5 }, 1))).toBe(
      'hypothesis-violated: Theorem 2 (finite classes) needs 0 < epsilon <= 1; got 1.5',
    );
    expect(codeOf(() => finiteClassFailure({ ...setting, k: 1.5 }, 1))).toMatch(
      /^hypothesis-violated: .*mixture components; got 1.5/,
    );
    expect(codeOf(() => finiteClassFailure({ ...setting, logSize: Infinity }, 1))).toMatch(
      /^hypothesis-violated: .*finite class/,
    );
    expect(codeOf(() => finiteClassLipschitz(setting, 0))).toMatch(
      /^hypothesis-violated: .*0 < delta < 1; got 0/,
    );
    expect(codeOf(() => finiteClassFailure(setting, 0))).toMatch(/^invalid-argument: invalid L: 0/);
    expect(codeOf(() => finiteClassFailure({ ...setting, n: Number.NaN }, 1))).toMatch(
      /^invalid-argument: invalid n: NaN/,
    );
  });
});

describe('Theorem 3: the universal law', () => {
  const setting: LawSetting = { n: 1e3, d: 1e3, epsilon: 1, delta: 0.01, c: 1, k: 1, noiseVariance: 1 };
  const family = (p: number) => parametricClass(p, 100, 1e6);

  it('has the values worked out for typical sizes: MNIST, ImageNet and cubes', () => {
    const rows = [
      [1e3, 1e3, 1e3, 0.013],
      [6e4, 784, 2e5, 0.006],
      [1.4e7, 2e5, 1e9, 0.022],
      [1e6, 1e6, 1e6, 0.41],
    ] as const;
    for (const [n, d, p, printed] of rows) {
      const { formula } = universalLaw({ ...setting, n, d }, family(p));
      expect(Number(formula.toPrecision(2))).toBeCloseTo(printed, 3);
      // The formula once more, in other words.
      const net = p * (Math.log(60) + Math.log(100) + 6 * Math.LN10) + Math.log(400);
      expect((formula * 512) ** 2 * net).toBeCloseTo(n * d, -Math.log10(n * d) + 9);
    }
  });

  it('certifies nothing where a hypothesis fails, and says which', () => {
    const small = universalLaw(setting, family(1e3));
    expect(small.formula).toBeGreaterThan(0);
    expect(small.certified).toBe(0);
    expect(small.hypotheses.filter((h) => !h.holds).map((h) => h.name)).toEqual(['enough samples']);
    const enough = small.hypotheses.find((h) => h.name === 'enough samples')!;
    expect(enough.value).toBe(1000);
    expect(enough.required).toBeCloseTo(27380.17, 2);
    const large = universalLaw({ ...setting, n: 6e4 }, family(1e3));
    expect(large.certified).toBe(large.formula);
    expect(large.hypotheses.every((h) => h.holds)).toBe(true);
    expect(large.hypotheses.filter((h) => h.assumed).map((h) => h.name)).toEqual([
      'labels',
      'parametrised class',
      'isoperimetry',
    ]);
    const quiet = universalLaw({ ...setting, n: 6e4, noiseVariance: 0 }, family(1e3));
    expect(quiet.certified).toBe(0);
    expect(quiet.hypotheses.filter((h) => !h.holds).map((h) => h.name)).toEqual([
      'noise',
      'fit below the noise is possible',
    ]);
    const two = universalLaw({ ...setting, n: 6e4, k: 2 }, family(1e3));
    expect(two.certified).toBe(0);
  });

  it('side condition: n >= 27 380.17 / epsilon^2 for k = 1, delta = 0.01, and 60 439 for k = 2', () => {
    expect(universalLawSideCondition(1, 0.01, 1)).toBeCloseTo(27380.1696, 3);
    expect(universalLawSideCondition(0.5, 0.01, 1)).toBeCloseTo(4 * 27380.1696, 2);
    expect(universalLawSideCondition(1, 0.01, 2)).toBeCloseTo(60438.601, 2);
    const holdsAt = (n: number) =>
      universalLaw({ ...setting, n }, family(1)).hypotheses.every((h) => h.holds);
    expect([holdsAt(27380), holdsAt(27381)]).toEqual([false, true]);
  });

  const settings = fc.record({
    n: fc.integer({ min: 1, max: 1e9 }),
    d: fc.integer({ min: 1, max: 1e6 }),
    epsilon: fc.double({ min: 0.01, max: 1, noNaN: true }),
    delta: fc.double({ min: 1e-6, max: 0.5, noNaN: true }),
    c: fc.double({ min: 0.1, max: 10, noNaN: true }),
    k: fc.integer({ min: 1, max: 20 }),
    noiseVariance: fc.double({ min: 0, max: 1, noNaN: true }),
  });
  const families = fc
    .tuple(
      fc.integer({ min: 1, max: 1e9 }),
      fc.double({ min: 1e-6, max: 1e6, noNaN: true }),
      fc.double({ min: 1e-6, max: 1e12, noNaN: true }),
    )
    .map(([p, W, J]) => parametricClass(p, W, J));

  it('is monotone and scales as sqrt(n d)', () => {
    fc.assert(
      fc.property(settings, families, (s, f) => {
        const { formula } = universalLaw(s, f);
        expect(formula).toBeGreaterThan(0);
        expect(universalLaw({ ...s, n: 4 * s.n }, f).formula / formula).toBeCloseTo(2, 10);
        expect(universalLaw({ ...s, d: 4 * s.d }, f).formula / formula).toBeCloseTo(2, 10);
        expect(universalLaw(s, { ...f, p: 2 * f.p }).formula).toBeLessThanOrEqual(formula);
        expect(universalLaw(s, { ...f, W: 2 * f.W }).formula).toBeLessThanOrEqual(formula);
        expect(universalLaw({ ...s, delta: s.delta / 2 }, f).formula).toBeLessThanOrEqual(formula);
        expect(universalLaw({ ...s, epsilon: s.epsilon / 2 }, f).formula).toBeLessThan(formula);
      }),
    );
  });

  it('is inverted in p, n and d', () => {
    fc.assert(
      fc.property(settings, families, fc.double({ min: 1e-4, max: 10, noNaN: true }), (s, f, L) => {
        const p = universalLawParameters(s, f.W, f.logJ, L);
        if (p > 0 && Number.isFinite(p)) expect(universalLaw(s, { ...f, p }).formula / L).toBeCloseTo(1, 8);
        const n = universalLawSampleSize(s, f, L);
        expect(n).toBeGreaterThanOrEqual(universalLawSideCondition(s.epsilon, s.delta, s.k));
        expect(universalLaw({ ...s, n: n * (1 + 1e-9) }, f).formula).toBeGreaterThanOrEqual(L);
        const d = universalLawDimension(s, f, L);
        expect(universalLaw({ ...s, d }, f).formula / L).toBeCloseTo(1, 8);
      }),
    );
    expect(universalLawParameters(setting, 100, Math.log(1e6), 1e6)).toBe(0);
  });

  it('names the hypothesis that numbers violate', () => {
    expect(codeOf(() => universalLaw({ ...setting, delta: 1 }, family(1)))).toBe(
      'hypothesis-violated: Theorem 3 (the universal law) needs 0 < delta < 1; got 1',
    );
    expect(codeOf(() => universalLaw({ ...setting, noiseVariance: 2 }, family(1)))).toMatch(
      /^hypothesis-violated: .*labels in \[-1, 1\]/,
    );
    expect(codeOf(() => universalLaw({ ...setting, epsilon: Number.NaN }, family(1)))).toMatch(
      /^hypothesis-violated: .*epsilon <= 1; got NaN/,
    );
    expect(codeOf(() => universalLaw({ ...setting, n: 0 }, family(1)))).toMatch(
      /^invalid-argument: invalid n: 0/,
    );
    expect(codeOf(() => parametricClass(0, 1, 1))).toMatch(/^invalid-argument: invalid p: 0/);
    expect(codeOf(() => universalLaw(setting, { p: 1, W: 1, logJ: Infinity }))).toMatch(
      /^invalid-argument: invalid log J/,
    );
  });
});
