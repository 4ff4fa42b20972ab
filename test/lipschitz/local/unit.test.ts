import { describe, expect, it } from 'vitest';
import { RELU } from '../../../src/intervals/index.ts';
import { ABSOLUTE, activationUnit, factorUnit, type Lines } from '../../../src/lipschitz/local/unit.ts';
import { normal, rng, uniform } from '../../../src/random/index.ts';
import { PIECEWISE, SMOOTH } from './support.ts';

const key = rng('units');

/** Random intervals: wide, narrow, one-sided, far out, and around zero by a hair. */
function intervals(name: string): [number, number][] {
  return Array.from({ length: 60 }, (_, i) => {
    const [centre, width] = normal(key.split(`${name} ${i}`), 2) as unknown as [number, number];
    const scale = [1, 1, 4, 30, 1e-3, 1e-9, 1e-160][i % 7]!;
    const middle = i % 7 === 6 || i % 5 === 0 ? 0 : 2 * centre;
    return [middle - scale * Math.abs(width), middle + scale * Math.abs(centre)];
  });
}

const between = (low: number, high: number, name: string): number[] => [
  low,
  high,
  ...uniform(key.split(name), 40, 0, 1).map((t) => Math.min(high, Math.max(low, low + t * (high - low)))),
];

/** How far the graph leaves the lines, against the size of the numbers in play. */
function escapeOf(
  { lowerSlope, lowerIntercept, upperSlope, upperIntercept }: Lines,
  z: number,
  value: number,
): number {
  const slack = 1e-15 * (Math.abs(value) + Math.abs(upperSlope * z) + Math.abs(lowerSlope * z)) + 1e-300;
  return Math.max(lowerSlope * z + lowerIntercept - value, value - upperSlope * z - upperIntercept) - slack;
}

describe('lines around activations', () => {
  for (const activation of [...PIECEWISE, ...SMOOTH]) {
    it(`hold for ${activation.name} wherever the interval lies`, () => {
      const unit = activationUnit(activation);
      for (const [low, high] of intervals(activation.name)) {
        const lines = unit.lines(low, high);
        const [least, largest] = unit.range(low, high);
        const escapes = between(low, high, activation.name).map((z) => {
          const value = activation.value(z);
          return Math.max(escapeOf(lines, z, value), least - value, value - largest);
        });
        expect(Math.max(...escapes)).toBeLessThanOrEqual(0);
      }
    });
  }

  it('are the triangle of ReLU: the chord above, 0 or z below', () => {
    const unit = activationUnit(RELU);
    const steep = unit.lines(-1, 3);
    expect([steep.upperSlope, steep.upperIntercept]).toEqual([0.75, expect.closeTo(0.75, 14)]);
    expect([steep.lowerSlope, steep.lowerIntercept]).toEqual([1, expect.closeTo(0, 14)]);
    expect(unit.lines(-3, 1).lowerSlope).toBe(0);
    expect(unit.lines(1, 2)).toMatchObject({ lowerSlope: 1, upperSlope: 1 });
    expect(unit.lines(-2, -1)).toMatchObject({ lowerSlope: 0, upperSlope: 0 });
  });

  it('close on smooth activations at the square of the width', () => {
    for (const activation of SMOOTH) {
      const unit = activationUnit(activation);
      const gap = (width: number) => {
        const { lowerSlope, lowerIntercept, upperSlope, upperIntercept } = unit.lines(0.3, 0.3 + width);
        const z = 0.3 + width / 2;
        return (upperSlope - lowerSlope) * z + upperIntercept - lowerIntercept;
      };
      // Curvature at most 1: chord and tangent part by w^2 / 8, the polygon adds little.
      expect(gap(0.1)).toBeLessThan(0.1 ** 2 / 6);
      expect(gap(0.01)).toBeLessThan(0.01 ** 2 / 6);
    }
  });
});

describe('lines around products with a factor in [a, b]', () => {
  it('hold for every factor', () => {
    for (let i = 0; i < 200; i++) {
      const [p, q, s, t] = normal(key.split(`factor ${i}`), 4) as unknown as [number, number, number, number];
      const [a, b] = i % 4 === 0 ? ([0, 1] as const) : ([Math.min(p, q), Math.max(p, q)] as const);
      const [low, high] = [Math.min(s, t), Math.max(s, t)];
      const unit = factorUnit([a, b]);
      const lines = unit.lines(low, high);
      const [least, largest] = unit.range(low, high);
      const escapes = between(low, high, `factor ${i}`).flatMap((g) =>
        [a, b, (a + b) / 2].map((factor) =>
          Math.max(escapeOf(lines, g, factor * g), least - factor * g, factor * g - largest),
        ),
      );
      expect(Math.max(...escapes)).toBeLessThanOrEqual(0);
    }
  });

  it('are exact at the ends of the interval', () => {
    const { upperSlope, upperIntercept } = factorUnit([0, 1]).lines(-1, 3);
    expect(upperSlope * -1 + upperIntercept).toBeCloseTo(0, 14);
    expect(upperSlope * 3 + upperIntercept).toBeCloseTo(3, 14);
  });

  it('absolute values lie below their chord', () => {
    for (const [low, high] of intervals('absolute')) {
      const lines = ABSOLUTE.lines(low, high);
      const escapes = between(low, high, 'absolute').map((z) => escapeOf(lines, z, Math.abs(z)));
      expect(Math.max(...escapes)).toBeLessThanOrEqual(0);
    }
  });
});
