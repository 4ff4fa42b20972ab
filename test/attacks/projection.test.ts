// Projections: allowed strictly, and the nearest allowed point by the variational inequality, over random inputs of all scales.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { project } from '../../src/attacks/projection.ts';
import { allows, createThreat, distance, type Threat, UNBOUNDED } from '../../src/attacks/threat.ts';
import type { InputBounds } from '../../src/graph/index.ts';
import type { Norm } from '../../src/guarantee/index.ts';
import { normal, rng, uniform } from '../../src/random/index.ts';

const NORMS: readonly Norm[] = ['l1', 'l2', 'linf'];
const BOUNDS: readonly InputBounds[] = [UNBOUNDED, [0, 1], [-0.1, 0.7]];

/** A point within the bounds, and another one that may be anywhere. */
function pair(seed: number, features: number, [low, high]: InputBounds, scale: number) {
  const key = rng('projection').split(seed);
  const within = Number.isFinite(low) ? [low, high] : [-1, 1];
  const x = Float32Array.from(uniform(key, features, within[0], within[1]), (v, i) => {
    // Bounds themselves are where images lie; 0.7 is no float32, the one below it is within.
    if (i % 3 === 0 && Number.isFinite(low)) return i % 2 ? 0 : 0.6999999;
    return Math.fround(v) > high || Math.fround(v) < low ? 0.5 : v;
  });
  const y = Float32Array.from(normal(key, features), (z, i) => x[i]! + scale * z);
  return { x, y };
}

const cases = fc.record({
  seed: fc.nat(),
  features: fc.integer({ min: 1, max: 30 }),
  norm: fc.constantFrom(...NORMS),
  bounds: fc.constantFrom(...BOUNDS),
  radius: fc.constantFrom(1e-150, 1e-9, 1e-3, 0.1, 1, 10, 1e30, 1e150),
  scale: fc.constantFrom(0, 1e-30, 1e-4, 0.3, 5, 1e20),
});

test('what is projected is allowed, and what is allowed keeps its bits', () => {
  fc.assert(
    fc.property(cases, ({ seed, features, norm, bounds, radius, scale }) => {
      const threat = createThreat(norm, radius, bounds);
      const { x, y } = pair(seed, features, bounds, scale);
      const changed = y.slice();
      project(threat, x, changed, features);
      expect(allows(threat, x, changed)).toBe(true);
      if (allows(threat, x, y)) expect(changed).toEqual(y);
      const again = changed.slice();
      project(threat, x, again, features);
      expect(again).toEqual(changed);
    }),
    { numRuns: 3000 },
  );
});

test('no allowed point is nearer: <y - p, z - p> <= 0 for allowed z, where p is the projection of y', () => {
  fc.assert(
    fc.property(cases, ({ seed, features, norm, bounds }) => {
      for (const radius of [0.03, 0.4, 3]) {
        const threat = createThreat(norm, radius, bounds);
        const { x, y } = pair(seed, features, bounds, 1);
        const p = y.slice();
        project(threat, x, p, features);
        const size = distance('l2', y, p) * (1 + distance('l2', x, y));
        let largest = 0;
        for (const z of allowedPoints(threat, x, seed)) {
          let product = 0;
          for (let i = 0; i < features; i++) product += (y[i]! - p[i]!) * (z[i]! - p[i]!);
          largest = Math.max(largest, product);
        }
        expect(largest).toBeLessThan(1e-5 * size + 1e-9);
      }
    }),
    { numRuns: 60 },
  );
});

/** Extreme points of ball and bounds among them: along one axis, along two, to a corner. */
function allowedPoints(threat: Threat, x: Float32Array, seed: number): Float64Array[] {
  const key = rng('allowed').split(seed);
  const found: Float64Array[] = [];
  const directions = Array.from({ length: 12 }, (_, k) => normal(key.split(k), x.length));
  for (let i = 0; i < x.length; i++)
    for (const sign of [-1, 1]) directions.push(Float64Array.from(x, (_, k) => (k === i ? sign : 0)));
  for (const direction of directions)
    for (const share of [1e9, 1, 0.5]) {
      let scale = share * threat.radius;
      for (let halvings = 0; halvings < 80; halvings++, scale *= 0.8) {
        const z = Float64Array.from(x, (v, i) =>
          Math.min(Math.max(v + scale * direction[i]!, threat.bounds[0]), threat.bounds[1]),
        );
        if (!allows(threat, x, z)) continue;
        found.push(z);
        break;
      }
    }
  return found;
}

test.each(NORMS)('%s: closed forms without and with bounds', (norm) => {
  const x = Float32Array.of(0, 0, 0, 0);
  const y = Float32Array.of(4, -3, 0, 0);
  const free = y.slice();
  project(createThreat(norm, 2), x, free, 4);
  // l1: the threshold 2.5 leaves 1.5 and 0.5; l2: 2/5 of the step.
  const expected = { l1: [1.5, -0.5, 0, 0], l2: [1.6, -1.2, 0, 0], linf: [2, -2, 0, 0] }[norm];
  expected.forEach((v, i) => {
    expect(free[i]).toBeCloseTo(v, 6);
  });
  const bounded = y.slice();
  project(createThreat(norm, 2, [-10, 1]), x, bounded, 4);
  // The bound stops the first entry at 1; l1 leaves 1 to the second, l2 sqrt(4 - 1).
  const stopped = { l1: [1, -1, 0, 0], l2: [1, -Math.sqrt(3), 0, 0], linf: [1, -2, 0, 0] }[norm];
  stopped.forEach((v, i) => {
    expect(bounded[i]).toBeCloseTo(v, 6);
  });
});

test.each(NORMS)(
  '%s: NaN becomes the point, infinite entries are cut, each row has its own point',
  (norm) => {
    const x = Float32Array.of(0.25, 0.5, 0.75, 0.25);
    const changed = Float32Array.of(NaN, Infinity, -Infinity, 0.25);
    const threat = createThreat(norm, 0.125, [0, 1]);
    project(threat, x, changed, 2);
    expect(changed).toEqual(Float32Array.of(0.25, 0.625, 0.625, 0.25));
    const free = Float32Array.of(NaN, Infinity, -Infinity, 0.25);
    project(createThreat(norm, Infinity), x, free, 2);
    expect(free[0]).toBe(0.25);
    expect(free.every(Number.isFinite)).toBe(true);
  },
);

test.each(NORMS)('%s: an infinite radius leaves the bounds', (norm) => {
  const x = Float32Array.of(0.5, 0.5);
  const changed = Float32Array.of(7, 0.3);
  project(createThreat(norm, Infinity, [0, 1]), x, changed, 2);
  expect(changed).toEqual(Float32Array.of(1, 0.3));
});

test.each(NORMS)('%s: a point outside the bounds is refused by name', (norm) => {
  const x = Float32Array.of(0.5, -3e-8);
  expect(() => project(createThreat(norm, 1e-9, [0, 1]), x, Float32Array.of(1, 1), 2)).toThrow(
    /entry 1 of point 0.*clip/,
  );
});
