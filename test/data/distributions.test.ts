import { describe, expect, it } from 'vitest';
import {
  type Distribution,
  gaussian,
  hypercube,
  type Mixture,
  mixture,
  nearManifold,
  randomComponents,
  uniformSphere,
} from '../../src/data/index.ts';
import { rng, sphere } from '../../src/random/index.ts';
import { errorOf, mean, meanWithError, project } from './support.ts';

const key = rng('distributions');
const manifold = (changes = {}) =>
  nearManifold(key.split('frame'), {
    dimension: 30,
    intrinsicDimension: 5,
    curvature: 0.5,
    frequency: 1.5,
    ambientNoise: 0.3,
    ...changes,
  });
const threeComponents = (base: Distribution): Mixture =>
  mixture(base, [
    { weight: 1, centre: new Float64Array(base.dimension).fill(0.5), scale: 0.5 },
    { weight: 2, centre: new Float64Array(base.dimension).fill(-1), scale: 1.5 },
    { weight: 1, centre: new Float64Array(base.dimension), scale: 1 },
  ]);

const norm = (row: ArrayLike<number>) => Math.hypot(...Array.from(row));
const rowsOf = (x: Float64Array, d: number) =>
  Array.from({ length: x.length / d }, (_, i) => x.subarray(i * d, (i + 1) * d));

describe.each([
  ['sphere', uniformSphere],
  ['gaussian', gaussian],
  ['hypercube', hypercube],
])('%s', (_, make) => {
  it.each([1, 2, 7])('has mean 0 and covariance I/d within sampling error, d = %i', (d) => {
    const n = 40_000;
    const x = make(d).sample(key, n);
    for (let a = 0; a < d; a++) {
      const column = Float64Array.from({ length: n }, (_, i) => x[i * d + a]!);
      expect(Math.abs(mean(column))).toBeLessThan(5 / Math.sqrt(n * d));
      for (let b = 0; b <= a; b++) {
        const products = column.map((value, i) => value * x[i * d + b]!);
        const { mean: covariance, error } = meanWithError(products);
        expect(Math.abs(covariance - (a === b ? 1 / d : 0))).toBeLessThan(5 * error + 1e-12);
      }
    }
  });

  it('is a function of the key', () => {
    const distribution = make(3);
    expect(distribution.sample(key, 5)).toEqual(distribution.sample(key, 5));
    expect(distribution.sample(key, 5)).not.toEqual(distribution.sample(key.split('other'), 5));
  });

  it('stays within its radius', () => {
    const d = 4;
    const distribution = make(d);
    const failure = 0.2;
    const trials = 500;
    let outside = 0;
    for (let trial = 0; trial < trials; trial++) {
      const norms = rowsOf(distribution.sample(key.split(trial), 10), d).map(norm);
      expect(Math.max(...norms)).toBeLessThanOrEqual(distribution.supportRadius * (1 + 1e-15));
      if (Math.max(...norms) > distribution.radius(10, failure) * (1 + 1e-15)) outside++;
    }
    expect(outside / trials).toBeLessThanOrEqual(failure);
  });

  it.each([0, -1, 1.5, Number.NaN])('refuses d = %d and n = %d', (bad) => {
    expect(errorOf(() => make(bad)).message).toMatch(/invalid d:/);
    expect(errorOf(() => make(3).sample(key, bad)).message).toMatch(/invalid n:/);
  });

  it('refuses a sample beyond memory before taking any', () => {
    expect(errorOf(() => make(1e6).sample(key, 1e6)).message).toMatch(/1000000 x 1000000 values.*at most/);
  });
});

describe('exact supports', () => {
  it('the sphere has norm 1, in one dimension too', () => {
    for (const d of [1, 2, 50]) {
      for (const row of rowsOf(uniformSphere(d).sample(key, 100), d)) expect(norm(row)).toBeCloseTo(1, 14);
    }
  });

  it('the hypercube has coordinates ±1/sqrt d', () => {
    const d = 5;
    const x = hypercube(d).sample(key, 100);
    expect([...new Set(x)].toSorted((a, b) => a - b)).toEqual([-1 / Math.sqrt(d), 1 / Math.sqrt(d)]);
  });
});

