// Shares of time, on a clock that the test moves.
import { expect, it } from 'vitest';
import { shareTime } from '../../src/audit/budget.ts';

it('gives each step its part of what is left, so that unused time goes to the steps after it', () => {
  let now = 1000;
  const budget = shareTime([1, 3, 4], 1080, () => now);
  expect(budget.begin()).toBe(1010);
  // The first step took no time: three sevenths of 80 for the second.
  expect(budget.begin()).toBeCloseTo(1000 + (80 * 3) / 7, 9);
  now = 1075;
  expect(budget.begin()).toBe(1080);
  expect(() => budget.begin()).toThrow(/4 steps share the time of 3/);
});

it('ends a step at once that begins too late', () => {
  expect(shareTime([1, 1], 1080, () => 1090).begin()).toBe(1090);
});

it('has no limit without an end', () => {
  const budget = shareTime([1, 1], Number.POSITIVE_INFINITY);
  expect(budget.begin()).toBe(Number.POSITIVE_INFINITY);
});
