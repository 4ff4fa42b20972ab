import { describe, expect, test } from 'vitest';
import {
  add,
  averagePool,
  constant,
  conv,
  flatten,
  gelu,
  graph,
  input,
  layerNormalization,
  linear,
  type Model,
  matMul,
  modelFrom,
  mul,
  parameter,
  reduceMean,
  relu,
  reshape,
  sin,
  softmax,
  sub,
  tanh,
  tensor,
  toFloat,
  transpose,
  type Value,
} from '../../../src/graph/index.ts';
import type { Domain, Norm, WitnessedLowerBound } from '../../../src/guarantee/index.ts';
import { recheck, witnessedLowerBound } from '../../../src/lipschitz/index.ts';
import { contains, regionOf } from '../../../src/lipschitz/witness/region.ts';
import { normal, rng } from '../../../src/random/index.ts';
import { compile } from '../../../src/runtime/index.ts';
import { euclidean, modelOf, randomWeights, slopesOnLine, steepestPattern } from '../networks.ts';

const NORMS: readonly Norm[] = ['l1', 'l2', 'linf'];
const none = new Float64Array(0);
const size = (v: readonly number[], norm: Norm) =>
  norm === 'l1'
    ? v.reduce((s, t) => s + Math.abs(t), 0)
    : norm === 'l2'
      ? Math.hypot(...v)
      : v.reduce((s, t) => Math.max(s, Math.abs(t)), 0);
const pairOf = ({ witness }: WitnessedLowerBound) => {
  if (witness.kind !== 'pair') throw new Error('expected a pair');
  return witness;
};
const box = (d: number, low: number, high: number): Domain => ({
  kind: 'box',
  lower: new Float64Array(d).fill(low),
  upper: new Float64Array(d).fill(high),
});
const ball = (norm: Norm, centre: readonly number[], radius: number): Domain => ({
  kind: 'ball',
  norm,
  centre: Float64Array.from(centre),
  radius,
});

/** A model from weights by name: the same names give the same Gaussian weights at every batch size. */
const built = (
  features: readonly number[],
  build: (
    x: Value,
    w: (name: string, shape: readonly number[], scale?: number) => Value,
    batch: number,
  ) => Value,
  dtype: 'float32' | 'float64' = 'float64',
): Model =>
  modelFrom('built', (batch) => {
    const x = input('x', dtype, [batch, ...features]);
    const w = (name: string, shape: readonly number[], scale?: number) => {
      const fanIn = shape.slice(1).reduce((a, b) => a * b, 1);
      const entries = normal(
        rng('weights').split(name),
        shape.reduce((a, b) => a * b, 1),
      );
      return parameter(
        name,
        tensor(
          dtype,
          shape,
          entries.map((z) => z * (scale ?? 1 / Math.sqrt(fanIn))),
        ),
      );
    };
    return graph([x], { y: build(x, w, batch) });
  });

/** f at single points by the engine. */
async function evaluator(model: Model) {
  const program = await compile(toFloat(model.forBatch(1), 'float64'));
  const name = program.inputs[0]!.name;
  const output = program.outputs[0]!.name;
  return {
    at: async (x: Float64Array) => Array.from((await program.run({ [name]: x }))[output] as Float64Array),
    dispose: () => program.dispose(),
  };
}

