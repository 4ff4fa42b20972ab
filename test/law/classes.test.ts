import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type ConeClass,
  coneSumClass,
  deepNetworkClass,
  linearClass,
  mcShaneClass,
  mergedConeClass,
  normBoundedNetworkClass,
  type ParametricClass,
  powerSumClass,
  sharperBound,
  twoLayerReluClass,
  universalLaw,
} from '../../src/law/index.ts';
import { type Rng, rng, sphere, uniform } from '../../src/random/index.ts';

interface Cones {
  readonly centres: Float64Array;
  readonly heights: Float64Array;
  readonly slope: number;
}

const shape: ConeClass = {
  cones: 6,
  dimension: 3,
  centreRadius: 1,
  heightBound: 1,
  slopeBound: 4,
  inputRadius: 1,
};

/** A random point of the ball of radius r in R^m, often on its boundary. */
function inBall(key: Rng, count: number, m: number, r: number): Float64Array {
  const directions = sphere(key.split('direction'), count, m);
  const radii = uniform(key.split('radius'), count, 0, 1.3).map((t) => Math.min(1, t) * r);
  return directions.map((v, i) => v * radii[Math.floor(i / m)]!);
}

function randomCones(key: Rng): Cones {
  return {
    centres: inBall(key.split('centres'), shape.cones, shape.dimension, shape.centreRadius),
    heights: uniform(key.split('heights'), shape.cones, -shape.heightBound, shape.heightBound),
    slope: uniform(key.split('slope'), 1, 0, shape.slopeBound)[0]!,
  };
}

/** w + t (w' - w), which stays in the convex parameter set. */
function between(w: Cones, v: Cones, t: number): Cones {
  const mix = (a: Float64Array, b: Float64Array) => a.map((value, i) => value + t * (b[i]! - value));
  return {
    centres: mix(w.centres, v.centres),
    heights: mix(w.heights, v.heights),
    slope: w.slope + t * (v.slope - w.slope),
  };
}

function coneDistance(w: Cones, v: Cones, W: number): number {
  let largest = (W / shape.slopeBound) * Math.abs(w.slope - v.slope);
  for (let i = 0; i < shape.cones; i++) {
    let square = (w.heights[i]! - v.heights[i]!) ** 2;
    for (let j = 0; j < shape.dimension; j++)
      square += (w.centres[i * shape.dimension + j]! - v.centres[i * shape.dimension + j]!) ** 2;
    largest = Math.max(largest, Math.sqrt(square));
  }
  return largest;
}

function gaps(w: Cones, z: Float64Array): number[] {
  return Array.from(w.heights, (_, i) =>
    Math.hypot(...z.map((value, j) => value - w.centres[i * shape.dimension + j]!)),
  );
}

const merged = (w: Cones, z: Float64Array): number => {
  const distance = gaps(w, z);
  const top = (sign: number) => Math.max(0, ...distance.map((t, i) => sign * w.heights[i]! - w.slope * t));
  return top(1) - top(-1);
};
const coneSum = (w: Cones, z: Float64Array): number =>
  gaps(w, z).reduce((sum, t, i) => sum + w.heights[i]! * Math.max(0, 1 - w.slope * t), 0);
const mcShane = (w: Cones, z: Float64Array): number => {
  const distance = gaps(w, z);
  const lower = Math.max(...distance.map((t, i) => w.heights[i]! - w.slope * t));
  const upper = Math.min(...distance.map((t, i) => w.heights[i]! + w.slope * t));
  return (lower + upper) / 2;
};

