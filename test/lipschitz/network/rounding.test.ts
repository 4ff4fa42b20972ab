// The stated errors of merged coefficients against exact rational arithmetic.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  add,
  averagePool,
  batchNormalization,
  conv,
  div,
  flatten,
  graph,
  input,
  linear,
  mul,
  numbersOf,
  parameter,
  reduceMean,
  reshape,
  sub,
  tensor,
  tensorOf,
  type Value,
} from '../../../src/graph/index.ts';
import { type Matrix, matrix } from '../../../src/linalg/index.ts';
import { composeOutput } from '../../../src/lipschitz/network/compose.ts';
import type { AffineForm } from '../../../src/lipschitz/network/network.ts';
import { readNetwork } from '../../../src/lipschitz/network/read.ts';
import { normal, rng } from '../../../src/random/index.ts';
import { exact } from '../../numeric/exact.ts';

/** numerator / denominator, denominator > 0. */
interface Rational {
  readonly n: bigint;
  readonly d: bigint;
}
const UNIT = 1n << 1074n;
const of = (x: number): Rational => reduced({ n: exact(x), d: UNIT });
const times = (a: Rational, b: Rational): Rational => reduced({ n: a.n * b.n, d: a.d * b.d });
const plus = (a: Rational, b: Rational): Rational => reduced({ n: a.n * b.d + b.n * a.d, d: a.d * b.d });
const minus = (a: Rational, b: Rational): Rational => plus(a, { n: -b.n, d: b.d });
const over = (a: Rational, b: Rational): Rational =>
  b.n < 0n ? over({ n: -a.n, d: a.d }, { n: -b.n, d: b.d }) : reduced({ n: a.n * b.d, d: a.d * b.n });
const atMost = (a: Rational, b: Rational): boolean => a.n * b.d <= b.n * a.d;
const size = (a: Rational): Rational => (a.n < 0n ? { n: -a.n, d: a.d } : a);
/** Common powers of two taken out: all but the divisions make no others. */
function reduced({ n, d }: Rational): Rational {
  if (n === 0n) return { n, d: 1n };
  let [a, b] = [n, d];
  while ((a & 0xffffffffn) === 0n && (b & 0xffffffffn) === 0n) [a, b] = [a >> 32n, b >> 32n];
  while ((a & 1n) === 0n && (b & 1n) === 0n) [a, b] = [a >> 1n, b >> 1n];
  return { n: a, d: b };
}

/** Rows over the input, and constants: an affine map in exact arithmetic. */
interface Affine {
  readonly w: readonly (readonly Rational[])[];
  readonly b: readonly Rational[];
}
const ZERO: Rational = { n: 0n, d: 1n };
const ONE: Rational = { n: 1n, d: 1n };
const start = (features: number): Affine => ({
  w: Array.from({ length: features }, (_, i) =>
    Array.from({ length: features }, (_, j) => (i === j ? ONE : ZERO)),
  ),
  b: new Array<Rational>(features).fill(ZERO),
});
const rationals = (v: Value) => numbersOf(tensorOf(v)!).map(of);
const sumOf = (values: readonly Rational[]) => values.reduce(plus, ZERO);
/** A map given by rows of factors, applied after another. */
const after = (rows: readonly (readonly Rational[])[], b: readonly Rational[], p: Affine): Affine => ({
  w: rows.map((row) => p.w[0]!.map((_, j) => sumOf(row.map((c, k) => times(c, p.w[k]![j]!))))),
  b: rows.map((row, i) => plus(b[i]!, sumOf(row.map((c, k) => times(c, p.b[k]!))))),
});
const elementwise = (p: Affine, f: (v: Rational, i: number, bias: boolean) => Rational): Affine => ({
  w: p.w.map((row, i) => row.map((v) => f(v, i, false))),
  b: p.b.map((v, i) => f(v, i, true)),
});

