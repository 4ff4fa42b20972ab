// Expansions of sets against their definition: a point is in one if some point of the set is near enough.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { distanceToBoxes, euclidean } from '../../../src/isoperimetry/concentration/sets.ts';
import { type FoundSet, inExpansion } from '../../../src/isoperimetry/index.ts';

const real = fc.integer({ min: -64, max: 64 }).map((k) => k / 16);
const reals = (length: number) => fc.array(real, { minLength: length, maxLength: length });
const widths = (length: number) => reals(length).map((list) => list.map(Math.abs));

const inSet = (set: FoundSet, x: readonly number[]) => inExpansion(set, 0, x, x.length, 0);

describe('half-spaces', () => {
  test.each(['l2', 'linf'] as const)('%s: the nearest point, by the dual vector, decides', (norm) => {
    fc.assert(
      fc.property(reals(3), real, widths(1), reals(3), (w, offset, [epsilon], x) => {
        const size = norm === 'l2' ? Math.hypot(...w) : w.reduce((sum, v) => sum + Math.abs(v), 0);
        fc.pre(size > 0);
        const normal = Float64Array.from(w, (v) => v / size);
        const set: FoundSet = { kind: 'half-space', normal, offset };
        // The step of norm epsilon that lowers normal . x most.
        const step = Array.from(normal, (v) => (norm === 'l2' ? v : Math.sign(v)) * epsilon!);
        const nearest = x.map((v, j) => v - step[j]!);
        const below = nearest.reduce((sum, v, j) => sum + v * normal[j]!, 0);
        fc.pre(Math.abs(below - offset) > 1e-9);
        expect(inExpansion(set, epsilon!, x, 3, 0)).toBe(inSet(set, nearest));
      }),
    );
  });
});

test('balls: the point towards a centre decides', () => {
  fc.assert(
    fc.property(reals(6), widths(2), widths(1), reals(3), (centres, radii, [epsilon], x) => {
      const set: FoundSet = {
        kind: 'balls',
        centres: Float64Array.from(centres),
        radii: Float64Array.from(radii),
      };
      const reached = [0, 3].some((from) => {
        const towards = x.map((v, j) => centres[from + j]! - v);
        const far = Math.hypot(...towards);
        const share = far === 0 ? 0 : Math.min(1, epsilon! / far);
        const near = x.map((v, j) => v + share * towards[j]!);
        return Math.hypot(...near.map((v, j) => centres[from + j]! - v)) <= radii[from / 3]! + 1e-9;
      });
      const surely = [0, 3].some(
        (from) => Math.hypot(...x.map((v, j) => centres[from + j]! - v)) < radii[from / 3]! + epsilon! - 1e-9,
      );
      if (inExpansion(set, epsilon!, x, 3, 0)) expect(reached).toBe(true);
      if (surely) expect(inExpansion(set, epsilon!, x, 3, 0)).toBe(true);
    }),
  );
});

test('outside of boxes: no point near a point of the set is missed', () => {
  fc.assert(
    fc.property(
      reals(4),
      widths(4),
      widths(1),
      reals(2),
      reals(2),
      (centres, halfWidths, [margin], y, direction) => {
        const set: FoundSet = {
          kind: 'outside boxes',
          centres: Float64Array.from(centres),
          halfWidths: Float64Array.from(halfWidths),
          margin: margin!,
        };
        fc.pre(inSet(set, y));
        const size = Math.max(...direction.map(Math.abs), 1e-9);
        const x = y.map((v, j) => v + (direction[j]! / size) * margin! * (1 - 2 ** -20));
        expect(inExpansion(set, margin!, x, 2, 0)).toBe(true);
      },
    ),
  );
});

test('without boxes the set is everything', () => {
  const none = new Float64Array(0);
  const set: FoundSet = { kind: 'outside boxes', centres: none, halfWidths: none, margin: 1 };
  expect(inSet(set, [1, 2])).toBe(true);
  expect(inExpansion(set, 1, [1, 2], 2, 0)).toBe(true);
});

test('the distance to boxes is that to the nearest point of one', () => {
  fc.assert(
    fc.property(reals(6), widths(6), reals(3), (centres, halfWidths, x) => {
      const boxes = { centres: Float64Array.from(centres), halfWidths: Float64Array.from(halfWidths) };
      const distances = [0, 3].map((from) => {
        const clamped = x.map((v, j) => {
          const [c, h] = [centres[from + j]!, halfWidths[from + j]!];
          return Math.min(c + h, Math.max(c - h, v));
        });
        return Math.max(...clamped.map((v, j) => Math.abs(v - x[j]!)));
      });
      expect(distanceToBoxes(boxes, x, 3, 0)).toBeCloseTo(Math.min(...distances), 12);
    }),
  );
});

test.each([1, 1e-300, 1e300, 1e-160])('euclidean distance at scale %f', (scale) => {
  expect(euclidean([3 * scale, 0], 0, [0, -4 * scale], 0, 2) / scale).toBeCloseTo(5, 12);
  expect(euclidean([scale], 0, [scale], 0, 1)).toBe(0);
});
