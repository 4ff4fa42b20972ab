import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Value } from '../../src/graph/index.ts';
import * as g from '../../src/graph/index.ts';
import type { Activation } from '../../src/intervals/index.ts';
import * as intervals from '../../src/intervals/index.ts';
import { evaluate } from '../../src/runtime/index.ts';

const build: Readonly<Record<string, (x: Value) => Value>> = {
  relu: g.relu,
  leaky: (x) => g.leakyRelu(x, 0.1),
  'leaky with a negative slope': (x) => g.leakyRelu(x, -0.3),
  'leaky with a slope above 1': (x) => g.leakyRelu(x, 3),
  prelu: (x) => g.prelu(x, g.scalar('float64', 0.25)),
  elu: (x) => g.elu(x, 0.7),
  'elu with alpha above 1': (x) => g.elu(x, 1.6),
  'elu with a negative alpha': (x) => g.elu(x, -0.8),
  selu: g.selu,
  celu: (x) => g.celu(x, 0.4),
  gelu: (x) => g.gelu(x),
  'gelu by tanh': (x) => g.gelu(x, 'tanh'),
  mish: g.mish,
  'hard swish': g.hardSwish,
  'hard sigmoid': (x) => g.emit1(g.HardSigmoid, [x], {}),
  'falling hard sigmoid': (x) => g.emit1(g.HardSigmoid, [x], { alpha: -0.7, beta: 1 }),
  softsign: g.softsign,
  softplus: g.softplus,
  sigmoid: g.sigmoid,
  tanh: g.tanh,
  erf: g.erf,
  atan: g.atan,
  sin: g.sin,
  cos: g.cos,
  sinh: g.sinh,
  cosh: g.cosh,
  asinh: (x) => g.emit1(g.Asinh, [x]),
  abs: g.abs,
  exp: g.exp,
  clip: (x) => g.clip(x, -0.5, 1.25),
  'clip from below': (x) => g.clip(x, -0.5),
  'clip between crossed bounds': (x) => g.clip(x, 1, -1),
  'thresholded relu': (x) => g.emit1(g.ThresholdedRelu, [x], { alpha: 0 }),
};

const activations = Object.entries(build).map(
  ([label, make]) => [label, make, intervals.activationOf(make(g.input('x', 'float64', [1])).node)!] as const,
);

/** Intervals small and large, often around 0. */
const interval = fc
  .tuple(fc.double({ min: -9, max: 9, noNaN: true }), fc.double({ min: 0.02, max: 8, noNaN: true }))
  .map(([middle, width]) => [middle - width / 2, middle + width / 2] as const);

const grid = (low: number, high: number, n: number) =>
  Array.from({ length: n + 1 }, (_, i) => (i === n ? high : low + ((high - low) * i) / n));

/** Quotients over neighbouring points of a grid: the derivatives as they are seen from outside. */
function quotients(h: Activation['value'], points: readonly number[]): number[] {
  return points.slice(1).map((s, i) => (h(s) - h(points[i]!)) / (s - points[i]!));
}

describe.each(activations)('%s', (_label, make, activation) => {
  it('has the values of ONNX Runtime', async () => {
    const points = grid(-8, 8, 641);
    const x = g.constant(g.tensor('float64', [points.length], points));
    const { y } = await evaluate({ y: make(x) });
    for (const [i, z] of points.entries()) {
      const [got, expected] = [activation.value(z), Number(y.data[i])];
      expect(Math.abs(got - expected)).toBeLessThanOrEqual(4e-15 * (Math.abs(expected) + 0.1 * Math.abs(z)));
    }
  });

  it('encloses all values and quotients on an interval, closely', () => {
    fc.assert(
      fc.property(interval, ([low, high]) => {
        const points = grid(low, high, 400);
        const values = points.map(activation.value);
        const [bottom, top] = activation.rangeOn(low, high);
        const spread = Math.max(...values) - Math.min(...values);
        expect(Math.min(...values)).toBeGreaterThanOrEqual(bottom);
        expect(Math.max(...values)).toBeLessThanOrEqual(top);
        expect(top - Math.max(...values) + (Math.min(...values) - bottom)).toBeLessThan(
          0.02 * spread + 1e-11,
        );

        const slopes = quotients(activation.value, points);
        const [flat, steep] = activation.slopesOn(low, high);
        const size = Math.max(...slopes.map(Math.abs), 1);
        const noise = (1e-15 * Math.max(...values.map(Math.abs), 1)) / (points[1]! - low);
        expect(Math.min(...slopes)).toBeGreaterThanOrEqual(flat - noise);
        expect(Math.max(...slopes)).toBeLessThanOrEqual(steep + noise);
        // A quotient over a kink lies between the slopes beside it.
        expect(flat).toBeGreaterThan(Math.min(...slopes) - 0.05 * size);
        expect(steep).toBeLessThan(Math.max(...slopes) + 0.05 * size);
        expect(flat).toBeGreaterThanOrEqual(activation.slopes[0]);
        expect(steep).toBeLessThanOrEqual(activation.slopes[1]);
      }),
      { numRuns: 40, seed: 5 },
    );
  });

  it('is narrow at a point', () => {
    fc.assert(
      fc.property(fc.double({ min: -9, max: 9, noNaN: true }), (z) => {
        const [low, high] = activation.rangeOn(z, z);
        expect(low).toBeLessThanOrEqual(activation.value(z));
        expect(high).toBeGreaterThanOrEqual(activation.value(z));
        expect(high - low).toBeLessThan(1e-13 * (1 + Math.abs(activation.value(z))));
      }),
      { numRuns: 60, seed: 6 },
    );
  });

  it('is defined at infinite and at huge ends', () => {
    for (const [low, high] of [
      [-Infinity, Infinity],
      [-Infinity, -1e300],
      [1e300, Infinity],
      [-1e150, 1e-150],
      [-1e308, 1e308],
    ] as const) {
      for (const [a, b] of [activation.rangeOn(low, high), activation.slopesOn(low, high)])
        expect(a <= b).toBe(true);
    }
    const [low, high] = activation.rangeOn(-Infinity, Infinity);
    for (const z of grid(-700, 700, 200)) {
      expect(activation.value(z)).toBeGreaterThanOrEqual(low);
      expect(activation.value(z)).toBeLessThanOrEqual(high);
    }
  });
});

