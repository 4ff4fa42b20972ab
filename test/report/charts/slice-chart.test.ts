import { parseHTML } from 'linkedom';
import { expect, test } from 'vitest';
import { CLIP, sliceChart, sliceRange } from '../../../src/report/charts/slice-chart.ts';
import { BAND_COUNT } from '../../../src/report/theme.ts';
import type { PlaneSlice } from '../../../src/study/index.ts';

const SIDE = 41;

function sliceOf(
  f: (u: number, v: number) => number,
  extent: readonly [number, number] = [-1, 1],
): PlaneSlice {
  const [low, high] = extent;
  const at = (index: number): number => low + ((high - low) * index) / (SIDE - 1);
  const values = Array.from({ length: SIDE * SIDE }, (_, index) =>
    f(at(index % SIDE), at(Math.floor(index / SIDE))),
  );
  return { side: SIDE, extent, values, points: [{ u: 0.5, v: 0.75, label: 1 }] };
}

/** The outline of the region at or above a band, in pixels. */
function region(slice: PlaneSlice, band: number): readonly (readonly [number, number])[] {
  const { document } = parseHTML(sliceChart(slice, 's', 'title').markup);
  const path = document.querySelector(`[aria-label="contour"] path[fill="var(--band-${band})"]`);
  return [...(path?.getAttribute('d') ?? '').matchAll(/([-\d.]+),([-\d.]+)/g)].map(
    ([, x, y]) => [Number(x), Number(y)] as const,
  );
}

/** A plane coordinate in pixels: the map is 244 pixels wide inside a margin of 8. */
function pixel(coordinate: number): number {
  return 8 + (244 * (coordinate + 1)) / 2;
}

test('the contour of a linear function lies where the function has that value: u to the right, v upwards', () => {
  const step = (2 * CLIP) / (BAND_COUNT - 1);
  const band = BAND_COUNT - 3;
  const level = step * (band - BAND_COUNT / 2);
  // f = 1.5 u reaches the level at u = level / 1.5; everything to the right is above.
  const right = region(
    sliceOf((u) => 1.5 * u),
    band,
  );
  expect(Math.min(...right.map(([x]) => x))).toBeCloseTo(pixel(level / 1.5), 0);
  const upper = region(
    sliceOf((_, v) => 1.5 * v),
    band,
  );
  expect(Math.max(...upper.map(([, y]) => y))).toBeCloseTo(pixel(-level / 1.5), 0);
});

test('a point of the data stands at its coordinates, with its label', () => {
  const { document } = parseHTML(
    sliceChart(
      sliceOf(() => 0),
      's',
      'title',
    ).markup,
  );
  const dot = document.querySelector('[aria-label="dot"] circle')!;
  expect(Number(dot.getAttribute('cx'))).toBeCloseTo(pixel(0.5), 1);
  expect(Number(dot.getAttribute('cy'))).toBeCloseTo(pixel(-0.75), 1);
  expect([...document.querySelectorAll('text')].map((text) => text.textContent)).toEqual(['+1']);
});

test('0 lies in the middle band: no colour claims a sign for it', () => {
  const flat = sliceOf(() => 0);
  const middle = (BAND_COUNT - 1) / 2;
  expect(region(flat, middle).length).toBeGreaterThan(0);
  expect(region(flat, middle + 1)).toEqual([]);
});

test('spikes are clipped, not drawn out of the map, and what they reach is said', () => {
  const spiky = sliceOf((u) => (u > 0 ? 3.1e7 : -22_000));
  expect(sliceRange(spiky)).toBe('\u221222\u202F000 to 3.10\u202F\u00D7\u202F10\u2077');
  const highest = region(spiky, BAND_COUNT - 1);
  expect(highest.length).toBeGreaterThan(0);
  // Within one cell of the grid.
  expect(Math.abs(Math.min(...highest.map(([x]) => x)) - pixel(0))).toBeLessThan(244 / (SIDE - 1));
  for (const [x, y] of highest) expect(Math.min(x, y) >= 0 && Math.max(x, y) <= 260).toBe(true);
});

test('values that are not finite leave a hole, not a broken drawing', () => {
  const holes = sliceOf((u, v) => (u > 0.5 ? Number.NaN : v > 0.5 ? Number.POSITIVE_INFINITY : u));
  expect(sliceChart(holes, 's', 'title').markup).not.toMatch(/NaN|Infinity|undefined/);
  expect(sliceRange(sliceOf(() => Number.NaN))).toBe('no finite value');
});
