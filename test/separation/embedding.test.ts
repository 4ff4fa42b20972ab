// Short rows against the rows they stand for: never further apart, and searches that use them against all computed distances.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { integers, normal, rng } from '../../src/random/index.ts';
import { embed, principalDirections } from '../../src/separation/embedding.ts';
import { chooseWidth } from '../../src/separation/embedding-width.ts';
import { farMasks, masksOf } from '../../src/separation/feature-masks.ts';
import { createHeaps } from '../../src/separation/heaps.ts';
import { classDistances, nearestNeighbours } from '../../src/separation/index.ts';

/** Rows near a plane of `directions` directions. */
function nearPlane(n: number, d: number, directions: number, noise: number, name: string): Float32Array {
  const random = rng(name);
  const latent = normal(random.split('latent'), n * directions);
  const map = normal(random.split('map'), directions * d);
  const off = normal(random.split('off'), n * d);
  const x = new Float32Array(n * d);
  for (let i = 0; i < n; i++) {
    for (let f = 0; f < d; f++) {
      let sum = noise * off[i * d + f]!;
      for (let k = 0; k < directions; k++) sum += latent[i * directions + k]! * map[k * d + f]!;
      x[i * d + f] = sum;
    }
  }
  return x;
}

function euclidean(x: ArrayLike<number>, d: number, i: number, j: number): number {
  let sum = 0;
  for (let f = 0; f < d; f++) sum += (x[i * d + f]! - x[j * d + f]!) ** 2;
  return Math.sqrt(sum);
}

test('short rows are no further apart than rows, at any scale and offset', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 2, max: 40 }),
      fc.integer({ min: 1, max: 30 }),
      fc.integer({ min: 1, max: 12 }),
      fc.constantFrom(1, 1e-120, 1e120),
      fc.constantFrom(0, 1e4),
      fc.boolean(),
      fc.integer({ min: 0, max: 1e6 }),
      async (n, d, count, size, offset, flat, seed) => {
        // Flat: all rows on a line, so that most directions have no variance.
        const x = normal(rng(seed), n * d).map(
          (value, at, all) => size * ((flat ? all[Math.floor(at / d)]! : value) + offset),
        );
        const rows = Int32Array.from({ length: n }, (_, i) => i);
        const directions = await principalDirections(x, d, rows, count);
        const { coordinates, width, scale, error } = await embed(x, d, rows, directions, directions.rows);
        const scaled = x.map((value) => value * scale);
        let spread = 0;
        for (let i = 0; i < n; i++) {
          for (let j = 0; j < i; j++) {
            const far = euclidean(scaled, d, i, j);
            spread = Math.max(spread, far);
            expect(euclidean(coordinates, width, i, j)).toBeLessThanOrEqual(far * (1 + 1e-12) + 2 * error);
          }
        }
        // The error is of the order of rounding, so that the statement says something.
        expect(error).toBeLessThan(1e-3 * Math.max(spread, 1));
      },
    ),
    { numRuns: 60, seed: 1 },
  );
});

test('all directions together keep distances', async () => {
  const [n, d] = [60, 8];
  const x = normal(rng('all'), n * d);
  const rows = Int32Array.from({ length: n }, (_, i) => i);
  const { coordinates, width, scale } = await embed(x, d, rows, await principalDirections(x, d, rows, d), d);
  for (let i = 1; i < n; i++) {
    expect(euclidean(coordinates, width, 0, i)).toBeCloseTo(scale * euclidean(x, d, 0, i), 4);
  }
});

test('few directions are chosen where rows lie near few, and none where they fill all', async () => {
  const [n, d] = [2000, 96];
  const rows = Int32Array.from({ length: n }, (_, i) => i);
  const widthOf = async (x: Float32Array) =>
    chooseWidth(
      x,
      d,
      rows,
      await principalDirections(x, d, rows, 48),
      (distances) => distances.sort()[5]!,
      () => true,
    );
  expect(await widthOf(nearPlane(n, d, 6, 0.02, 'near'))).toBe(16);
  expect(await widthOf(Float32Array.from(normal(rng('full'), n * d)))).toBe(undefined);
});

