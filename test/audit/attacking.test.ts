// How many rows one search for nearest examples takes.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { rowsOfSearch } from '../../src/audit/attacking.ts';

test('a search has fewer rows the more a model works, as many as two million operations allow, 1 to 64', () => {
  fc.assert(
    fc.property(fc.double({ min: 1, max: 1e12, noNaN: true }), (work) => {
      const rows = rowsOfSearch(work);
      expect(Number.isInteger(rows)).toBe(true);
      expect(rows).toBeGreaterThanOrEqual(1);
      expect(rows).toBeLessThanOrEqual(64);
      if (rows > 1) expect(rows * work).toBeLessThanOrEqual(2e6);
      if (rows < 64) expect((rows + 1) * work).toBeGreaterThan(2e6);
    }),
  );
  // Two layers of 256 on 784 pixels; the exported network of two convolutions; one much larger.
  expect([268_800, 365_000, 1e9].map(rowsOfSearch)).toEqual([7, 5, 1]);
});