describe('cone classes', () => {
  const families: readonly [
    string,
    (family: ConeClass) => ParametricClass,
    (w: Cones, z: Float64Array) => number,
    number,
  ][] = [
    ['merged cones', mergedConeClass, merged, 0.25],
    ['sums of cones', coneSumClass, coneSum, 0.05],
    ['McShane extensions', mcShaneClass, mcShane, 0.25],
  ];

  for (const [name, classOf, evaluate, tightness] of families) {
    it(`${name}: W is the diameter, J bounds every difference quotient and is not far above the largest`, () => {
      const { W, logJ } = classOf(shape);
      const J = Math.exp(logJ);
      let largest = 0;
      for (let trial = 0; trial < 4000; trial++) {
        const key = rng(name).split(trial);
        const w = randomCones(key.split('w'));
        const far = randomCones(key.split('v'));
        expect(coneDistance(w, far, W)).toBeLessThanOrEqual(W * (1 + 1e-12));
        const v = trial % 2 ? far : between(w, far, 1e-3);
        const z = inBall(key.split('z'), 1, shape.dimension, shape.inputRadius);
        const quotient = Math.abs(evaluate(w, z) - evaluate(v, z)) / coneDistance(w, v, W);
        expect(quotient).toBeLessThanOrEqual(J * (1 + 1e-9));
        largest = Math.max(largest, quotient);
      }
      expect(largest).toBeGreaterThan(tightness * J);
    });
  }

  it('count n (m + 1) + 1 parameters, and merging keeps J free of n', () => {
    expect(mergedConeClass(shape).p).toBe(6 * 4 + 1);
    expect(mergedConeClass({ ...shape, cones: 10_000 }).logJ).toBe(mergedConeClass(shape).logJ);
    expect(coneSumClass({ ...shape, cones: 12 }).logJ).toBeCloseTo(coneSumClass(shape).logJ + Math.LN2, 12);
    expect(() => mergedConeClass({ ...shape, cones: 0 })).toThrow(/invalid number of cones: 0/);
    expect(() => mergedConeClass({ ...shape, slopeBound: Infinity })).toThrow(/invalid slope bound/);
  });
});

describe('linear, ReLU and power classes', () => {
  const norm = (v: Float64Array) => Math.hypot(...v);

  /** Largest |f_w(x) - f_v(x)| / |w - v| over random pairs in the ball of radius rho, near and far, and its comparison with J. */
  function largestQuotient(
    name: string,
    p: number,
    rho: number,
    d: number,
    R: number,
    f: (w: Float64Array, x: Float64Array) => number,
    J: number,
  ): number {
    let largest = 0;
    for (let trial = 0; trial < 3000; trial++) {
      const key = rng(name).split(trial);
      const w = inBall(key.split('w'), 1, p, rho);
      const far = inBall(key.split('v'), 1, p, rho);
      const v = trial % 2 ? far : far.map((value, i) => w[i]! + 1e-3 * (value - w[i]!));
      const x = inBall(key.split('x'), 1, d, R);
      const quotient = Math.abs(f(w, x) - f(v, x)) / norm(v.map((value, i) => value - w[i]!));
      expect(quotient).toBeLessThanOrEqual(J * (1 + 1e-9));
      largest = Math.max(largest, quotient);
    }
    return largest / J;
  }

  it('linear: J = R, attained', () => {
    const family = linearClass(2, 3, 1.5);
    expect(family).toMatchObject({ p: 2, W: 6 });
    const f = (w: Float64Array, x: Float64Array) => w[0]! * x[0]! + w[1]! * x[1]!;
    expect(largestQuotient('linear', 2, 3, 2, 1.5, f, Math.exp(family.logJ))).toBeGreaterThan(0.99);
  });

  it('two-layer ReLU: J bounds every difference quotient and is approached', () => {
    const [d, k, rho, R] = [1, 1, 2, 1.5];
    const family = twoLayerReluClass(d, k, rho, R);
    expect(family).toMatchObject({ p: 4, W: 4 });
    // w = (a, v, b, output bias)
    const f = (w: Float64Array, x: Float64Array) => w[0]! * Math.max(0, w[1]! * x[0]! + w[2]!) + w[3]!;
    expect(largestQuotient('relu', 4, rho, d, R, f, Math.exp(family.logJ))).toBeGreaterThan(0.5);
    expect(twoLayerReluClass(784, 128, 5, 1).p).toBe(128 * 786 + 1);
    // Astronomical and tiny weights stay finite.
    expect(twoLayerReluClass(3, 4, 1e200, 1).logJ).toBeCloseTo(Math.log(1e200) + Math.LN2 / 2, 10);
    expect(twoLayerReluClass(3, 4, 1e-200, 1).logJ).toBe(0);
  });

  it('sums of powers: J bounds every difference quotient', () => {
    const [d, k, q, R] = [2, 2, 3, 1.2];
    const rho = 1.5;
    const family = powerSumClass(d, k, q, rho, rho, R);
    // w = (a_1, c_1, a_2, c_2)
    const f = (w: Float64Array, x: Float64Array) =>
      w[0]! * (w[1]! * x[0]! + w[2]! * x[1]!) ** 3 + w[3]! * (w[4]! * x[0]! + w[5]! * x[1]!) ** 3;
    expect(family.p).toBe(6);
    expect(largestQuotient('power', 6, rho, d, R, f, Math.exp(family.logJ))).toBeGreaterThan(0.02);
    // q = 1, k = 1, d = 1 by hand: |grad (a c x)| = R sqrt(a^2 + c^2)
    expect(Math.exp(powerSumClass(1, 1, 1, 3, 4, 2).logJ)).toBeCloseTo(10, 12);
  });
});

