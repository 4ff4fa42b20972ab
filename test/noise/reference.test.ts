// Readings of the noise level from a reference model against label distributions whose noise and best error rate are known.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { entropyOfFlips, givenFlips, noiseOfReference } from '../../src/noise/index.ts';
import { integers, rng, uniform } from '../../src/random/index.ts';

/** Some distributions of a label, one for each point. */
const labelDistributions = fc
  .integer({ min: 2, max: 6 })
  .chain((classes) =>
    fc.array(
      fc.array(fc.double({ min: 1e-3, max: 1, noNaN: true }), { minLength: classes, maxLength: classes }),
      {
        minLength: 1,
        maxLength: 5,
      },
    ),
  )
  .map((points) =>
    points.map((weights) => {
      const sum = weights.reduce((a, b) => a + b, 0);
      return weights.map((weight) => weight / sum);
    }),
  );

test('sigma^2 lies between both ends for the best model, and below the upper end for every model', () => {
  fc.assert(
    fc.property(labelDistributions, fc.double({ min: 0, max: 1, noNaN: true }), (points, worse) => {
      const classes = points[0]!.length;
      const mean = (f: (p: readonly number[]) => number) =>
        points.reduce((sum, p) => sum + f(p), 0) / points.length;
      const variance = mean((p) => 1 - p.reduce((sum, value) => sum + value ** 2, 0));
      const best = mean((p) => Math.max(...p));
      const [low, high] = noiseOfReference(best, classes, undefined).level.interval;
      expect(low).toBeLessThanOrEqual(variance + 1e-12);
      expect(high).toBeGreaterThanOrEqual(variance - 1e-12);
      const accuracy = best + worse * (1 / classes - best);
      expect(
        noiseOfReference(Math.max(accuracy, 1 / classes), classes, undefined).level.interval[1],
      ).toBeGreaterThanOrEqual(variance - 1e-12);
    }),
  );
});

test('the upper end is reached by flips to all classes alike, the lower by points without any information', () => {
  expect(noiseOfReference(0.9, 10, undefined).level.interval[1]).toBeCloseTo(
    givenFlips(0.1, 10).level.value,
    12,
  );
  // Half of the points pure, half with two classes alike: error rate 1/4, noise 1/2 * 1/2.
  expect(noiseOfReference(0.75, 2, undefined).level.interval[0]).toBe(0.25);
});

test('a model tested on few rows: the interval covers the noise as often as it says', () => {
  // Labels flipped with q to each other class alike, and the classifier that knows the clean label.
  const [q, classes, rows, runs] = [0.08, 5, 60, 600];
  const truth = givenFlips(q, classes).level.value;
  const draws = uniform(rng('coverage'), rows * runs);
  let covered = 0;
  for (let run = 0; run < runs; run++) {
    const errors = draws.subarray(run * rows, (run + 1) * rows).filter((u) => u < q).length;
    const [low, high] = noiseOfReference(1 - errors / rows, classes, rows).level.interval;
    covered += low <= truth && truth <= high ? 1 : 0;
  }
  expect(covered / runs).toBeGreaterThanOrEqual(0.95);
});

test('accuracies below guessing, of one class or without rows are refused', () => {
  expect(() => noiseOfReference(0.05, 10, undefined)).toThrow(/reference accuracy: 0.05/);
  expect(() => noiseOfReference(Number.NaN, 10, undefined)).toThrow(/reference accuracy/);
  expect(() => noiseOfReference(0.9, 1, undefined)).toThrow(/classes/);
  expect(() => noiseOfReference(0.9, 3, 0)).toThrow(/rows of the reference/);
  expect(noiseOfReference(1, 3, undefined).level).toMatchObject({ value: 0, interval: [0, 0] });
});

test('the entropy of flips is the least mean cross-entropy over drawn labels', () => {
  const [q, classes, n] = [0.2, 4, 200_000];
  const u = uniform(rng('entropy'), n);
  const others = integers(rng('others'), n, 1, classes);
  let sum = 0;
  for (let i = 0; i < n; i++) {
    const label = u[i]! < q ? others[i]! : 0;
    sum -= Math.log(label === 0 ? 1 - q : q / (classes - 1));
  }
  expect(entropyOfFlips(q, classes)).toBeCloseTo(sum / n, 2);
  expect(entropyOfFlips(0, 7)).toBe(0);
  expect(entropyOfFlips(1, 2)).toBe(0);
  expect(entropyOfFlips(0.5, 2)).toBeCloseTo(Math.LN2, 14);
  expect(entropyOfFlips(0.9, 10)).toBeCloseTo(Math.log(10), 14);
  expect(() => entropyOfFlips(1.5, 2)).toThrow(/flip probability/);
});