describe('isoperimetry', () => {
  // P(|f - E f| >= t) <= 2 exp(-dimension t^2 / (2 c L^2)) for 1-Lipschitz f: coordinates, norms, distances, the largest coordinate.
  const functions = (d: number): ((x: Float64Array) => number)[] => {
    const direction = sphere(key.split('direction'), 1, d);
    return [
      (x) => x[0]!,
      (x) => project(x, d, direction)[0]!,
      (x) => norm(x),
      (x) => norm(x.map((value, k) => value - direction[k]!)),
      (x) => Math.max(...x),
    ];
  };

  it.each([
    ['sphere', uniformSphere(10)],
    ['sphere in the plane', uniformSphere(2)],
    ['sphere in space', uniformSphere(3)],
    ['gaussian', gaussian(10)],
    ['gaussian on the line', gaussian(1)],
    ['manifold', manifold()],
    ['manifold without noise', manifold({ ambientNoise: 0 })],
    ['thick circle', manifold({ intrinsicDimension: 1, ambientNoise: 2, curvature: 0.9 })],
  ])('%s: Lipschitz functions concentrate as stated', (_, distribution) => {
    const { constant, dimension, components } = distribution.isoperimetry!;
    expect(components).toBe(1);
    const n = 20_000;
    const rows = rowsOf(distribution.sample(key.split('tail'), n), distribution.dimension);
    for (const f of functions(distribution.dimension)) {
      const values = rows.map(f);
      const centre = mean(values);
      for (const t of [0.5, 1, 1.5, 2, 3].map((z) => z * Math.sqrt(constant / dimension))) {
        const bound = 2 * Math.exp((-dimension * t * t) / (2 * constant));
        const tail = values.filter((value) => Math.abs(value - centre) >= t).length / n;
        expect(tail).toBeLessThanOrEqual(bound + 4 * Math.sqrt(bound / n));
      }
    }
  });

  it('is sharp for the Gaussian: a coordinate has variance exactly c / dimension', () => {
    const { constant, dimension } = gaussian(25).isoperimetry!;
    expect(constant / dimension).toBe(1 / 25);
  });

  it('has d - 1 in place of d on the sphere and none in one dimension', () => {
    expect(uniformSphere(10).isoperimetry).toMatchObject({ constant: 1, dimension: 9 });
    expect(uniformSphere(1).isoperimetry).toBeUndefined();
  });

  it('of the hypercube is for the Hamming metric only', () => {
    const d = 16;
    expect(hypercube(d).isoperimetry).toBeUndefined();
    const { metric, constant, dimension } = hypercube(d).hammingIsoperimetry!;
    expect(metric).toBe('hamming');
    // The fraction of positive coordinates is 1-Lipschitz in the Hamming metric; its tail is a binomial sum.
    const logChoose = (k: number) =>
      Array.from({ length: k }, (_, i) => Math.log((d - i) / (i + 1))).reduce((sum, value) => sum + value, 0);
    const probability = (k: number) => Math.exp(logChoose(k) - d * Math.log(2));
    for (let k = d / 2 + 1; k <= d; k++) {
      const t = k / d - 0.5;
      let tail = 0;
      for (let j = k; j <= d; j++) tail += 2 * probability(j);
      expect(tail).toBeLessThanOrEqual(2 * Math.exp((-dimension * t * t) / (2 * constant)));
    }
  });

  it('of the l2 metric fails on the hypercube: the distance to a half cube fluctuates at d^(-1/4)', () => {
    const d = 4096;
    // Distance from x to { sum x_k <= 0 }: flip half the surplus of positive coordinates.
    const distances = rowsOf(hypercube(d).sample(key, 400), d).map((row) => {
      const surplus = mean(row) * d * Math.sqrt(d);
      return (2 / Math.sqrt(d)) * Math.sqrt(Math.max(0, surplus / 2));
    });
    const centre = mean(distances);
    const deviation = Math.sqrt(mean(distances.map((value) => (value - centre) ** 2)));
    expect(deviation).toBeGreaterThan(3 / Math.sqrt(d));
    expect(deviation).toBeLessThan(2 * d ** -0.25);
  });

  it('of a mixture is that of each component, with the largest scale', () => {
    const law = threeComponents(gaussian(6));
    expect(law.isoperimetry).toMatchObject({ constant: 2.25, dimension: 6, components: 3 });
    expect(threeComponents(hypercube(6)).isoperimetry).toBeUndefined();
  });
});

