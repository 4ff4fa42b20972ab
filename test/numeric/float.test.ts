import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addDown,
  addUp,
  divideDown,
  divideUp,
  gamma,
  multiplyDown,
  multiplyUp,
  nextDown,
  nextUp,
  sqrtDown,
  sqrtUp,
} from '../../src/numeric/index.ts';
import { exact } from './exact.ts';

/** The neighbour above by counting bit patterns: an independent definition. */
function successor(x: number): number {
  if (x === 0) return Number.MIN_VALUE;
  const bits = new BigInt64Array(Float64Array.of(x).buffer);
  bits[0]! += x > 0 ? 1n : -1n;
  return new Float64Array(bits.buffer)[0]!;
}

const anyFinite = fc.double({ noNaN: true, noDefaultInfinity: true });

describe('nextUp and nextDown', () => {
  it('are the neighbouring bit patterns at every scale', () => {
    const exponents = Array.from({ length: 2098 }, (_, i) => i - 1074);
    for (const e of exponents) {
      const power = 2 ** e;
      for (const x of [power, successor(power), -successor(-power), 1.5 * power]) {
        expect(nextUp(x)).toBe(successor(x));
        expect(nextUp(-x)).toBe(successor(-x) + 0);
        expect(nextDown(-x)).toBe(-successor(x));
      }
    }
    fc.assert(
      fc.property(anyFinite, (x) => nextUp(x) === successor(x)),
      { numRuns: 5000 },
    );
    fc.assert(
      fc.property(anyFinite, (x) => nextDown(nextUp(x)) === x),
      { numRuns: 2000 },
    );
  });

  it('treat the ends of the line as IEEE 754 does', () => {
    expect(nextUp(Number.MAX_VALUE)).toBe(Number.POSITIVE_INFINITY);
    expect(nextUp(Number.POSITIVE_INFINITY)).toBe(Number.POSITIVE_INFINITY);
    expect(nextUp(Number.NEGATIVE_INFINITY)).toBe(-Number.MAX_VALUE);
    expect(nextDown(Number.NEGATIVE_INFINITY)).toBe(Number.NEGATIVE_INFINITY);
    expect(nextUp(-0)).toBe(Number.MIN_VALUE);
    expect(nextUp(-Number.MIN_VALUE)).toBe(0);
    expect(nextUp(Number.NaN)).toBeNaN();
    expect(nextDown(Number.NaN)).toBeNaN();
  });
});

describe('gamma', () => {
  it('bounds n u / (1 - n u) from above, by at most two neighbours', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 40 }), (n) => {
        // gamma >= n u/(1 - n u)  <=>  gamma (2^53 - n) >= n, in units of 2^-1074
        const left = (x: number) => exact(x) * (2n ** 53n - BigInt(n));
        const right = BigInt(n) * 2n ** 1074n;
        expect(left(gamma(n)) >= right).toBe(true);
        expect(left(nextDown(nextDown(nextDown(gamma(n))))) < right).toBe(true);
      }),
    );
    expect(gamma(0)).toBe(0);
    expect(gamma(2 ** 53)).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('directed operations', () => {
  it('enclose the exact result', () => {
    const factor = fc.double({ min: -1e150, max: 1e150, noNaN: true });
    fc.assert(
      fc.property(factor, factor, (x, y) => {
        const sum = exact(x) + exact(y);
        expect(exact(addDown(x, y)) <= sum && sum <= exact(addUp(x, y))).toBe(true);
        const product = exact(x) * exact(y);
        const unit = 2n ** 1074n;
        expect(exact(multiplyDown(x, y)) * unit <= product && product <= exact(multiplyUp(x, y)) * unit).toBe(
          true,
        );
        if (y !== 0 && Number.isFinite(x / y)) {
          // lower <= x/y  <=>  lower y <= x for y > 0
          const sign = y > 0 ? 1n : -1n;
          expect(sign * exact(divideDown(x, y)) * exact(y) <= sign * exact(x) * unit).toBe(true);
          expect(sign * exact(divideUp(x, y)) * exact(y) >= sign * exact(x) * unit).toBe(true);
        }
        const t = Math.abs(x);
        expect(exact(sqrtDown(t)) ** 2n <= exact(t) * unit && exact(t) * unit <= exact(sqrtUp(t)) ** 2n).toBe(
          true,
        );
        expect(sqrtDown(t)).toBeGreaterThanOrEqual(0);
      }),
      { numRuns: 3000 },
    );
  });

  it('keep zero exact and overflow on the safe side', () => {
    expect([
      multiplyUp(0, 5),
      multiplyDown(0, 5),
      divideUp(0, 5),
      divideDown(0, 5),
      sqrtUp(0),
      sqrtDown(0),
    ]).toEqual([0, 0, 0, 0, 0, 0]);
    expect(multiplyUp(1e200, 1e200)).toBe(Number.POSITIVE_INFINITY);
    expect(multiplyDown(1e200, 1e200)).toBe(Number.MAX_VALUE);
    expect(multiplyUp(1e-200, 1e-200)).toBe(Number.MIN_VALUE);
  });
});
