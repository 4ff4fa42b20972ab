import { describe, expect, test } from 'vitest';
import {
  add,
  clip,
  div,
  emit1,
  erf,
  graph,
  input,
  mul,
  operators,
  parameter,
  pow,
  relu,
  sigmoid,
  softplus,
  tanh,
  tensor,
  type Value,
} from '../../../src/graph/index.ts';
import { readNetwork } from '../../../src/lipschitz/network/read.ts';
import { disagreement, randomPoints } from './agreement.ts';

const vector = (values: readonly number[]) => parameter('v', tensor('float32', [values.length], values));
const built = (build: (x: Value) => Value) => {
  const x = input('x', 'float32', [1, 6]);
  return graph([x], { y: mul(build(mul(x, vector([1, -2, 3, 0.5, 1, 4]))), 1.25) });
};
const hardSigmoid = (x: Value, alpha: number) => emit1(operators.get('HardSigmoid')!, [x], { alpha });

const sqrt2 = Math.fround(Math.SQRT2);
const root = Math.sqrt(2 / Math.PI);
const cubic = (x: Value) => mul(add(x, mul(pow(x, 3), 0.044715)), root);

/** Forms in which exporters write gated activations; constants are float32. */
const WRITTEN: readonly (readonly [name: string, activation: string, build: (x: Value) => Value])[] = [
  ['SiLU', 'SiLU', (x) => mul(x, sigmoid(x))],
  ['SiLU, gate first', 'SiLU', (x) => mul(sigmoid(x), x)],
  ['Swish with beta', 'SiLU', (x) => mul(x, sigmoid(mul(1.702, x)))],
  ['Swish with negative beta', 'SiLU', (x) => mul(x, sigmoid(mul(x, -0.3)))],
  [
    'SiLU of a sum',
    'SiLU',
    (x) => {
      const sum = add(x, relu(x));
      return mul(sum, sigmoid(sum));
    },
  ],
  ['Gelu of PyTorch', 'Gelu', (x) => mul(mul(x, add(erf(div(x, sqrt2)), 1)), 0.5)],
  ['Gelu, half first', 'Gelu', (x) => mul(mul(x, 0.5), add(1, erf(mul(x, Math.SQRT1_2))))],
  ['Gelu, half in the middle', 'Gelu', (x) => mul(x, mul(0.5, add(1, erf(div(x, sqrt2)))))],
  ['Gelu, half spread', 'Gelu', (x) => mul(add(0.5, mul(0.5, erf(div(x, sqrt2)))), x)],
  ['Gelu, halved by division', 'Gelu', (x) => mul(div(x, 2), add(1, erf(div(x, sqrt2))))],
  ['Gelu by tanh', 'Gelu (tanh)', (x) => mul(mul(x, 0.5), add(1, tanh(cubic(x))))],
  [
    'Gelu by tanh, x * x * x',
    'Gelu (tanh)',
    (x) => mul(mul(0.5, x), add(tanh(mul(root, add(x, mul(0.044715, mul(x, mul(x, x)))))), 1)),
  ],
  [
    'Gelu by tanh, factored',
    'Gelu (tanh)',
    (x) => mul(0.5, mul(x, add(1, tanh(mul(mul(root, x), add(1, mul(0.044715, mul(x, x)))))))),
  ],
  ['HardSwish by Clip', 'HardSwish', (x) => div(mul(x, clip(add(x, 3), 0, 6)), 6)],
  ['HardSwish, divided first', 'HardSwish', (x) => mul(x, div(clip(add(x, 3), 0, 6), 6))],
  ['HardSwish by HardSigmoid', 'HardSwish', (x) => mul(x, hardSigmoid(x, 1 / 6))],
  ['Mish', 'Mish', (x) => mul(x, tanh(softplus(x)))],
  ['half of one plus tanh', 'SiLU', (x) => mul(mul(x, 0.5), add(1, tanh(mul(x, 0.5))))],
];

describe('gated activations written out', () => {
  test.each(WRITTEN)('%s is one block', async (_, activation, build) => {
    const g = built(build);
    const network = readNetwork(g);
    const last = network.blocks.at(-1)!;
    expect(new Set(last.activations.map((a) => a.name))).toEqual(new Set([activation]));
    // What is multiplied by the gate is no block of its own.
    const inner = network.blocks.slice(0, -1).flatMap((b) => b.activations.map((a) => a.name));
    expect(inner.every((name) => name === 'Relu')).toBe(true);
    expect(last.preactivation.coefficientError).toBeLessThan(1e-14);
    for (const scale of [0.1, 1, 4]) {
      expect(await disagreement(g, network, randomPoints(g, scale))).toBeLessThan(1e-12);
    }
  });

  test('what only looks like a gated activation is refused', () => {
    const others: readonly ((x: Value) => Value)[] = [
      (x) => mul(x, tanh(x)),
      (x) => mul(x, add(1.5, erf(x))),
      (x) => mul(x, sigmoid(add(x, 1))),
      (x) => mul(x, clip(add(x, 2), 0, 6)),
      (x) => mul(mul(x, x), sigmoid(x)),
      // A constant further off than float32 rounds it.
      (x) => mul(x, add(1, tanh(mul(root, add(x, mul(0.0448, pow(x, 3))))))),
    ];
    for (const build of others) expect(() => readNetwork(built(build))).toThrow(/the operator (Mul|Pow)\(/);
  });

  test('the slopes of Gelu by tanh with constants of float32 enclose its difference quotients', () => {
    const network = readNetwork(built((x) => mul(mul(x, 0.5), add(1, tanh(cubic(x))))));
    const { value, slopes, slopesOn, rangeOn } = network.blocks[0]!.activations[0]!;
    let [least, largest] = [0, 0];
    for (let z = -6; z < 6; z += 1e-3) {
      const quotient = (value(z + 1e-3) - value(z)) / 1e-3;
      [least, largest] = [Math.min(least, quotient), Math.max(largest, quotient)];
      const [low, high] = slopesOn(z, z + 1e-3);
      expect(quotient > low - 1e-12 && quotient < high + 1e-12).toBe(true);
      const [bottom, top] = rangeOn(z, z + 1e-3);
      expect(value(z) >= bottom && value(z) <= top).toBe(true);
    }
    expect(least).toBeGreaterThan(slopes[0]);
    expect(largest).toBeLessThan(slopes[1]);
    expect(slopes[1] - largest + (least - slopes[0])).toBeLessThan(1e-5);
  });
});
