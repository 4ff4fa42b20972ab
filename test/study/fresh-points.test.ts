import { describe, expect, it } from 'vitest';
import { opticalDigits } from '../../src/data/index.ts';
import { datasetSchema } from '../../src/data/schema.ts';
import { rng } from '../../src/random/index.ts';
import { type DataChoice, makeChoice } from '../../src/study/data-choice.ts';
import { freshPoints } from '../../src/study/fresh-points.ts';

const choice = (specification: unknown, normalize = false): DataChoice => ({
  label: 'data',
  name: 'data',
  specification: datasetSchema.parse(specification),
  normalize,
});
const key = rng('fresh points');

describe('freshPoints', () => {
  it('draws from the distribution of the data, and not the data', () => {
    const sphere = choice({
      distribution: 'sphere',
      n: 20,
      d: 6,
      labels: { signal: 'zero', noise: 'signs' },
    });
    const { x, count } = freshPoints(sphere, key, key.split('fresh'), 50);
    expect(count).toBe(50);
    for (let i = 0; i < 50; i++) {
      expect(Math.hypot(...x.subarray(6 * i, 6 * i + 6))).toBeCloseTo(1, 12);
    }
    const seen = new Set(makeChoice(sphere, key).x);
    expect(x.some((value) => seen.has(value))).toBe(false);
  });

  it('keeps to the same manifold: points of another key lie on it, too', () => {
    // Without curvature a manifold is a plane of its dimension: 3 directions explain all points.
    const flat = {
      distribution: 'manifold',
      n: 10,
      d: 8,
      intrinsicDimension: 2,
      curvature: 0,
      ambientNoise: 0,
    };
    const plane = choice({ ...flat, labels: { signal: 'zero', noise: 'signs' } });
    const dataset = makeChoice(plane, key);
    const { x } = freshPoints(plane, key, key.split('fresh'), 10);
    const rows = [...Array(10).keys()].flatMap((i) => [
      Array.from(dataset.x.subarray(8 * i, 8 * i + 8)),
      Array.from(x.subarray(8 * i, 8 * i + 8)),
    ]);
    expect(rank(rows)).toBeLessThanOrEqual(3);
  });

  it('takes rows of real data that were not chosen, on the scale of the data set', () => {
    const digits = choice({ source: 'optical-digits', n: 1000, task: 'parity' }, true);
    const { x, count } = freshPoints(digits, key, key.split('fresh'), 600);
    expect(count).toBe(600);
    // The shift and scale of normalisation, from the rows that were chosen.
    const raw = makeChoice({ ...digits, normalize: false }, key).x;
    const mean = Array.from({ length: 64 }, (_, j) => average(raw, (_, i) => i % 64 === j));
    const scale = Math.sqrt(
      Float64Array.from(raw).reduce((sum, value, i) => sum + (value - mean[i % 64]!) ** 2, 0) / 1000,
    );
    const rowText = (row: ArrayLike<number>) => Array.from(row, (value) => value.toFixed(6)).join();
    const all = opticalDigits().x;
    const known = new Set(
      [...Array(1797).keys()].map((i) =>
        rowText(Array.from(all.subarray(64 * i, 64 * i + 64), (value, j) => (value - mean[j]!) / scale)),
      ),
    );
    const chosen = new Set([...Array(1000).keys()].map((i) => rowText(makeRow(raw, i, mean, scale))));
    for (let i = 0; i < count; i++) {
      const row = rowText(x.subarray(64 * i, 64 * i + 64));
      expect(known.has(row)).toBe(true);
      expect(chosen.has(row)).toBe(false);
    }
  });

  it('says so where no row is left', () => {
    const all = choice({ source: 'optical-digits', task: 'parity' });
    expect(() => freshPoints(all, key, key, 10)).toThrow(
      /n of data: 1797; expected fewer than the 1797 rows/,
    );
  });
});

function makeRow(raw: ArrayLike<number>, i: number, mean: readonly number[], scale: number): number[] {
  return mean.map((centre, j) => (raw[64 * i + j]! - centre) / scale);
}

function average(values: Float64Array | Float32Array, keep: (value: number, i: number) => boolean): number {
  const kept = Array.from(values).filter(keep);
  return kept.reduce((sum, value) => sum + value, 0) / kept.length;
}

/** Rank by Gaussian elimination. */
function rank(rows: readonly (readonly number[])[]): number {
  const left = rows.map((row) => [...row]);
  let found = 0;
  for (let column = 0; column < left[0]!.length; column++) {
    const pivot = left
      .slice(found)
      .reduce(
        (best, row, i) => (Math.abs(row[column]!) > Math.abs(left[best]![column]!) ? found + i : best),
        found,
      );
    if (pivot >= left.length || Math.abs(left[pivot]![column]!) < 1e-9) continue;
    [left[found], left[pivot]] = [left[pivot]!, left[found]!];
    for (let i = found + 1; i < left.length; i++) {
      const factor = left[i]![column]! / left[found]![column]!;
      for (let j = column; j < left[i]!.length; j++) left[i]![j]! -= factor * left[found]![j]!;
    }
    found++;
    if (found === left.length) break;
  }
  return found;
}
