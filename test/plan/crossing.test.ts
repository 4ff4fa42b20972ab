import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crossing, isotonicFit } from '../../src/plan/index.ts';

describe('isotonic fit', () => {
  it('pools violators: the example of Ayer et al. by hand', () => {
    expect([...isotonicFit([1, 3, 2, 4], [1, 1, 1, 1])]).toEqual([1, 2.5, 2.5, 4]);
    expect([...isotonicFit([3, 1], [1, 3])]).toEqual([1.5, 1.5]);
    expect([...isotonicFit([], [])]).toEqual([]);
  });

  it('is the nearest non-decreasing sequence: min over i of max over j of means', () => {
    const inputs = fc.array(
      fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 1, max: 5 })),
      {
        minLength: 1,
        maxLength: 12,
      },
    );
    fc.assert(
      fc.property(inputs, (pairs) => {
        const [values, weights] = [pairs.map(([v]) => v), pairs.map(([, w]) => w)];
        const fitted = isotonicFit(values, weights);
        const mean = (from: number, to: number) => {
          let [sum, weight] = [0, 0];
          for (let i = from; i <= to; i++) {
            sum += values[i]! * weights[i]!;
            weight += weights[i]!;
          }
          return sum / weight;
        };
        fitted.forEach((value, i) => {
          // The minimax formula of isotonic regression (Robertson, Wright and Dykstra 1988, section 1.4).
          let best = Infinity;
          for (let to = i; to < values.length; to++) {
            let most = -Infinity;
            for (let from = 0; from <= i; from++) most = Math.max(most, mean(from, to));
            best = Math.min(best, most);
          }
          expect(value).toBeCloseTo(best, 9);
        });
      }),
      { numRuns: 100 },
    );
  });

  it('refuses weights and values that are none', () => {
    expect(() => isotonicFit([1], [0])).toThrow(/weight/);
    expect(() => isotonicFit([Number.NaN], [1])).toThrow();
    expect(() => isotonicFit([1, 2], [1])).toThrow(/length/);
  });
});

describe('crossing', () => {
  it('lies on the straight line over log P', () => {
    // 0.5 at 100, 0.7 at 400: 0.6 half-way in log P.
    expect(crossing([100, 400], [0.5, 0.7], 0.6)).toEqual({ kind: 'at', parameters: expect.closeTo(200, 9) });
    // Runs of the same P are averaged, in any order.
    expect(crossing([400, 100, 100], [0.7, 0.4, 0.6], 0.6)).toEqual({
      kind: 'at',
      parameters: expect.closeTo(200, 9),
    });
  });

  it('is an inequality where one side was not seen', () => {
    expect(crossing([10, 20, 40], [0.1, 0.2, 0.3], 0.65)).toEqual({ kind: 'above', parameters: 40 });
    expect(crossing([10, 20, 40], [0.8, 0.9, 0.95], 0.65)).toEqual({ kind: 'below', parameters: 10 });
    expect(crossing([10], [0.65], 0.65)).toEqual({ kind: 'below', parameters: 10 });
    // A single run above the threshold between two below it is no crossing: the fit averages it away.
    expect(crossing([10, 20, 40], [0.5, 0.66, 0.5], 0.65)).toEqual({ kind: 'above', parameters: 40 });
  });

  it('finds the planted crossing of a logistic curve to the spacing of the ladder', () => {
    const truth = 1234;
    const P = Array.from({ length: 17 }, (_, i) => 100 * 2 ** (i / 2));
    const accuracy = P.map((p) => 0.1 + 0.9 / (1 + Math.exp(-2 * Math.log(p / truth))));
    const found = crossing(P, accuracy, 0.55);
    expect(found.kind).toBe('at');
    expect(found.parameters / truth).toBeCloseTo(1, 1);
  });

  it('moves up with the threshold', () => {
    const runs = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 2, maxLength: 10 });
    fc.assert(
      fc.property(runs, fc.double({ min: 0.1, max: 0.8, noNaN: true }), (accuracies, threshold) => {
        const P = accuracies.map((_, i) => 2 ** i);
        const rank = (level: number) => {
          const found = crossing(P, accuracies, level);
          return found.kind === 'below' ? 0 : found.kind === 'above' ? Infinity : found.parameters;
        };
        expect(rank(threshold + 0.1)).toBeGreaterThanOrEqual(rank(threshold));
      }),
    );
  });

  it('refuses what is no accuracy, threshold or number of parameters', () => {
    expect(() => crossing([1], [1.2], 0.5)).toThrow(/accuracy/);
    expect(() => crossing([1], [Number.NaN], 0.5)).toThrow(/accuracy/);
    expect(() => crossing([0], [0.2], 0.5)).toThrow(/parameters/);
    expect(() => crossing([1], [0.2], 1)).toThrow(/threshold/);
    expect(() => crossing([], [], 0.5)).toThrow(/runs/);
  });
});
