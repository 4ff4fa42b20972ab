import { describe, expect, test } from 'vitest';
import {
  fitReverseWeibull,
  kolmogorovDistance,
  type ReverseWeibull,
  reverseWeibullCdf,
  reverseWeibullQuantile,
} from '../../../src/lipschitz/witness/weibull.ts';
import { rng, uniform } from '../../../src/random/index.ts';

/** Draws by the definition: location - scale E^(1/shape) with exponential E. */
const draw = ({ location, scale, shape }: ReverseWeibull, n: number, seed: number) =>
  uniform(rng(seed), n).map((u) => location - scale * (-Math.log1p(-u)) ** (1 / shape));

const logLikelihood = (sample: Float64Array, { location, scale, shape }: ReverseWeibull) =>
  sample.reduce((sum, x) => {
    const z = (location - x) / scale;
    return sum + Math.log(shape / scale) + (shape - 1) * Math.log(z) - z ** shape;
  }, 0);

describe('maximum likelihood', () => {
  test.each([
    { location: 0, scale: 1, shape: 3 },
    { location: 7, scale: 0.01, shape: 2.5 },
    { location: -3, scale: 40, shape: 5 },
    { location: 1, scale: 1, shape: 1.5 },
  ])('recovers $location, $scale, $shape', (law) => {
    const errors = Array.from({ length: 20 }, (_, seed) => {
      const fit = fitReverseWeibull(draw(law, 1000, seed))!;
      return (fit.location - law.location) / law.scale;
    });
    const mean = errors.reduce((a, b) => a + b) / errors.length;
    expect(Math.abs(mean)).toBeLessThan(0.1);
    const fit = fitReverseWeibull(draw(law, 20_000, 99))!;
    expect((fit.location - law.location) / law.scale).toBeCloseTo(0, 1);
    expect(fit.shape / law.shape).toBeCloseTo(1, 1);
    expect(fit.scale / law.scale).toBeCloseTo(1, 1);
  });

  test('no nearby parameters are likelier', () => {
    for (let seed = 0; seed < 20; seed++) {
      const sample = draw({ location: 2, scale: 1, shape: 2 + (seed % 3) }, 100, seed);
      const fit = fitReverseWeibull(sample)!;
      const top = logLikelihood(sample, fit);
      const largest = Math.max(...sample);
      for (const by of [0.98, 0.999, 1.001, 1.02]) {
        expect(logLikelihood(sample, { ...fit, scale: fit.scale * by })).toBeLessThanOrEqual(top + 1e-9);
        if (fit.shape * by >= 1)
          expect(logLikelihood(sample, { ...fit, shape: fit.shape * by })).toBeLessThanOrEqual(top + 1e-9);
        const location = largest + (fit.location - largest) * by;
        expect(logLikelihood(sample, { ...fit, location })).toBeLessThanOrEqual(top + 1e-6);
      }
    }
  });

  test('moves and scales with the sample', () => {
    const sample = draw({ location: 1, scale: 1, shape: 3 }, 200, 5);
    const fit = fitReverseWeibull(sample)!;
    const moved = fitReverseWeibull(sample.map((x) => 100 + 2 ** -40 * x))!;
    expect(((moved.location - 100) * 2 ** 40) / fit.location).toBeCloseTo(1, 2);
    const huge = fitReverseWeibull(sample.map((x) => 1e150 * x))!;
    expect(huge.location / 1e150 / fit.location).toBeCloseTo(1, 9);
  });

  test('maxima of quantities without an upper end have no fit', () => {
    // The maximum of m exponential numbers is log m plus Gumbel's law; Fréchet tails are heavier still.
    const frechet = uniform(rng(1), 300).map((u) => (-Math.log(1 - u)) ** -0.5);
    expect(fitReverseWeibull(frechet)).toBeUndefined();
  });

  test('ties at the top: the location is at the top', () => {
    const fit = fitReverseWeibull(Float64Array.of(1, 2, 3, 3, 3, 3, 3, 3, 3, 3))!;
    expect(fit.location).toBeGreaterThan(3);
    expect(fit.location).toBeLessThan(3.00001);
  });
});

test('quantile and distribution function are inverse', () => {
  const law = { location: 3, scale: 2, shape: 1.7 };
  for (const p of [0.001, 0.3, 0.5, 0.99])
    expect(reverseWeibullCdf(law, reverseWeibullQuantile(law, p))).toBeCloseTo(p, 12);
  expect(reverseWeibullCdf(law, 3)).toBe(1);
  expect(reverseWeibullCdf(law, 1)).toBeCloseTo(Math.exp(-1), 15);
});

test('Kolmogorov distance of small samples by hand', () => {
  const uniformCdf = (x: number) => x;
  expect(kolmogorovDistance(Float64Array.of(0.5), uniformCdf)).toBe(0.5);
  expect(kolmogorovDistance(Float64Array.of(0.75, 0.25), uniformCdf)).toBe(0.25);
  expect(kolmogorovDistance(Float64Array.of(0.1, 0.2, 0.3), uniformCdf)).toBeCloseTo(0.7, 12);
});
