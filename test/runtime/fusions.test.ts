// ONNX Runtime fuses patterns of operators into kernels of its own, some of which exist for float32 alone.
import { describe, expect, it } from 'vitest';
import {
  add,
  div,
  erf,
  gradient,
  input,
  matMul,
  mul,
  pow,
  reduceMean,
  reduceSum,
  relu,
  sigmoid,
  softmax,
  sqrt,
  sub,
  tanh,
  transpose,
  type Value,
} from '../../src/graph/index.ts';
import { evaluate } from '../../src/runtime/index.ts';

const PATTERNS: Readonly<Record<string, (x: Value) => Value>> = {
  'x sigmoid(x)': (x) => mul(x, sigmoid(x)),
  'x sigmoid(1.702 x)': (x) => mul(x, sigmoid(mul(x, 1.702))),
  'erf Gelu': (x) => mul(mul(x, add(erf(div(x, Math.SQRT2)), 1)), 0.5),
  'tanh Gelu': (x) =>
    mul(mul(x, 0.5), add(1, tanh(mul(Math.sqrt(2 / Math.PI), add(x, mul(0.044715, pow(x, 3))))))),
  'layer normalisation': (x) => {
    const centred = sub(x, reduceMean(x, [1], true));
    return div(centred, sqrt(add(reduceMean(pow(centred, 2), [1], true), 1e-5)));
  },
  'root mean square normalisation': (x) => div(x, sqrt(add(reduceMean(mul(x, x), [1], true), 1e-5))),
  attention: (x) => matMul(softmax(mul(matMul(x, transpose(x)), 0.5)), x),
  'product and relu': (x) => relu(add(matMul(x, transpose(x)), 1)),
};

describe.each(Object.entries(PATTERNS))('%s in float64', (_, f) => {
  const points = Float64Array.from({ length: 6 }, (_, i) => Math.sin(3 * i + 1));
  const total = (x: Value) => reduceSum(f(x));

  it('runs, and its gradient agrees with differences', async () => {
    const x = input('x', 'float64', [2, 3]);
    const [g] = gradient(total(x), [x]);
    const { g: slope, value } = await evaluate({ g: g!, value: total(x) }, { x: points });
    expect(Number.isFinite((value!.data as Float64Array)[0])).toBe(true);
    for (let i = 0; i < 6; i++) {
      const at = async (step: number) => {
        const moved = points.map((v, j) => (i === j ? v + step : v));
        return ((await evaluate({ value: total(x) }, { x: moved })).value!.data as Float64Array)[0]!;
      };
      const difference = ((await at(1e-6)) - (await at(-1e-6))) / 2e-6;
      expect((slope!.data as Float64Array)[i]).toBeCloseTo(difference, 7);
    }
  });
});

it.each<[string, (x: Value, y: Value) => Value, number]>([
  ['before', (x, y) => matMul(mul(x, 0.1), y), 0.1],
  ['after', (x, y) => mul(matMul(x, y), 0.1), 0.1],
  ['as a divisor', (x, y) => div(matMul(x, y), 3), 1 / 3],
])('a constant factor %s a product keeps its float64 digits', async (_, f, factor) => {
  const [a, b] = [Float64Array.of(0.3, -0.7, 1.1, 0.2), Float64Array.of(0.9, 0.4, -0.6, 1.3)];
  const [x, y] = [input('x', 'float64', [2, 2]), input('y', 'float64', [2, 2])];
  const { z } = await evaluate({ z: f(x, y) }, { x: a, y: b });
  const product = [0, 1, 2, 3].map((i) => {
    const [r, c] = [i >> 1, i & 1];
    return factor * (a[2 * r]! * b[c]! + a[2 * r + 1]! * b[2 + c]!);
  });
  for (const [i, value] of (z!.data as Float64Array).entries())
    expect(Math.abs(value - product[i]!)).toBeLessThan(1e-15);
});