describe('projection', () => {
  it.each([1, 2, 3, 4, 10, 1000])('gives the moments of a coordinate, d = %i', (d) => {
    const moments = ({ nodes, weights }: NonNullable<Distribution['projection']>) =>
      [0, 1, 2, 4].map((k) => nodes.reduce((sum, node, j) => sum + weights[j]! * node ** k, 0));
    const [one, first, second, fourth] = moments(uniformSphere(d).projection!);
    expect(one).toBeCloseTo(1, 12);
    expect(first).toBeCloseTo(0, 12);
    expect(second! * d).toBeCloseTo(1, 5);
    expect(fourth! * d * (d + 2)).toBeCloseTo(3, 5);
    const [unit, , variance, kurtosis] = moments(gaussian(d).projection!);
    expect(unit).toBeCloseTo(1, 12);
    expect(variance! * d).toBeCloseTo(1, 10);
    expect(kurtosis! * d * d).toBeCloseTo(3, 9);
  });
});

describe('mixture', () => {
  it('has the mean and the second moments of its components, with weights 1 : 2 : 1', () => {
    const d = 3;
    const n = 60_000;
    const x = threeComponents(gaussian(d)).sample(key, n);
    const first = meanWithError(Float64Array.from({ length: n }, (_, i) => x[i * d]!));
    expect(Math.abs(first.mean - (0.25 * 0.5 - 0.5))).toBeLessThan(5 * first.error);
    const square = meanWithError(Float64Array.from({ length: n }, (_, i) => x[i * d]! ** 2));
    const expected = 0.25 * (0.25 + 0.25 / d) + 0.5 * (1 + 2.25 / d) + 0.25 * (1 / d);
    expect(Math.abs(square.mean - expected)).toBeLessThan(5 * square.error);
  });

  it('tells the component of each point', () => {
    const d = 20;
    const law = mixture(uniformSphere(d), randomComponents(key.split('centres'), 7, d, 10, 0.5));
    const x = law.sample(key, 500);
    const assigned = law.assign(key, 500);
    rowsOf(x, d).forEach((row, i) => {
      const distances = law.components.map(({ centre }) => norm(row.map((value, k) => value - centre[k]!)));
      expect(distances[assigned[i]!]).toBeCloseTo(0.5, 12);
    });
    for (const { centre } of law.components) expect(norm(centre)).toBeCloseTo(10, 12);
    expect(new Set(assigned).size).toBe(7);
  });

  it('chooses components with their weights (chi-square)', () => {
    const n = 30_000;
    const counts = [0, 0, 0];
    for (const l of threeComponents(gaussian(1)).assign(key, n)) counts[l]!++;
    const chiSquare = [0.25, 0.5, 0.25].reduce((sum, p, l) => sum + (counts[l]! - n * p) ** 2 / (n * p), 0);
    expect(chiSquare).toBeLessThan(13.8); // 0.999 quantile with 2 degrees of freedom
  });

  it('reaches as far as its farthest component', () => {
    const law = threeComponents(uniformSphere(4));
    expect(law.supportRadius).toBeCloseTo(2 + 1.5, 12);
    expect(law.symmetric).toBe(false);
    expect(threeComponents(gaussian(4)).supportRadius).toBe(Infinity);
  });

  it('of one component at 0 is its base', () => {
    const law = mixture(gaussian(3), [{ weight: 5, centre: new Float64Array(3), scale: 1 }]);
    expect(law.sample(key, 4)).toEqual(gaussian(3).sample(key.split('point'), 4));
    expect(law.symmetric).toBe(true);
  });

  it.each([
    ['no component', [], /number of components: 0/],
    ['weight 0', [{ weight: 0, centre: Float64Array.of(0), scale: 1 }], /weight of component 0: 0/],
    ['scale -1', [{ weight: 1, centre: Float64Array.of(0), scale: -1 }], /scale of component 0: -1/],
    [
      'a centre of another dimension',
      [{ weight: 1, centre: new Float64Array(2), scale: 1 }],
      /component 0: 2; expected 1/,
    ],
    [
      'a NaN centre',
      [{ weight: 1, centre: Float64Array.of(Number.NaN), scale: 1 }],
      /centre\[0\] of component 0: NaN/,
    ],
  ])('refuses %s', (_, components, message) => {
    expect(errorOf(() => mixture(gaussian(1), components)).message).toMatch(message);
  });
});

