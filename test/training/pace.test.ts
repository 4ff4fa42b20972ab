// How many updates an execution makes: what must hold whatever the course of a training.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Fit } from '../../src/training/index.ts';
import { type Course, expectedUpdates, updatesAtOnce } from '../../src/training/pace.ts';

const course = fc.record({
  step: fc.integer({ min: 0, max: 5000 }),
  more: fc.integer({ min: 0, max: 5000 }),
  unasked: fc.option(fc.integer({ min: 1, max: 60 }), { nil: undefined }),
  expected: fc.integer({ min: 1, max: 10_000 }),
  numbers: fc.integer({ min: 1, max: 2 ** 24 }),
  seconds: fc.oneof(fc.constant(0), fc.double({ min: 1e-6, max: 10, noNaN: true })),
});

test('an execution makes an update, and never one beyond the measure of the last', () => {
  fc.assert(
    fc.property(course, ({ step, more, ...of }) => {
      const count = updatesAtOnce({ ...of, step, steps: step + more });
      expect(count).toBeGreaterThanOrEqual(1);
      expect(count).toBeLessThanOrEqual(more + 1);
      if (of.unasked !== undefined) expect(count).toBeLessThanOrEqual(of.unasked);
    }),
  );
});

test('with mini-batches a quick epoch is one execution', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 0, max: 400 }), (unasked, step) => {
      const of: Course = { step, steps: 1000, unasked, expected: 1, numbers: 1, seconds: 1e-4 };
      expect(updatesAtOnce(of)).toBe(unasked);
    }),
  );
});

test('slow steps and large batches are few at once', () => {
  const of: Course = { step: 1, steps: 1000, unasked: 100, expected: 1, numbers: 10, seconds: 0.04 };
  expect(updatesAtOnce(of)).toBe(7);
  expect(updatesAtOnce({ ...of, seconds: 4 })).toBe(1);
  expect(updatesAtOnce({ ...of, seconds: 0 })).toBe(1);
  expect(updatesAtOnce({ ...of, seconds: 1e-6, numbers: 2 ** 20 })).toBe(4);
  expect(updatesAtOnce({ ...of, unasked: undefined, expected: 1, seconds: 0.004 })).toBe(1);
});

const fitOf = (error: number) => ({
  meanSquaredError: error,
  maxError: 3 * error,
  margin: 1 - 3 * error,
  accuracy: 1 - error,
});

describe('the updates that are expected', () => {
  const expectedOf = (before: number, now: number, gap: number, stops: (fit: Fit) => boolean) =>
    expectedUpdates(stops, fitOf(before), fitOf(now), gap);
  test('are those of a straight line, to a fifth', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.5, max: 1, noNaN: true }),
        fc.double({ min: 0.01, max: 0.49, noNaN: true }),
        fc.integer({ min: 1, max: 1000 }),
        (before, now, gap) => {
          const updates = (gap * (now - 0.001)) / (before - now);
          for (const stops of [
            ({ meanSquaredError }: Fit) => meanSquaredError <= 0.001,
            ({ maxError }: Fit) => maxError <= 0.003,
            ({ margin }: Fit) => margin >= 0.997,
            ({ accuracy }: Fit) => accuracy! >= 0.999,
          ]) {
            const expected = expectedOf(before, now, gap, stops);
            if (updates >= 4 * gap) expect(expected).toBe(4 * gap);
            else {
              expect(expected).toBeGreaterThanOrEqual(Math.floor(updates));
              expect(expected).toBeLessThanOrEqual(1.2 * updates + 2);
            }
          }
        },
      ),
    );
  });
  test('are some more where nothing gets better, and where nothing is a number', () => {
    const stops = ({ meanSquaredError }: Fit) => meanSquaredError <= 0.1;
    expect(expectedOf(0.4, 0.8, 3, stops)).toBe(12);
    expect(expectedOf(Number.NaN, Number.NaN, 3, stops)).toBe(12);
    expect(expectedOf(0, 0, 3, stops)).toBe(1);
  });
});

/** Seconds of a full-batch training with these errors before its updates, of `seconds` each, and of its executions. */
function duration(
  errors: readonly number[],
  seconds: number,
  count: (step: number, expected: number) => number,
): number {
  const stops = ({ meanSquaredError }: Fit) => meanSquaredError <= TOLERANCE;
  const stop = errors.findIndex((error) => stops(fitOf(error)));
  let total = 0;
  let last: number | undefined;
  let expected = 1;
  for (let step = 0; ; ) {
    const updates = count(step, expected);
    const next = step + updates;
    total += EXECUTION + updates * seconds;
    // The updates of the last execution up to the stop are made once more.
    if (next > stop) return total + (stop === step ? 0 : EXECUTION + (stop - step) * seconds);
    const now = errors[next - 1]!;
    if (last !== undefined) expected = expectedUpdates(stops, fitOf(last), fitOf(now), updates);
    last = now;
    step = next;
  }
}
const TOLERANCE = 0.02;
const EXECUTION = 4e-4;

/** Errors that fall as those of trainings do: slowly, then geometrically, with waves of `noise`. */
function errorsFor(updates: number, noise: number): number[] {
  const rate = -Math.log(TOLERANCE) / updates;
  const waves = (t: number) => 1 + noise * Math.sin(1.3 * t) * Math.sin(0.37 * t);
  return Array.from(
    { length: 3 * updates },
    (_, t) => waves(t) * Math.exp(-rate * (t + 5 * Math.sin(t / 40))),
  );
}

describe('full-batch training', () => {
  for (const seconds of [1e-5, 1e-4, 1e-3, 1e-2]) {
    test(`of ${seconds} s an update takes no longer than with the best constant number of updates an execution`, () => {
      for (const [updates, noise] of [
        [100, 0],
        [100, 0.1],
        [1000, 0],
        [1000, 0.1],
        [5000, 0.1],
      ] as const) {
        const courses = Array.from({ length: 20 }, (_, i) =>
          errorsFor(Math.round(updates * (1 + i / 20)), noise),
        );
        const of = { steps: 100_000, unasked: undefined, numbers: 1, seconds };
        const mean = (count: (step: number, expected: number) => number) =>
          courses.reduce((sum, errors) => sum + duration(errors, seconds, count), 0) / courses.length;
        const ours = mean((step, expected) => updatesAtOnce({ ...of, step, expected }));
        const best = Math.min(...Array.from({ length: 300 }, (_, k) => mean(() => k + 1)));
        // A few executions pass until it is known how things go.
        expect(ours).toBeLessThan(1.05 * best + 5 * EXECUTION);
        expect(best).toBeLessThan(mean(() => 1));
      }
    });
  }
});