describe('closed forms', () => {
  const near = ([low, high]: intervals.Range, expected: readonly [number, number], digits = 11) => {
    expect(low).toBeCloseTo(expected[0], digits);
    expect(high).toBeCloseTo(expected[1], digits);
    expect(low).toBeLessThanOrEqual(expected[0] + 1e-15);
    expect(high).toBeGreaterThanOrEqual(expected[1] - 1e-15);
  };

  it('knows the slopes of smooth units everywhere', () => {
    // h'' = 0 at sqrt 2: Phi(sqrt 2) + sqrt 2 phi(sqrt 2).
    const steepest = 0.9213503964748574 + Math.exp(-1) / Math.sqrt(Math.PI);
    near(intervals.GELU.slopes, [1 - steepest, steepest]);
    // x tanh(x / 2) = 2, with slope 1/2 + x/4 at that x.
    let x = 2.4;
    for (let i = 0; i < 60; i++) x = 2 / Math.tanh(x / 2);
    near(intervals.SILU.slopes, [0.5 - x / 4, 0.5 + x / 4]);
    near(intervals.ERF.slopes, [0, 2 / Math.sqrt(Math.PI)]);
    near(intervals.SIGMOID.slopes, [0, 0.25]);
    near(intervals.TANH.slopes, [0, 1]);
    const selu = intervals.exponentialUnit('Selu', 1.0507009873554805, 1.6732632423543772, 1);
    near(selu.slopes, [0, 1.7580993408473766]);
    near(intervals.HARD_SWISH.slopes, [-0.5, 1.5]);
  });

  it('knows the lowest values of units that are not monotone', () => {
    // Published to these digits.
    expect(intervals.GELU.rangeOn(-3, 3)[0]).toBeCloseTo(-0.1699712074799, 12);
    expect(intervals.SILU.rangeOn(-3, 3)[0]).toBeCloseTo(-0.27846454276107, 12);
    expect(intervals.MISH.rangeOn(-3, 3)[0]).toBeCloseTo(-0.30884341301726, 11);
    expect(intervals.HARD_SWISH.rangeOn(-3, 3)[0]).toBe(-0.375);
  });

  it('takes both sides at a kink inside, one at a kink at the end, both at a point', () => {
    const { RELU, ABS } = intervals;
    expect(RELU.slopesOn(-1, 2)).toStrictEqual([0, 1]);
    expect(RELU.slopesOn(0, 2)).toStrictEqual([1, 1]);
    expect(RELU.slopesOn(-2, 0)).toStrictEqual([0, 0]);
    expect(RELU.slopesOn(0, 0)).toStrictEqual([0, 1]);
    expect(ABS.slopesOn(0, 0)).toStrictEqual([-1, 1]);
    const elu = intervals.exponentialUnit('Elu', 1, 2, 1);
    near(elu.slopesOn(0, 1), [1, 1]);
    near(elu.slopesOn(0, 0), [1, 2]);
    near(elu.slopesOn(-1, 0), [2 / Math.E, 2]);
    near(
      elu.slopesOn(-1, 1),
      [2 / Math.E, 2].map((s, i) => (i === 0 ? Math.min(s, 1) : s)) as [number, number],
    );
  });

  it('knows that a threshold is a jump', () => {
    const unit = intervals.thresholdedReluOf(1);
    expect(unit.slopes).toStrictEqual([0, Infinity]);
    expect(unit.slopesOn(1.5, 4)).toStrictEqual([1, 1]);
    expect(unit.slopesOn(-3, 0.5)).toStrictEqual([0, 0]);
    expect(unit.rangeOn(0, 3)).toStrictEqual([0, 3]);
    expect(intervals.thresholdedReluOf(-1).slopes).toStrictEqual([-Infinity, 1]);
  });

  it('leaves operators that are no activation alone', () => {
    const x = g.input('x', 'float64', [2]);
    expect(intervals.activationOf(g.add(x, x).node)).toBeUndefined();
    expect(
      intervals.activationOf(g.prelu(x, g.constant(g.tensor('float64', [2], [0.1, 0.2]))).node),
    ).toBeUndefined();
    expect(intervals.lipschitzOf(intervals.preluOf(-2))).toBe(2);
  });
});
