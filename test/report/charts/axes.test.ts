import fc from 'fast-check';
import { expect, test } from 'vitest';
import { logScale, logTicks, paddedDomain, tickText } from '../../../src/report/charts/axes.ts';

const positive = fc.double({ min: 1e-12, max: 1e12, noNaN: true });

test('equal ratios are equal distances, ends go to ends, invert undoes apply', () => {
  const scale = logScale([1, 1000], [500, 20]);
  expect(scale.apply(1)).toBeCloseTo(500, 10);
  expect(scale.apply(10)).toBeCloseTo(340, 10);
  expect(scale.apply(1000)).toBeCloseTo(20, 10);
  fc.assert(
    fc.property(positive, (value) => {
      expect(scale.invert(scale.apply(value)) / value).toBeCloseTo(1, 9);
    }),
  );
});

test('a padded domain holds all its values', () => {
  fc.assert(
    fc.property(fc.array(positive, { minLength: 1 }), (values) => {
      const [low, high] = paddedDomain(values, 1.2);
      for (const value of values) expect(value > low && value < high).toBe(true);
    }),
  );
});

test('ticks lie in the domain, increase, and are not too many; one is there as soon as a decade fits', () => {
  fc.assert(
    fc.property(
      fc.double({ min: -10, max: 10, noNaN: true }),
      fc.double({ min: 0.05, max: 18, noNaN: true }),
      fc.integer({ min: 4, max: 12 }),
      (start, decades, most) => {
        const domain = [10 ** start, 10 ** (start + decades)] as const;
        const ticks = logTicks(domain, most);
        expect(ticks.every((tick) => tick >= domain[0] && tick <= domain[1])).toBe(true);
        expect(ticks.every((tick, index) => index === 0 || tick > ticks[index - 1]!)).toBe(true);
        expect(ticks.length).toBeLessThanOrEqual(most + 5);
        if (decades >= 1 && decades <= most) expect(ticks.length).toBeGreaterThan(0);
      },
    ),
  );
});

test('ticks of a familiar range', () => {
  expect(logTicks([900, 1.1e6], 10)).toEqual([1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6]);
  expect(logTicks([0.9, 110], 5)).toEqual([1, 3, 10, 30, 100]);
  expect(logTicks([0.5, 2e6], 5)).toEqual([1, 100, 1e4, 1e6]);
});

test.each([
  [0.05, '0.05'],
  [1, '1'],
  [5000, '5\u202F000'],
  [1e4, '10\u2074'],
  [3e7, '3\u202F\u00D7\u202F10\u2077'],
  [2e-5, '2\u202F\u00D7\u202F10\u207B\u2075'],
])('tick %d reads %s', (tick, text) => {
  expect(tickText(tick)).toBe(text);
});
