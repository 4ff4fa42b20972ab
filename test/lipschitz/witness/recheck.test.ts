import { describe, expect, test } from 'vitest';
import {
  add,
  averagePool,
  clip,
  concat,
  constant,
  conv,
  div,
  elu,
  flatten,
  type Graph,
  graph,
  input,
  leakyRelu,
  linear,
  matMul,
  maxPool,
  modelFrom,
  mul,
  neg,
  parameter,
  relu,
  reshape,
  sigmoid,
  sizeOf,
  softmax,
  softplus,
  sub,
  tanh,
  tensor,
  type Value,
} from '../../../src/graph/index.ts';
import { compositionBound, lipschitzInterval, recheck } from '../../../src/lipschitz/index.ts';
import { enclose } from '../../../src/lipschitz/witness/enclosure.ts';
import { normal, rng } from '../../../src/random/index.ts';
import { compile } from '../../../src/runtime/index.ts';
import { evaluate, networkOf, randomWeights, steepestPattern } from '../networks.ts';

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

describe('graphs of every kind', () => {
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
    ['a residual', [3], (x) => add(x, relu(linear(x, weight('w', [3, 3]))))],
    ['Concat', [3], (x) => concat([x, relu(linear(x, weight('w', [2, 3])))], 1)],
    ['Softmax', [3], (x) => softmax(linear(x, weight('w', [4, 3])))],
    ['a convolution', [1, 4, 4], (x) => relu(conv(x, weight('w', [2, 1, 3, 3]), weight('b', [2])))],
    ['pooling', [1, 4, 4], (x) => flatten(add(maxPool(x, [2, 2]), averagePool(x, [2, 2])))],
  ];
  test.each(networks)('%s: the enclosure holds the numbers of the engine', async (_, features, build) => {
    const size = sizeOf(features);
    const x = normal(rng(7), 2 * size);
    const program = await compile(built(features, build));
    const { y } = await program.run({ x });
    await program.dispose();
    const f = enclose(built(features, build, 1));
    for (const row of [0, 1]) {
      const { lower, upper } = f(x.slice(row * size, (row + 1) * size));
      expect(2 * lower.length).toBe(y!.length);
      for (const [i, low] of lower.entries()) {
        // The engine rounds, too.
        expect(y![row * lower.length + i] as number).toBeGreaterThan(low - 1e-12);
        expect(y![row * lower.length + i] as number).toBeLessThan(upper[i]! + 1e-12);
        expect(upper[i]! - low).toBeLessThan(1e-12);
      }
    }
  });

  test.each(networks)('%s: lower <= upper, and random quotients stay below', async (_, features, build) => {
    const g = built(features, build, 1);
    const model = modelFrom('built', (batch) => built(features, build, batch));
    const { lower, upper } = await lipschitzInterval(model, new Float64Array(0), rng(1));
    expect(lower.value).toBeGreaterThan(0.2 * upper.value);
    for (let i = 0; i < 20; i++) {
      const [a, b] = ['a', 'b'].map((s) => normal(rng(i).split(s), sizeOf(features))) as [
        Float64Array,
        Float64Array,
      ];
      expect(recheck({ kind: 'pair', a, b }, g).value).toBeLessThanOrEqual(upper.value);
    }
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
      const f = enclose(networkOf(widths, weights));
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
      const { lower, upper } = f(x);
      const shift = SHIFT * BigInt(widths.length) - SHIFT;
      for (const [i, exact] of h.entries()) {
        expect(toBig(lower[i]!) << shift <= exact && exact <= toBig(upper[i]!) << shift).toBe(true);
        // And the enclosure is no blank cheque.
        expect(upper[i]! - lower[i]!).toBeLessThan(1e-12 * 10 ** (seed % 9) * 100);
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
      compositionBound(g).value,
    );
    expect(() => recheck({ kind: 'pair', a, b: new Float64Array(3) }, g)).toThrow(
      'a point of the witness has 3 coordinates; the network takes 4',
    );
    expect(() => recheck({ kind: 'pair', a, b: a.map(() => Number.NaN) }, g)).toThrow(
      'invalid coordinate 0 of a witness: NaN',
    );
    expect(recheck({ kind: 'pair', a, b: a.map(() => 1e300) }, g).value).toBeLessThanOrEqual(
      compositionBound(g).value,
    );
  });

  test('on a domain, no witness that leaves it counts', () => {
    const centre = new Float64Array(4);
    const ball = { kind: 'ball' as const, norm: 'l2' as const, centre, radius: 1 };
    const box = { kind: 'box' as const, lower: centre.map(() => -1), upper: centre.map(() => 1) };
    const inside = Float64Array.of(0, 0, 0, 1);
    const outside = Float64Array.of(0, 0, 0, 1 + 2 ** -52);
    for (const domain of [ball, box]) {
      const bound = recheck({ kind: 'pair', a: centre, b: inside }, g, 'l2', domain);
      expect(bound.domain).toBe(domain);
      expect(bound.value).toBe(recheck({ kind: 'pair', a: centre, b: inside }, g).value);
      expect(() => recheck({ kind: 'pair', a: centre, b: outside }, g, 'l2', domain)).toThrow(
        `a point of the witness lies outside of the ${domain.kind}`,
      );
      const leaving = { kind: 'direction', point: outside, direction: inside } as const;
      expect(() => recheck(leaving, g, 'l2', domain)).toThrow('lies outside');
    }
    // The witness of one network proves for another what is true of the other.
    const others = randomWeights(widths, rng(77));
    const plain = Math.abs(evaluate(widths, others, inside)[0]! - evaluate(widths, others, centre)[0]!);
    const pair = { kind: 'pair', a: centre, b: inside } as const;
    expect(recheck(pair, networkOf(widths, others)).value / plain).toBeCloseTo(1, 12);
  });

  test('a direction that points out of a corner still proves the slope inside', () => {
    // x -> 3 x_1 - 2 x_2 on the unit square, at (1, 1): both axes point outwards.
    const w = constant(tensor('float64', [1, 2], [3, -2]));
    const line = built([2], (x) => linear(x, w), 1);
    const square = { kind: 'box' as const, lower: new Float64Array(2), upper: Float64Array.of(1, 1) };
    const corner = Float64Array.of(1, 1);
    const slopes: readonly (readonly [Float64Array, number])[] = [
      [Float64Array.of(1, 0), 3],
      [Float64Array.of(0, 1), 2],
      [Float64Array.of(1, 1), Math.SQRT1_2],
      [Float64Array.of(3, -2), Math.sqrt(13)],
    ];
    for (const [direction, slope] of slopes) {
      const { value, witness } = recheck({ kind: 'direction', point: corner, direction }, line, 'l2', square);
      expect(value / slope).toBeCloseTo(1, 12);
      expect(value).toBeLessThanOrEqual(slope * (1 + 1e-15));
      if (witness.kind !== 'pair') throw new Error('expected a pair');
      for (const x of [witness.a, witness.b]) expect(x.every((v) => 0 <= v && v <= 1)).toBe(true);
    }
    const point = { kind: 'box' as const, lower: corner, upper: corner };
    const out = { kind: 'direction', point: corner, direction: Float64Array.of(1, 0) } as const;
    expect(recheck(out, line, 'l2', point).value).toBe(0);
    expect(recheck({ ...out, direction: new Float64Array(2) }, line).value).toBe(0);
  });

  test('points so close that rounding makes up all of the rise prove nothing false', () => {
    const exact = steepestPattern(weights, (v) => Math.hypot(...v));
    for (let seed = 0; seed < 200; seed++) {
      const a = normal(rng(seed), 4).map((v) => 10 ** (seed % 9) * v);
      const b = a.map((v, i) => v * (1 + ((seed + i) % 3) * 2 ** -52));
      expect(recheck({ kind: 'pair', a, b }, g).value).toBeLessThanOrEqual(exact);
    }
  });

  test('tiny and huge weights prove what they should, values that overflow nothing', () => {
    for (const scale of [1e-300, 1e-150, 1e150, 1e300]) {
      const w = constant(tensor('float64', [1, 2], [3 * scale, 4 * scale]));
      const line = built([2], (x) => linear(x, w), 1);
      const a = new Float64Array(2);
      const proven = recheck({ kind: 'pair', a, b: Float64Array.of(3, 4) }, line).value / scale;
      expect(proven).toBeLessThanOrEqual(5 * (1 + 1e-15));
      expect(proven).toBeGreaterThan(5 * (1 - 1e-12));
      const far = recheck({ kind: 'pair', a, b: Float64Array.of(3e200, 4e200) }, line).value;
      expect(far / scale).toBeLessThanOrEqual(5 * (1 + 1e-15));
    }
  });
});