describe('manifold', () => {
  it('has the stated norm where there is no noise', () => {
    const law = manifold({ ambientNoise: 0 });
    const expected = Math.sqrt(0.5 + 0.5 / 1.5 ** 2);
    for (const row of rowsOf(law.sample(key, 50), 30)) expect(norm(row)).toBeCloseTo(expected, 12);
    expect(law.supportRadius).toBeCloseTo(expected, 12);
    expect(manifold({ ambientNoise: 0, frequency: 1 }).supportRadius).toBeCloseTo(1, 12);
  });

  it('is an isometric image: a circle keeps its length 2 pi however it is bent', () => {
    const law = manifold({ intrinsicDimension: 1, ambientNoise: 0, curvature: 0.9, frequency: 4 });
    const rows = rowsOf(law.sample(key, 2000), 30);
    // The minimum spanning tree of points on a closed curve is the curve less its largest gap.
    const distance = new Float64Array(rows.length).fill(Infinity);
    const done = new Uint8Array(rows.length);
    let [current, length, largest] = [0, 0, 0];
    for (let step = 1; step < rows.length; step++) {
      done[current] = 1;
      let next = -1;
      for (let i = 0; i < rows.length; i++) {
        if (done[i]) continue;
        let square = 0;
        for (let k = 0; k < 30; k++) square += (rows[i]![k]! - rows[current]![k]!) ** 2;
        distance[i] = Math.min(distance[i]!, Math.sqrt(square));
        if (next < 0 || distance[i]! < distance[next]!) next = i;
      }
      length += distance[next]!;
      largest = Math.max(largest, distance[next]!);
      current = next;
    }
    expect(length).toBeGreaterThan(2 * Math.PI - 2 * largest - 0.01);
    expect(length).toBeLessThan(2 * Math.PI);
  });

  it.each([1, 3, 6])('has intrinsic dimension %i (Levina and Bickel 2004)', (m) => {
    const law = manifold({ intrinsicDimension: m, ambientNoise: 0, curvature: 0.3, frequency: 0.7 });
    const rows = rowsOf(law.sample(key, 2500), 30);
    const neighbours = 12;
    const inverses = rows.slice(0, 300).map((row) => {
      const distances = rows
        .map((other) => {
          let square = 0;
          for (let k = 0; k < 30; k++) square += (row[k]! - other[k]!) ** 2;
          return Math.sqrt(square);
        })
        .toSorted((a, b) => a - b)
        .slice(1, neighbours + 1);
      return mean(distances.slice(0, -1).map((distance) => Math.log(distances.at(-1)! / distance)));
    });
    // The last term of the estimator is over neighbours - 2 for an unbiased inverse (MacKay and Ghahramani 2005).
    const estimate = 1 / mean(inverses);
    expect(estimate).toBeGreaterThan(0.85 * m);
    expect(estimate).toBeLessThan(1.1 * m);
  });

  it('carries noise of length ambientNoise', () => {
    const flat = manifold({ curvature: 0, ambientNoise: 0.4 });
    const smooth = manifold({ curvature: 0, ambientNoise: 0 });
    const [noisy, exact] = [flat.sample(key, 4000), smooth.sample(key, 4000)];
    const squares = rowsOf(
      noisy.map((value, i) => value - exact[i]!),
      30,
    ).map((row) => norm(row) ** 2);
    const { mean: average, error } = meanWithError(squares);
    expect(Math.abs(average - 0.16)).toBeLessThan(5 * error);
  });

  it.each([
    [{ dimension: 17 }, /invalid d: 17; expected an integer >= 18/],
    [{ dimension: 5, curvature: 0 }, /invalid d: 5; expected an integer >= 6/],
    [{ curvature: 1 }, /curvature: 1/],
    [{ curvature: Number.NaN }, /curvature: NaN/],
    [{ frequency: 0 }, /frequency: 0/],
    [{ ambientNoise: -1 }, /ambientNoise: -1/],
    [{ intrinsicDimension: 0 }, /intrinsicDimension: 0/],
  ])('refuses %o', (changes, message) => {
    expect(errorOf(() => manifold(changes)).message).toMatch(message);
  });
});