describe('deep networks', () => {
  const network = { depth: 3, p: 27, bound: 1, sharing: 1, radius: 2 };

  it('J = R (W Q p)^D bounds every difference quotient of 3 x 3 x 3 networks', () => {
    const J = Math.exp(deepNetworkClass(network).logJ);
    expect(J).toBeCloseTo(2 * 27 ** 3, 6);
    expect(deepNetworkClass(network).W).toBeCloseTo(2 * Math.sqrt(27), 12);
    const relu = (v: number[]) => v.map((t) => Math.max(0, t));
    const layer = (w: Float64Array, at: number, x: number[]) =>
      [0, 1, 2].map((i) => x.reduce((sum, t, j) => sum + w[at + 3 * i + j]! * t, 0));
    const f = (w: Float64Array, x: number[]) => layer(w, 18, relu(layer(w, 9, relu(layer(w, 0, x)))))[0]!;
    let largest = 0;
    for (let trial = 0; trial < 2000; trial++) {
      const key = rng('deep').split(trial);
      const w = uniform(key.split('w'), 27, -1, 1);
      const v =
        trial % 2
          ? uniform(key.split('v'), 27, -1, 1)
          : w.map((t, i) => Math.max(-1, Math.min(1, t + 1e-3 * Math.sin(i + trial))));
      const x = [...sphere(key.split('x'), 1, 3)].map((t) => 2 * t);
      largest = Math.max(largest, Math.abs(f(w, x) - f(v, x)) / Math.hypot(...w.map((t, i) => t - v[i]!)));
    }
    expect(largest).toBeLessThanOrEqual(J);
    // All-ones layers have norm 3: the bounded-norm form with B = 27.
    const bounded = Math.exp(normBoundedNetworkClass(network, 27).logJ);
    expect(bounded).toBeCloseTo(27 * 2 * Math.sqrt(27), 8);
    expect(largest).toBeLessThanOrEqual(bounded);
    expect(bounded).toBeLessThan(J);
  });

  it('feed the law: depth enters as sqrt(1 / D), and J past float64 is no obstacle', () => {
    const setting = { n: 1e6, d: 1e3, epsilon: 1, delta: 0.01, c: 1, k: 1, noiseVariance: 1 };
    const at = (depth: number) =>
      universalLaw(setting, deepNetworkClass({ depth, p: 1e6, bound: 2, sharing: 9, radius: 1 })).formula;
    expect(
      Number.isFinite(deepNetworkClass({ depth: 1000, p: 1e6, bound: 2, sharing: 9, radius: 1 }).logJ),
    ).toBe(true);
    expect((at(100) / at(400)) ** 2).toBeCloseTo(4, 1);
    expect(
      sharperBound(
        { n: 1e6, concentration: 1e3, epsilon: 1, delta: 0.01, k: 1 },
        deepNetworkClass({ ...network, depth: 500 }),
      ).bound,
    ).toBeGreaterThan(0);
    // (3.1) against (3.2): with unit norms depth no longer matters.
    const shallow = normBoundedNetworkClass({ ...network, depth: 2 }, 1);
    const deep = normBoundedNetworkClass({ ...network, depth: 2000 }, 1);
    expect(deep).toEqual(shallow);
  });

  it('names the violated hypothesis', () => {
    expect(() => deepNetworkClass({ ...network, bound: 0.5 })).toThrow(
      'Lemma 3.1 (deep networks) needs weights in [-W, W] with W >= 1; got 0.5',
    );
    expect(() => deepNetworkClass({ ...network, depth: 0 })).toThrow(/invalid depth: 0/);
    expect(() => normBoundedNetworkClass(network, 0)).toThrow(/finite norm product B > 0/);
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 50 }),
        fc.integer({ min: 1, max: 1e6 }),
        fc.double({ min: 1, max: 100, noNaN: true }),
        (depth, p, bound) => {
          // J = R (W Q p)^D covers the lemma with the trivial norm bound (W sqrt(p Q))^D.
          const all = { depth, p, bound, sharing: 3, radius: 1 };
          const trivial = normBoundedNetworkClass(all, Math.min(1e300, (bound * Math.sqrt(3 * p)) ** depth));
          expect(deepNetworkClass(all).logJ).toBeGreaterThanOrEqual(trivial.logJ - 1e-9);
        },
      ),
    );
  });
});
