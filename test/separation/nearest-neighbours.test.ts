// Nearest neighbours against a search through all pairs, on data that rounding, ties, copies and scale make hard.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { integers, normal, rng, sphere, uniform } from '../../src/random/index.ts';
import { nearestNeighbours, nearestNeighboursIn } from '../../src/separation/index.ts';

/** All distances, by the definition, at a scale where squares are safe; ties to the lower row. */
function byAllPairs(x: ArrayLike<number>, d: number, k: number, scale = 1) {
  const n = x.length / d;
  const neighbours: number[] = [];
  const distances: number[] = [];
  for (let i = 0; i < n; i++) {
    const others: { j: number; far: number }[] = [];
    for (let j = 0; j < n; j++) {
      if (i === j) continue;
      let sum = 0;
      for (let f = 0; f < d; f++) sum += ((x[i * d + f]! - x[j * d + f]!) * scale) ** 2;
      others.push({ j, far: Math.sqrt(sum) / scale });
    }
    others.sort((a, b) => a.far - b.far || a.j - b.j);
    for (const { j, far } of others.slice(0, k)) {
      neighbours.push(j);
      distances.push(far);
    }
  }
  return { neighbours, distances };
}

async function expectExact(x: ArrayLike<number>, d: number, k: number, scale = 1) {
  const found = await nearestNeighbours(x, d, k, rng(0));
  const truth = byAllPairs(x, d, k, scale);
  expect(found.k).toBe(Math.min(k, x.length / d - 1));
  expect(Array.from(found.neighbours)).toEqual(truth.neighbours);
  expect(Array.from(found.distances)).toEqual(truth.distances);
  return found;
}

describe('exact as the search through all pairs', () => {
  test('more rows than one block of products', async () => {
    await expectExact(normal(rng('blocks'), 1100 * 5), 5, 10);
  });
  test('a common offset of 1e6, and of 1e12, which leaves few digits', async () => {
    const x = normal(rng('offset'), 400 * 5);
    await expectExact(
      x.map((v) => v + 1e6),
      5,
      8,
    );
    await expectExact(
      x.map((v) => v + 1e12),
      5,
      8,
    );
  });
  test('narrow clusters far apart, which float32 cannot tell apart', async () => {
    const at = integers(rng('cluster'), 700, 0, 3);
    const x = normal(rng('narrow'), 700 * 4).map((v, i) => 1e-3 * v + 1e6 * at[Math.floor(i / 4)]!);
    await expectExact(x, 4, 5);
  });
  test.each([2 ** -500, 2 ** -1000, 2 ** 500, 2 ** 1018])('scale %s', async (size) => {
    await expectExact(
      normal(rng('scale'), 200 * 3).map((v) => v * size),
      3,
      4,
      1 / size,
    );
  });
  test('tails without a mean', async () => {
    const [a, b] = [normal(rng('a'), 500 * 3), normal(rng('b'), 500 * 3)];
    await expectExact(
      a.map((v, i) => v / b[i]!),
      3,
      6,
    );
  });
  test('points on a grid: many at the same distance', async () => {
    await expectExact(Float64Array.from(integers(rng('grid'), 600 * 6, 0, 3)), 6, 7);
    await expectExact(
      Float64Array.from({ length: 300 * 300 }, (_, at) => (at % 301 === 0 ? 1 : 0)),
      300,
      3,
    );
  });
  test('any small set, with copies and ties, any k', async () => {
    const sets = fc.record({
      d: fc.integer({ min: 1, max: 3 }),
      values: fc.array(
        fc.oneof(fc.integer({ min: -2, max: 2 }), fc.double({ min: -1, max: 1, noNaN: true })),
        {
          minLength: 6,
          maxLength: 40,
        },
      ),
      k: fc.integer({ min: 1, max: 12 }),
    });
    await fc.assert(
      fc.asyncProperty(sets, async ({ d, values, k }) => {
        const x = values
          .slice(0, Math.floor(values.length / d) * d)
          .map((v) => (Math.abs(v) < 1e-100 ? 0 : v));
        await expectExact(x, d, k);
      }),
      { numRuns: 40 },
    );
  });
});

test('copies are at distance 0, in the order of rows, and are counted', async () => {
  const x = [
    ...normal(rng('copied'), 50 * 2),
    ...new Array(120 * 2).fill(0.5),
    ...normal(rng('copied'), 50 * 2),
  ];
  const { copies } = await expectExact(x, 2, 130);
  expect(copies).toBe(220);
  const equal = await nearestNeighbours([3, 3, 3, 3], 1, 9, rng(0));
  expect(equal).toMatchObject({ k: 3, copies: 4 });
  expect(Array.from(equal.neighbours)).toEqual([1, 2, 3, 0, 2, 3, 0, 1, 3, 0, 1, 2]);
  expect((await nearestNeighbours([0, -0], 1, 1, rng(0))).distances).toEqual(new Float64Array(2));
});

