import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createDataset, type DatasetParts, featureCount, pointCount } from '../../src/data/index.ts';
import { errorOf } from './support.ts';

const parts = (changes: Partial<DatasetParts> = {}): DatasetParts => ({
  name: 'toy',
  x: Float64Array.of(1, 2, 3, 4, 5, 6),
  shape: [2, 3],
  y: Float64Array.of(-1, 1),
  outputs: 1,
  source: 'by hand',
  transformations: [],
  ...changes,
});

describe('createDataset', () => {
  it('keeps the parts and hashes the bytes of x, then of y', () => {
    const dataset = createDataset(parts());
    const bytes = Buffer.alloc(64);
    for (const [i, value] of [1, 2, 3, 4, 5, 6, -1, 1].entries()) bytes.writeDoubleLE(value, 8 * i);
    expect(dataset.provenance.sha256).toBe(createHash('sha256').update(bytes).digest('hex'));
    expect([pointCount(dataset), featureCount(dataset)]).toEqual([2, 3]);
  });

  it('hashes only the part of a buffer that a view shows', () => {
    const buffer = Float64Array.of(9, 1, 2, 3, 4, 5, 6, 9);
    const view = createDataset(parts({ x: buffer.subarray(1, 7) }));
    expect(view.provenance.sha256).toBe(createDataset(parts()).provenance.sha256);
  });

  it.each([
    ['NaN feature', { x: Float64Array.of(1, 2, 3, 4, 5, Number.NaN) }, /x of toy at row 1, column 2 .*NaN/],
    ['infinite feature', { x: Float32Array.of(1, Infinity, 3, 4, 5, 6) }, /row 0, column 1 .*Infinity/],
    ['NaN label', { y: Float64Array.of(1, Number.NaN) }, /y of toy at row 1, column 0/],
    ['NaN clean label', { clean: Float64Array.of(Number.NaN, 1) }, /clean of toy at row 0/],
    ['too few labels', { y: Float64Array.of(1) }, /length of y of toy: 1; expected 2/],
    ['too many features', { x: new Float64Array(7) }, /length of x of toy: 7; expected 6/],
    ['clean of another length', { clean: new Float64Array(3) }, /length of clean/],
    [
      'no points',
      { x: new Float64Array(0), y: new Float64Array(0), shape: [0, 3] },
      /n \(points of toy\): 0/,
    ],
    ['no features', { x: new Float64Array(0), shape: [2, 0] }, /feature axis of toy: 0/],
    ['fractional n', { shape: [1.5, 4] }, /1\.5/],
    ['rank 1', { shape: [6] }, /shape of toy/],
    ['no outputs', { y: new Float64Array(0), outputs: 0 }, /outputs of toy: 0/],
    ['negative noise variance', { noiseVariance: -1 }, /noiseVariance of toy: -1/],
    ['NaN noise variance', { noiseVariance: Number.NaN }, /noiseVariance of toy: NaN/],
  ] as [string, Partial<DatasetParts>, RegExp][])('refuses %s', (_, changes, message) => {
    const error = errorOf(() => createDataset(parts(changes)));
    expect(error.code).toBe('invalid-argument');
    expect(error.message).toMatch(message);
  });

  it('takes the extremes of float64 and a single point in one dimension', () => {
    const dataset = createDataset(
      parts({ x: Float64Array.of(Number.MAX_VALUE), y: Float64Array.of(-Number.MIN_VALUE), shape: [1, 1] }),
    );
    expect(pointCount(dataset)).toBe(1);
  });
});
