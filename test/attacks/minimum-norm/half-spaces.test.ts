// Shortest changes within several half-spaces and a box, against linear programs (l1, linf) and Dykstra's projections (l2).
import { expect, test } from 'vitest';
import { distance } from '../../../src/attacks/index.ts';
import { shortestInHalfSpaces } from '../../../src/attacks/minimum-norm/half-spaces.ts';
import type { Norm } from '../../../src/guarantee/index.ts';
import { normal, rng, uniform } from '../../../src/random/index.ts';
import { dot, shortest } from './models.ts';

const NORMS: readonly Norm[] = ['l1', 'l2', 'linf'];

/** Half-spaces that have a point of the box in common. */
function instance(d: number, count: number, seed: number) {
  const key = rng('half-spaces').split(d).split(count).split(seed);
  const x = uniform(key.split('x'), d).map((v, i) => (i % 3 === 0 ? 0 : v));
  const low = x.map((v) => -v);
  const high = x.map((v) => 1 - v);
  const common = uniform(key.split('common'), d).map((v, i) => low[i]! + v * (high[i]! - low[i]!));
  const normals = Array.from({ length: count }, (_, k) => normal(key.split(`normal ${k}`), d));
  return { low, high, normals, reaches: normals.map((w) => dot(w, common)) };
}

test.each(NORMS)('%s: as short as an independent solver says, and allowed', async (norm) => {
  let needed = 0;
  for (const [d, count] of [
    [1, 1],
    [2, 3],
    [5, 4],
    [12, 10],
    [60, 6],
  ] as const) {
    for (let seed = 0; seed < 6; seed++) {
      const { low, high, normals, reaches } = instance(d, count, seed);
      if (!reaches.some((reach) => reach > 0)) continue;
      needed++;
      const halfSpaces = normals.map((w, k) => ({ normal: w, reach: reaches[k]! }));
      const change = shortestInHalfSpaces(norm, halfSpaces, low, high)!;
      const least = await shortest(norm, normals, reaches, low, high);
      expect(distance(norm, new Float64Array(d), change) / least).toBeCloseTo(1, 4);
      change.forEach((v, i) => {
        expect(v).toBeGreaterThanOrEqual(low[i]!);
        expect(v).toBeLessThanOrEqual(high[i]!);
      });
      normals.forEach((w, k) => {
        expect(dot(w, change) - reaches[k]!).toBeGreaterThan(-1e-5 * Math.sqrt(dot(w, w)));
      });
    }
  }
  expect(needed).toBeGreaterThan(20);
});

test('linf: bounds that are the same length for all cut off nothing shorter, and everything longer', async () => {
  let cut = 0;
  for (const [d, count] of [
    [2, 2],
    [9, 4],
    [60, 6],
  ] as const) {
    for (let seed = 0; seed < 6; seed++) {
      const { low, high, normals, reaches } = instance(d, count, seed);
      if (!reaches.some((reach) => reach > 0)) continue;
      const halfSpaces = normals.map((w, k) => ({ normal: w, reach: reaches[k]! }));
      const least = await shortest('linf', normals, reaches, low, high);
      const within = (length: number) =>
        shortestInHalfSpaces(
          'linf',
          halfSpaces,
          low.map((v) => Math.max(v, -length)),
          high.map((v) => Math.min(v, length)),
        );
      for (const more of [1.01, 1.5])
        expect(distance('linf', new Float64Array(d), within(more * least)!) / least).toBeCloseTo(1, 4);
      expect(within(0.9 * least)).toBeUndefined();
      cut++;
    }
  }
  expect(cut).toBeGreaterThan(10);
});

test.each(NORMS)('%s: the same at other scales, with repeated and redundant half-spaces', (norm) => {
  const { low, high, normals, reaches } = instance(8, 3, 1);
  const halfSpaces = normals.map((w, k) => ({ normal: w, reach: reaches[k]! }));
  const change = shortestInHalfSpaces(norm, halfSpaces, low, high)!;
  const length = distance(norm, new Float64Array(8), change);
  const [first] = halfSpaces as [(typeof halfSpaces)[0]];
  const more = [...halfSpaces, first, { normal: first.normal, reach: first.reach - 1 }];
  const again = shortestInHalfSpaces(norm, more, low, high)!;
  expect(distance(norm, new Float64Array(8), again) / length).toBeCloseTo(1, 4);
  for (const scale of [1e-30, 1e30]) {
    const scaled = halfSpaces.map(({ normal: w, reach }) => ({
      normal: w.map((v) => 1e12 * v),
      reach: 1e12 * scale * reach,
    }));
    const [l, h] = [low, high].map((side) => side.map((v) => scale * v)) as [Float64Array, Float64Array];
    const moved = shortestInHalfSpaces(norm, scaled, l, h)!;
    moved.forEach((v, i) => {
      expect(v / scale).toBeCloseTo(change[i]!, 4);
    });
  }
});

test.each(NORMS)('%s: undefined where there is none', (norm) => {
  const [up, down] = [Float64Array.of(1, 1), Float64Array.of(-1, -1)];
  const [low, high] = [Float64Array.of(-1, -1), Float64Array.of(1, 1)];
  expect(
    shortestInHalfSpaces(
      norm,
      [
        { normal: up, reach: 1 },
        { normal: down, reach: 1 },
      ],
      low,
      high,
    ),
  ).toBeUndefined();
  expect(shortestInHalfSpaces(norm, [{ normal: up, reach: 5 }], low, high)).toBeUndefined();
});
