import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  compensatedSum,
  distanceEnclosure,
  dotEnclosure,
  normEnclosure,
  sumEnclosure,
} from '../../src/numeric/index.ts';
import { encloses, exact, exactDot, exactSquaredDistance, exactSum } from './exact.ts';

const anyFinite = fc.double({ noNaN: true, noDefaultInfinity: true });
const moderate = fc.double({ min: -1e3, max: 1e3, noNaN: true });
const vector = (element: fc.Arbitrary<number>) => fc.array(element, { maxLength: 40 });
const pair = (element: fc.Arbitrary<number>) =>
  fc.array(fc.tuple(element, element), { minLength: 1, maxLength: 40 });
const UNIT = 2n ** 1074n;

/** lower <= sqrt(squares) <= upper, squares in units of 2^-2148. */
function enclosesRoot([lower, upper]: readonly [number, number], squares: bigint): boolean {
  return lower >= 0 && exact(lower) ** 2n <= squares && (upper === Infinity || squares <= exact(upper) ** 2n);
}

describe('sumEnclosure', () => {
  it('encloses the exact sum at every scale, overflow included', () => {
    fc.assert(
      fc.property(vector(anyFinite), (x) => encloses(sumEnclosure(x), exactSum(x))),
      { numRuns: 3000 },
    );
    expect(sumEnclosure([1.7e308, 1.7e308])).toEqual([-Infinity, Infinity]);
  });

  it('is exact where no addition rounds and a few neighbours wide where plain summation loses everything', () => {
    expect(sumEnclosure([])).toEqual([0, 0]);
    expect(sumEnclosure([0.1])).toEqual([0.1, 0.1]);
    expect(sumEnclosure([1, 2, 3.5])).toEqual([6.5, 6.5]);
    const [low, high] = sumEnclosure([1e16, 1, -1e16, 1e-3]);
    expect(low).toBeLessThanOrEqual(1.001);
    expect(high - low).toBeLessThan(4e-15);
    expect(compensatedSum([1, 1e100, 1, -1e100])).toBe(2);
    expect(compensatedSum([1.7e308, 1.7e308, -1.7e308])).toBe(Infinity);
    expect(compensatedSum(new Float64Array(1_000_000).fill(0.1))).toBe(100000);
  });

  it('refuses what is no number', () => {
    expect(() => sumEnclosure([1, Number.NaN])).toThrow(/invalid entry 1: NaN/);
    expect(() => sumEnclosure([Infinity])).toThrow(/invalid entry 0: Infinity/);
  });
});

describe('dotEnclosure', () => {
  it('encloses the exact dot product, underflow and overflow included', () => {
    const check = (pairs: [number, number][]) => {
      const [a, b] = [pairs.map((p) => p[0]), pairs.map((p) => p[1])];
      const dot = exactDot(a, b);
      const [lower, upper] = dotEnclosure(a, b);
      return (
        (lower === -Infinity || exact(lower) * UNIT <= dot) &&
        (upper === Infinity || dot <= exact(upper) * UNIT)
      );
    };
    fc.assert(fc.property(pair(anyFinite), check), { numRuns: 2000 });
    fc.assert(fc.property(pair(moderate), check), { numRuns: 2000 });
    expect(
      check([
        [5e-324, 0.5],
        [1e-200, 1e-200],
        [-1e-170, 1e-160],
      ]),
    ).toBe(true);
  });

  it('is exact for zeros and close elsewhere', () => {
    expect(dotEnclosure([0, 0], [1e300, -1e300])).toEqual([0, 0]);
    expect(dotEnclosure([], [])).toEqual([0, 0]);
    const [low, high] = dotEnclosure([1, 2, 3], [4, 5, 6]);
    expect(high - low).toBeLessThan(1e-13);
    expect(() => dotEnclosure([1], [1, 2])).toThrow(/length/);
    expect(() => dotEnclosure([Infinity], [0])).toThrow(/invalid entry 0/);
  });
});

describe('normEnclosure and distanceEnclosure', () => {
  it('enclose the exact root at every scale', () => {
    const check = (pairs: [number, number][]) => {
      const [a, b] = [pairs.map((p) => p[0]), pairs.map((p) => p[1])];
      return (
        enclosesRoot(distanceEnclosure(a, b), exactSquaredDistance(a, b)) &&
        enclosesRoot(normEnclosure(a), exactDot(a, a))
      );
    };
    fc.assert(fc.property(pair(anyFinite), check), { numRuns: 2000 });
    fc.assert(fc.property(pair(moderate), check), { numRuns: 2000 });
    const tiny = fc.double({ min: -1e-300, max: 1e-300, noNaN: true });
    fc.assert(fc.property(pair(tiny), check), { numRuns: 1000 });
    // A tiny difference of huge coordinates beside a huge pair of equal ones; differences that overflow.
    expect(
      check([
        [1e308, 1e308],
        [1e-320, 0],
      ]),
    ).toBe(true);
    expect(
      check([
        [1.7e308, -1.7e308],
        [1, 2],
      ]),
    ).toBe(true);
    expect(
      check([
        [9e307, -9e307],
        [1e307, -1e307],
        [5e-324, 0],
      ]),
    ).toBe(true);
  });

  it('are tight: relative width about n 2^-53, and exact where they can be', () => {
    for (const n of [1, 10, 1000]) {
      for (const scale of [1, 1e150, 1e-150, 1e-300, 1e300]) {
        const x = Float64Array.from({ length: n }, (_, i) => scale * Math.cos(i));
        const [low, high] = distanceEnclosure(x, new Float64Array(n));
        expect((high - low) / high).toBeLessThan((n + 12) * 2 ** -52);
        expect((normEnclosure(x)[1] - normEnclosure(x)[0]) / high).toBeLessThan((n + 12) * 2 ** -52);
      }
    }
    expect(normEnclosure([-3])).toEqual([3, 3]);
    expect(normEnclosure([])).toEqual([0, 0]);
    expect(normEnclosure([0, 0])).toEqual([0, 0]);
    expect(distanceEnclosure([1, 2], [1, 2])).toEqual([0, 0]);
    expect(distanceEnclosure([1.7e308], [-1.7e308])[1]).toBe(Infinity);
    expect(distanceEnclosure(Float32Array.of(3, 0), Float64Array.of(0, 4))[0]).toBeCloseTo(5, 14);
  });

  it('refuse NaN, infinities and unequal lengths', () => {
    expect(() => normEnclosure([Number.NaN, 1])).toThrow(/invalid entry 0: NaN/);
    expect(() => distanceEnclosure([1, Infinity], [0, 0])).toThrow(/invalid entry 1: Infinity/);
    expect(() => distanceEnclosure([1], [1, 2])).toThrow(/invalid length of the second array: 2; expected 1/);
  });
});
