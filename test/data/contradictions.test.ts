import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contradictoryPairs, createDataset, requireConsistentLabels } from '../../src/data/index.ts';
import { errorOf } from './support.ts';

const make = (rows: number[][], labels: number[]) =>
  createDataset({
    name: 'toy',
    x: Float64Array.from(rows.flat()),
    shape: [rows.length, rows[0]!.length],
    y: Float64Array.from(labels),
    outputs: labels.length / rows.length,
    source: 'by hand',
    transformations: [],
  });

describe('contradictoryPairs', () => {
  it('agrees with comparing all pairs', () => {
    const row = fc.array(fc.constantFrom(0, -0, 1, 1e-300), { minLength: 2, maxLength: 2 });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(row, fc.constantFrom(-1, 0, 1)), { minLength: 1, maxLength: 20 }),
        (points) => {
          const rows = points.map(([x]) => x);
          const labels = points.map(([, y]) => y);
          const equal = (i: number, j: number) => rows[i]!.every((value, k) => value === rows[j]![k]);
          const expected = rows.flatMap((_, j) => {
            const first = rows.findIndex((_, i) => equal(i, j));
            return labels[first] === labels[j] ? [] : [{ first, second: j }];
          });
          expect(contradictoryPairs(make(rows, labels))).toEqual(expected);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('sees a difference in any output', () => {
    expect(contradictoryPairs(make([[1], [1]], [0, 5, 0, 6]))).toEqual([{ first: 0, second: 1 }]);
    expect(contradictoryPairs(make([[1], [1]], [0, 5, 0, 5]))).toEqual([]);
  });

  it('takes time linear in n: 200,000 rows, half of them duplicates', () => {
    const n = 200_000;
    const rows = Array.from({ length: n }, (_, i) => [i % (n / 2), 0.5]);
    const labels = Array.from({ length: n }, (_, i) => (i === n - 1 ? -1 : 1));
    const start = performance.now();
    expect(contradictoryPairs(make(rows, labels))).toEqual([{ first: n / 2 - 1, second: n - 1 }]);
    expect(performance.now() - start).toBeLessThan(5000);
  });
});

describe('requireConsistentLabels', () => {
  it('names the rows and their labels', () => {
    const error = errorOf(() => requireConsistentLabels(make([[1], [2], [1]], [1, 1, -1])));
    expect(error.code).toBe('contradictory-labels');
    expect(error.message).toMatch(/rows 0 and 2 \(labels 1 and -1\)/);
  });

  it('counts the pairs it does not show', () => {
    const rows = Array.from({ length: 11 }, () => [0]);
    const labels = rows.map((_, i) => i);
    expect(errorOf(() => requireConsistentLabels(make(rows, labels))).message).toMatch(/and 5 more pairs/);
  });

  it('accepts duplicates with equal labels', () => {
    expect(() => requireConsistentLabels(make([[1], [1]], [3, 3]))).not.toThrow();
  });
});
