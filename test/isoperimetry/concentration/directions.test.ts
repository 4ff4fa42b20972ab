// Directions that are tried, order statistics and densities, each against a slower way.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { opticalDigits } from '../../../src/data/index.ts';
import { ascending } from '../../../src/isoperimetry/concentration/ascending.ts';
import { neighbourDistances } from '../../../src/isoperimetry/concentration/density.ts';
import { principalComponents, signedPower } from '../../../src/isoperimetry/concentration/directions.ts';
import { scaledRows } from '../../../src/isoperimetry/concentration/scaled-rows.ts';
import { selectSmallest } from '../../../src/isoperimetry/concentration/select.ts';
import { centredRows } from '../../../src/linalg/index.ts';
import { normal, rng } from '../../../src/random/index.ts';

const counting = (n: number) => Int32Array.from({ length: n }, (_, i) => i);

test.each([
  ['more rows than features', 2500, 6],
  ['more features than rows', 5, 9],
])('principal components: %s', async (_, n, d) => {
  const z = normal(rng('components'), n * d);
  const x = centredRows(
    z.map((v, at) => v * (1 + (at % d))),
    d,
    counting(n),
  );
  const components = await principalComponents(x, rng(0));
  expect(components.length).toBe(Math.min(d, n - 1));
  const along = components.map((v) =>
    Array.from({ length: n }, (_, i) => v.reduce((sum, vj, j) => sum + vj * x.data[i * d + j]!, 0)),
  );
  const variances = along.map((list) => list.reduce((sum, v) => sum + v * v, 0));
  components.forEach((v, a) => {
    components.forEach((w, b) => {
      expect(v.reduce((sum, vj, j) => sum + vj * w[j]!, 0)).toBeCloseTo(a === b ? 1 : 0, 8);
      const shared = along[a]!.reduce((sum, p, i) => sum + p * along[b]![i]!, 0);
      if (a !== b) expect(Math.abs(shared)).toBeLessThan(1e-8 * variances[0]!);
    });
  });
  expect(variances).toEqual(variances.toSorted((a, b) => b - a));
  // Together they hold all of the variance.
  const total = x.data.reduce((sum, v) => sum + v * v, 0);
  expect(variances.reduce((a, b) => a + b) / total).toBeCloseTo(1, 10);
});

test('of many long rows, sorted by class, a random choice shows the direction between the classes', async () => {
  const [n, d] = [300, 150];
  const z = normal(rng('long'), n * d);
  // Two classes, 10 apart along the first feature, one after the other.
  const x = z.map((v, at) => 0.1 * v + (at % d === 0 && at >= 240 * d ? 10 : 0));
  const [first] = await principalComponents(centredRows(x, d, counting(n)), rng(0), 100);
  expect(Math.abs(first![0]!)).toBeGreaterThan(0.99);
});

test('rows that are all equal have no components', async () => {
  for (const [n, d] of [
    [20, 3],
    [3, 20],
  ] as const) {
    expect(
      await principalComponents(centredRows(new Float64Array(n * d).fill(7), d, counting(n)), rng(0)),
    ).toEqual([]);
  }
});

test('signed powers have dual norm 1 and tend to the largest coordinate', () => {
  const v = Float64Array.of(0.5, -0.7, 0.1, 0);
  for (const exponent of [1, 2.5, 11, 101]) {
    const sum = (norm: 'l2' | 'linf', power: number) =>
      signedPower(v, exponent, norm).reduce((total, w) => total + Math.abs(w) ** power, 0);
    expect(sum('linf', 1)).toBeCloseTo(1, 12);
    expect(sum('l2', 2)).toBeCloseTo(1, 12);
    const w = signedPower(v, exponent, 'linf');
    expect(w[0]! / w[1]!).toBeCloseTo(-((0.5 / 0.7) ** exponent), 12);
  }
  expect(signedPower(v, 101, 'linf')[1]).toBeCloseTo(-1, 12);
});