describe('exact constants are attained', () => {
  test('tanh(a x) has slope a at 0, globally; on [1, 2] the slope at 1', async () => {
    const model = built([1], (x) => tanh(mul(x, 3)));
    const global = await witnessedLowerBound(model, none, rng(1));
    expect(global.value).toBeLessThanOrEqual(3);
    expect(global.value).toBeGreaterThan(3 * (1 - 1e-6));
    const local = await witnessedLowerBound(model, none, rng(1), 'l2', box(1, 1, 2));
    const slope = 3 * (1 - Math.tanh(3) ** 2);
    expect(local.value).toBeLessThanOrEqual(slope);
    expect(local.value).toBeGreaterThan(slope * (1 - 1e-5));
  });

  test('sum_i a_i tanh(x_i) in 6 dimensions: the dual norm of a, at 0', async () => {
    const a = [1, -2, 3, 0.5, -1, 2];
    const w = constant(tensor('float64', [1, 6], a));
    const model = built([6], (x) => linear(tanh(x), w));
    const exact = { l1: 3, l2: euclidean(a), linf: 9.5 };
    // Far from 0, so that the ascent has to find the way.
    const away = normal(rng(3), 60).map((v) => 1 + v);
    for (const norm of NORMS) {
      const { value } = await witnessedLowerBound(model, away, rng(1), norm);
      expect(value).toBeLessThanOrEqual(exact[norm] * (1 + 1e-15));
      expect(value).toBeGreaterThan(exact[norm] * 0.999);
      // On a box without 0 the nearest corner is steepest.
      const local = await witnessedLowerBound(model, none, rng(1), norm, box(6, 0.5, 2));
      const factor = 1 - Math.tanh(0.5) ** 2;
      expect(local.value).toBeLessThanOrEqual(factor * exact[norm] * (1 + 1e-15));
      expect(local.value).toBeGreaterThan(factor * exact[norm] * 0.999);
    }
  });

  test('x^T Q x / 2 on l2, linf and l1 balls', async () => {
    // Q = diag(1, 4): the gradient (x, 4y) is longest at (0, +-r) in the l2 ball, at the corners of the square.
    const q = constant(tensor('float64', [2, 2], [1, 0, 0, 4]));
    const model = built([2], (x) =>
      mul(matMul(mul(matMul(x, q), x), constant(tensor('float64', [2, 1], [1, 1]))), 0.5),
    );
    const cases: readonly (readonly [Norm, Domain, number])[] = [
      ['l2', ball('l2', [0, 0], 2), 8],
      ['l2', ball('linf', [0, 0], 2), Math.hypot(2, 8)],
      ['l2', ball('l1', [0, 0], 2), 8],
      ['linf', ball('linf', [0, 0], 2), 10],
      ['l1', ball('linf', [0, 0], 2), 8],
      ['l2', ball('l2', [1, 0], 0), 0],
    ];
    for (const [norm, domain, exact] of cases) {
      const bound = await witnessedLowerBound(model, none, rng(1), norm, domain);
      expect(bound.value).toBeLessThanOrEqual(exact);
      expect(bound.value).toBeGreaterThanOrEqual(exact * 0.999);
      const { a, b } = pairOf(bound);
      for (const x of [a, b]) expect(contains(regionOf(domain, 2), x)).toBe(true);
      expect(bound.domain).toEqual(domain);
    }
  });

  test('maps into several dimensions: rotation and scaling of smooth coordinates', async () => {
    // J(0) = diag(5, 3, 1) rotated by an orthogonal matrix on the left: norms of the matrix are known.
    const [c, s] = [0.6, 0.8];
    const rotation = [c, -s, 0, s, c, 0, 0, 0, 1];
    const r = constant(tensor('float64', [3, 3], rotation));
    const scales = constant(tensor('float64', [3], [5, 3, 1]));
    const model = built([3], (x) => linear(mul(sin(x), scales), r));
    // Columns (3, 4, 0), (-2.4, 1.8, 0), (0, 0, 1).
    const exact = { l1: 7, l2: 5, linf: 5.8 };
    for (const norm of NORMS) {
      const { value } = await witnessedLowerBound(model, none, rng(1), norm);
      expect(value).toBeLessThanOrEqual(exact[norm] * (1 + 1e-14));
      expect(value).toBeGreaterThan(exact[norm] * 0.999);
    }
  });

  test('ReLU networks on an interval: the steepest piece that the interval meets', async () => {
    let attained = 0;
    const cases = 40;
    for (let seed = 0; seed < cases; seed++) {
      const widths = [1, ...new Array(1 + (seed % 3)).fill(2 + (seed % 6)), 1];
      const weights = randomWeights(widths, rng(seed));
      const [low, high] = [-0.4 - (seed % 4) * 0.3, 0.1 + (seed % 5) * 0.2];
      const exact = Math.max(
        ...slopesOnLine(widths, weights)
          .filter(({ from, to }) => from < high && to > low)
          .map(({ slope }) => Math.abs(slope)),
      );
      const { value } = await witnessedLowerBound(
        modelOf(widths, weights),
        none,
        rng(seed),
        'l2',
        box(1, low, high),
      );
      expect(value).toBeLessThanOrEqual(exact * (1 + 1e-12));
      if (value >= exact * (1 - 1e-6)) attained++;
    }
    expect(attained).toBeGreaterThanOrEqual(0.95 * cases);
  });

  test('two-layer ReLU networks on boxes: the steepest pattern among those that a fine grid meets', async () => {
    let attained = 0;
    const cases = 18;
    for (let seed = 0; seed < cases; seed++) {
      const norm = NORMS[seed % 3]!;
      const dualNorm = ({ l1: 'linf', l2: 'l2', linf: 'l1' } as const)[norm];
      const widths = [2, 3 + (seed % 5), 1];
      const weights = randomWeights(widths, rng(seed));
      const [w, b, a] = ['layer1.weight', 'layer1.bias', 'layer2.weight'].map(
        (name) => weights[name]!.data as Float64Array,
      ) as [Float64Array, Float64Array, Float64Array];
      const gradientAt = (x: number, y: number) =>
        [0, 1].map((j) =>
          b.reduce(
            (s, bias, l) => s + (w[2 * l]! * x + w[2 * l + 1]! * y + bias > 0 ? a[l]! * w[2 * l + j]! : 0),
            0,
          ),
        );
      let grid = 0;
      for (let i = 0; i <= 300; i++)
        for (let j = 0; j <= 300; j++)
          grid = Math.max(grid, size(gradientAt(-0.6 + (1.2 * i) / 300, -0.6 + (1.2 * j) / 300), dualNorm));
      const { value } = await witnessedLowerBound(
        modelOf(widths, weights),
        none,
        rng(seed),
        norm,
        box(2, -0.6, 0.6),
      );
      expect(value).toBeLessThanOrEqual(steepestPattern(weights, (v) => size(v, dualNorm)) * (1 + 1e-12));
      if (value >= grid * (1 - 1e-9)) attained++;
      expect(value).toBeGreaterThan(0.9 * grid);
    }
    expect(attained).toBeGreaterThanOrEqual(0.9 * cases);
  });

  test('deep networks with as many inputs as neurons: at least the best of many random points and directions', async () => {
    for (let seed = 0; seed < 3; seed++) {
      const norm = NORMS[seed % 3]!;
      const model = modelOf([4, 8, 8, 3], randomWeights([4, 8, 8, 3], rng(seed)));
      const { value } = await witnessedLowerBound(model, none, rng(seed), norm, box(4, -1, 1));
      const g = toFloat(model.forBatch(1), 'float64');
      let best = 0;
      for (let i = 0; i < 100; i++) {
        const point = normal(rng(seed).split(i), 4).map((v) => Math.max(-1, Math.min(1, v)));
        const direction = normal(rng(seed).split(i).split('v'), 4);
        best = Math.max(best, recheck({ kind: 'direction', point, direction }, g, norm, box(4, -1, 1)).value);
      }
      expect(value).toBeGreaterThan(best * (1 - 1e-9));
    }
  });
});

