// How many updates an execution makes: what must hold whatever the course of a training.
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Course, updatesAtOnce } from '../../src/training/pace.ts';

const course = fc.record({
  step: fc.integer({ min: 0, max: 5000 }),
  more: fc.integer({ min: 0, max: 5000 }),
  perEpoch: fc.integer({ min: 1, max: 60 }),
  numbers: fc.integer({ min: 1, max: 2 ** 24 }),
  seconds: fc.oneof(fc.constant(0), fc.double({ min: 1e-6, max: 10, noNaN: true })),
});

/** The steps at which executions begin. */
function beginnings(of: Omit<Course, 'step'>): number[] {
  const found: number[] = [];
  for (let step = 0; step <= of.steps; step += updatesAtOnce({ ...of, step })) found.push(step);
  return found;
}

test('an execution makes an update, and never one beyond the measure of the last', () => {
  fc.assert(
    fc.property(course, ({ step, more, ...of }) => {
      const count = updatesAtOnce({ ...of, step, steps: step + more });
      expect(count).toBeGreaterThanOrEqual(1);
      expect(count).toBeLessThanOrEqual(more + 1);
    }),
  );
});

test('with mini-batches an execution begins wherever rules are asked, and the next after one update', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 60 }), fc.integer({ min: 0, max: 400 }), (perEpoch, steps) => {
      const begun = new Set(beginnings({ perEpoch, steps, numbers: 1, seconds: 1e-4 }));
      for (let step = 0; step <= steps; step += perEpoch) {
        expect(begun).toContain(step);
        if (step < steps) expect(begun).toContain(step + 1);
      }
      // And nowhere else, while they are quick.
      expect(begun.size).toBe(Math.floor(steps / perEpoch) + 1 + Math.ceil(steps / perEpoch));
    }),
  );
});

/** Seconds of a full-batch training of `seconds` an update and 0.2 ms an execution that its rules stop after `stop` updates. */
function duration(stop: number, seconds: number, count: (step: number) => number): number {
  let total = 0;
  for (let step = 0; ; ) {
    const next = step + count(step);
    total += 2e-4 + (next - step) * seconds;
    // The updates of the last execution up to the stop are made once more.
    if (next > stop) return total + (stop === step ? 0 : 2e-4 + (stop - step) * seconds);
    step = next;
  }
}

test('full-batch training takes hardly longer than with the best number of updates an execution', () => {
  for (const seconds of [1e-5, 1e-4, 1e-3, 1e-2]) {
    for (const around of [100, 1000, 5000]) {
      const stops = Array.from({ length: 40 }, (_, i) => Math.round(around * (1 + i / 40)));
      const of = { perEpoch: 1, steps: 10_000, numbers: 1, seconds };
      const mean = (count: (step: number) => number) =>
        stops.reduce((sum, stop) => sum + duration(stop, seconds, count), 0) / stops.length;
      const ours = mean((step) => updatesAtOnce({ ...of, step }));
      const best = Math.min(...Array.from({ length: 300 }, (_, k) => mean(() => k + 1)));
      expect(ours / best, `${seconds} s, ${around}`).toBeLessThan(1.1);
      expect(best).toBeLessThan(mean(() => 1));
    }
  }
});

test('slow steps and large batches are few at once', () => {
  const of = { step: 1, steps: 1000, perEpoch: 100, numbers: 10, seconds: 0.04 };
  expect(updatesAtOnce(of)).toBe(7);
  expect(updatesAtOnce({ ...of, seconds: 4 })).toBe(1);
  expect(updatesAtOnce({ ...of, seconds: 0 })).toBe(1);
  expect(updatesAtOnce({ ...of, seconds: 1e-6, numbers: 2 ** 20 })).toBe(4);
  expect(updatesAtOnce({ ...of, perEpoch: 1, seconds: 0.004 })).toBe(1);
});
