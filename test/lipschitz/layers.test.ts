import { describe, expect, test } from 'vitest';
import {
  add,
  clip,
  concat,
  constant,
  div,
  elu,
  flatten,
  type Graph,
  graph,
  input,
  leakyRelu,
  linear,
  matMul,
  modelFrom,
  mul,
  neg,
  parameter,
  relu,
  reshape,
  sigmoid,
  softmax,
  softplus,
  sub,
  tanh,
  tensor,
  transpose,
  type Value,
} from '../../src/graph/index.ts';
import { evaluateEnclosed } from '../../src/lipschitz/evaluation.ts';
import { lipschitzInterval, productBound, recheck } from '../../src/lipschitz/index.ts';
import { sequential } from '../../src/lipschitz/layers.ts';
import { normal, rng } from '../../src/random/index.ts';
import { compile } from '../../src/runtime/index.ts';
import { evaluate, networkOf, randomWeights } from './networks.ts';

const weight = (name: string, shape: readonly number[], seed = 1) =>
  parameter(
    name,
    tensor(
      'float64',
      shape,
      normal(
        rng(seed).split(name),
        shape.reduce((a, b) => a * b, 1),
      ),
    ),
  );

/** The graph x -> build(x) on `[batch, ...features]`. */
const built = (features: readonly number[], build: (x: Value) => Value, batch = 2): Graph => {
  const x = input('x', 'float64', [batch, ...features]);
  return graph([x], { y: build(x) });
};

describe('reading a graph', () => {
  const vector = constant(tensor('float64', [3], [2, -0.5, 4]));
  const networks: readonly (readonly [string, readonly number[], (x: Value) => Value])[] = [
    ['Gemm', [3], (x) => linear(x, weight('w', [4, 3]), weight('b', [4]))],
    ['MatMul and Add', [3], (x) => add(matMul(x, weight('w', [3, 4])), weight('b', [4]))],
    ['scaling and shifting features', [3], (x) => sub(div(mul(x, vector), 3), vector)],
    ['constants on the left', [3], (x) => sub(1, add(vector, mul(vector, x)))],
    ['negation', [3], neg],
    ['reshaping', [2, 3], (x) => linear(reshape(relu(flatten(x)), [x.shape[0]!, 6]), weight('w', [2, 6]))],
    ['broadcast within a row', [2, 3], (x) => flatten(mul(x, constant(tensor('float64', [2, 1], [3, -7]))))],
    ['LeakyRelu', [3], (x) => leakyRelu(linear(x, weight('w', [3, 3])), 0.3)],
    ['Elu', [3], (x) => elu(linear(x, weight('w', [3, 3])), 0.7)],
    ['Tanh', [3], (x) => tanh(linear(x, weight('w', [3, 3])))],
    ['Sigmoid', [3], (x) => sigmoid(linear(x, weight('w', [3, 3])))],
    ['Softplus', [3], (x) => softplus(linear(x, weight('w', [3, 3])))],
    ['Clip', [3], (x) => clip(linear(x, weight('w', [3, 3])), -0.5, 0.5)],
  ];
  test.each(networks)('%s: the layers give the numbers of the engine', async (_, features, build) => {
    const g = built(features, build);
    const network = sequential(g);
    const x = normal(rng(7), 2 * network.features);
    const program = await compile(g);
    const { y } = await program.run({ x });
    await program.dispose();
    for (const row of [0, 1]) {
      const at = x.slice(row * network.features, (row + 1) * network.features);
      const { value, error } = evaluateEnclosed(network, at);
      expect(value).toHaveLength(network.outputs);
      for (const [i, v] of value.entries()) {
        expect(Math.abs((y![row * network.outputs + i] as number) - v)).toBeLessThan(1e-12);
        expect(error[i]).toBeLessThan(1e-12);
      }
    }
  });

  test.each(networks)('%s: lower <= upper, and random quotients stay below', async (_, features, build) => {
    const g = built(features, build, 1);
    const network = sequential(g);
    const model = modelFrom('built', (batch) => built(features, build, batch));
    const { lower, upper } = await lipschitzInterval(model, new Float64Array(0), rng(1));
    expect(lower.value).toBeGreaterThan(0.2 * upper.value);
    for (let i = 0; i < 20; i++) {
      const [a, b] = ['a', 'b'].map((s) => normal(rng(i).split(s), network.features)) as [
        Float64Array,
        Float64Array,
      ];
      expect(recheck({ kind: 'pair', a, b }, g).value).toBeLessThanOrEqual(upper.value);
    }
  });

  test('a product of known factors: spectral norms, scales and slopes', () => {
    // diag(3, 4) has norm 4; the sigmoid halves twice; division by -0.5 doubles; |[1, 1]| = sqrt 2.
    const w = constant(tensor('float64', [2, 2], [3, 0, 0, 4]));
    const g = built([2], (x) =>
      linear(div(sigmoid(linear(x, w)), -0.5), constant(tensor('float64', [1, 2], [1, 1]))),
    );
    expect(productBound(g).value).toBeCloseTo(4 * 0.25 * 2 * Math.SQRT2, 12);
    expect(productBound(g, 'linf').value).toBeCloseTo(4 * 0.25 * 2 * 2, 12);
    expect(productBound(g, 'l1').value).toBeCloseTo(4 * 0.25 * 2 * 1, 12);
    expect(productBound(g).method).toBe('product of spectral norms');
  });

  test.each([
    ['Add', (x: Value) => add(x, relu(x))],
    ['Softmax', (x: Value) => softmax(x)],
    ['Transpose', (x: Value) => transpose(x)],
    ['Concat', (x: Value) => concat([x, x], 1)],
    ['Gemm', (x: Value) => linear(weight('w', [3, 3]), x)],
    ['MatMul', (x: Value) => matMul(weight('w', [3, 3]), x)],
    ['Mul', (x: Value) => mul(x, weight('per row', [3, 1]))],
    ['Div', (x: Value) => div(1, x)],
  ] as const)('%s in the wrong place is named', (name, build) => {
    expect(() => sequential(built([3], build, 3))).toThrow(new RegExp(`the operator ${name} `));
  });
});