describe('models of every kind', () => {
  const cnn = (dtype: 'float32' | 'float64') =>
    built(
      [2, 6, 6],
      (x, w, batch) => {
        const h = relu(conv(x, w('k1', [4, 2, 3, 3]), w('b1', [4], 0.3), { pads: [1, 1, 1, 1] }));
        const r = add(h, conv(relu(h), w('k2', [4, 4, 3, 3]), undefined, { pads: [1, 1, 1, 1] }));
        return linear(reshape(averagePool(r, [2, 2], { strides: [2, 2] }), [batch, 36]), w('out', [3, 36]));
      },
      dtype,
    );
  const attention = built([4, 6], (x, w, batch) => {
    const n = layerNormalization(x, w('scale', [6], 1), w('shift', [6], 0.1));
    const [q, k, v] = ['q', 'k', 'v'].map((name) => matMul(n, w(name, [6, 6]))) as [Value, Value, Value];
    const scores = softmax(mul(matMul(q, transpose(k, [0, 2, 1])), 1 / Math.sqrt(6)));
    const h = add(x, matMul(scores, v));
    return linear(
      reshape(add(h, matMul(gelu(matMul(h, w('up', [6, 12]))), w('down', [12, 6]))), [batch, 24]),
      w('out', [2, 24]),
    );
  });
  const kinds: readonly (readonly [string, Model, number, readonly Norm[]])[] = [
    ['a residual convolutional network', cnn('float64'), 72, ['linf']],
    ['the same in float32', cnn('float32'), 72, ['l1', 'l2']],
    ['attention and layer normalisation', attention, 24, NORMS],
  ];
  test.each(kinds)(
    '%s: globally and locally, confirmed by another evaluation',
    async (_, model, d, norms) => {
      const f = await evaluator(model);
      const centre = normal(rng(5), d);
      for (const norm of norms) {
        const domain = ball(norm, [...centre], 0.5);
        const local = await witnessedLowerBound(model, none, rng(1), norm, domain);
        const global = await witnessedLowerBound(model, centre, rng(1), norm);
        for (const bound of [local, global]) {
          expect(bound.value).toBeGreaterThan(0);
          const { a, b } = pairOf(bound);
          const [fa, fb] = [await f.at(a), await f.at(b)];
          const quotient =
            size(
              fa.map((v, i) => v - fb[i]!),
              norm,
            ) /
            size(
              Array.from(a, (v, i) => v - b[i]!),
              norm,
            );
          expect(bound.value / quotient).toBeGreaterThan(0.999);
          expect(bound.value / quotient).toBeLessThan(1.001);
          expect(recheck(bound.witness, model.forBatch(1), norm, bound.domain).value).toBe(bound.value);
        }
        expect(global.value).toBeGreaterThan(local.value * 0.7);
        const { a, b } = pairOf(local);
        for (const x of [a, b]) expect(contains(regionOf(domain, d), x)).toBe(true);
        // Better than what random directions at random points of the ball show.
        const g = model.forBatch(1);
        for (let i = 0; i < 6; i++) {
          const point = centre.map((c, j) => c + (0.4 * normal(rng(i), d)[j]!) / d);
          const pair = recheck(
            { kind: 'direction', point, direction: normal(rng(i).split('v'), d) },
            g,
            norm,
          );
          expect(local.value).toBeGreaterThan(pair.value * 0.999);
        }
      }
      await f.dispose();
    },
  );

  test('a model with a fixed batch of one row gives what the same model gives with a free one', async () => {
    const free = modelOf([3, 6, 2], randomWeights([3, 6, 2], rng(1)));
    const fixed: Model = {
      ...free,
      fixedBatch: 1,
      inputs: free.inputs.map((port) => ({ ...port, shape: [1, 3] })),
      outputs: free.outputs.map((port) => ({ ...port, shape: [1, 2] })),
      forBatch: (batch) => {
        if (batch !== 1) throw new Error(`asked for ${batch} rows`);
        return free.forBatch(1);
      },
    };
    const [a, b] = [
      await witnessedLowerBound(fixed, none, rng(1)),
      await witnessedLowerBound(free, none, rng(1)),
    ];
    expect(a.value / b.value).toBeCloseTo(1, 6);
  });

  test('networks without biases: the constant is found at every scale of the starts', async () => {
    const model = modelOf([4, 8, 1], randomWeights([4, 8, 1], rng(3), false), false);
    const values: number[] = [];
    for (const scale of [1e-9, 1, 1e9]) {
      const starts = normal(rng(1), 40).map((v) => v * scale);
      values.push((await witnessedLowerBound(model, starts, rng(1))).value);
    }
    for (const v of values) expect(v / values[1]!).toBeCloseTo(1, 6);
  });

  test('ends when told to, with the best so far; and near a ceiling', async () => {
    const model = modelOf([6, 20, 20, 1], randomWeights([6, 20, 20, 1], rng(1)));
    const full = await witnessedLowerBound(model, none, rng(1));
    let asked = 0;
    const stopped = await witnessedLowerBound(model, none, rng(1), 'l2', { kind: 'global' }, Infinity, () => {
      asked++;
      return true;
    });
    expect(asked).toBe(1);
    expect(stopped.value).toBeGreaterThan(0);
    expect(stopped.value).toBeLessThanOrEqual(full.value);
    const ceiling = await witnessedLowerBound(model, none, rng(1), 'l2', { kind: 'global' }, stopped.value);
    expect(ceiling.value).toBeGreaterThanOrEqual(stopped.value * (1 - 2e-6));
  });
});

