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