/** Whether every true coefficient and bias lies within the stated errors of the stored ones. */
function holds(form: AffineForm, truth: Affine): boolean {
  const [w] = form.terms.values();
  const within = (stored: number, error: number, exactly: Rational) =>
    atMost(size(minus(of(stored), exactly)), of(error));
  return truth.w.every(
    (row, i) =>
      within(form.bias[i]!, form.biasError, truth.b[i]!) &&
      row.every((v, j) => within(w?.data[i * w.columns + j] ?? 0, form.coefficientError, v)),
  );
}

interface Step {
  readonly value: Value;
  readonly truth: Affine;
}
const N = 4;
let made = 0;
const drawn = (seed: number, shape: readonly number[], float64: boolean, scale: number) => {
  const values = normal(
    rng(seed),
    shape.reduce((a, b) => a * b),
  );
  return parameter(
    `w${made++}`,
    tensor(
      'float64',
      shape,
      Array.from(values, (v) => (float64 ? v * scale : Math.fround(v * scale))),
    ),
  );
};
type Draw = (shape: readonly number[]) => Value;
/** Affine steps on [1, N], and the same in rational arithmetic. */
const STEPS: Readonly<Record<string, (s: Step, draw: Draw) => Step>> = {
  linear: ({ value, truth }, draw) => {
    const [w, b] = [draw([N, N]), draw([N])];
    const flat = rationals(w);
    const rows = Array.from({ length: N }, (_, i) => flat.slice(i * N, (i + 1) * N));
    return { value: linear(value, w, b), truth: after(rows, rationals(b), truth) };
  },
  scale: ({ value, truth }, draw) => {
    const c = draw([N]);
    const factors = rationals(c);
    return { value: mul(value, c), truth: elementwise(truth, (v, i) => times(v, factors[i]!)) };
  },
  divide: ({ value, truth }, draw) => {
    const c = draw([N]);
    const divisors = rationals(c);
    return { value: div(value, c), truth: elementwise(truth, (v, i) => over(v, divisors[i]!)) };
  },
  shift: ({ value, truth }, draw) => {
    const c = draw([1]);
    const [s] = rationals(c);
    return {
      value: sub(c, value),
      truth: elementwise(truth, (v, _, bias) => minus(bias ? s! : ZERO, v)),
    };
  },
  residual: ({ value, truth }, draw) => {
    const branch = STEPS.linear!({ value, truth }, draw);
    return {
      value: add(value, branch.value),
      truth: {
        w: truth.w.map((row, i) => row.map((v, j) => plus(v, branch.truth.w[i]![j]!))),
        b: truth.b.map((v, i) => plus(v, branch.truth.b[i]!)),
      },
    };
  },
  centre: ({ value, truth }) => {
    const rows = Array.from({ length: N }, (_, i) =>
      Array.from({ length: N }, (_, j) => minus(i === j ? ONE : ZERO, { n: 1n, d: BigInt(N) })),
    );
    const b = new Array<Rational>(N).fill(ZERO);
    return { value: sub(value, reduceMean(value, [1], true)), truth: after(rows, b, truth) };
  },
  convolve: ({ value, truth }, draw) => {
    const w = draw([1, 1, 3]);
    const taps = rationals(w);
    const rows = Array.from({ length: N }, (_, i) =>
      Array.from({ length: N }, (_, j) => taps[j - i + 1] ?? ZERO),
    );
    const image = conv(reshape(value, [1, 1, N]), w, undefined, { pads: [1, 1] });
    return { value: flatten(image), truth: after(rows, new Array<Rational>(N).fill(ZERO), truth) };
  },
  pool: ({ value, truth }) => {
    // Windows of three cells with the padding left out: two cells at the ends.
    const rows = Array.from({ length: N }, (_, i) =>
      Array.from({ length: N }, (_, j): Rational => {
        const cells = i === 0 || i === N - 1 ? 2n : 3n;
        return Math.abs(i - j) <= 1 ? { n: 1n, d: cells } : ZERO;
      }),
    );
    const pooled = averagePool(reshape(value, [1, 1, N]), [3], { pads: [1, 1] });
    return { value: flatten(pooled), truth: after(rows, new Array<Rational>(N).fill(ZERO), truth) };
  },
};

