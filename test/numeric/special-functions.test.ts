import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  erf,
  erfc,
  incompleteBeta,
  logBeta,
  logGamma,
  normalCdf,
  normalQuantile,
  scaledErfc,
  studentCdf,
  studentQuantile,
} from '../../src/numeric/index.ts';

/** |value / reference - 1| <= tolerance. */
function expectRelative(value: number, reference: number, tolerance: number): void {
  expect(Math.abs(value / reference - 1)).toBeLessThanOrEqual(tolerance);
}

// Reference values: mpmath with 40 digits.
describe('erf and erfc', () => {
  const reference = [
    [1e-10, 1.1283791670955126e-10, 0.999999999887162],
    [0.25, 0.27632639016823696, 0.7236736098317631],
    [0.75, 0.7111556336535151, 0.28884436634648486],
    [0.9, 0.7969082124228322, 0.20309178757716786],
    [1, 0.8427007929497149, 0.15729920705028513],
    [1.5, 0.9661051464753108, 0.033894853524689274],
    [2, 0.9953222650189527, 0.004677734981047266],
    [3, 0.9999779095030014, 2.209049699858544e-5],
    [5, 0.9999999999984626, 1.537459794428035e-12],
    [10, 1, 2.088487583762545e-45],
    [25, 1, 8.300172571196523e-274],
  ] as const;

  it('agree with 40-digit values', () => {
    for (const [x, e, c] of reference) {
      expectRelative(erf(x), e, 1e-15);
      expectRelative(erfc(x), c, 2e-15);
      expectRelative(erfc(-x), 1 + e, 1e-15);
      expect(erf(-x)).toBe(-erf(x));
    }
  });

  it('behave at the ends', () => {
    expect([erf(0), erfc(0), erf(40), erfc(40), erfc(-40)]).toEqual([0, 1, 1, 0, 2]);
    expect([erf(Infinity), erf(-Infinity), erfc(Infinity), erfc(-Infinity)]).toEqual([1, -1, 0, 2]);
    expect([erf(Number.NaN), erfc(Number.NaN)]).toEqual([Number.NaN, Number.NaN]);
    // exp(x^2) erfc(x) ~ (1 - 1/(2 x^2)) / (x sqrt(pi))
    expectRelative(scaledErfc(1e6), (1 - 0.5e-12) / (1e6 * Math.sqrt(Math.PI)), 1e-15);
    expect(scaledErfc(Infinity)).toBe(0);
  });

  it('are continuous and monotone across the change of method', () => {
    for (const x of [0.5, 1]) {
      expectRelative(erfc(x - 1e-15), erfc(x + 1e-15), 1e-14);
      expectRelative(erf(x - 1e-15), erf(x + 1e-15), 1e-14);
    }
  });
});

describe('normal distribution', () => {
  it('agrees with 40-digit values, tails included', () => {
    for (const [x, p] of [
      [-30, 4.906713927148187e-198],
      [-8, 6.220960574271784e-16],
      [-3, 0.0013498980316300946],
      [-1, 0.15865525393145705],
      [-0.5, 0.3085375387259869],
      [0.25, 0.5987063256829237],
      [1.5, 0.9331927987311419],
    ] as const) {
      expectRelative(normalCdf(x), p, 1e-15 * (2 + x * x));
      expectRelative(normalQuantile(p), x, 1e-14);
    }
  });

  it('quantile inverts the distribution function', () => {
    fc.assert(
      fc.property(fc.double({ min: -300, max: -1e-9, noNaN: true }), (exponent) => {
        const p = 10 ** exponent;
        expectRelative(normalCdf(normalQuantile(p)), p, 1e-12);
      }),
      { numRuns: 1000 },
    );
    // Near 1/2 the quantile is (p - 1/2) sqrt(2 pi), to relative accuracy.
    expectRelative(normalQuantile(0.5 + 2 ** -40), 2 ** -40 * Math.sqrt(2 * Math.PI), 1e-15);
    expect([normalQuantile(0), normalQuantile(0.5), normalQuantile(1)]).toEqual([-Infinity, 0, Infinity]);
    expect(() => normalQuantile(1.1)).toThrow(/invalid probability: 1.1/);
    expect(() => normalQuantile(Number.NaN)).toThrow(/invalid probability/);
  });
});

