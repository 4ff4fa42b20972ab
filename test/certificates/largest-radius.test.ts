// The search for the largest radius on margins with known zeros.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { largestRadius } from '../../src/certificates/largest-radius.ts';

const NEVER = () => false;

test('linear margins give the radius to 1e-6 in few proofs, whichever of them ends it', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.tuple(
          fc.double({ min: 0.01, max: 10, noNaN: true }),
          fc.double({ min: 0.01, max: 10, noNaN: true }),
        ),
        {
          minLength: 1,
          maxLength: 5,
        },
      ),
      fc.double({ min: -6, max: 6, noNaN: true }),
      (lines, exponent) => {
        let count = 0;
        const proofs = (r: number) => {
          count++;
          return lines.map(([at, slope]) => at - slope * r);
        };
        const truth = Math.min(...lines.map(([at, slope]) => at / slope));
        const first = truth * 10 ** exponent;
        const found = largestRadius(
          proofs,
          lines.map(([at]) => at),
          first,
          1e9,
          NEVER,
        );
        expect(found).toBeLessThanOrEqual(truth * (1 + 1e-15));
        // A first trial that happens to lie within the resolution ends the search.
        expect(found / truth).toBeGreaterThan(first <= truth && first > 0.99 * truth ? 0.99 : 1 - 1e-6);
        expect(count).toBeLessThanOrEqual(14);
      },
    ),
    { numRuns: 300, seed: 1 },
  );
});

test.each([
  ['concave', (r: number) => 3 - r - r ** 3, 3],
  ['exponential', (r: number) => 10 - Math.exp(20 * r), 9],
  ['convex', (r: number) => 1 / (1 + r) - 0.1, 0.9],
  ['a cliff', (r: number) => (r < 0.37 ? 0.1 : -Infinity), 0.1],
  ['NaN beyond', (r: number) => (r < 2 ? 2 - r : Number.NaN), 2],
] as const)('%s: proven there, and not 1 %% further', (_name, margin, atCentre) => {
  for (const first of [1e-9, 1e-3, 1, 1e6]) {
    const found = largestRadius((r) => [margin(r)], [atCentre], first, 1e30, NEVER);
    expect(margin(found)).toBeGreaterThan(0);
    expect(margin(1.0101 * found) > 0).toBe(false);
  }
});

test('what is always or never proven ends soon', () => {
  let count = 0;
  const of = (value: number) => (_: number) => {
    count++;
    return [value];
  };
  expect(largestRadius(of(1), [1], 1e-3, 7, NEVER)).toBe(7);
  expect(largestRadius(of(-Infinity), [1], 1e-3, 7, NEVER)).toBe(0);
  expect(count).toBeLessThan(15);
  expect(largestRadius(of(1), [1], 1e-3, Infinity, () => true)).toBe(1e-3);
});
