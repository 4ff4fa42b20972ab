import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  createDataset,
  type Dataset,
  fitBelowNoise,
  partialMemorization,
  perfectMemorization,
} from '../../src/data/index.ts';
import { errorOf } from './support.ts';

const make = (y: number[], known: Partial<Dataset> = {}): Dataset =>
  createDataset({
    name: 'toy',
    x: Float64Array.from(y, (_, i) => i),
    shape: [y.length, 1],
    y: Float64Array.from(y),
    outputs: 1,
    source: 'by hand',
    transformations: [],
    ...known,
  });

describe('perfectMemorization', () => {
  it('is max |f(x_i) - y_i| <= tolerance', () => {
    const dataset = make([1, 2, 3]);
    expect(perfectMemorization(dataset, [1, 2, 3], 0)).toEqual({ holds: true, maxError: 0, tolerance: 0 });
    expect(perfectMemorization(dataset, [1, 2.5, 2.75], 0.5)).toMatchObject({ holds: true, maxError: 0.5 });
    expect(perfectMemorization(dataset, [1, 2.5, 2.75], 0.49).holds).toBe(false);
  });

  it.each([Number.NaN, Infinity])('never holds with a prediction of %d', (bad) => {
    expect(perfectMemorization(make([1, 2]), [bad, 2], Infinity)).toMatchObject({
      holds: false,
      maxError: Infinity,
    });
    expect(perfectMemorization(make([1, 2]), [1, bad], 1)).toMatchObject({
      holds: false,
      maxError: Infinity,
    });
  });

  it('refuses a wrong number of predictions and a negative tolerance', () => {
    expect(errorOf(() => perfectMemorization(make([1, 2]), [1], 0)).message).toMatch(
      /number of predictions: 1; expected 2/,
    );
    expect(errorOf(() => perfectMemorization(make([1]), [1], -1)).message).toMatch(/tolerance: -1/);
  });
});

describe('partialMemorization', () => {
  // Z = (1, -1, 1, -1): half of sum Z^2 is 2.
  const noisy = make([2, 1, 2, 1], { clean: Float64Array.of(1, 2, 1, 2) });

  it('compares the squared error with half the squared noise', () => {
    expect(partialMemorization(noisy, [2, 1, 2 - Math.SQRT1_2, 1])).toMatchObject({
      holds: true,
      squaredNoise: 4,
    });
    expect(partialMemorization(noisy, [2, 1, 1, 2])).toEqual({
      holds: true,
      squaredError: 2,
      squaredNoise: 4,
    });
    expect(partialMemorization(noisy, [2, 1, 1, 2.001]).holds).toBe(false);
  });

  it('does not hold for the clean labels themselves, nor for NaN', () => {
    expect(partialMemorization(noisy, noisy.clean!).holds).toBe(false);
    expect(partialMemorization(noisy, [Number.NaN, 1, 2, 1])).toMatchObject({
      holds: false,
      squaredError: Infinity,
    });
  });

  it('without noise is perfect memorization', () => {
    const exact = make([1, 2], { clean: Float64Array.of(1, 2) });
    expect(partialMemorization(exact, [1, 2]).holds).toBe(true);
    expect(partialMemorization(exact, [1, 2 + 1e-15]).holds).toBe(false);
  });

  it('does not depend on the unit of the labels, however small or large', () => {
    const small = fc.integer({ min: -4, max: 4 });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(small, small, small), { minLength: 1 }),
        fc.constantFrom(-1000, -600, 600, 1000),
        (rows, e) => {
          const at = (unit: number) =>
            partialMemorization(
              make(
                rows.map(([y]) => y * unit),
                { clean: Float64Array.from(rows, ([, g]) => g * unit) },
              ),
              rows.map(([, , f]) => f * unit),
            ).holds;
          expect(at(2 ** e)).toBe(at(1));
        },
      ),
    );
  });

  it('asks for clean labels', () => {
    expect(errorOf(() => partialMemorization(make([1]), [1])).message).toMatch(
      /clean labels of toy.*fitBelowNoise/,
    );
  });
});

describe('fitBelowNoise', () => {
  it('returns the eps of the theorem: sigma^2 minus the mean squared error', () => {
    const dataset = make([1, -1, 1, -1], { noiseVariance: 1 });
    expect(fitBelowNoise(dataset, [0.5, -0.5, 0.5, -0.5])).toEqual({
      holds: true,
      meanSquaredError: 0.25,
      noiseVariance: 1,
      eps: 0.75,
    });
    expect(fitBelowNoise(dataset, [0, 0, 0, 0])).toMatchObject({ holds: false, eps: 0 });
    expect(fitBelowNoise(dataset, [Number.NaN, 0, 0, 0])).toMatchObject({ holds: false, eps: -Infinity });
  });

  it('averages over points and sums over outputs', () => {
    const twoOutputs = make([0, 0], { noiseVariance: 3, y: new Float64Array(4), outputs: 2 });
    expect(fitBelowNoise(twoOutputs, [1, 1, 0, 0]).meanSquaredError).toBe(1);
  });

  it('asks for the noise variance', () => {
    expect(errorOf(() => fitBelowNoise(make([1]), [1])).message).toMatch(/noise variance of toy/);
  });
});