describe('gamma and beta functions', () => {
  it('agree with 40-digit values', () => {
    for (const [x, g] of [
      [1e-5, 11.512919692895826],
      [0.5, 0.5723649429247001],
      [1.5, -0.12078223763524522],
      [3.7, 1.428072326665388],
      [9.99, 12.779315214350193],
      [25, 54.78472939811232],
      [1234.5, 7550.550901077895],
      [1e9, 19723265827.503716],
    ] as const) {
      expect(Math.abs(logGamma(x) - g)).toBeLessThanOrEqual(3e-15 * Math.max(1, Math.abs(g)));
    }
    for (const [a, b, x, i] of [
      [0.5, 0.5, 0.3, 0.36901011956554536],
      [2, 3, 0.1, 0.052300000000000006],
      [10, 0.5, 0.9, 0.15164090963470997],
      [100, 200, 0.3, 0.10884306564490975],
      [1e4, 0.5, 0.9999, 0.1572940177633515],
      [1e-3, 5, 0.01, 0.9974410690871124],
    ] as const) {
      expectRelative(incompleteBeta(a, b, x, 1 - x), i, 1e-12);
    }
  });

  it('satisfy factorials, the recurrence and the symmetry', () => {
    let factorial = 1;
    for (let n = 1; n < 20; n++) {
      expect(Math.abs(logGamma(n) - Math.log(factorial))).toBeLessThan(4e-14);
      factorial *= n;
    }
    const positive = fc.double({ min: 1e-3, max: 1e4, noNaN: true });
    fc.assert(
      fc.property(positive, positive, (a, b) => {
        const scale = Math.max(1, Math.abs(logGamma(a)), Math.abs(logGamma(b)), Math.abs(logGamma(a + b)));
        expect(Math.abs(logGamma(a + 1) - logGamma(a) - Math.log(a)) / scale).toBeLessThan(1e-14);
        expect(Math.abs(logBeta(a, b) - (logGamma(a) + logGamma(b) - logGamma(a + b))) / scale).toBeLessThan(
          1e-14,
        );
        expect(incompleteBeta(a, b, 0.4, 0.6) + incompleteBeta(b, a, 0.6, 0.4)).toBeCloseTo(1, 12);
      }),
    );
    expect(() => logGamma(0)).toThrow(/invalid argument of logGamma: 0/);
  });
});

describe("Student's t", () => {
  it('has the closed forms of 1, 2 and 4 degrees of freedom', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-12, max: 1 - 1e-12, noNaN: true }), (p) => {
        fc.pre(p !== 0.5);
        const tail = Math.min(p, 1 - p);
        const sign = Math.sign(p - 0.5);
        // Cauchy: |t| = cot(pi tail); nu = 2: t = 2 (p - 1/2) / sqrt(2 p (1-p)).
        expectRelative(
          studentQuantile(p, 1),
          (sign * Math.cos(Math.PI * tail)) / Math.sin(Math.PI * tail),
          1e-9,
        );
        expectRelative(studentQuantile(p, 2), (2 * (p - 0.5)) / Math.sqrt(2 * p * (1 - p)), 1e-11);
        const alpha = 4 * p * (1 - p);
        const q = (4 * Math.cos(Math.acos(Math.sqrt(alpha)) / 3)) / Math.sqrt(alpha);
        if (Math.abs(p - 0.5) > 0.01)
          expectRelative(studentQuantile(p, 4), sign * Math.sqrt(Math.max(0, q - 4)), 1e-9);
      }),
      { numRuns: 300 },
    );
  });

  it('agrees with 40-digit quantiles and becomes normal', () => {
    for (const [p, nu, t] of [
      [0.975, 3, 3.1824463052837086],
      [0.975, 5, 2.5705818356363146],
      [0.975, 10, 2.2281388519862744],
      [0.995, 30, 2.749995653567225],
      [0.9, 100, 1.290074761346516],
      [0.6, 7, 0.2631668613520228],
      [0.999, 1000, 3.0984021639129224],
    ] as const) {
      expectRelative(studentQuantile(p, nu), t, 1e-13);
      expectRelative(studentCdf(t, nu), p, 1e-13);
    }
    expectRelative(studentQuantile(0.975, 1e8), normalQuantile(0.975), 1e-7);
  });

  it('inverts its distribution function at every number of degrees of freedom', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.2, max: 1e4, noNaN: true }),
        fc.double({ min: 1e-9, max: 1 - 1e-9, noNaN: true }),
        (nu, p) => expectRelative(studentCdf(studentQuantile(p, nu), nu), p, 1e-11),
      ),
      { numRuns: 300 },
    );
    expect(studentCdf(0, 3)).toBe(0.5);
    expect([studentCdf(Infinity, 3), studentCdf(-Infinity, 3)]).toEqual([1, 0]);
    expect(() => studentQuantile(1, 3)).toThrow(/invalid probability: 1/);
    expect(() => studentQuantile(0.9, 0)).toThrow(/invalid degrees of freedom: 0/);
  });
});
