import { describe, expect, it } from 'vitest';
import { lawStanding } from '../../src/audit/index.ts';
import type { EffectiveDimension } from '../../src/dimension/index.ts';
import { scalingLaw, universalLaw } from '../../src/law/index.ts';
import { givenFlips, givenVariance } from '../../src/noise/index.ts';
import {
  type LawQuestion,
  lawAssumptions,
  lawConstant,
  lipschitzOfRadius,
  normRatio,
  product,
  propagate,
  provenSizes,
} from '../../src/plan/index.ts';
import { normal, rng } from '../../src/random/index.ts';

const reading = (name: string, value: number, interval: readonly [number, number]): EffectiveDimension => ({
  name,
  dimension: { kind: 'estimate', value, interval, confidence: 0.95, method: 'given' },
  meaning: 'a test',
});
const D = reading('stable rank', 12, [10, 15]);
const question: LawQuestion = {
  n: 5000,
  d: 64,
  spread: 3,
  wish: { kind: 'radius', norm: 'l2', radius: 0.75 },
  labelScale: 2,
  noise: givenFlips(0.1, 2),
};

describe('P by the scaling law', () => {
  it('is the P at which the law, with its noise, gives the wanted constant', () => {
    const P = product(lawAssumptions(question, D, [D]));
    // Two classes flipped with q = 0.1: labels +-1 have variance 4 q (1 - q) = 0.36, sigma = 0.6; L = s / r = 4.
    expect(0.6 * scalingLaw(5000, 12, P)).toBeCloseTo(4, 10);
    // With labels that are random signs and L = 1 it is n D.
    const plain: LawQuestion = {
      ...question,
      wish: { kind: 'lipschitz', lipschitz: 1 },
      noise: givenVariance(0.5),
    };
    expect(product(lawAssumptions(plain, D, [D]))).toBeCloseTo(5000 * 12, 6);
  });

  it('does not change with the units of the data', () => {
    const scaled: LawQuestion = {
      ...question,
      spread: 300,
      wish: { kind: 'radius', norm: 'l2', radius: 75 },
    };
    expect(product(lawAssumptions(scaled, D, [D]))).toBeCloseTo(product(lawAssumptions(question, D, [D])), 6);
  });

  it('grows with radius, noise, points and dimension', () => {
    const P = (changes: Partial<LawQuestion>, dimension = D) =>
      product(lawAssumptions({ ...question, ...changes }, dimension, [dimension]));
    const radius = (r: number): Partial<LawQuestion> => ({ wish: { kind: 'radius', norm: 'l2', radius: r } });
    expect(P(radius(1.5)) / P({})).toBeCloseTo(4, 9);
    expect(P({ n: 10_000 }) / P({})).toBeCloseTo(2, 9);
    expect(P({}, reading('stable rank', 24, [24, 24])) / P({})).toBeCloseTo(2, 9);
    expect(P({ noise: givenFlips(0.5, 2) }) / P({})).toBeCloseTo(1 / 0.36, 9);
  });

  it('holds every reading of the dimension in the interval of D', () => {
    const others = [D, reading('features', 64, [64, 64]), reading('within classes', 5, [4, 6])];
    const found = lawAssumptions(question, D, others).find(({ id }) => id === 'dimension')!;
    expect(found.interval).toEqual([4, 64]);
    expect(found.value).toBe(12);
    const narrow = propagate(lawAssumptions(question, D, [D])).hull;
    const wide = propagate(lawAssumptions(question, D, others)).hull;
    expect(wide[0]).toBeLessThan(narrow[0]);
    expect(wide[1]).toBeGreaterThan(narrow[1]);
  });

  it('takes the constant of the law between what is proven and what is built', () => {
    const { value, interval } = lawConstant();
    // The bound at n = d = P = 1000, W J = 10^8, delta = 0.01, with the net radius 0.1 instead of the best one.
    const slack = Math.sqrt((2 * Math.log(400)) / 1000);
    const byHand = (1 - 0.1 - slack) * Math.sqrt(1e6 / (2 * (1000 * Math.log(1 + 1e9) + Math.log(200))));
    expect(interval[0] * Math.sqrt(1000)).toBeGreaterThan(byHand);
    expect(interval[0] * Math.sqrt(1000)).toBeLessThan(1.1 * byHand);
    expect(interval[1]).toBe(2);
    expect(value).toBe(1);
  });

  it('asks for nothing of labels that may hold no noise, and knows when noise is not known', () => {
    const unknown = lawAssumptions({ ...question, noise: null }, D, [D]);
    expect(propagate(unknown).hull[0]).toBe(0);
    const clean = lawAssumptions({ ...question, noise: givenVariance(0) }, D, [D]);
    expect(product(clean)).toBe(0);
  });
});