describe.each(['l1', 'linf'] as const)('%s', (norm) => {
  const far = (x: ArrayLike<number>, d: number, i: number, j: number) => {
    const differences = Array.from({ length: d }, (_, f) => Math.abs(x[i * d + f]! - x[j * d + f]!));
    return norm === 'l1' ? differences.reduce((a, b) => a + b) : Math.max(...differences);
  };
  const grid = Float64Array.from(integers(rng('grid'), 1100 * 4, 0, 4));
  const cases = {
    'more rows than one block': [normal(rng('blocks'), 1100 * 4), 4, 6],
    bits: [Float32Array.from(integers(rng('bits'), 300 * 20, 0, 2)), 20, 5],
    'a grid with ties and copies': [grid, 4, 9],
    'features of different scales': [
      normal(rng('scales'), 200 * 4).map((v, at) => v * 1e4 ** (at % 4)),
      4,
      3,
    ],
    'an offset': [uniform(rng('offset'), 200 * 3).map((v) => v + 1e7), 3, 3],
    tiny: [uniform(rng('tiny'), 200 * 3).map((v) => v * 2 ** -900), 3, 3],
    'fewer rows than neighbours': [uniform(rng('few'), 5 * 3), 3, 30],
  } as const satisfies Record<string, readonly [ArrayLike<number>, number, number]>;
  test.each(Object.entries(cases))('%s', async (_, [x, d, k]) => {
    const n = x.length / d;
    const found = await nearestNeighboursIn(norm, x, d, k, rng(0));
    for (let i = 0; i < n; i += Math.ceil(n / 100)) {
      const others = Array.from({ length: n }, (_, j) => ({ j, far: far(x, d, i, j) })).filter(
        ({ j }) => j !== i,
      );
      others.sort((a, b) => a.far - b.far || a.j - b.j);
      const kept = found.k;
      expect(kept).toBe(Math.min(k, n - 1));
      const truth = others.slice(0, kept);
      expect(Array.from(found.neighbours.subarray(i * kept, (i + 1) * kept))).toEqual(
        truth.map(({ j }) => j),
      );
      expect(Array.from(found.distances.subarray(i * kept, (i + 1) * kept))).toEqual(truth.map((t) => t.far));
    }
  });
});

test('two rows, and more neighbours than rows', async () => {
  await expectExact([1, 5], 1, 1);
  await expectExact([1, 5, 2, 7], 2, 10);
  await expectExact(uniform(rng('few'), 12), 3, 100);
});

test('float32 points give what the same numbers in float64 give', async () => {
  const x = Float32Array.from(sphere(rng('float32'), 700, 6));
  expect(await nearestNeighbours(x, 6, 5, rng(0))).toEqual(
    await nearestNeighbours(Float64Array.from(x), 6, 5, rng(0)),
  );
});

test('a bound on rows searches a random choice among itself', async () => {
  const x = normal(rng('choice'), 500 * 2);
  const found = await nearestNeighbours(x, 2, 3, rng(1), 100);
  expect(found).toMatchObject({ of: 500, k: 3 });
  expect(found.rows).toEqual(Int32Array.from(new Set(found.rows)).sort());
  expect(found.rows).toHaveLength(100);
  const part = Array.from(found.rows).flatMap((r) => [x[2 * r]!, x[2 * r + 1]!]);
  const truth = byAllPairs(part, 2, 3);
  expect(Array.from(found.neighbours)).toEqual(truth.neighbours.map((j) => found.rows[j]!));
  expect(await nearestNeighbours(x, 2, 3, rng(1), 100)).toEqual(found);
  expect((await nearestNeighbours(x, 2, 3, rng(2), 100)).rows).not.toEqual(found.rows);
});

test('says how much is done and stops when told', async () => {
  const x = normal(rng('told'), 2100 * 3);
  const heard: number[] = [];
  await nearestNeighbours(x, 3, 2, rng(0), Infinity, (done, total) => {
    heard.push(done);
    expect(total).toBe(6);
  });
  expect(heard).toEqual([1, 2, 3, 4, 5, 6]);
  const stopped = nearestNeighbours(x, 3, 2, rng(0), Infinity, undefined, () => true);
  await expect(stopped).rejects.toMatchObject({ code: 'interrupted' });
});

test('wrong input is named', async () => {
  await expect(nearestNeighbours([1, 2], 2, 1, rng(0))).rejects.toThrow(/rows/);
  await expect(nearestNeighbours([1, 2, 3], 2, 1, rng(0))).rejects.toThrow(/rows/);
  await expect(nearestNeighbours([1, 2], 1, 0, rng(0))).rejects.toThrow(/k: 0/);
  await expect(nearestNeighbours([1, 2, Number.NaN], 1, 1, rng(0))).rejects.toThrow(/feature 0 of row 2/);
  await expect(nearestNeighbours([Infinity, Infinity], 1, 1, rng(0))).rejects.toThrow(/finite/);
});
