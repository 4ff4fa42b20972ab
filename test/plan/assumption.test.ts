import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Assumption, product, propagate, tornado } from '../../src/plan/index.ts';

const assumption = (id: string, value: number, interval: [number, number], exponent: number): Assumption => ({
  id,
  name: id,
  value,
  interval,
  exponent,
  source: 'a test',
});

/** Up to five factors with intervals around their values. */
const assumptions = fc
  .array(
    fc.record({
      value: fc.double({ min: 1e-3, max: 1e3, noNaN: true }),
      below: fc.double({ min: 0, max: 3, noNaN: true }),
      above: fc.double({ min: 0, max: 3, noNaN: true }),
      exponent: fc.constantFrom(-2, -1, 1, 2),
    }),
    { minLength: 1, maxLength: 5 },
  )
  .map((list) =>
    list.map(({ value, below, above, exponent }, i) =>
      assumption(`a${i}`, value, [value * Math.exp(-below), value * Math.exp(above)], exponent),
    ),
  );

describe('products of assumptions', () => {
  it('has the closed form of its worst cases and of independent deviations', () => {
    // P = 100 * 5 / 2^2, n certain, D a factor 2 each way, L within [1, 4].
    const list = [
      assumption('n', 100, [100, 100], 1),
      assumption('D', 5, [2.5, 10], 1),
      assumption('L', 2, [1, 4], -2),
    ];
    const { value, hull, independent } = propagate(list);
    expect(value).toBeCloseTo(125, 10);
    expect(hull[0]).toBeCloseTo((100 * 2.5) / 16, 10);
    expect(hull[1]).toBeCloseTo(100 * 10, 10);
    const away = Math.hypot(Math.log(2), Math.log(4));
    expect(independent[0]).toBeCloseTo(125 * Math.exp(-away), 10);
    expect(independent[1]).toBeCloseTo(125 * Math.exp(away), 10);
    expect(tornado(list).map(({ id, factor }) => [id, factor.toFixed(9)])).toEqual([
      ['L', '16.000000000'],
      ['D', '4.000000000'],
    ]);
  });

  it('agrees with evaluation at the ends, whatever the factors', () => {
    fc.assert(
      fc.property(assumptions, (list) => {
        const { value, hull, independent } = propagate(list);
        const direct = (values: readonly number[]) =>
          list.reduce((P, { exponent }, i) => P * values[i]! ** exponent, 1);
        expect(value / direct(list.map((one) => one.value))).toBeCloseTo(1, 9);
        // The hull is the least and the most over all corners.
        const corners = Array.from({ length: 2 ** list.length }, (_, mask) =>
          direct(list.map(({ interval }, i) => interval[(mask >> i) & 1]!)),
        );
        expect(hull[0] / Math.min(...corners)).toBeCloseTo(1, 9);
        expect(hull[1] / Math.max(...corners)).toBeCloseTo(1, 9);
        const slack = 1 + 1e-9;
        expect(independent[0] * slack).toBeGreaterThanOrEqual(hull[0]);
        expect(independent[1]).toBeLessThanOrEqual(hull[1] * slack);
        for (const { id, low, high } of tornado(list)) {
          const i = list.findIndex((one) => one.id === id);
          const ends = list[i]!.interval.map((end) =>
            direct(list.map((one, j) => (i === j ? end : one.value))),
          );
          expect(low / Math.min(...ends)).toBeCloseTo(1, 9);
          expect(high / Math.max(...ends)).toBeCloseTo(1, 9);
          expect(independent[0]).toBeLessThanOrEqual(low * slack);
          expect(independent[1] * slack).toBeGreaterThanOrEqual(high);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('gives wider results for wider intervals', () => {
    fc.assert(
      fc.property(assumptions, fc.nat(4), fc.double({ min: 0, max: 2, noNaN: true }), (list, at, by) => {
        const i = at % list.length;
        const wider = list.map((one, j) =>
          i === j
            ? { ...one, interval: [one.interval[0] * Math.exp(-by), one.interval[1] * Math.exp(by)] as const }
            : one,
        );
        const [before, after] = [propagate(list), propagate(wider)];
        for (const key of ['hull', 'independent'] as const) {
          expect(after[key][0]).toBeLessThanOrEqual(before[key][0] * (1 + 1e-12));
          expect(after[key][1]).toBeGreaterThanOrEqual(before[key][1] * (1 - 1e-12));
        }
      }),
      { numRuns: 100 },
    );
  });

  it('reaches down to 0 where a factor may be 0, and refuses what is no factor', () => {
    const noise = assumption('noise', 0.2, [0, 0.5], 1);
    const n = assumption('n', 10, [10, 20], 1);
    const { hull, independent } = propagate([noise, n]);
    expect(hull[0]).toBe(0);
    expect(independent[0]).toBe(0);
    expect(independent[1]).toBeCloseTo(2 * Math.exp(Math.hypot(Math.log(2.5), Math.log(2))), 10);
    expect(tornado([noise, n])[0]).toMatchObject({ id: 'noise', low: 0, factor: Infinity });
    expect(propagate([assumption('none', 0, [0, 0.5], 1), n])).toMatchObject({
      value: 0,
      hull: [0, expect.closeTo(10, 9)],
    });
    expect(() => propagate([assumption('L', 1, [0, 2], -2)])).toThrow(/finite numbers > 0/);
    expect(() => propagate([assumption('n', 3, [1, 2], 1)])).toThrow(/"n"/);
    expect(() => propagate([assumption('n', Number.NaN, [1, 2], 1)])).toThrow(/"n"/);
    expect(() => propagate([assumption('n', 3, [1, Infinity], 1)])).toThrow(/finite/);
  });

  it('does not overflow on the way', () => {
    const list = [assumption('a', 1e200, [1e200, 1e200], 2), assumption('b', 1e-200, [1e-200, 1e-200], 2)];
    expect(product(list)).toBeCloseTo(1, 9);
  });
});
