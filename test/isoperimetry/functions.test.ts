// Every function of every family: no pair of points exceeds Lipschitz constant 1, and slopes bound difference quotients.
import { describe, expect, test } from 'vitest';
import type { Norm } from '../../src/guarantee/index.ts';
import type { FunctionFamily, Points } from '../../src/isoperimetry/family.ts';
import { frameOf, standardised } from '../../src/isoperimetry/frame.ts';
import { functionsFrom } from '../../src/isoperimetry/functions.ts';
import { networkConstant, networkFunctions, type SmallNetwork } from '../../src/isoperimetry/network.ts';
import { distance, dualNormUpper } from '../../src/isoperimetry/norms.ts';
import { matrix } from '../../src/linalg/index.ts';
import { normal, rng, signs } from '../../src/random/index.ts';

const never = () => false;

function clusters(n: number, features: number): Points {
  const data = normal(rng(`clusters ${features}`), n * features);
  const side = signs(rng('sides'), n);
  for (let i = 0; i < n; i++) data[i * features]! += 2 * side[i]!;
  return { rows: n, features, data };
}

/** Points far apart and, from row `far` on, points near the first ones. */
function probes(training: Points): Points {
  const { rows, features, data } = training;
  const all = new Float64Array(2 * rows * features);
  all.set(data);
  const step = normal(rng('steps'), rows * features);
  for (let at = 0; at < step.length; at++) all[rows * features + at] = data[at]! * 1.01 + 1e-4 * step[at]!;
  return { rows: 2 * rows, features, data: all };
}

describe.each(['l2', 'l1', 'linf'] as const)('%s', (norm: Norm) => {
  test.each([12, 3, 1])('no pair of points exceeds 1 in %i dimensions', async (features) => {
    const raw = clusters(60, features);
    const training = standardised(raw, frameOf(raw, norm)!);
    const families = await functionsFrom(training, norm, rng(3), never);
    expect(families.map(({ name }) => name)).toContain('trained networks');
    const points = probes(training);
    let [largest, functions] = [0, 0];
    for (const family of families) {
      const evaluated = await family.evaluate(points);
      expect(evaluated.length).toBe(family.functions.length);
      family.functions.forEach(({ constant }, k) => {
        functions++;
        expect(constant.value).toBeLessThanOrEqual(1);
        expect(constant.norm).toBe(norm);
        const { values } = evaluated[k]!;
        for (let i = 0; i < points.rows; i++) {
          for (let j = 0; j < i; j++) {
            const far = distance(norm, points.data, i, points.data, j, features);
            largest = Math.max(largest, Math.abs(values[i]! - values[j]!) / far);
          }
        }
      });
    }
    // Rounding of values of size 1 over distances of 1e-4.
    expect(largest).toBeLessThanOrEqual(1 + 1e-10);
    expect(functions).toBeGreaterThan(25);
    // Some function goes as steeply as it may.
    expect(largest).toBeGreaterThan(0.99);
  });
});

test('slopes are squared gradients: finite differences in every coordinate', async () => {
  const features = 5;
  const raw = clusters(40, features);
  const training = standardised(raw, frameOf(raw, 'l2')!);
  const families = await functionsFrom(training, 'l2', rng(4), never);
  const step = 1e-6;
  // Kinks of the random networks lie at the training rows themselves.
  const points = { ...training, data: training.data.map((t, at) => 0.9 * t + 0.01 * Math.sin(at)) };
  const shifted = (k: number, by: number): Points => ({
    ...points,
    data: points.data.map((t, at) => (at % features === k ? t + by : t)),
  });
  let compared = 0;
  for (const family of families) {
    const slopes = (await family.evaluate(points)).map((one) => one.slopes);
    const squares = family.functions.map(() => new Float64Array(training.rows));
    for (let k = 0; k < features; k++) {
      const [up, down] = [await family.evaluate(shifted(k, step)), await family.evaluate(shifted(k, -step))];
      squares.forEach((square, f) => {
        for (let i = 0; i < square.length; i++)
          square[i]! += ((up[f]!.values[i]! - down[f]!.values[i]!) / (2 * step)) ** 2;
      });
    }
    squares.forEach((square, f) => {
      square.forEach((value, i) => {
        // An absent slope stands for 1. Kinks lie within a step of hardly any row.
        const bound = slopes[f]?.[i] ?? 1;
        expect(value).toBeLessThan(bound + 1e-4);
        if (slopes[f]) {
          compared++;
          expect(value).toBeGreaterThan(bound - 1e-4);
        }
      });
    });
  }
  expect(compared).toBeGreaterThan(300);
});

test('networks by hand: |x_1| as a sorted pair, max(0, x) as a rectified unit', async () => {
  const network = (
    activation: SmallNetwork['activation'],
    first: number[][],
    last: number[],
  ): SmallNetwork => ({
    name: 'by hand',
    activation,
    layers: [
      { weight: matrix(2, 2, Float64Array.from(first.flat())), bias: new Float64Array(2) },
      { weight: matrix(1, 2, Float64Array.from(last)), bias: new Float64Array(1) },
    ],
  });
  // max(x, -x) - 0 min = |x|, with W of norm sqrt 2 and a of norm 1.
  const absolute = network(
    'sorted',
    [
      [1, 0],
      [-1, 0],
    ],
    [1, 0],
  );
  expect(networkConstant('l2', absolute).value).toBeCloseTo(Math.SQRT2, 12);
  expect(networkConstant('linf', absolute).value).toBeCloseTo(1, 12);
  const points = { rows: 3, features: 2, data: Float64Array.of(-2, 5, 3, 1, 0.5, -1) };
  const valuesOf = async (family: FunctionFamily | undefined) =>
    Array.from((await family!.evaluate(points))[0]!.values);
  (await valuesOf(networkFunctions('f', 'linf', [absolute]))).forEach((value, i) => {
    expect(value).toBeCloseTo([2, 3, 0.5][i]!, 9);
  });
  const rectified = network(
    'relu',
    [
      [2, 0],
      [0, 0],
    ],
    [3, 7],
  );
  // |W| = 2, |a| = sqrt(58): f = 6 max(0, x) / (2 sqrt 58).
  (await valuesOf(networkFunctions('f', 'l2', [rectified]))).forEach((value, i) => {
    expect(value).toBeCloseTo((3 * [0, 3, 0.5][i]!) / Math.sqrt(58), 9);
  });
  expect(
    networkFunctions('f', 'l2', [
      network(
        'relu',
        [
          [0, 0],
          [0, 0],
        ],
        [1, 1],
      ),
    ]),
  ).toBeUndefined();
});

test('a network whose training went astray is left out', () => {
  const layer = (entry: number) => ({
    weight: matrix(1, 1, Float64Array.of(entry)),
    bias: new Float64Array(1),
  });
  const astray: SmallNetwork = { name: 'astray', activation: 'relu', layers: [layer(Number.NaN), layer(1)] };
  expect(networkFunctions('f', 'l2', [astray])).toBeUndefined();
});

test('dual norms', () => {
  const w = Float64Array.of(3, -4);
  expect(dualNormUpper('l2', w)).toBeCloseTo(5, 12);
  expect(dualNormUpper('l1', w)).toBe(4);
  expect(dualNormUpper('linf', w)).toBeCloseTo(7, 12);
});
