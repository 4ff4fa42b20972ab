import { describe, expect, it } from 'vitest';
import {
  binaryLabels,
  classCount,
  contradictoryPairs,
  createDataset,
  oneHotLabels,
  opticalDigits,
} from '../../src/data/index.ts';
import { errorOf } from './support.ts';

const digits = opticalDigits();

describe('opticalDigits', () => {
  it('is the published test set: 1,797 images of 8 x 8 with the published class counts', () => {
    expect(digits.shape).toEqual([1797, 8, 8]);
    const counts = new Array<number>(10).fill(0);
    for (const digit of digits.y) counts[digit]!++;
    expect(counts).toEqual([178, 182, 177, 183, 181, 182, 181, 179, 174, 180]); // optdigits.names at UCI
  });

  it('has pixels k/16; the first image is a zero', () => {
    expect([...digits.x.subarray(0, 8)].map((value) => value * 16)).toEqual([0, 0, 5, 13, 9, 1, 0, 0]);
    expect(digits.y[0]).toBe(0);
    expect(digits.x.every((value) => value >= 0 && value <= 1 && Number.isInteger(value * 16))).toBe(true);
    expect(digits.x.includes(1)).toBe(true);
  });

  it('credits its authors and contradicts itself nowhere', () => {
    expect(digits.provenance.source).toMatch(/Alpaydin and C\. Kaynak.*10\.24432\/C50P49.*CC BY 4\.0/);
    expect(contradictoryPairs(digits)).toEqual([]);
  });
});

describe('class labels', () => {
  it.each([
    [{ kind: 'parity' } as const, [1, 3, 5, 7, 9]],
    [{ kind: 'halves' } as const, [5, 6, 7, 8, 9]],
    [{ kind: 'one-versus-rest', positiveClass: 3 } as const, [3]],
  ])('%o is +1 for classes %o', (task, positive) => {
    const binary = binaryLabels(digits, task);
    expect([...binary.y]).toEqual(Array.from(digits.y, (digit) => (positive.includes(digit) ? 1 : -1)));
    expect(binary.x).toBe(digits.x);
    expect(binary.provenance.transformations.at(-1)).toContain(task.kind);
  });

  it('one-hot rows sum to 1 and point at the class', () => {
    const { y, outputs } = oneHotLabels(digits);
    expect(outputs).toBe(10);
    digits.y.forEach((digit, i) => {
      const row = [...y.subarray(10 * i, 10 * i + 10)];
      expect(row.indexOf(1)).toBe(digit);
      expect(row.filter((value) => value !== 0)).toEqual([1]);
    });
  });

  it('refuses labels that are no classes', () => {
    const make = (y: number[], outputs = 1) =>
      createDataset({
        name: 'toy',
        x: Float64Array.of(1, 2),
        shape: [2, 1],
        y: Float64Array.from(y),
        outputs,
        source: '',
        transformations: [],
      });
    expect(classCount(make([0, 4]))).toBe(5);
    for (const bad of [-1, 0.5, 2 ** 31]) {
      expect(errorOf(() => binaryLabels(make([0, bad]), { kind: 'parity' })).message).toMatch(
        /label of row 1 of toy/,
      );
    }
    expect(errorOf(() => classCount(make([0, 1, 1, 0], 2))).message).toMatch(/outputs of toy: 2/);
    expect(errorOf(() => oneHotLabels(make([0, 1e6]))).message).toMatch(/1000001; expected at most 10000/);
    const absent = { kind: 'one-versus-rest', positiveClass: 2 } as const;
    expect(errorOf(() => binaryLabels(make([0, 4]), absent)).message).toMatch(
      /positiveClass: 2; expected a class that occurs/,
    );
  });
});
