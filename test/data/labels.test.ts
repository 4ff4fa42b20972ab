import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addClippedNoise,
  addNoise,
  componentSignal,
  type Distribution,
  draw,
  flipSigns,
  gaussian,
  givenSignal,
  hypercube,
  type Labels,
  linearSignal,
  mixture,
  type Noise,
  type Points,
  randomComponents,
  type Signal,
  signOf,
  teacherSignal,
  uniformSphere,
  zeroSignal,
} from '../../src/data/index.ts';
import { clippedMoments } from '../../src/data/labels/clipping.ts';
import { rng } from '../../src/random/index.ts';
import { errorOf, mean, meanWithError } from './support.ts';

const key = rng('labels');
const n = 40_000;
const points = (distribution: Distribution) => draw(distribution, n, key.split('points'));

/** The mean of Z^2 = (y - clean)^2 must be E Var[y|x], that of Z must be 0, both within 5 standard errors. */
function expectNoise(labels: Labels, variance: number): void {
  const z = labels.y.map((value, i) => value - labels.clean![i]!);
  const first = meanWithError(z);
  expect(Math.abs(first.mean)).toBeLessThan(5 * first.error + 1e-12);
  const second = meanWithError(z.map((value) => value ** 2));
  expect(Math.abs(second.mean - variance)).toBeLessThan(5 * second.error + 1e-12);
}

const NOISES: [Noise, number][] = [
  [{ kind: 'none' }, 0],
  [{ kind: 'gaussian', sigma: 0.7 }, 0.49],
  [{ kind: 'uniform', halfWidth: 0.9 }, 0.27],
  [{ kind: 'signs', amplitude: 1 }, 1],
  [{ kind: 'heteroscedastic', sigma: 0.5, contrast: 0.8 }, 0.25],
];

describe('addNoise', () => {
  it.each(NOISES)('%o has the stated variance and mean 0', (noise, variance) => {
    for (const distribution of [uniformSphere(5), gaussian(5), hypercube(5)]) {
      const data = points(distribution);
      const labels = addNoise(data, linearSignal(data, 2, key.split('g')), noise, key.split('z'));
      expect(labels.noiseVariance).toBeCloseTo(variance, 12);
      expectNoise(labels, variance);
    }
  });

  it('is pure noise, uniform on ±1, for signs on the zero signal', () => {
    const data = points(uniformSphere(4));
    const { y, noiseVariance, clean } = addNoise(
      data,
      zeroSignal(data),
      { kind: 'signs', amplitude: 1 },
      key,
    );
    expect(new Set(y)).toEqual(new Set([-1, 1]));
    expect(noiseVariance).toBe(1);
    expect(new Set(clean)).toEqual(new Set([0]));
  });

  it('heteroscedastic noise has variance sigma^2 (1 ± contrast) on the two half-spaces', () => {
    const data = points(gaussian(1)); // On the line the random direction is ±1.
    const { y } = addNoise(data, zeroSignal(data), { kind: 'heteroscedastic', sigma: 1, contrast: 0.6 }, key);
    const squares = (side: number) => y.filter((_, i) => data.x[i]! * side > 0).map((value) => value ** 2);
    const variances = [meanWithError(squares(1)), meanWithError(squares(-1))].toSorted(
      (a, b) => a.mean - b.mean,
    );
    expect(Math.abs(variances[0]!.mean - 0.4)).toBeLessThan(5 * variances[0]!.error);
    expect(Math.abs(variances[1]!.mean - 1.6)).toBeLessThan(5 * variances[1]!.error);
  });

  it('does not claim a variance it cannot know', () => {
    const law = mixture(gaussian(3), randomComponents(key, 2, 3, 1, 1));
    const data = draw(law, 10, key);
    const heteroscedastic: Noise = { kind: 'heteroscedastic', sigma: 1, contrast: 1 };
    expect(addNoise(data, zeroSignal(data), heteroscedastic, key).noiseVariance).toBeUndefined();
    const { distribution: _, ...unknown } = data;
    expect(addNoise(unknown, zeroSignal(data), heteroscedastic, key).noiseVariance).toBeUndefined();
    expect(addNoise(unknown, zeroSignal(data), { kind: 'gaussian', sigma: 2 }, key).noiseVariance).toBe(4);
  });

  it('sums the variance over the outputs', () => {
    const data = draw(gaussian(2), 3, key);
    const labels = addNoise(
      data,
      givenSignal('three', new Float64Array(9), 3),
      { kind: 'gaussian', sigma: 1 },
      key,
    );
    expect([labels.outputs, labels.y.length, labels.noiseVariance]).toEqual([3, 9, 3]);
  });

  it.each([
    [{ kind: 'gaussian', sigma: 0 }, /sigma: 0/],
    [{ kind: 'gaussian', sigma: Number.NaN }, /sigma: NaN/],
    [{ kind: 'uniform', halfWidth: -1 }, /halfWidth: -1/],
    [{ kind: 'signs', amplitude: Infinity }, /amplitude: Infinity/],
    [{ kind: 'heteroscedastic', sigma: 1, contrast: 1.1 }, /contrast: 1.1/],
  ] as [Noise, RegExp][])('refuses %o', (noise, message) => {
    const data = draw(gaussian(2), 3, key);
    expect(errorOf(() => addNoise(data, zeroSignal(data), noise, key)).message).toMatch(message);
  });

  it('refuses signals of other points', () => {
    const [few, many] = [draw(gaussian(2), 3, key), draw(gaussian(2), 4, key)];
    const error = errorOf(() => addNoise(few, zeroSignal(many), { kind: 'none' }, key));
    expect(error.message).toMatch(/number of signal values: 4; expected n outputs = 3/);
  });
});