describe('many rows near few directions', () => {
  const [n, d] = [12_100, 64];
  const x = nearPlane(n, d, 6, 0.02, 'plane');
  // Copies, and rows that are further out than a sample says.
  x.copyWithin(77 * d, 5 * d, 6 * d);
  x.copyWithin(12_000 * d, 5 * d, 6 * d);
  for (let f = 0; f < d; f++) x[400 * d + f] = 40 * (f % 3);

  test('their nearest neighbours are those of all computed distances', async () => {
    const k = 12;
    const found = await nearestNeighbours(x, d, k, rng(0));
    expect(found.copies).toBe(3);
    for (const i of [0, 5, 77, 400, 401, 6000, 12_000, n - 1]) {
      const all = Array.from({ length: n }, (_, j) => ({ j, far: euclidean(x, d, i, j) }))
        .filter(({ j }) => j !== i)
        .sort((a, b) => a.far - b.far || a.j - b.j)
        .slice(0, k);
      expect(Array.from(found.neighbours.subarray(i * k, (i + 1) * k))).toEqual(all.map(({ j }) => j));
      all.forEach(({ far }, at) => {
        expect(found.distances[i * k + at]).toBeCloseTo(far, 12);
      });
    }
  });

  test('the closest pair of different classes is that of all pairs', async () => {
    const classes = integers(rng('classes'), n, 0, 3);
    // In l1 and l2 another pair than in l-infinity: one feature off by much, or all by little.
    for (let f = 0; f < d; f++) {
      x[3100 * d + f] = x[9100 * d + f]! + (f === 9 ? 0.03 : 0);
      x[3200 * d + f] = x[9200 * d + f]! + 0.02 * (f % 2 ? 1 : -1);
    }
    classes.set([0], 3100);
    classes.set([1], 9100);
    classes.set([0], 3200);
    classes.set([2], 9200);
    classes.set([classes[5]!], 77);
    classes.set([classes[5]!], 12_000);
    const [l1, l2, linf] = await classDistances(
      x,
      d,
      classes,
      ['l1', 'l2', 'linf'],
      rng(0),
      () => false,
      () => {},
    );
    expect([l1!.closest.first, l1!.closest.second]).toEqual([3100, 9100]);
    expect([l2!.closest.first, l2!.closest.second]).toEqual([3100, 9100]);
    expect([linf!.closest.first, linf!.closest.second]).toEqual([3200, 9200]);
    expect(l2!.closest.distance).toBeCloseTo(0.03, 6);
    expect(linf!.closest.distance).toBeCloseTo(0.02, 6);
    for (const found of [l1!, l2!, linf!]) expect([found.exhaustive, found.compared]).toEqual([true, n]);
  });
});

test('bits that meet prove a difference', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 30 }),
      fc.integer({ min: 1, max: 70 }),
      fc.double({ min: 0, max: 3, noNaN: true }),
      fc.boolean(),
      fc.integer({ min: 0, max: 1e6 }),
      (n, d, distance, coarse, seed) => {
        const x = normal(rng(seed), n * d).map((value) => (coarse ? Math.round(2 * value) / 2 : value));
        const asked = coarse ? Math.round(2 * distance) / 2 : distance;
        const masks = masksOf(x, d, asked);
        const own = { fromLow: new Int32Array(masks.words), fromHigh: new Int32Array(masks.words) };
        for (let i = 0; i < n; i++) {
          farMasks(masks, x, i, asked, own);
          for (let j = 0; j < n; j++) {
            let meet = 0;
            let far = 0;
            for (let w = 0; w < masks.words; w++) {
              meet |= own.fromLow[w]! & masks.low[j * masks.words + w]!;
              meet |= own.fromHigh[w]! & masks.high[j * masks.words + w]!;
            }
            for (let f = 0; f < d; f++) far = Math.max(far, Math.abs(x[i * d + f]! - x[j * d + f]!));
            if (meet !== 0) expect(far).toBeGreaterThanOrEqual(asked);
          }
        }
      },
    ),
    { numRuns: 60, seed: 1 },
  );
});

test('heaps keep the nearest, ties to the lower number', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 60 }),
      fc.integer({ min: 1, max: 12 }),
      (distances, k) => {
        const heaps = createHeaps(2, k);
        const order = distances.map((_, at) => (at * 7) % distances.length);
        const offered = new Set(order);
        for (const id of offered) heaps.offer(1, id, distances[id]!);
        const truth = Array.from(offered)
          .sort((a, b) => distances[a]! - distances[b]! || a - b)
          .slice(0, k);
        expect(heaps.count(1)).toBe(truth.length);
        expect(heaps.farthest(1)).toBe(truth.length === k ? distances[truth[k - 1]!] : Infinity);
        expect(Array.from(heaps.sorted().neighbours.subarray(k, k + truth.length))).toEqual(truth);
      },
    ),
    { seed: 1 },
  );
});
