// Shortest steps onto a hyperplane in a box, against linear programs (l1, linf) and the optimality condition (l2).
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { stepOntoHyperplane } from '../../../src/attacks/minimum-norm/hyperplane.ts';
import type { Norm } from '../../../src/guarantee/index.ts';
import { linearPrograms } from './linear-programs.ts';
import { dot } from './models.ts';

const entry = fc.float({ min: -4, max: 4, noNaN: true }).map((v) => (Math.abs(v) < 1e-3 ? 0 : v));
const within = fc.float({ min: 0, max: 1, noNaN: true });
const NORMS: readonly Norm[] = ['l1', 'l2', 'linf'];

function lengthOf(norm: Norm, d: Float64Array): number {
  if (norm === 'linf') return d.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
  return norm === 'l1' ? d.reduce((sum, v) => sum + Math.abs(v), 0) : Math.sqrt(dot(d, d));
}

/** The optimality condition in l2: d = clip(multiplier w) for one multiplier. */
function expectMultiplier(
  w: readonly number[],
  low: Float64Array,
  high: Float64Array,
  d: Float64Array,
): void {
  let multiplier = 0;
  w.forEach((v, i) => {
    if (v !== 0 && Math.abs(d[i]! / v) > Math.abs(multiplier)) multiplier = d[i]! / v;
  });
  w.forEach((v, i) => {
    expect(d[i]).toBeCloseTo(Math.min(Math.max(multiplier * v, low[i]!), high[i]!), 9);
  });
}

test.each(NORMS)(
  '%s: as short as an independent solver says, on the hyperplane and in the box',
  async (norm) => {
    const instance = fc.integer({ min: 1, max: 12 }).chain((d) =>
      fc.record({
        w: fc.array(entry, { minLength: d, maxLength: d }),
        x: fc.array(fc.oneof(within, fc.constantFrom(0, 1)), { minLength: d, maxLength: d }),
        share: fc.float({ min: Math.fround(0.01), max: Math.fround(0.99), noNaN: true }),
        down: fc.boolean(),
      }),
    );
    await fc.assert(
      fc.asyncProperty(instance, async ({ w, x, share, down }) => {
        const sign = down ? -1 : 1;
        const most = w.reduce((sum, v, i) => sum + Math.abs(v) * (v * sign > 0 ? 1 - x[i]! : x[i]!), 0);
        fc.pre(most > 1e-3);
        const wanted = share * most;
        const change = new Float64Array(w.length);
        const length = stepOntoHyperplane(norm, x, w, sign * wanted, [0, 1], change);
        expect(dot(w, change)).toBeCloseTo(sign * wanted, 10);
        change.forEach((v, i) => {
          expect(x[i]! + v).toBeGreaterThanOrEqual(-1e-15);
          expect(x[i]! + v).toBeLessThanOrEqual(1 + 1e-15);
        });
        expect(length).toBeCloseTo(lengthOf(norm, change), 12);
        const low = Float64Array.from(x, (v) => -v);
        const high = Float64Array.from(x, (v) => 1 - v);
        const rows = [Float64Array.from(w, (v) => sign * v)];
        if (norm === 'l2') expectMultiplier(w, low, high, change);
        else expect(length).toBeCloseTo(await linearPrograms(norm, rows, [wanted], low, high), 6);
      }),
      { numRuns: 60 },
    );
  },
);

test.each(NORMS)('%s: without bounds |wanted| over the dual norm, at any scale', (norm) => {
  for (const scale of [1e-38, 1, 1e37]) {
    const w = Float32Array.of(3 * scale, 0, -4 * scale);
    const change = new Float64Array(3);
    const dual = { l1: 4, l2: 5, linf: 7 }[norm] * Math.fround(scale);
    const length = stepOntoHyperplane(norm, [1, 2, 3], w, -scale, [-Infinity, Infinity], change);
    expect(length / (scale / dual)).toBeCloseTo(1, 5);
    expect(dot(w, change) / -scale).toBeCloseTo(1, 5);
  }
});

test.each(NORMS)('%s: as far as it goes where nothing is enough, and nowhere without a direction', (norm) => {
  const change = new Float64Array(3);
  stepOntoHyperplane(norm, [0.25, 1, 0.5], [2, 3, -1], 100, [0, 1], change);
  expect([...change]).toEqual([0.75, 0, -0.5]);
  expect(stepOntoHyperplane(norm, [0, 0, 0], [0, 0, 0], 1, [-Infinity, Infinity], change)).toBe(0);
  expect([...change]).toEqual([0, 0, 0]);
  expect(stepOntoHyperplane(norm, [0, 0, 0], [1, 2, 0], 0, [0, 1], change)).toBe(0);
});
