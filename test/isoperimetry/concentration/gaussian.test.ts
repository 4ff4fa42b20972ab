// The concentration function of Gaussians against quadrature, a published value and what it must satisfy.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { gaussianHalfSpace } from '../../../src/isoperimetry/index.ts';

/** P(Z <= x) by Simpson's rule from -12. */
function massBelow(x: number): number {
  const intervals = 4000;
  const step = (x + 12) / intervals;
  let sum = 0;
  for (let i = 0; i <= intervals; i++) {
    const weight = i === 0 || i === intervals ? 1 : i % 2 === 1 ? 4 : 2;
    sum += weight * Math.exp(-((-12 + i * step) ** 2) / 2);
  }
  return (sum * step) / 3 / Math.sqrt(2 * Math.PI);
}

test('the published value at alpha 0.05 and distance 1 is 0.2595', () => {
  expect(gaussianHalfSpace(0.05, 1, 1)).toBeCloseTo(0.2595, 4);
});

test.each([
  [0.01, 0.3, 1],
  [0.5, 2, 4],
  [0.2, 0.1, 0.05],
])('alpha %f, epsilon %f, sigma %f against quadrature', (alpha, epsilon, sigma) => {
  let [low, high] = [-12, 12];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (massBelow(middle) < alpha) low = middle;
    else high = middle;
  }
  expect(gaussianHalfSpace(alpha, epsilon, sigma)).toBeCloseTo(massBelow(low + epsilon / sigma), 9);
});

test('two expansions are one by the sum; none changes nothing; at any scale', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0.01, max: 0.9, noNaN: true }),
      fc.double({ min: 0, max: 1.5, noNaN: true }),
      fc.double({ min: 0, max: 1.5, noNaN: true }),
      fc.integer({ min: -300, max: 300 }),
      (alpha, a, b, exponent) => {
        const sigma = 2 ** exponent;
        const once = gaussianHalfSpace(alpha, a * sigma, sigma);
        expect(gaussianHalfSpace(once, b * sigma, sigma)).toBeCloseTo(gaussianHalfSpace(alpha, a + b, 1), 9);
        expect(gaussianHalfSpace(alpha, 0, sigma)).toBeCloseTo(alpha, 12);
      },
    ),
  );
});

test.each([
  [0, 1, 1, /alpha: 0/],
  [1, 1, 1, /alpha: 1/],
  [0.1, -1, 1, /epsilon: -1/],
  [0.1, Number.NaN, 1, /epsilon: NaN/],
  [0.1, 1, 0, /sigma: 0/],
])('alpha %f, epsilon %f, sigma %f are refused', (alpha, epsilon, sigma, message) => {
  expect(() => gaussianHalfSpace(alpha, epsilon, sigma)).toThrow(message);
});