test('rows for a search keep their differences up to the scale', () => {
  for (const unit of [1, 1e-300, 1e300, 3e7]) {
    const points = Float64Array.from([3, 5, 4, 5, -1, 5], (v) => v * unit);
    const { x, scale } = scaledRows(points, 2, counting(3));
    expect(Math.abs(Math.log2(scale)) % 1).toBe(0);
    expect((x.data[0]! - x.data[4]!) / scale / (4 * unit)).toBeCloseTo(1, 9);
  }
  expect(scaledRows(new Float64Array(6).fill(2), 2, counting(3)).scale).toBe(1);
});

test('order statistics are those of the sorted list', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: -5, max: 5 }), { minLength: 1, maxLength: 60 }),
      fc.nat(),
      (list, at) => {
        const k = at % list.length;
        const values = Float32Array.from(list);
        const sorted = Float32Array.from(list).sort();
        expect(selectSmallest(values, k)).toBe(sorted[k]);
        expect(values.toSorted()).toEqual(sorted);
        values.forEach((value, i) => {
          if (i < k) expect(value).toBeLessThanOrEqual(sorted[k]!);
          if (i > k) expect(value).toBeGreaterThanOrEqual(sorted[k]!);
        });
      },
    ),
  );
});

const digits = opticalDigits();
test.each([
  ['Gaussian in 10 dimensions', normal(rng('dense'), 1200 * 10), 10],
  ['optical digits', digits.x.slice(0, 1200 * 64), 64],
])('densities against all distances in l1: %s', async (_, points, d) => {
  const rows = counting(points.length / d);
  const exact = Float64Array.from(rows, (i) => {
    const own = Float64Array.from(rows, (j) => {
      let sum = 0;
      for (let k = 0; k < d; k++) sum += Math.abs(points[i * d + k]! - points[j * d + k]!);
      return sum;
    }).sort();
    return own[50]!;
  });
  const densest = (list: Float64Array) => {
    const limit = list.toSorted()[Math.floor(0.6 * rows.length)]!;
    return rows.filter((i) => list[i]! < limit);
  };
  const agreement = (list: Float64Array) => {
    const [ours, theirs] = [new Set(densest(list)), densest(exact)];
    return theirs.filter((i) => ours.has(i)).length / theirs.length;
  };
  const distances = await neighbourDistances(points, d, rows, rng(0), () => false);
  const ratios = exact.map((value, i) => distances[i]! / value);
  expect(Math.min(...ratios)).toBeGreaterThan(1 - 1e-6);
  expect(Math.max(...ratios)).toBeLessThan(1.1);
  // The 60 % densest rows are the same but for some near the limit.
  expect(agreement(distances)).toBeGreaterThan(0.97);
  // By number 10 of 240 reference rows, which is as far but less sure; of a random order 60 % would agree.
  const fewer = await neighbourDistances(points, d, rows, rng(0), () => false, rows.length * 240 * d);
  const average = (list: Float64Array) => list.reduce((sum, value) => sum + value / list.length, 0);
  expect(average(fewer) / average(exact)).toBeCloseTo(1, 1);
  expect(agreement(fewer)).toBeGreaterThan(0.85);
});

test('densities: a row is not its own neighbour, equal rows are, in the order of the rows', async () => {
  const x = Float64Array.of(0, 0, 5, 9, 9.5);
  const distances = (rows: readonly number[]) =>
    neighbourDistances(x, 1, Int32Array.from(rows), rng(0), () => false);
  // Of few rows the first neighbour counts.
  expect(Array.from(await distances([4, 2, 0, 1]))).toEqual([4.5, 4.5, 0, 0]);
  expect(Array.from(await distances([2]))).toEqual([0]);
  await expect(neighbourDistances(x, 1, counting(5), rng(0), () => true)).rejects.toThrow(/stopped/);
});

test('indices in order, of equal numbers the first index first', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.float({ min: 0, noNaN: true }), fc.constantFrom(0, 1, Infinity)), {
        maxLength: 200,
      }),
      (list) => {
        const values = Float32Array.from(list, Math.abs);
        const sorted = Array.from(values.keys()).sort((a, b) =>
          values[a] === values[b] ? a - b : values[a]! < values[b]! ? -1 : 1,
        );
        expect(Array.from(ascending(values))).toEqual(sorted);
      },
    ),
  );
});
