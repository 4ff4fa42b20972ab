import { describe, expect, it } from 'vitest';
import {
  chooseRows,
  createDataset,
  featureCount,
  gaussian,
  normalize,
  pointCount,
  scaleFeatures,
  subsample,
} from '../../src/data/index.ts';
import { makeDataset } from '../../src/data/schema.ts';
import { rng } from '../../src/random/index.ts';
import { errorOf } from './support.ts';

const dataset = createDataset({
  name: 'toy',
  x: Float32Array.of(0, 1, 10, 11, 20, 21, 30, 31),
  shape: [4, 1, 2],
  y: Float64Array.of(0, 1, 2, 3),
  outputs: 1,
  clean: Float64Array.of(0, 10, 20, 30),
  unflipped: Float64Array.of(0, -1, -2, -3),
  noiseVariance: 0.5,
  isoperimetry: gaussian(2).isoperimetry!,
  source: 'by hand',
  transformations: ['first'],
});

describe('chooseRows', () => {
  it('takes points, labels and clean labels together and keeps what is known', () => {
    const chosen = chooseRows(dataset, [2, 0, 2], 'chosen');
    expect(chosen.shape).toEqual([3, 1, 2]);
    expect(chosen.x).toEqual(Float32Array.of(20, 21, 0, 1, 20, 21));
    expect([[...chosen.y], [...chosen.clean!], [...chosen.unflipped!]]).toEqual([
      [2, 0, 2],
      [20, 0, 20],
      [-2, 0, -2],
    ]);
    expect(chosen.noiseVariance).toBe(0.5);
    expect(chosen.provenance.transformations).toEqual(['first', 'chosen']);
    expect(chosen.provenance.sha256).not.toBe(dataset.provenance.sha256);
  });

  it('refuses rows that do not exist and an empty choice', () => {
    expect(errorOf(() => chooseRows(dataset, [4], '')).message).toMatch(
      /row 0 of the choice: 4; expected an integer in \[0, 3\]/,
    );
    expect(errorOf(() => chooseRows(dataset, [], '')).message).toMatch(/n \(points of toy\): 0/);
  });
});

describe('subsample', () => {
  it('draws each row at most once; a smaller sample begins a larger one', () => {
    const all = subsample(dataset, 4, rng(1));
    expect([...all.y].toSorted()).toEqual([0, 1, 2, 3]);
    expect([...subsample(dataset, 2, rng(1)).y]).toEqual([...all.y.subarray(0, 2)]);
    expect(errorOf(() => subsample(dataset, 5, rng(1))).message).toMatch(/n \(of 4 points in toy\): 5/);
  });

  it('gives every row the same chance', () => {
    const counts = [0, 0, 0, 0];
    for (let seed = 0; seed < 4000; seed++) counts[subsample(dataset, 1, rng(seed)).y[0]!]!++;
    const chiSquare = counts.reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
    expect(chiSquare).toBeLessThan(16.3); // 0.999 quantile with 3 degrees of freedom
  });
});

describe('scaleFeatures', () => {
  it('scales the points and c by factor^2, as the law of a scaled Gaussian has it', () => {
    const scaled = scaleFeatures(dataset, -0.5);
    expect(scaled.x).toEqual(Float32Array.of(-0, -0.5, -5, -5.5, -10, -10.5, -15, -15.5));
    expect(scaled.isoperimetry).toMatchObject({ constant: 0.25, dimension: 2 });
    expect(scaled.noiseVariance).toBe(0.5);
    for (const bad of [0, Number.NaN, Infinity]) {
      expect(errorOf(() => scaleFeatures(dataset, bad)).message).toMatch(/invalid factor/);
    }
  });

  it('refuses a factor that overflows the points', () => {
    expect(errorOf(() => scaleFeatures(dataset, 1e300)).message).toMatch(
      /x of toy at row 0, column 1 .*Infinity/,
    );
  });
});

describe('normalize', () => {
  it('centres the points and brings them to unit mean square distance from the mean', () => {
    const specification = {
      distribution: 'gaussian',
      n: 30,
      d: 4,
      labels: { signal: 'zero', noise: 'signs' },
    } as const;
    const dataset = makeDataset(specification, rng(5));
    const shifted = { ...dataset, x: Float64Array.from(dataset.x, (value, i) => 7 * value + (i % 4)) };
    for (const input of [dataset, shifted]) {
      const { x, isoperimetry, provenance } = normalize(input);
      const columns = Array.from({ length: 4 }, (_, j) => Array.from(x).filter((_, i) => i % 4 === j));
      for (const column of columns) expect(column.reduce((a, b) => a + b, 0)).toBeCloseTo(0, 10);
      expect(Array.from(x).reduce((sum, value) => sum + value * value, 0) / 30).toBeCloseTo(1, 12);
      expect(provenance.transformations.at(-1)).toMatch(/^centred and divided by/);
      // c scales with the square of the length: it is |x|^2-homogeneous.
      const scale =
        Math.hypot(input.x[0]! - input.x[4]!, input.x[1]! - input.x[5]!) /
        Math.hypot(x[0]! - x[4]!, x[1]! - x[5]!);
      expect(isoperimetry!.constant * scale ** 2).toBeCloseTo(1, 10);
    }
  });

  it('leaves a single point alone, moved to the origin', () => {
    const dataset = makeDataset(
      { distribution: 'sphere', n: 1, d: 3, labels: { signal: 'zero', noise: 'signs' } },
      rng(0),
    );
    const one = normalize(dataset);
    expect([...one.x]).toEqual([0, 0, 0]);
    expect([pointCount(one), featureCount(one)]).toEqual([1, 3]);
  });

  it('does so at every scale', () => {
    for (const scale of [1e-200, 1e-150, 1e150, 1e200]) {
      const toy = createDataset({
        name: 'toy',
        x: Float64Array.of(1, 5, 3, 5).map((value) => value * scale),
        shape: [2, 2],
        y: Float64Array.of(0, 1),
        outputs: 1,
        source: 'by hand',
        transformations: [],
      });
      const { x } = normalize(toy);
      for (const [i, expected] of [-1, 0, 1, 0].entries()) expect(x[i]).toBeCloseTo(expected, 14);
    }
  });
});
