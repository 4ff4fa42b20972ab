import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { gradient, input, reduceSum } from '../../src/graph/index.ts';
import { ACTIVATIONS, type Activation } from '../../src/models/index.ts';
import { erf } from '../../src/numeric/index.ts';
import { evaluate } from '../../src/runtime/index.ts';

/** The definitions. */
const FORMULAS: Readonly<Record<Activation, (z: number) => number>> = {
  relu: (z) => Math.max(0, z),
  'leaky-relu': (z) => (z > 0 ? z : z / 100),
  elu: (z) => (z > 0 ? z : Math.expm1(z)),
  gelu: (z) => (z * (1 + erf(z / Math.SQRT2))) / 2,
  silu: (z) => z / (1 + Math.exp(-z)),
  softplus: (z) => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z))),
  tanh: Math.tanh,
  cos: Math.cos,
  sigmoid: (z) => 1 / (1 + Math.exp(-z)),
  square: (z) => z * z,
  abs: Math.abs,
};

const names = Object.keys(ACTIVATIONS) as Activation[];

/** phi, phi' and phi'' at the points, by graphs. */
async function jets(name: Activation, points: Float64Array) {
  const z = input('z', 'float64', [points.length]);
  const y = ACTIVATIONS[name].apply(z);
  const first = gradient(reduceSum(y), [z])[0]!;
  const second = gradient(reduceSum(first), [z])[0]!;
  const got = await evaluate({ y, first, second }, { z: points });
  const [values, slopes, curvatures] = [got.y, got.first, got.second].map((t) => t.data as Float64Array);
  return { y: values!, first: slopes!, second: curvatures! };
}

describe.each(names)('%s', (name) => {
  const phi = FORMULAS[name];

  test('is its formula, and its derivatives those of the formula by central differences', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.double({ min: -6, max: 6, noNaN: true }), { minLength: 1, maxLength: 20 }),
        async (zs) => {
          // Away from the kinks by more than the steps of the differences.
          const points = Float64Array.from(zs, (z) => (Math.abs(z) < 0.01 ? z + 0.02 : z));
          const { y, first, second } = await jets(name, points);
          points.forEach((z, i) => {
            expect(y[i]).toBeCloseTo(phi(z), 8);
            const h = 1e-3;
            const [a, b, c, e] = [-2, -1, 1, 2].map((k) => phi(z + k * h)) as [
              number,
              number,
              number,
              number,
            ];
            expect(first[i]).toBeCloseTo((a - 8 * b + 8 * c - e) / (12 * h), 6);
            expect(second[i]).toBeCloseTo((-a + 16 * b - 30 * phi(z) + 16 * c - e) / (12 * h * h), 4);
          });
        },
      ),
      { numRuns: 5 },
    );
  });

  test('has the parity that it claims', () => {
    const differences = Array.from({ length: 40 }, (_, i) => (i + 1) / 7);
    const even = differences.every((z) => Math.abs(phi(z) - phi(-z)) < 1e-12);
    const odd = differences.every((z) => Math.abs(phi(z) + phi(-z)) < 1e-12);
    expect(ACTIVATIONS[name].parity).toBe(even ? 'even' : odd ? 'odd' : 'neither');
  });

  test('is smooth exactly where one-sided second derivatives and slopes at 0 agree', () => {
    const h = 1e-4;
    const side = (s: 1 | -1) => ({
      slope: (s * (-3 * phi(0) + 4 * phi(s * h) - phi(2 * s * h))) / (2 * h),
      curvature: (2 * phi(0) - 5 * phi(s * h) + 4 * phi(2 * s * h) - phi(3 * s * h)) / h ** 2,
    });
    const [left, right] = [side(-1), side(1)];
    const agree =
      Math.abs(left.slope - right.slope) < 1e-3 && Math.abs(left.curvature - right.curvature) < 1e-2;
    expect(ACTIVATIONS[name].smooth).toBe(agree);
  });

  test('keeps the second moment of a standard normal with its gain', () => {
    // The midpoint rule over [-12, 12]; the kinks lie on its grid.
    const h = 1e-4;
    let moment = 0;
    for (let z = -12 + h / 2; z < 12; z += h) moment += phi(z) ** 2 * Math.exp((-z * z) / 2);
    moment *= h / Math.sqrt(2 * Math.PI);
    expect(ACTIVATIONS[name].gain * moment).toBeCloseTo(1, 7);
  });
});
