import { describe, expect, test } from 'vitest';
import type { Value } from '../../../src/graph/index.ts';
import * as g from '../../../src/graph/index.ts';
import { rng, uniform } from '../../../src/random/index.ts';
import { evaluate } from '../../../src/runtime/index.ts';

/** Fixed-point numbers of 500 fractional bits. */
const BITS = 500n;
const ONE = 1n << BITS;

/** arctan(1/k), for Machin's formula pi = 16 arctan(1/5) - 4 arctan(1/239). */
function arctanInverse(k: bigint): bigint {
  let [term, sum] = [ONE / k, 0n];
  for (let i = 1n; term !== 0n; i += 2n) {
    sum += (i % 4n === 1n ? term : -term) / i;
    term /= k * k;
  }
  return sum;
}
const PI = 16n * arctanInverse(5n) - 4n * arctanInverse(239n);

function squareRoot(n: bigint): bigint {
  let x = 1n << BigInt(Math.ceil(n.toString(2).length / 2));
  for (;;) {
    const y = (x + n / x) >> 1n;
    if (y >= x) return x;
    x = y;
  }
}
const ROOT_PI = squareRoot(PI << BITS);

/** The float64 nearest to a fixed-point number, give or take one unit in the 64th place. */
function toNumber(fixed: bigint): number {
  const shift = BigInt(Math.max(0, fixed.toString(2).length - 64));
  return Number(fixed >> shift) * 2 ** Number(shift - BITS);
}

/** erf by its Maclaurin series in exact arithmetic, for 1e-60 < |x| < 7: an oracle that shares nothing with the code. */
function erfExactly(x: number): number {
  if (x < 0) return -erfExactly(-x);
  const exponent = Math.floor(Math.log2(x)) - 52;
  const fixed = BigInt(x / 2 ** exponent) * 2n ** (BITS + BigInt(exponent));
  const squared = (fixed * fixed) >> BITS;
  let [term, sum] = [fixed, 0n];
  for (let n = 0n; term !== 0n; n++) {
    sum += (n % 2n === 0n ? term : -term) / (2n * n + 1n);
    term = ((term * squared) >> BITS) / (n + 1n);
  }
  return toNumber((2n * sum * ONE) / ROOT_PI);
}

/** |a - b| in units in the last place of b. */
function unitsApart(a: number, b: number): number {
  if (Object.is(a, b) || a === b) return 0;
  const unit = Math.max(2 ** -1074, 2 ** (Math.floor(Math.log2(Math.abs(b))) - 52));
  return Math.abs(a - b) / unit;
}

async function values(build: (x: Value) => Value, xs: readonly number[]): Promise<Float64Array> {
  const x = g.input('x', 'float64', [xs.length]);
  const { y } = await evaluate({ y: build(x) }, { x: Float64Array.from(xs) });
  return y.data as Float64Array;
}

const random = (low: number, high: number, count = 1000) =>
  Array.from(uniform(rng('special functions').split(`${low} ${high}`), count, low, high));

async function worst(build: (x: Value) => Value, truth: (x: number) => number, xs: readonly number[]) {
  const got = await values(build, xs);
  return Math.max(...xs.map((x, i) => unitsApart(got[i]!, truth(x))));
}

describe('float64 functions that ONNX Runtime lacks', () => {
  test('the oracle reproduces published values of erf', () => {
    // Abramowitz and Stegun, table 7.1.
    expect(erfExactly(0.5)).toBeCloseTo(0.5204998778, 10);
    expect(erfExactly(1)).toBeCloseTo(0.8427007929, 10);
    expect(erfExactly(-2)).toBeCloseTo(-0.995322265, 10);
  });

  test('erf is within 2 units in the last place everywhere', async () => {
    const xs = [...random(-1, 1), ...random(-6.5, 6.5), 1, -1, 6, 5.99, 1e-3, 1e-10, -1e-50, 0.999999999];
    expect(await worst(g.erf, erfExactly, xs)).toBeLessThanOrEqual(2);
  });

  test('erf at the ends of the range of numbers', async () => {
    const got = await values(g.erf, [0, Infinity, -Infinity, 1e300, -40, 1e-300, NaN]);
    const expected = [0, 1, -1, 1, -1, 2e-300 / Math.sqrt(Math.PI), NaN];
    expect(got[6]).toBeNaN();
    for (const [i, value] of expected.entries()) expect(unitsApart(got[i]!, value)).toBeLessThanOrEqual(1);
  });

  const cases: readonly (readonly [
    string,
    (x: Value) => Value,
    (x: number) => number,
    readonly number[],
    number,
  ])[] = [
    [
      'atan',
      g.atan,
      Math.atan,
      [...random(-4, 4), ...random(-1e4, 1e4), 0, 1, -1, 1e-300, 1e300, Infinity, -Infinity],
      3,
    ],
    ['asin', g.asin, Math.asin, [...random(-1, 1), 1, -1, 0, 1e-12], 4],
    ['acos', g.acos, Math.acos, [...random(-1, 1), 1, -1, 0], 4],
    ['sinh', g.sinh, Math.sinh, [...random(-5, 5), ...random(-1e-3, 1e-3), 19.9, 20.1, 700, -710, 0], 4],
    ['cosh', g.cosh, Math.cosh, [...random(-5, 5), 0, 710, -700], 4],
    ['asinh', (x) => g.emit1(g.Asinh, [x]), Math.asinh, [...random(-5, 5), 1e-12, 1e9, 1e200, -1e300], 4],
    ['acosh', (x) => g.emit1(g.Acosh, [x]), Math.acosh, [...random(1, 9), 1, 1 + 1e-10, 1e150], 4],
    ['atanh', (x) => g.emit1(g.Atanh, [x]), Math.atanh, [...random(-0.999, 0.999), 1e-12], 4],
    [
      'elu',
      g.elu,
      (x) => (x > 0 ? x : Math.expm1(x)),
      [...random(-9, 9), ...random(-1e-9, 1e-9), -800, 800, -1e-300],
      4,
    ],
    [
      'softplus',
      g.softplus,
      (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
      [...random(-50, 50), -700, -800, 800, 1e300],
      4,
    ],
    ['softsign', g.softsign, (x) => x / (1 + Math.abs(x)), [...random(-9, 9), 1e300, -1e-300], 1],
  ];
  test.each(cases)('%s', async (_name, build, truth, xs, units) => {
    expect(await worst(build, truth, xs)).toBeLessThanOrEqual(units);
  });
});
