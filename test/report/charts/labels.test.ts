import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { alongLine, type Box, overlap, placeLabels } from '../../../src/report/charts/labels.ts';

const FRAME: Box = { left: 0, top: 0, right: 300, bottom: 200 };

const request = fc.record({
  text: fc.constant('label'),
  size: fc.record({ width: fc.integer({ min: 5, max: 120 }), height: fc.integer({ min: 5, max: 30 }) }),
  candidates: fc.array(fc.tuple(fc.integer({ min: -50, max: 320 }), fc.integer({ min: -50, max: 220 })), {
    maxLength: 6,
  }),
});

describe('placeLabels', () => {
  test('placed labels lie in the frame, at a candidate, and none meets another', () => {
    fc.assert(
      fc.property(fc.array(request, { maxLength: 12 }), (requests) => {
        const placed = placeLabels(requests, [], FRAME);
        expect(placed.length).toBe(requests.length);
        placed.forEach((placement, index) => {
          if (!placement) return;
          const { box, candidate } = placement;
          expect(requests[index]!.candidates[candidate]).toEqual([box.left, box.top]);
          expect(box.left >= 0 && box.top >= 0 && box.right <= 300 && box.bottom <= 200).toBe(true);
          for (const other of placed.slice(0, index)) if (other) expect(meet(box, other.box)).toBe(false);
        });
      }),
    );
  });

  const size = { width: 40, height: 10 };

  test('a free place comes before a covered one, the first among equals', () => {
    const wall = { left: 0, top: 0, right: 100, bottom: 100 };
    const candidates = [
      [10, 10],
      [150, 10],
      [150, 50],
    ] as const;
    const [place] = placeLabels([{ text: 'a', size, candidates }], [wall], FRAME);
    expect(place!.candidate).toBe(1);
  });

  test('beyond its tolerance a label is left out rather than laid over marks', () => {
    const wall = { left: 0, top: 0, right: 300, bottom: 200 };
    const label = { text: 'a', size, candidates: [[10, 10]] as const };
    expect(placeLabels([label], [wall], FRAME)[0]).toBeDefined();
    expect(placeLabels([{ ...label, tolerance: 399 }], [wall], FRAME)[0]).toBeUndefined();
    expect(placeLabels([{ ...label, tolerance: 400 }], [wall], FRAME)[0]).toBeDefined();
  });

  test('the first come is served first; without a candidate there is no place', () => {
    const label = { text: 'a', size, candidates: [[10, 10]] as const };
    const placed = placeLabels([label, label, { ...label, candidates: [] }], [], FRAME);
    expect(placed.map((place) => place !== undefined)).toEqual([true, false, false]);
  });
});

test('overlap is the area of the common part', () => {
  const a = { left: 0, top: 0, right: 10, bottom: 10 };
  expect(overlap(a, { left: 5, top: 8, right: 20, bottom: 20 })).toBe(10);
  expect(overlap(a, { left: 10, top: 0, right: 20, bottom: 10 })).toBe(0);
  expect(overlap(a, a)).toBe(100);
});

test('boxes along a line cover every point of it', () => {
  const point = fc.tuple(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 200 }));
  fc.assert(
    fc.property(point, point, fc.double({ min: 0, max: 1, noNaN: true }), (from, to, share) => {
      const boxes = alongLine([from, to], 6);
      const x = from[0] + share * (to[0] - from[0]);
      const y = from[1] + share * (to[1] - from[1]);
      const inside = (box: Box): boolean =>
        x >= box.left - 1e-9 && x <= box.right + 1e-9 && y >= box.top - 1e-9 && y <= box.bottom + 1e-9;
      expect(boxes.some(inside)).toBe(true);
    }),
  );
  expect(alongLine([[1, 1]], 6)).toEqual([]);
});

/** Whether two rectangles share an interior point: written apart from the code under test. */
function meet(a: Box, b: Box): boolean {
  return !(a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top);
}
