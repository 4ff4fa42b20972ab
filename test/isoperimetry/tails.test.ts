// The constant that two tails show, against Definition 1.1 evaluated in full on finite laws, whose mean is known.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bestPair, constantOfTails, tailsAt, thresholdsOf } from '../../src/isoperimetry/tails.ts';

/** The smallest c with P(|f - Ef| >= t) <= 2 exp(-d t^2 / 2c) for all t: only the jumps of the tail count. */
function constantByDefinition(d: number, values: readonly number[]): number {
  const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
  return Math.max(
    ...values.map((v) => {
      const t = Math.abs(v - mean);
      const tail = values.filter((w) => Math.abs(w - mean) >= t * (1 - 1e-12)).length / values.length;
      return (d * t * t) / (2 * Math.log(2 / tail));
    }),
  );
}

test('no pair of tails asks for more than the definition does with the true mean', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: -10, max: 10, noNaN: true }), { minLength: 2, maxLength: 40 }),
      (values) => {
        const truth = constantByDefinition(7, values);
        for (const v of values) {
          for (const u of values) {
            const p = values.filter((w) => w <= v).length / values.length;
            const q = values.filter((w) => w >= u).length / values.length;
            expect(constantOfTails(7, v, p, u, q)).toBeLessThanOrEqual(truth * (1 + 1e-9) + 1e-12);
          }
        }
      },
    ),
    { numRuns: 60 },
  );
});

test('the mean that suits best is found: brute force over all means', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 1e-6, max: 1, noNaN: true }),
      fc.double({ min: 1e-6, max: 1, noNaN: true }),
      (p, q) => {
        const [d, v, u] = [5, -1, 2];
        let least = Infinity;
        for (let m = v; m <= u; m += 1e-4) {
          const below = (d * (m - v) ** 2) / (2 * Math.log(2 / p));
          const above = (d * (u - m) ** 2) / (2 * Math.log(2 / q));
          least = Math.min(least, Math.max(below, above));
        }
        expect(constantOfTails(d, v, p, u, q)).toBeCloseTo(least, 2);
      },
    ),
    { numRuns: 25 },
  );
});

test('a fair coin: both halves at distance 2', () => {
  // c = d 4 / (8 log 4)
  expect(constantOfTails(10, -1, 0.5, 1, 0.5)).toBeCloseTo(40 / (8 * Math.log(4)), 12);
  expect(constantOfTails(10, -1, 0, 1, 0.5)).toBe(0);
  expect(constantOfTails(10, 1, 0.5, -1, 0.5)).toBe(0);
});

test('tails are counts, and their bounds enclose the shares', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 60 }), (numbers) => {
      const sorted = Float64Array.from(numbers).sort();
      const { below, above } = tailsAt(sorted, thresholdsOf(sorted), 0.05);
      for (const tail of below)
        expect(tail.count).toBe(numbers.filter((value) => value <= tail.threshold).length);
      for (const tail of above)
        expect(tail.count).toBe(numbers.filter((value) => value >= tail.threshold).length);
      for (const { observed, lower, upper } of [...below, ...above]) {
        expect(lower).toBeLessThanOrEqual(observed);
        expect(upper).toBeGreaterThanOrEqual(observed);
      }
      const best = bestPair(3, { below, above });
      if (best) {
        expect(best.pair.lower).toBeLessThanOrEqual(best.pair.value);
        expect(best.pair.value).toBeLessThanOrEqual(best.upper);
      } else expect(numbers.length).toBe(1);
    }),
    { numRuns: 60 },
  );
});