describe('evaluation with its error', () => {
  /** A float64 as integer times 2^-SHIFT, exactly, for numbers that are not tiny. */
  const SHIFT = 400n;
  const toBig = (v: number): bigint => {
    if (v === 0) return 0n;
    const exponent = Math.floor(Math.log2(Math.abs(v))) - 60;
    return BigInt(v * 2 ** -exponent) << (SHIFT + BigInt(exponent));
  };

  test('encloses the value in exact integer arithmetic', () => {
    for (let seed = 0; seed < 30; seed++) {
      const widths = [1 + (seed % 7), 5, 6, 2];
      const weights = randomWeights(widths, rng(seed));
      const network = sequential(networkOf(widths, weights));
      // Large inputs make the outputs cancel.
      const x = normal(rng(seed).split('x'), widths[0]!).map((v) => v * 10 ** (seed % 9));
      let h = Array.from(x, toBig);
      for (let i = 1; i < widths.length; i++) {
        const w = weights[`layer${i}.weight`]!.data as Float64Array;
        const b = weights[`layer${i}.bias`]!.data as Float64Array;
        const z = Array.from({ length: widths[i]! }, (_, r) =>
          h.reduce((sum, v, c) => sum + v * toBig(w[r * h.length + c]!), toBig(b[r]!) << (SHIFT * BigInt(i))),
        );
        h = i < widths.length - 1 ? z.map((v) => (v > 0n ? v : 0n)) : z;
      }
      const { value, error } = evaluateEnclosed(network, x);
      const scale = SHIFT * BigInt(widths.length);
      for (const [i, v] of value.entries()) {
        const apart = h[i]! - (toBig(v) << (scale - SHIFT));
        const allowed = toBig(error[i]!) << (scale - SHIFT);
        expect(apart <= allowed && -apart <= allowed).toBe(true);
        // And the enclosure is no blank cheque.
        expect(error[i]).toBeLessThan(1e-12 * 10 ** (seed % 9) * 100);
      }
    }
  });
});

describe('recheck', () => {
  const widths = [4, 6, 1];
  const weights = randomWeights(widths, rng(2));
  const g = networkOf(widths, weights);

  test('gives the quotient of a pair, a little below what plain float64 says', () => {
    const [a, b] = [normal(rng(1), 4), normal(rng(2), 4)];
    const plain =
      Math.abs(evaluate(widths, weights, a)[0]! - evaluate(widths, weights, b)[0]!) /
      Math.hypot(...a.map((v, i) => v - b[i]!));
    const { value, witness, kind } = recheck({ kind: 'pair', a, b }, g);
    expect(kind).toBe('lower');
    expect(witness).toEqual({ kind: 'pair', a, b });
    expect(value).toBeLessThan(plain);
    expect(value).toBeGreaterThan(plain * (1 - 1e-12));
  });

  test('turns a direction into a pair that attains the directional derivative', () => {
    const point = normal(rng(3), 4);
    const direction = Float64Array.of(1, 0, 0, 0);
    const h = 1e-7;
    const at = (t: number) =>
      evaluate(
        widths,
        weights,
        point.map((v, i) => v + t * direction[i]!),
      )[0]!;
    const { value, witness } = recheck({ kind: 'direction', point, direction }, g);
    expect(witness.kind).toBe('pair');
    expect(value).toBeGreaterThan((Math.abs(at(h) - at(-h)) / (2 * h)) * (1 - 1e-6));
  });

  test('a pair of equal points proves nothing, a false claim is corrected, a point of another length is refused', () => {
    const a = normal(rng(1), 4);
    expect(recheck({ kind: 'pair', a, b: a.slice() }, g).value).toBe(0);
    expect(recheck({ kind: 'pair', a, b: a.map((v) => v * (1 + 2 ** -52)) }, g).value).toBeLessThan(
      productBound(g).value,
    );
    expect(() => recheck({ kind: 'pair', a, b: new Float64Array(3) }, g)).toThrow(
      'a point of the witness has 3 coordinates; the network takes 4',
    );
    expect(() => recheck({ kind: 'pair', a, b: a.map(() => Number.NaN) }, g)).toThrow(
      'invalid coordinate 0 of a witness: NaN',
    );
    expect(recheck({ kind: 'pair', a, b: a.map(() => 1e300) }, g).value).toBeLessThanOrEqual(
      productBound(g).value,
    );
  });
});
