import { describe, expect, test } from 'vitest';
import type { Norm } from '../../../src/guarantee/index.ts';
import { type Matrix, matrix } from '../../../src/linalg/index.ts';
import {
  logSoftmaxConstant,
  normalizationConstant,
  responseConstant,
  softmaxConstant,
} from '../../../src/lipschitz/composition/normalization.ts';
import { normal, rng } from '../../../src/random/index.ts';
import { NORMS, normOf } from './jacobians.ts';

type Vector = readonly number[];

/** The Jacobian by central differences, good to about 1e-8. */
function jacobian(f: (x: Vector) => Vector, x: Vector): Matrix {
  const h = 1e-5;
  const columns = x.map((_, j) => {
    const at = (t: number) => f(x.map((v, i) => (i === j ? v + t : v)));
    const [up, down] = [at(h), at(-h)];
    return up.map((v, i) => (v - down[i]!) / (2 * h));
  });
  return matrix(
    x.length,
    x.length,
    Float64Array.from({ length: x.length ** 2 }, (_, k) => columns[k % x.length]![Math.floor(k / x.length)]!),
  );
}

/** The largest norm of the Jacobian over these points. */
const steepest = (f: (x: Vector) => Vector, points: readonly Vector[], norm: Norm) =>
  points.reduce((largest, x) => Math.max(largest, normOf(jacobian(f, x), norm)), 0);

const softmax = (x: Vector): number[] => {
  const top = Math.max(...x);
  const e = x.map((v) => Math.exp(v - top));
  const total = e.reduce((a, b) => a + b, 0);
  return e.map((v) => v / total);
};
const logSoftmax = (x: Vector): number[] => {
  const top = Math.max(...x);
  const rest = Math.log(x.reduce((a, v) => a + Math.exp(v - top), 0));
  return x.map((v) => v - top - rest);
};
const normalized =
  (epsilon: number, centred: boolean) =>
  (x: Vector): number[] => {
    const mean = centred ? x.reduce((a, b) => a + b, 0) / x.length : 0;
    const c = x.map((v) => v - mean);
    const square = c.reduce((a, b) => a + b * b, 0) / x.length;
    return c.map((v) => v / Math.sqrt(square + epsilon));
  };

const random = (n: number, count: number, scale: number): Vector[] =>
  Array.from({ length: count }, (_, i) => Array.from(normal(rng(`${n} ${i}`), n), (v) => v * scale));
/** One entry a, the others b. */
const oneAgainstRest = (n: number, a: number, b: number): Vector =>
  Array.from({ length: n }, (_, i) => (i === 0 ? a : b));

describe('softmax', () => {
  test.each([2, 3, 5, 12])('of %i numbers: 1/2 in all norms, approached, never exceeded', (n) => {
    const two = Array.from({ length: n }, (_, i) => (i < 2 ? 0 : -30));
    for (const norm of NORMS) {
      const constant = softmaxConstant(n);
      expect(steepest(softmax, [...random(n, 60, 1), ...random(n, 60, 5)], norm)).toBeLessThan(
        constant + 1e-7,
      );
      expect(steepest(softmax, [two], norm)).toBeGreaterThan(constant - 1e-6);
    }
  });

  test.each([2, 3, 5, 12])('logarithm of %i numbers: n - 1, sqrt(n), 2', (n) => {
    // p tends to a unit vector: for l1 and l2 the one that the column belongs to, for linf that of another row.
    const one = oneAgainstRest(n, 20, 0);
    for (const norm of NORMS) {
      const constant = logSoftmaxConstant(n, norm);
      const points = [...random(n, 60, 1), ...random(n, 60, 5)];
      expect(steepest(logSoftmax, points, norm)).toBeLessThan(constant + 1e-6);
      expect(steepest(logSoftmax, [one], norm)).toBeGreaterThan(constant * (1 - 1e-5));
    }
  });
});

describe('normalisation', () => {
  // A grid over the family in which the proof attains its bound.
  const family = (n: number, epsilon: number): Vector[] => {
    const scales = Array.from({ length: 45 }, (_, i) => 0.05 * 1.17 ** i * Math.sqrt(epsilon));
    return scales.flatMap((a) => scales.map((b) => oneAgainstRest(n, a, b)));
  };

  test.each([2, 4, 5, 9, 16])('without centring, of %i numbers: attained, never exceeded', (n) => {
    const epsilon = 0.3;
    const f = normalized(epsilon, false);
    for (const norm of NORMS) {
      const constant = normalizationConstant(n, epsilon, false, norm);
      const found = steepest(
        f,
        [new Array<number>(n).fill(0), ...family(n, epsilon), ...random(n, 100, 1)],
        norm,
      );
      expect(found).toBeLessThan(constant * (1 + 1e-7));
      expect(found).toBeGreaterThan(constant * 0.995);
    }
  });

  test.each([2, 3, 4, 8, 16])(
    'centred, of %i numbers: attained in l2, never exceeded, close in l1 and linf',
    (n) => {
      const epsilon = 0.3;
      const f = normalized(epsilon, true);
      // Entries of a few sizes: one against the rest in halves of both signs.
      const halves = Array.from({ length: 30 }, (_, i) => 0.1 * 1.2 ** i).flatMap((b) =>
        [0, 0.3, 1, 2, 3].map((a) => Array.from({ length: n }, (_, i) => (i === 0 ? a * b : i % 2 ? b : -b))),
      );
      const points = [
        new Array<number>(n).fill(0),
        ...halves,
        ...random(n, 100, 1),
        ...family(n, epsilon).slice(0, 400),
      ];
      for (const norm of NORMS) {
        const constant = normalizationConstant(n, epsilon, true, norm);
        const found = steepest(f, points, norm);
        expect(found).toBeLessThan(constant * (1 + 1e-7));
        expect(found).toBeGreaterThan(constant * (norm === 'l2' ? 1 - 1e-6 : 0.6));
      }
    },
  );

  test('with the epsilon of practice the constants are huge and finite, and scale as epsilon^(-1/2)', () => {
    expect(normalizationConstant(768, 1e-5, true, 'l2')).toBeCloseTo(Math.sqrt(1e5), 9);
    for (const norm of NORMS) {
      const ratio = normalizationConstant(50, 1e-12, true, norm) / normalizationConstant(50, 1, true, norm);
      expect(ratio / 1e6).toBeCloseTo(1, 9);
      expect(normalizationConstant(1, 1e-5, true, norm)).toBe(0);
    }
  });

  test('over neighbouring channels: never exceeded', () => {
    for (const [size, alpha, beta, bias] of [
      [3, 2, 0.75, 0.5],
      [5, 10, 0.5, 1],
      [1, 1, 2, 2],
    ] as const) {
      const f = (x: Vector) =>
        x.map((v, i) => {
          const from = i - Math.floor((size - 1) / 2);
          const near = x.slice(Math.max(0, from), from + size);
          return v / (bias + (alpha / size) * near.reduce((a, b) => a + b * b, 0)) ** beta;
        });
      for (const norm of NORMS) {
        const found = Math.max(
          ...[0.1, 0.5, 1, 3].map((scale) => steepest(f, [...random(7, 60, scale), [0, 0, 0]], norm)),
        );
        const constant = responseConstant(size, bias, beta, norm);
        expect(found).toBeLessThan(constant * (1 + 1e-7));
        expect(found).toBeGreaterThan(constant * 0.19);
      }
    }
  });
});
