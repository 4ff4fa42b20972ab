// Suprema of linear forms over balls that input bounds cut, against greedy and brute-force answers.
import { expect, test } from 'vitest';
import { ballWithin, overBall } from '../../../src/lipschitz/local/region.ts';
import { normal, rng, uniform } from '../../../src/random/index.ts';

/** sup <g, s> over |s|_1 <= radius, |s_i| <= room_i: the largest coefficients first. */
function knapsack(g: readonly number[], room: readonly number[], radius: number): number {
  let [left, value] = [radius, 0];
  for (const i of [...g.keys()].sort((a, b) => Math.abs(g[b]!) - Math.abs(g[a]!))) {
    const step = Math.min(left, room[i]!);
    value += Math.abs(g[i]!) * step;
    left -= step;
  }
  return value;
}

/** The same over |s|_2 <= radius: each entry in turn at the end of its room, found by trying all sets of such entries. */
function enumerated(g: readonly number[], room: readonly number[], radius: number): number {
  let best = 0;
  for (let set = 0; set < 2 ** g.length; set++) {
    const full = g.map((_, i) => ((set >> i) & 1) === 1);
    const left = radius ** 2 - room.reduce((sum, t, i) => sum + (full[i] ? t * t : 0), 0);
    if (left < 0) continue;
    const free = Math.sqrt(g.reduce((sum, v, i) => sum + (full[i] ? 0 : v * v), 0));
    const feasible = g.every(
      (v, i) => full[i] || free === 0 || (Math.abs(v) * Math.sqrt(left)) / free <= room[i]! * (1 + 1e-12),
    );
    if (!feasible) continue;
    best = Math.max(
      best,
      g.reduce((sum, v, i) => sum + (full[i] ? Math.abs(v) * room[i]! : 0), free * Math.sqrt(left)),
    );
  }
  return best;
}

test.each(['l1', 'l2'] as const)(
  'the supremum over a cut %s ball is exact and never below the truth',
  (norm) => {
    for (let trial = 0; trial < 300; trial++) {
      const key = rng(`cut ${norm} ${trial}`);
      const d = 2 + (trial % 6);
      const scale = [1, 1e-120, 1e120][trial % 3]!;
      const centre = uniform(key.split('centre'), d, 0, 1);
      const radius = [0.05, 0.3, 0.9, 3][trial % 4]!;
      const g = normal(key.split('g'), d).map((v, i) => (i === trial % 9 ? 0 : v * scale));
      const { box, ball } = ballWithin(centre, radius, norm, [0, 1]);
      const room = [...g].map((v, i) => Math.min(radius, v > 0 ? 1 - centre[i]! : centre[i]!));
      const truth =
        scale *
        (norm === 'l1' ? knapsack : enumerated)(
          [...g].map((v) => v / scale),
          room,
          radius,
        );
      const at = g.reduce((sum, v, i) => sum + v * centre[i]!, 0);
      const { value, size } = overBall(ball!, g);
      // An l2 ball that holds the whole box is left to the box.
      const corner = g.reduce((sum, v, i) => sum + Math.abs(v) * room[i]!, 0);
      const spread = Math.min(value - at, corner);
      expect(spread / truth).toBeGreaterThanOrEqual(1 - 1e-12);
      expect(spread / truth).toBeLessThanOrEqual(1 + 1e-9);
      expect(size).toBeGreaterThanOrEqual(Math.abs(value) * (1 - 1e-12));
      for (let i = 0; i < d; i++) {
        expect(box.lower[i]).toBe(Math.max(0, box.lower[i]!));
        expect(box.upper[i]).toBeGreaterThanOrEqual(Math.min(1, centre[i]! + radius));
      }
    }
  },
);

test('bounds reach to a centre outside of them', () => {
  const { box } = ballWithin(Float64Array.of(-0.5, 0.5, 2), 0.25, 'linf', [0, 1]);
  expect(box.lower[0]).toBeLessThanOrEqual(-0.5);
  expect(box.upper[0]).toBeGreaterThanOrEqual(-0.25);
  expect(box.upper[1]).toBeGreaterThanOrEqual(0.75);
  expect(box.upper[2]).toBe(2);
  expect(box.lower[2]).toBeLessThanOrEqual(1.75);
});

test('entries that underflow as squares, infinite coefficients and an open side', () => {
  const tiny = ballWithin(Float64Array.of(0.5, 0.5), 0.4, 'l2', [0, 1]).ball!;
  expect(overBall(tiny, Float64Array.of(3e-200, 4e-200)).value).toBeGreaterThanOrEqual(2e-200 + 3.5e-200);
  expect(overBall(tiny, Float64Array.of(1, Infinity)).value).toBe(Infinity);
  const half = ballWithin(Float64Array.of(0, 0), 1, 'l2', [0, Infinity]).ball!;
  // Only upward moves: of (3, -4) the first entry alone.
  expect(overBall(half, Float64Array.of(3, -4)).value).toBeCloseTo(3, 9);
  expect(() => ballWithin(Float64Array.of(0), 1, 'l2', [1, 0])).toThrow(/input bounds: "\[1, 0\]"/);
});