test('merged affine operators: every coefficient and bias within the stated error', () => {
  const steps = fc.array(fc.constantFrom(...Object.keys(STEPS)), { minLength: 1, maxLength: 6 });
  let inexact = 0;
  fc.assert(
    fc.property(
      steps,
      fc.integer(),
      fc.boolean(),
      fc.constantFrom(1e-100, 1e-20, 1, 1e20),
      (names, seed, float64, scale) => {
        const x = input('x', 'float64', [1, N]);
        const end = names.reduce<Step>(
          (s, name, i) => {
            let draws = 0;
            return STEPS[name]!(s, (shape) =>
              drawn(seed + 1000 * i + draws++, shape, float64, float64 ? scale : 1),
            );
          },
          { value: x, truth: start(N) },
        );
        const network = readNetwork(graph([x], { y: end.value }));
        expect(holds(network.output, end.truth)).toBe(true);
        if (network.output.coefficientError > 0) inexact++;
        // The error is of the order of the rounding, not a blanket.
        const largest = [...network.output.terms.values()].reduce(
          (max, { data }) => data.reduce((a, b) => Math.max(a, Math.abs(b)), max),
          0,
        );
        if (!names.includes('divide') && !names.includes('residual') && largest > 1e-250)
          expect(network.output.coefficientError).toBeLessThan(1e-11 * largest);
        const rows = matrix(2, N, Float64Array.from(normal(rng(seed).split('rows'), 2 * N)));
        const factors = Array.from({ length: 2 }, (_, i) =>
          Array.from(rows.data.slice(i * N, (i + 1) * N), of),
        );
        const composed = composeOutput(network, rows);
        expect(holds(composed.output, after(factors, [ZERO, ZERO], end.truth))).toBe(true);
      },
    ),
    { numRuns: 150 },
  );
  expect(inexact).toBeGreaterThan(50);
});

test('batch normalisation: slope^2 (variance + epsilon) = scale^2 within the stated error', () => {
  const epsilon = Math.fround(1e-5);
  for (let seed = 0; seed < 40; seed++) {
    const key = rng(seed);
    const values = (name: string, f: (v: number) => number) =>
      Array.from(normal(key.split(name), 3), (v) => Math.fround(f(v)));
    const scales = values('scale', (v) => Math.abs(v) + 0.01);
    const variances = values('variance', (v) => v * v);
    const means = values('mean', (v) => v);
    const vector = (name: string, v: readonly number[]) => parameter(name, tensor('float32', [3], v));
    const x = input('x', 'float32', [1, 3]);
    const y = batchNormalization(
      x,
      vector('s', scales),
      vector('b', [0, 0, 0]),
      vector('m', means),
      vector('v', variances),
    );
    const { output } = readNetwork(graph([x], { y }));
    const w = output.terms.get(0) as Matrix;
    expect(output.coefficientError).toBeLessThan(1e-12);
    const square = (v: Rational) => times(v, v);
    for (let i = 0; i < 3; i++) {
      const variance = plus(of(variances[i]!), of(epsilon));
      const slope = of(w.data[4 * i]!);
      const scaled = square(of(scales[i]!));
      const low = square(minus(slope, of(output.coefficientError)));
      const high = square(plus(slope, of(output.coefficientError)));
      expect(atMost(times(low, variance), scaled) && atMost(scaled, times(high, variance))).toBe(true);
      // The bias is -mean slope: |bias| within its error of |mean| scale / sqrt(variance + epsilon).
      const shift = size(of(output.bias[i]!));
      const target = times(square(of(means[i]!)), scaled);
      const least = minus(shift, of(output.biasError));
      const most = plus(shift, of(output.biasError));
      expect(least.n <= 0n || atMost(times(square(least), variance), target)).toBe(true);
      expect(atMost(target, times(square(most), variance))).toBe(true);
    }
  }
});
