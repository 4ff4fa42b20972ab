import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { operators } from '../../src/graph/index.ts';
import { intervalEvaluator, intervalsOf, jacobianIntervals } from '../../src/intervals/index.ts';
import { rng } from '../../src/random/index.ts';
import { instances } from '../graph/ops/instances/index.ts';
import {
  boxAround,
  entries,
  expectWithin,
  jacobiansAt,
  pointsOf,
  subjectOf,
  valuesAt,
  widthOf,
} from './containment.ts';

const RADII = [0, 1e-9, 1e-3, 0.05, 0.6] as const;

describe.each(Object.entries(instances))('%s', (name, arbitrary) => {
  it('stays within its enclosure', async () => {
    expect(operators.has(name)).toBe(true);
    await fc.assert(
      fc.asyncProperty(arbitrary, fc.nat(1e6), fc.constantFrom(...RADII), async (one, seed, radius) => {
        const { graph, point } = subjectOf(one, rng(seed));
        const box = boxAround(point, radius);
        const points = pointsOf(box, 5, rng(seed).split('points'));
        const enclosure = intervalsOf(graph, box);
        for (const values of await valuesAt(graph, points))
          expectWithin(values, enclosure, 1e-12, `${one.label} radius ${radius} seed ${seed}`);
        const atPoint = intervalEvaluator(graph)(boxAround(point, 0));
        expect(widthOf(atPoint), `${one.label} seed ${seed}`).toBeLessThan(1e-11);
      }),
      { numRuns: 7, seed: 11 },
    );
  });

  it('has its derivatives within theirs', async () => {
    await fc.assert(
      fc.asyncProperty(arbitrary, fc.nat(1e6), fc.constantFrom(...RADII), async (one, seed, radius) => {
        const { graph, point } = subjectOf(one, rng(seed));
        const box = boxAround(point, radius);
        const points = pointsOf(box, 3, rng(seed).split('points'));
        const enclosure = entries(jacobianIntervals(graph, box));
        for (const jacobian of await jacobiansAt(graph, points))
          expectWithin(jacobian, enclosure, 1e-11, `${one.label} radius ${radius} seed ${seed}`);
        // The points keep away from kinks and jumps, so that little remains open on a small box.
        if (radius === 1e-9) expect(widthOf(enclosure), `${one.label} seed ${seed}`).toBeLessThan(1e-4);
      }),
      { numRuns: 7, seed: 12 },
    );
  });
});