describe('signals', () => {
  it('a linear signal of norm L is exactly L-Lipschitz: attained along its gradient, never exceeded', () => {
    const d = 6;
    const basis = Float64Array.from({ length: (d + 1) * d }, (_, i) =>
      i >= d && (i - d) % (d + 1) === 0 ? 1 : 0,
    );
    const data: Points = { x: basis, n: d + 1, d };
    const { values } = linearSignal(data, 3, key);
    expect(values[0]).toBe(0);
    expect(Math.hypot(...values.subarray(1))).toBeCloseTo(3, 12);
  });

  it('a teacher of one neuron is amplitude ReLU of an affine function: convex or concave, with one kink on a line', () => {
    const count = 2001;
    const x = Float64Array.from({ length: count }, (_, i) => (i - 1000) / 100);
    const { values } = teacherSignal({ x, n: count, d: 1 }, 1, 2, key);
    const second = Array.from(
      { length: count - 2 },
      (_, i) => values[i]! - 2 * values[i + 1]! + values[i + 2]!,
    );
    const kinks = second.filter((value) => Math.abs(value) > 1e-9);
    expect(kinks.length).toBeGreaterThanOrEqual(1);
    expect(kinks.length).toBeLessThanOrEqual(2); // Between two grid points the kink shows at both.
    expect(new Set(kinks.map(Math.sign)).size).toBe(1);
    expect(Math.min(...values.map(Math.abs))).toBe(0);
  });

  it('a wide teacher has the second moment of its Gaussian limit', () => {
    // E ReLU(s)^2 = Var(s)/2 with s ~ N(0, |x|^2 + 1), so E g(x)^2 = amplitude^2 over the draw of the teacher when |x| = 1.
    const data = draw(uniformSphere(4), 1, key);
    const squares = Array.from(
      { length: 4000 },
      (_, t) => teacherSignal(data, 20, 3, key.split(t)).values[0]! ** 2,
    );
    const { mean: average, error } = meanWithError(squares);
    expect(Math.abs(average - 9)).toBeLessThan(5 * error);
  });

  it('signs are ±1, with +1 at 0', () => {
    expect([...signOf(givenSignal('g', Float64Array.of(-2, -0, 0, 1e-300), 1)).values]).toEqual([
      -1, 1, 1, 1,
    ]);
    expect([...componentSignal(Int32Array.of(0, 1, 2, 3)).values]).toEqual([1, -1, 1, -1]);
  });
});

describe('flipSigns', () => {
  it.each([0, 0.1, 0.35, 0.5])('has E Var[y|x] = 4 q (1 - q), q = %d', (q) => {
    const data = points(uniformSphere(3));
    const g = signOf(linearSignal(data, 1, key));
    const labels = flipSigns(g, q, key.split('flip'));
    expect(labels.noiseVariance).toBeCloseTo(4 * q * (1 - q), 14);
    expectNoise(labels, 4 * q * (1 - q));
    const flipped = mean(labels.y.map((value, i) => (value === labels.unflipped![i] ? 0 : 1)));
    expect(Math.abs(flipped - q)).toBeLessThan(5 * Math.sqrt((q * (1 - q)) / n) + 1e-15);
    expect(labels.unflipped).toEqual(g.values);
  });

  it('refuses labels other than ±1 and probabilities beyond 1/2', () => {
    const g = givenSignal('digits', Float64Array.of(1, 3), 1);
    expect(errorOf(() => flipSigns(g, 0.1, key)).message).toMatch(/label of row 1 .*: 3/);
    for (const q of [-0.1, 0.6, Number.NaN]) {
      expect(errorOf(() => flipSigns(componentSignal(Int32Array.of(0)), q, key)).message).toMatch(
        /flip probability/,
      );
    }
  });
});

