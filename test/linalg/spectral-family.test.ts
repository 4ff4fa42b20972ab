import { describe, expect, it } from 'vitest';
import {
  identity,
  largestSpectralNormUpper,
  type Matrix,
  matrix,
  singularValues,
  spectralNormAtMost,
  spectralNormUpper,
} from '../../src/linalg/index.ts';
import { integers, normal, rng } from '../../src/random/index.ts';

function gaussian(seed: number, rows: number, columns: number, scale = 1): Matrix {
  return matrix(
    rows,
    columns,
    normal(rng(seed), rows * columns).map((t) => scale * t),
  );
}

describe('spectralNormAtMost', () => {
  it('says yes just above the norm and never below it', () => {
    for (let seed = 0; seed < 200; seed++) {
      const [m, n] = integers(rng(seed).split('size'), 2, 1, 30) as unknown as [number, number];
      const scale = [1, 1e150, 1e-150, 1e-300][seed % 4]!;
      const w = gaussian(seed, m, n, scale);
      const norm = singularValues(w)[0]!;
      expect(spectralNormAtMost(w, norm * (1 + 1e-10))).toBe(true);
      expect(spectralNormAtMost(w, norm * 2)).toBe(true);
      expect(spectralNormAtMost(w, norm * (1 - 1e-12))).toBe(false);
      expect(spectralNormAtMost(w, norm / 2)).toBe(false);
      expect(spectralNormAtMost(w, 0)).toBe(false);
      expect(spectralNormAtMost(w, Number.POSITIVE_INFINITY)).toBe(true);
    }
  });

  it('knows the zero matrix, and refuses what is no number', () => {
    expect(spectralNormAtMost(matrix(3, 4), 0)).toBe(true);
    expect(() => spectralNormAtMost(matrix(2, 2, Float64Array.of(1, Number.NaN, 0, 1)), 5)).toThrow('NaN');
  });
});

describe('largestSpectralNormUpper', () => {
  it('is at least every norm of the family, and one of them to nine digits', () => {
    for (let seed = 0; seed < 60; seed++) {
      const count = integers(rng(seed).split('count'), 1, 1, 40)[0]!;
      const family = Array.from({ length: count }, (_, j) =>
        gaussian(1000 * seed + j, 1 + ((seed + j) % 9), 1 + (seed % 11), 1 + (j % 3)),
      );
      const truth = Math.max(...family.map((w) => singularValues(w)[0]!));
      const bound = largestSpectralNormUpper(count, (j) => family[j]!);
      expect(bound).toBeGreaterThanOrEqual(truth * (1 - 1e-13));
      expect(bound).toBeLessThanOrEqual(truth * (1 + 2e-9));
    }
  });

  it('visits each matrix once, and bounds few of many equal ones anew', () => {
    for (const count of [1, 2, 3, 10, 97, 100]) {
      const visits = new Int32Array(count);
      const bound = largestSpectralNormUpper(count, (j) => {
        visits[j]!++;
        return identity(5);
      });
      expect([...visits]).toEqual(new Array(count).fill(1));
      expect(bound).toBeCloseTo(1, 8);
    }
    expect(largestSpectralNormUpper(5, () => matrix(2, 3))).toBeLessThan(1e-300);
  });

  it('of one matrix is its norm', () => {
    const w = gaussian(5, 20, 30);
    expect(largestSpectralNormUpper(1, () => w) / spectralNormUpper(w)).toBeCloseTo(1, 8);
  });
});
