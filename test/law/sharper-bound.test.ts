import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  gaussianConcentration,
  gaussianRadius,
  largestParameterCount,
  linearClass,
  parametricClass,
  type SharperSetting,
  sharperBound,
  sharperConcentration,
  sharperParameters,
  sharperSampleSize,
  sphereConcentration,
} from '../../src/law/index.ts';
import { leastNorm, matrix } from '../../src/linalg/index.ts';
import { integers, normal, rng, signs, sphere } from '../../src/random/index.ts';

const setting: SharperSetting = { n: 1000, concentration: 1000, epsilon: 1, delta: 0.01, k: 1 };
const family = parametricClass(1000, 100, 1e6);

const settings = fc.record({
  n: fc.integer({ min: 1, max: 1e7 }),
  concentration: fc.double({ min: 0.1, max: 1e6, noNaN: true }),
  epsilon: fc.double({ min: 1e-6, max: 1, noNaN: true }),
  delta: fc.double({ min: 1e-6, max: 0.5, noNaN: true }),
  k: fc.integer({ min: 1, max: 1000 }),
});
const families = fc
  .tuple(
    fc.double({ min: 1, max: 1e9, noNaN: true }),
    fc.double({ min: 1e-6, max: 1e6, noNaN: true }),
    fc.double({ min: 1e-6, max: 1e12, noNaN: true }),
  )
  .map(([p, W, J]) => parametricClass(p, W, J));

describe('the sharper bound', () => {
  it('is the best over a grid of net radii, and above the trivial floor sqrt 2 at a thousand points', () => {
    const { bound, labelSlack, netRadius } = sharperBound(setting, family);
    expect(labelSlack).toBeCloseTo(Math.sqrt((2 * Math.log(400)) / 1000), 14);
    const at = (eta: number) =>
      (1 - labelSlack - eta) * Math.sqrt(1e6 / (2 * (1000 * Math.log(1 + 1e8 / eta) + Math.log(200))));
    const grid = Array.from({ length: 20_000 }, (_, i) => at(((1 - labelSlack) * (i + 1)) / 20_001));
    expect(bound).toBeGreaterThanOrEqual(Math.max(...grid));
    expect(bound / Math.max(...grid)).toBeCloseTo(1, 6);
    expect(at(netRadius)).toBeCloseTo(bound, 12);
    expect(bound).toBeGreaterThan(3.5);
    expect(bound).toBeCloseTo(4.1186, 4);
  });

  it('is nowhere negative or NaN: where it says nothing it is 0 and a hypothesis fails', () => {
    fc.assert(
      fc.property(settings, families, (s, f) => {
        const { bound, hypotheses } = sharperBound(s, f);
        expect(bound).toBeGreaterThanOrEqual(0);
        expect(Number.isFinite(bound)).toBe(true);
        expect(hypotheses.every((h) => h.holds)).toBe(bound > 0);
      }),
    );
    const { bound, hypotheses } = sharperBound({ ...setting, n: 5 }, family);
    expect(bound).toBe(0);
    expect(hypotheses.filter((h) => !h.holds).map((h) => h.name)).toEqual(['enough samples']);
    expect(sharperBound({ ...setting, n: 1, delta: 0.5 }, parametricClass(1, 1e-300, 1e-300)).bound).toBe(0);
    // J past the range of float64, as for deep networks: e^5000.
    const { bound: deep, labelSlack, netRadius } = sharperBound(setting, { p: 10, W: 10, logJ: 5000 });
    const net = 10 * (Math.log(10 / netRadius) + 5000) + Math.log(200);
    expect(deep).toBeCloseTo((1 - labelSlack - netRadius) * Math.sqrt(1e6 / (2 * net)), 12);
  });

  it('is monotone in everything', () => {
    fc.assert(
      fc.property(settings, families, (s, f) => {
        const { bound } = sharperBound(s, f);
        const slack = 1 + 1e-9;
        expect(sharperBound({ ...s, n: 2 * s.n }, f).bound * slack).toBeGreaterThanOrEqual(bound);
        expect(sharperBound({ ...s, concentration: 4 * s.concentration }, f).bound).toBeCloseTo(
          2 * bound,
          9 - Math.ceil(Math.log10(1 + bound)),
        );
        expect(sharperBound({ ...s, epsilon: s.epsilon / 2 }, f).bound).toBeLessThanOrEqual(bound * slack);
        expect(sharperBound({ ...s, delta: s.delta / 2 }, f).bound).toBeLessThanOrEqual(bound * slack);
        expect(sharperBound({ ...s, k: s.k + 1 }, f).bound).toBeLessThanOrEqual(bound * slack);
        expect(sharperBound(s, { ...f, p: 2 * f.p }).bound).toBeLessThanOrEqual(bound * slack);
        expect(sharperBound(s, { ...f, W: 2 * f.W }).bound).toBeLessThanOrEqual(bound * slack);
        expect(sharperBound(s, { ...f, logJ: f.logJ + 1 }).bound).toBeLessThanOrEqual(bound * slack);
      }),
    );
  });

  it('is inverted in p, n and the concentration dimension', () => {
    fc.assert(
      fc.property(settings, families, fc.double({ min: 1e-3, max: 100, noNaN: true }), (s, f, L) => {
        const p = sharperParameters(s, f.W, f.logJ, L);
        if (p > 1) expect(sharperBound(s, { ...f, p }).bound / L).toBeCloseTo(1, 8);
        else if (p === 0) expect(sharperBound(s, { ...f, p: 1 }).bound).toBeLessThan(L);
        const n = sharperSampleSize(s, f, L);
        if (Number.isFinite(n)) expect(sharperBound({ ...s, n }, f).bound).toBeGreaterThanOrEqual(L);
        if (Number.isFinite(n) && n > 1) expect(sharperBound({ ...s, n: n - 1 }, f).bound).toBeLessThan(L);
        const D = sharperConcentration(s, f, L);
        if (Number.isFinite(D))
          expect(sharperBound({ ...s, concentration: D }, f).bound / L).toBeCloseTo(1, 8);
      }),
      { numRuns: 50 },
    );
    expect(sharperConcentration({ ...setting, n: 5 }, family, 1)).toBe(Infinity);
    // With W and J that grow with p, the same inversion by the caller's own bound.
    const own = (p: number) => sharperBound(setting, parametricClass(p, 2 * Math.sqrt(p), p)).bound;
    expect(own(largestParameterCount(own, 3))).toBeCloseTo(3, 9);
  });

  it('names the hypothesis that numbers violate', () => {
    expect(() => sharperBound({ ...setting, epsilon: 0 }, family)).toThrow(
      'The sharper bound needs 0 < epsilon <= 1; got 0',
    );
    expect(() => sharperBound({ ...setting, k: 0 }, family)).toThrow(/integer number k >= 1/);
    expect(() => sharperBound({ ...setting, concentration: -1 }, family)).toThrow(
      /invalid concentration: -1/,
    );
    expect(() => sphereConcentration(1)).toThrow(/invalid d: 1/);
  });
});

