// The step curves against counting by hand.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PointRobustness } from '../../src/audit/index.ts';
import { curveAt, curveSteps, robustnessCurve, thinnedSteps } from '../../src/report/audit/curve.ts';

interface Known {
  readonly correct: boolean;
  readonly certified: number;
  readonly found: number | null;
}

function pointOf({ correct, certified, found }: Known, row: number): PointRobustness {
  return {
    row,
    label: [0],
    correct,
    certified: { radius: certified, method: 'm' },
    found: found === null ? null : { distance: found, attack: 'a', prediction: [1], example: row },
  };
}

/** Distances from a short list, so that ties and radii that meet a distance are common. */
const distance = fc.oneof(
  fc.constantFrom(0, 0.1, 0.25, 0.5, 1, 2),
  fc.double({ min: 0, max: 3, noNaN: true }),
);
const known: fc.Arbitrary<Known> = fc
  .record({
    correct: fc.boolean(),
    low: distance,
    step: distance,
    none: fc.boolean(),
  })
  .map(({ correct, low, step, none }) => ({ correct, certified: low, found: none ? null : low + step }));

describe('the curves', () => {
  it('are counts of points at every radius', () => {
    fc.assert(
      fc.property(fc.array(known, { maxLength: 30 }), distance, (all, radius) => {
        const curve = robustnessCurve(all.map(pointOf));
        let [attacked, certified] = [0, 0];
        for (const one of all) {
          if (!one.correct) continue;
          if (one.found === null || one.found > radius) attacked++;
          if (one.certified >= radius) certified++;
        }
        expect(curveAt(curve, radius)).toMatchObject({ attacked, certified });
        expect(curve.correct).toBe(all.filter(({ correct }) => correct).length);
        expect(curve.points).toBe(all.length);
      }),
    );
  });

  it('never cross and never rise', () => {
    fc.assert(
      fc.property(fc.array(known, { maxLength: 30 }), (all) => {
        const curve = robustnessCurve(all.map(pointOf));
        const { correct } = curve;
        const steps = curveSteps(curve);
        let before = { radius: -1, attacked: correct, certified: correct };
        for (const step of steps) {
          expect(step.certified).toBeLessThanOrEqual(step.attacked);
          expect(step.attacked).toBeLessThanOrEqual(before.attacked);
          expect(step.certified).toBeLessThanOrEqual(before.certified);
          expect(step.radius).toBeGreaterThan(before.radius);
          before = step;
        }
      }),
    );
  });

  it('do not cross at the radii themselves either, where no example lies within a certified radius', () => {
    fc.assert(
      fc.property(fc.array(known, { maxLength: 30 }), distance, (all, radius) => {
        const apart = all.filter(({ certified, found }) => found === null || certified < found);
        const { attacked, certified } = curveAt(robustnessCurve(apart.map(pointOf)), radius);
        expect(certified).toBeLessThanOrEqual(attacked);
      }),
    );
  });

  it('have between two steps the counts of any radius there', () => {
    fc.assert(
      fc.property(fc.array(known, { minLength: 1, maxLength: 30 }), (all) => {
        const curve = robustnessCurve(all.map(pointOf));
        const steps = curveSteps(curve);
        for (const [index, { radius, attacked, certified }] of steps.entries()) {
          const next = steps[index + 1]?.radius ?? radius + 1;
          const between = radius + (next - radius) / 2;
          if (between > radius && between < next)
            expect(curveAt(curve, between)).toEqual({ attacked, certified });
        }
      }),
    );
  });

  it('lose nothing but steps within one cell when thinned', () => {
    fc.assert(
      fc.property(fc.array(known, { maxLength: 60 }), (all) => {
        const steps = curveSteps(robustnessCurve(all.map(pointOf)));
        const cell = (radius: number): number => Math.floor(4 * radius);
        const thin = thinnedSteps(steps, cell);
        expect(new Set(thin.map(({ radius }) => cell(radius))).size).toBe(thin.length);
        // At the end of each cell the thinned curve has the value of the whole one.
        for (let end = 0; end < 30; end++) {
          const last = (list: typeof steps) => list.findLast(({ radius }) => cell(radius) <= end);
          expect(last(thin)).toEqual(last(steps));
        }
      }),
    );
  });

  it('of no points are one step at 0', () => {
    const curve = robustnessCurve([]);
    expect([curve.points, curve.correct]).toEqual([0, 0]);
    expect(curveSteps(curve)).toEqual([{ radius: 0, attacked: 0, certified: 0 }]);
  });
});
