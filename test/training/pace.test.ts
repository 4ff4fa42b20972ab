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

test('in full-batch training at most an eighth of the updates made, but eight, are at stake', () => {
  const of = { perEpoch: 1, steps: 10_000, numbers: 1, seconds: 1e-5 };
  expect([0, 7, 64, 80, 800, 8000].map((step) => updatesAtOnce({ ...of, step }))).toEqual([
    8, 8, 8, 10, 100, 1000,
  ]);
});

test('slow steps and large batches are few at once', () => {
  const of = { step: 1, steps: 1000, perEpoch: 100, numbers: 10, seconds: 0.04 };
  expect(updatesAtOnce(of)).toBe(7);
  expect(updatesAtOnce({ ...of, seconds: 4 })).toBe(1);
  expect(updatesAtOnce({ ...of, seconds: 0 })).toBe(1);
  expect(updatesAtOnce({ ...of, seconds: 1e-6, numbers: 2 ** 20 })).toBe(4);
  expect(updatesAtOnce({ ...of, perEpoch: 1, seconds: 0.004 })).toBe(5);
});