describe('bad input', () => {
  test('rows that influence each other', async () => {
    const model = modelFrom('batch statistics', (batch) => {
      const x = input('x', 'float64', [batch, 3]);
      return graph([x], { y: sub(x, reduceMean(x, [0], true)) });
    });
    await expect(witnessedLowerBound(model, none, rng(1))).rejects.toThrow(
      'the rows of a batch influence each other in the model "batch statistics"',
    );
  });

  test('a fixed batch of several rows, several inputs, integer inputs', async () => {
    const free = modelOf([3, 2], randomWeights([3, 2], rng(1)));
    await expect(witnessedLowerBound({ ...free, fixedBatch: 8 }, none, rng(1))).rejects.toThrow(
      'takes exactly 8 rows at once; export it again with a symbolic first axis',
    );
    const two = modelFrom('two', (batch) => {
      const [x, z] = [input('x', 'float64', [batch, 2]), input('z', 'float64', [batch, 2])];
      return graph([x, z], { y: add(x, z) });
    });
    await expect(witnessedLowerBound(two, none, rng(1))).rejects.toThrow('has 2 inputs and 1 outputs');
    const whole = modelFrom('whole', (batch) => {
      const x = input('x', 'int64', [batch, 2]);
      return graph([x], { y: flatten(x) });
    });
    await expect(witnessedLowerBound(whole, none, rng(1))).rejects.toThrow('expected floating-point numbers');
  });

  test('domains of another dimension', async () => {
    const model = modelOf([3, 2], randomWeights([3, 2], rng(1)));
    await expect(witnessedLowerBound(model, none, rng(1), 'l2', box(2, 0, 1))).rejects.toThrow(
      'the box has 2 coordinates; the network takes 3',
    );
    await expect(witnessedLowerBound(model, none, rng(1), 'l2', { kind: 'sphere' })).rejects.toThrow(
      'sphere',
    );
  });

  test('starts outside of the domain are left out', async () => {
    const model = built([1], (x) => tanh(mul(x, 3)));
    const bound = await witnessedLowerBound(model, Float64Array.of(0, 0.1), rng(1), 'l2', box(1, 1, 2));
    expect(bound.value).toBeLessThan(3 * (1 - Math.tanh(3) ** 2));
  });
});

test('gradients of no piece, which the engine gives at kinks, are not believed', async () => {
  // x - relu(x) + relu(-x) = 0, but with relu'(0) = 0 its gradient at 0 is 1; f(x) = 50 times that + |x_1| + x_2 / 2.
  const model = built([2], (x) => {
    const nothing = add(sub(x, relu(x)), relu(mul(x, -1)));
    const w = constant(tensor('float64', [1, 2], [1, 0]));
    const v = constant(tensor('float64', [1, 2], [0, 0.5]));
    const fifty = constant(tensor('float64', [1, 2], [50, 50]));
    return add(add(linear(nothing, fifty), linear(add(relu(x), relu(mul(x, -1))), w)), linear(x, v));
  });
  const starts = new Float64Array(2 * 20);
  for (const norm of NORMS) {
    const { value } = await witnessedLowerBound(model, starts, rng(1), norm);
    const exact = { l1: 1, l2: Math.hypot(1, 0.5), linf: 1.5 }[norm];
    expect(value).toBeLessThanOrEqual(exact * (1 + 1e-12));
    expect(value).toBeGreaterThan(exact * (1 - 1e-6));
  }
});