describe('clippedMoments', () => {
  /** E h(Z) by the midpoint rule over the density, fine enough for the kinks of clipping. */
  const integrate = (shape: 'gaussian' | 'uniform', h: (z: number) => number) => {
    const [reach, cells] = [shape === 'gaussian' ? 9 : 1, 60_000];
    let [sum, total] = [0, 0];
    for (let j = 0; j < cells; j++) {
      const z = reach * ((2 * j + 1) / cells - 1);
      const weight = shape === 'gaussian' ? Math.exp((-z * z) / 2) : 1;
      sum += weight * h(z);
      total += weight;
    }
    return sum / total;
  };

  it.each(['gaussian', 'uniform'] as const)('%s noise: agrees with numerical integration', (shape) => {
    const magnitude = fc.double({ min: -3, max: 1, noNaN: true }).map((exponent) => 10 ** exponent);
    fc.assert(
      fc.property(fc.double({ min: -3, max: 3, noNaN: true }), magnitude, (g, scale) => {
        const clipped = (z: number) => Math.min(1, Math.max(-1, g + scale * z));
        const first = integrate(shape, clipped);
        const { mean: average, variance } = clippedMoments(g, { shape, scale });
        expect(Math.abs(average - first)).toBeLessThan(1e-6);
        expect(Math.abs(variance - integrate(shape, (z) => (clipped(z) - first) ** 2))).toBeLessThan(1e-6);
      }),
      { numRuns: 100 },
    );
  });

  it('keeps its digits for tiny noise inside and tiny tails outside', () => {
    for (const scale of [1e-9, 1e-100]) {
      expect(clippedMoments(0.3, { shape: 'gaussian', scale }).variance / scale ** 2).toBeCloseTo(1, 10);
      expect(clippedMoments(0.3, { shape: 'uniform', scale }).variance / scale ** 2).toBeCloseTo(1 / 3, 10);
    }
    expect(clippedMoments(5, { shape: 'gaussian', scale: 0.01 })).toEqual({ mean: 1, variance: 0 });
    expect(clippedMoments(-5, { shape: 'uniform', scale: 1 })).toEqual({ mean: -1, variance: 0 });
  });

  it.each([-2.5, 0, 0.7, 4])('has no step where its two formulas for the Gaussian meet, g = %d', (g) => {
    const [narrow, wide] = [1 - 1e-13, 1].map((scale) => clippedMoments(g, { shape: 'gaussian', scale }));
    expect(wide!.mean).toBeCloseTo(narrow!.mean, 12);
    expect(wide!.variance).toBeCloseTo(narrow!.variance, 12);
  });

  it('of huge noise is a fair sign', () => {
    for (const shape of ['gaussian', 'uniform', 'signs'] as const) {
      const { mean: average, variance } = clippedMoments(0.2, { shape, scale: 1e12 });
      expect(average).toBeCloseTo(0, 9);
      expect(variance).toBeCloseTo(1, 9);
    }
  });

  it('at the edge halves the Gaussian: E min(Z, 0) = -1/sqrt(2 pi), Var = 1/2 - 1/(2 pi)', () => {
    const { mean: average, variance } = clippedMoments(1, { shape: 'gaussian', scale: 0.01 });
    expect((average - 1) / 0.01).toBeCloseTo(-1 / Math.sqrt(2 * Math.PI), 10);
    expect(variance / 1e-4).toBeCloseTo(0.5 - 1 / (2 * Math.PI), 10);
  });
});

describe('addClippedNoise', () => {
  const signals: [string, (data: Points) => Signal][] = [
    ['zero', zeroSignal],
    ['linear', (data) => linearSignal(data, 1.5, key.split('g'))],
    ['sign', (data) => signOf(linearSignal(data, 1, key.split('g')))],
  ];
  it.each(signals)(
    '%s signal: stated variance and clean labels are those of the clipped labels',
    (_, signal) => {
      for (const distribution of [uniformSphere(3), gaussian(3)]) {
        const data = points(distribution);
        for (const [noise] of NOISES.slice(1)) {
          const labels = addClippedNoise(data, signal(data), noise, key.split('z'));
          expect(Math.max(...labels.y.map(Math.abs))).toBeLessThanOrEqual(1);
          if (noise.kind === 'heteroscedastic' && signal === signals[1]![1]) {
            expect(labels.noiseVariance).toBeUndefined();
          } else {
            expectNoise(labels, labels.noiseVariance!);
          }
        }
      }
    },
  );

  it('knows the clean labels even where the variance over the distribution is unknown', () => {
    const data = points(uniformSphere(3));
    const labels = addClippedNoise(
      data,
      teacherSignal(data, 5, 1, key),
      { kind: 'gaussian', sigma: 0.5 },
      key.split('z'),
    );
    expect(labels.noiseVariance).toBeUndefined();
    const z = meanWithError(labels.y.map((value, i) => value - labels.clean![i]!));
    expect(Math.abs(z.mean)).toBeLessThan(5 * z.error);
  });

  it('leaves labels alone that lie in [-1, 1] anyway', () => {
    const data = draw(uniformSphere(3), 50, key);
    const g = linearSignal(data, 0.5, key);
    const noise: Noise = { kind: 'uniform', halfWidth: 0.4 };
    const [clipped, free] = [addClippedNoise(data, g, noise, key), addNoise(data, g, noise, key)];
    expect(clipped.y).toEqual(free.y);
    expect(clipped.noiseVariance).toBeCloseTo(free.noiseVariance!, 12);
  });
});
