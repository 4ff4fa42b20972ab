import { expect, test } from 'vitest';
import { createThreat } from '../../src/attacks/index.ts';
import { classStabilityFromBelow, createCertifier } from '../../src/certificates/index.ts';
import { CLASSES, label, linearModel } from './models.ts';

test('of a linear model is the mean distance to its hyperplane, and never above it', () => {
  // Class 1 where 3 a + 4 b > 0, at distance |3 a + 4 b| / 5.
  const certifier = createCertifier(linearModel([[3, 4]], [0]), CLASSES, createThreat('l2', Infinity), 1);
  const points = [
    [1, 1, 1],
    [2, -1, 1],
    [-5, 0, 0],
    // Wrong already.
    [1, 1, 0],
  ] as const;
  const radii = points.map(([a, b, c]) => certifier.radius([a, b], label(c, 2)));
  const exact = (7 / 5 + 2 / 5 + 15 / 5 + 0) / 4;
  expect(classStabilityFromBelow(radii)).toBeLessThanOrEqual(exact);
  expect(classStabilityFromBelow(radii)).toBeGreaterThan(exact * (1 - 1e-6));
  expect(classStabilityFromBelow([{ radius: Infinity }, { radius: 1 }])).toBe(Infinity);
  expect(() => classStabilityFromBelow([])).toThrow(/number of certified points: 0/);
});
