// The floor of the cross-entropy against simulated flips and against the entropy of arbitrary noise.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  entropyOfFlips,
  entropyOfKnownFlips,
  givenEntropy,
  givenFlips,
  givenVariance,
} from '../../src/noise/index.ts';
import { rng, uniform } from '../../src/random/index.ts';

const entropy = (p: readonly number[]) => p.reduce((sum, v) => (v > 0 ? sum - v * Math.log(v) : sum), 0);

test('a known probability has no interval', () => {
  const { level, source } = givenEntropy(0.1, 10);
  expect(level.value).toBeCloseTo(entropy([0.9, ...new Array(9).fill(0.1 / 9)]), 12);
  expect(level.interval).toEqual([level.value, level.value]);
  expect(source).toMatch(/0\.1, as given/);
});

test('the interval for known flips covers the entropy, whatever class they go to', () => {
  const [rows, q] = [400, 0.1];
  let covered = 0;
  for (let trial = 0; trial < 200; trial++) {
    const flipped = uniform(rng(trial).split('flips'), rows).filter((u) => u < q).length;
    const [low, high] = entropyOfKnownFlips(flipped, rows, 5).level.interval;
    // All flips to one class, evenly to all, and in between.
    const truths = [[q], new Array(4).fill(q / 4), [0.7 * q, 0.2 * q, 0.1 * q]];
    if (truths.every((shares) => low <= entropy([1 - q, ...shares]) && entropy([1 - q, ...shares]) <= high))
      covered++;
  }
  expect(covered).toBeGreaterThan(0.93 * 200);
});

test('a noise level of all noise bounds the entropy of any mixture of noises', () => {
  const weights = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 4, maxLength: 4 });
  fc.assert(
    fc.property(fc.array(weights, { minLength: 1, maxLength: 4 }), (points) => {
      const distributions = points.map((w) => {
        const sum = w.reduce((a, b) => a + b, 0);
        return sum > 0 ? w.map((v) => v / sum) : [1, 0, 0, 0];
      });
      const mean = (of: (p: readonly number[]) => number) =>
        distributions.reduce((sum, p) => sum + of(p), 0) / distributions.length;
      const sigma2 = mean((p) => 1 - p.reduce((sum, v) => sum + v * v, 0));
      const { level } = entropyOfKnownFlips(0, 1000, 4, givenVariance(Math.max(0, sigma2)));
      expect(mean(entropy)).toBeLessThanOrEqual(level.interval[1] + 1e-9);
    }),
    { numRuns: 300 },
  );
});

test('the bound by a noise level is reached by even flips', () => {
  for (const q of [0.05, 0.3, 0.7]) {
    const { level } = entropyOfKnownFlips(0, 1e6, 10, givenFlips(q, 10));
    expect(level.interval[1]).toBeCloseTo(entropyOfFlips(q, 10), 9);
  }
});

test('without flips, and with nothing but flips', () => {
  expect(entropyOfKnownFlips(0, 50, 3).level).toMatchObject({ value: 0 });
  expect(entropyOfKnownFlips(0, 50, 3).level.interval[0]).toBe(0);
  const all = entropyOfKnownFlips(50, 50, 2).level;
  expect(all.interval[0]).toBe(0);
  expect(() => entropyOfKnownFlips(51, 50, 3)).toThrow(/flipped rows/);
});