// The steps of the proof, each against simulation.
describe('ingredients of the sharper bound', () => {
  /** Frequency of (1/n) sum y_i (f(x_i) - E f) >= t for the linear f(x) = L x_1, the extreme case of concentration. */
  function tailFrequency(
    sample: (run: number) => Float64Array,
    n: number,
    stride: number,
    L: number,
    t: number,
    runs: number,
  ): number {
    let count = 0;
    for (let run = 0; run < runs; run++) {
      const x = sample(run);
      const y = signs(rng('tail signs').split(run), n);
      let sum = 0;
      for (let i = 0; i < n; i++) sum += y[i]! * L * x[i * stride]!;
      if (sum / n >= t) count++;
    }
    return count / runs;
  }

  it('step 4: the tail of one function is below exp(-n D t^2 / (2 L^2)), and not far below', () => {
    const [n, d, L, runs] = [20, 10, 2, 20_000];
    for (const z of [1.5, 2.5]) {
      const t = (z * L) / Math.sqrt(n * d);
      const gaussian = tailFrequency(
        (run) => normal(rng('g').split(run), n).map((v) => v / Math.sqrt(d)),
        n,
        1,
        L,
        t,
        runs,
      );
      const stated = Math.exp((-n * gaussianConcentration(d) * t * t) / (2 * L * L));
      expect(gaussian).toBeLessThanOrEqual(stated);
      expect(gaussian).toBeGreaterThan(stated / 15);
      const onSphere = tailFrequency((run) => sphere(rng('s').split(run), n, d), n, d, L, t, runs);
      const statedSphere = Math.exp((-n * sphereConcentration(d) * t * t) / (2 * L * L));
      expect(onSphere).toBeLessThanOrEqual(statedSphere);
      expect(onSphere).toBeGreaterThan(statedSphere / 15);
    }
  });

  it('step 4: the moment bound holds for curved functions too, circle and sphere included', () => {
    const functions: readonly ((x: Float64Array) => number)[] = [
      (x) => Math.abs(x[0]!),
      (x) => Math.max(...x),
      (x) => Math.sin(3 * x[0]!) / 3,
      (x) => Math.hypot(x[0]! - 1, ...x.slice(1)),
    ];
    for (const d of [2, 3, 8]) {
      const count = 40_000;
      const points = sphere(rng('mgf').split(d), count, d);
      for (const f of functions) {
        const values = Float64Array.from({ length: count }, (_, i) => f(points.subarray(i * d, (i + 1) * d)));
        const mean = values.reduce((a, b) => a + b, 0) / count;
        for (const lambda of [-4, -1, 1, 4]) {
          const moments = values.map((v) => Math.exp(lambda * (v - mean)));
          const moment = moments.reduce((a, b) => a + b, 0) / count;
          const error = Math.sqrt(moments.reduce((a, m) => a + (m - moment) ** 2, 0)) / count;
          expect(moment - 4 * error).toBeLessThanOrEqual(
            Math.exp(lambda ** 2 / (2 * sphereConcentration(d))),
          );
        }
      }
    }
  });

  it('step 3: the label slack is exceeded with probability at most delta/2, for one component and many', () => {
    const [n, delta, runs] = [60, 0.5, 4000];
    for (const k of [1, 3, 12]) {
      const { labelSlack } = sharperBound({ n, concentration: 1, epsilon: 1, delta, k }, family);
      const components = integers(rng('components'), n, 0, k);
      let count = 0;
      for (let run = 0; run < runs; run++) {
        const y = signs(rng('labels').split(k).split(run), n);
        const sums = new Float64Array(k);
        for (let i = 0; i < n; i++) sums[components[i]!]! += y[i]!;
        if (sums.reduce((a, b) => a + Math.abs(b), 0) / n >= labelSlack) count++;
      }
      expect(count / runs).toBeLessThanOrEqual(delta / 2);
      if (k === 1) expect(count / runs).toBeGreaterThan(delta / 12);
    }
  });

  it('step 5: a set of diameter W has no more than (1 + W/r)^p points farther than r apart', () => {
    const [p, W] = [2, 2];
    const candidates = Array.from({ length: 6000 }, (_, i) => {
      const [direction, radius] = [sphere(rng('disc').split(i), 1, p), Math.sqrt(Math.abs(Math.sin(i)))];
      return direction.map((v) => (v * radius * W) / 2);
    });
    for (const r of [2.1, 1.2, 0.6, 0.3]) {
      const kept: Float64Array[] = [];
      for (const c of candidates) {
        if (kept.every((q) => Math.hypot(c[0]! - q[0]!, c[1]! - q[1]!) > r)) kept.push(c);
      }
      expect(kept.length).toBeLessThanOrEqual((1 + W / r) ** p);
      expect(kept.length).toBeGreaterThan((1 + W / r) ** p / 8);
    }
  });

  it('gaussianRadius holds n points with the stated probability', () => {
    const [n, d, delta, runs] = [50, 5, 0.2, 2000];
    const radius = gaussianRadius(n, d, delta);
    let outside = 0;
    for (let run = 0; run < runs; run++) {
      const x = normal(rng('radius').split(run), n * d);
      let largest = 0;
      for (let i = 0; i < n; i++)
        largest = Math.max(largest, Math.hypot(...x.subarray(i * d, (i + 1) * d)) / Math.sqrt(d));
      if (largest > radius) outside++;
    }
    expect(outside / runs).toBeLessThanOrEqual(delta);
  });

  it('the whole: every interpolating linear function is at least as steep as the bound says', () => {
    const [n, d] = [100, 200];
    for (let seed = 0; seed < 10; seed++) {
      const x = sphere(rng('linear').split(seed).split('x'), n, d);
      const w = leastNorm(matrix(n, d, x), signs(rng('linear').split(seed).split('y'), n));
      const steepness = Math.hypot(...w);
      const { bound } = sharperBound(
        { n, concentration: sphereConcentration(d), epsilon: 1, delta: 0.01, k: 1 },
        linearClass(d, 100, 1),
      );
      expect(bound).toBeGreaterThan(0.5);
      expect(steepness).toBeGreaterThan(bound);
    }
  });
});