describe('radii in other norms', () => {
  const lengths = (g: Float64Array) => ({
    l1: g.reduce((sum, v) => sum + Math.abs(v), 0),
    l2: Math.hypot(...g),
    linf: g.reduce((most, v) => Math.max(most, Math.abs(v)), 0),
  });

  it('lie within the ends for every gradient, and near the value for normal ones', () => {
    for (const d of [2, 10, 784]) {
      for (let seed = 0; seed < 20; seed++) {
        const { l1, l2, linf } = lengths(normal(rng(seed), d));
        for (const [norm, dual] of [
          ['linf', l1],
          ['l1', linf],
          ['l2', l2],
        ] as const) {
          const { interval } = normRatio(norm, d);
          expect(dual / l2).toBeGreaterThanOrEqual(interval[0] * (1 - 1e-12));
          expect(dual / l2).toBeLessThanOrEqual(interval[1] * (1 + 1e-12));
        }
        if (d === 784) {
          expect(Math.abs(l1 / l2 / normRatio('linf', d).value - 1)).toBeLessThan(0.1);
          expect(Math.abs(linf / l2 / normRatio('l1', d).value - 1)).toBeLessThan(0.35);
        }
      }
    }
  });

  it('holds its value in its interval in every dimension, 1 included', () => {
    for (let d = 1; d < 3000; d = Math.ceil(d * 1.3)) {
      for (const norm of ['l1', 'l2', 'linf'] as const) {
        const { value, interval } = normRatio(norm, d);
        expect(value).toBeGreaterThanOrEqual(interval[0]);
        expect(value).toBeLessThanOrEqual(interval[1]);
      }
    }
  });

  it('is the constant at which an audit places a linear model that is robust to exactly this radius', () => {
    // f = (w.x, -w.x) / 2 with points at distance r from the boundary, x = +-r e_1: margin |w| r.
    const points = Float32Array.from([0.4, 0, -0.4, 0]);
    const standing = lawStanding({
      n: 2,
      parameterCount: 4,
      dimensions: [],
      memorization: null,
      task: { kind: 'classification' },
      outputs: 2,
      scores: Float32Array.from([0.5 * 0.4, -0.5 * 0.4, -0.5 * 0.4, 0.5 * 0.4]),
      labels: Float32Array.from([1, 0, 0, 1]),
      spread: 0.4,
      // Jacobian rows +-(1, 0) / 2 have l2 norm sqrt(1/2).
      lipschitz: { lower: Math.SQRT1_2, upper: Math.SQRT1_2 },
    });
    expect(points.length).toBe(4);
    expect(standing.measured.upper).toBeCloseTo(lipschitzOfRadius(0.4, 0.4), 6);
  });

  it('refuses radii that are none', () => {
    for (const radius of [0, -1, Number.NaN, Infinity])
      expect(() => lipschitzOfRadius(radius, 1)).toThrow(/radius/);
    expect(() => lipschitzOfRadius(1, 0)).toThrow(/spread/);
  });
});

describe('what theorems prove', () => {
  const asked = {
    n: 1797,
    d: 64,
    concentration: 7,
    lipschitz: 4,
    outputScale: 0.4,
    noise: givenFlips(0.1, 10),
  };

  it('is nothing for real labels, and says which hypotheses fail', () => {
    for (const one of provenSizes(asked)) {
      expect(one.parameters).toBe(0);
      expect(one.lights.some(({ holds }) => !holds)).toBe(true);
    }
  });

  it('has a formula at which Theorem 3 forces the wanted constant', () => {
    const big = {
      ...asked,
      n: 1e9,
      d: 1e6,
      concentration: 1e6,
      lipschitz: 0.5,
      outputScale: 2,
      noise: givenFlips(0.5, 2),
    };
    const [theorem, sharper] = provenSizes(big) as [
      ReturnType<typeof provenSizes>[0],
      ReturnType<typeof provenSizes>[0],
    ];
    expect(theorem.formula).toBeGreaterThan(1);
    const at = (p: number) =>
      universalLaw(
        { n: 1e9, d: 1e6, epsilon: 1, delta: 0.05, c: 1, k: 1, noiseVariance: 1 },
        { p, W: 1, logJ: 1 - Math.log(60) },
      ).formula;
    expect(at(theorem.formula) / 0.5).toBeCloseTo(1, 6);
    expect(theorem.parameters).toBe(0);
    // Labels that are fair coins are pure noise: this bound counts, and asks for more.
    expect(sharper.parameters).toBe(sharper.formula);
    expect(sharper.formula).toBeGreaterThan(theorem.formula);
  });
});
