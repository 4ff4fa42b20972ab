// Bounds without assumptions against closed forms and against their promise: how often they are wrong.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { betFor, lowerMean, tailBounds } from '../../src/isoperimetry/bounds.ts';
import { rng, uniform } from '../../src/random/index.ts';

test('equal numbers: the wealth is a power, so the bound has a closed form', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 200 }),
      fc.double({ min: 1e-3, max: 0.5, noNaN: true }),
      fc.double({ min: 1e-6, max: 1e6, noNaN: true }),
      (n, share, a) => {
        const failure = 0.01;
        // (1 - share + share a / m)^n = 1 / failure
        const exact = (share * a) / (failure ** (-1 / n) - 1 + share);
        const found = lowerMean(new Float64Array(n).fill(a), share, failure);
        expect(found / exact).toBeLessThan(1 + 1e-9);
        expect(found / exact).toBeGreaterThan(1 - 1e-5);
      },
    ),
    { numRuns: 60 },
  );
});

test.each([
  ['exponential', 1, (u: number) => -Math.log(u)],
  ['rare and large', 1, (u: number) => (u < 0.02 ? 50 : 0)],
  // E = 2 with infinite variance.
  ['Pareto of index 1.5', 3, (u: number) => u ** (-1 / 1.5)],
] as const)('the lower mean of %s is above the mean no more often than promised', (name, mean, law) => {
  const [trials, n, failure] = [600, 80, 0.1];
  let wrong = 0;
  for (let trial = 0; trial < trials; trial++) {
    const draw = (half: string) => uniform(rng(`${name} ${trial} ${half}`), n).map((u) => law(1 - u));
    const z = draw('bet');
    if (lowerMean(z, betFor(draw('known'), n, failure), failure) > mean) wrong++;
  }
  // Binomial(600, 0.1) exceeds 83 with probability 1e-3.
  expect(wrong).toBeLessThanOrEqual(83);
});

test('with many numbers the lower mean comes close', () => {
  const draw = (half: string) => uniform(rng(half), 20_000).map((u) => -Math.log(1 - u));
  const found = lowerMean(draw('bet'), betFor(draw('known'), 20_000, 0.01), 0.01);
  expect(found).toBeGreaterThan(0.96);
  expect(found).toBeLessThan(1.01);
});

test('nothing is said where there is nothing', () => {
  expect(lowerMean(new Float64Array(50), 0.3, 0.05)).toBe(0);
  expect(lowerMean(new Float64Array(0), 0.3, 0.05)).toBe(0);
  expect(lowerMean(Float64Array.of(1), 0.5, 1e-9)).toBeLessThan(1e-8);
  expect(betFor(new Float64Array(5), 10, 0.05)).toBe(0.5);
  expect(betFor(Float64Array.of(1, 1, 1), 10, 0.05)).toBe(0.5);
});

test('tails: none of n and all of n have closed forms', () => {
  const bounds = tailBounds(30, 0.01);
  expect(bounds(0)[0]).toBe(0);
  expect(bounds(0)[1]).toBeCloseTo(1 - 0.01 ** (1 / 30), 12);
  expect(bounds(30)[0]).toBeCloseTo(0.01 ** (1 / 30), 12);
  expect(bounds(30)[1]).toBe(1);
});
