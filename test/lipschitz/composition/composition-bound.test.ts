import { afterAll, describe, expect, test } from 'vitest';
import * as g from '../../../src/graph/index.ts';
import { emit1, type Graph, type Value } from '../../../src/graph/index.ts';
import type { Norm } from '../../../src/guarantee/index.ts';
import {
  COMPOSITION_OF_NORMS,
  compositionBound,
  PRODUCT_OF_NORMS,
} from '../../../src/lipschitz/composition/composition-bound.ts';
import { normal, type Rng, rng, uniform } from '../../../src/random/index.ts';
import { disposeIdleSessions } from '../../../src/runtime/index.ts';
import { randomModel } from '../random-models.ts';
import { lengthOf, matrixOf, NORMS, normOf, valuesAt } from './jacobians.ts';
import { randomGraph, STEP_NAMES } from './random-graphs.ts';

afterAll(disposeIdleSessions);

const weight = (name: string, shape: readonly number[], scale = 1) =>
  g.parameter(
    name,
    g.tensor(
      'float64',
      shape,
      normal(rng(1).split(name), g.sizeOf(shape)).map((v) => v * scale),
    ),
  );

/** x -> of(x) on samples of a shape. */
const built = (shape: readonly number[], of: (x: Value) => Value) => (batch: number) => {
  const x = g.input('x', 'float64', [batch, ...shape]);
  return g.graph([x], { y: of(x) });
};
const boundOf = (shape: readonly number[], of: (x: Value) => Value, norm: Norm = 'l2') =>
  compositionBound(built(shape, of)(1), norm).value;

/** Pairs far from and near each other, near ones also along one coordinate and along signs. */
function pairsOf(features: number, key: Rng): [Float64Array, Float64Array][] {
  return Array.from({ length: 24 }, (_, i) => {
    const scale = [0.1, 1, 5][i % 3]!;
    const a = normal(key.split(`a ${i}`), features).map((v) => v * scale);
    const direction = normal(key.split(`d ${i}`), features);
    const at = Math.floor(uniform(key.split(`at ${i}`), 1, 0, features)[0]!);
    const b = a.map((v, j) => {
      if (i % 4 === 0) return scale * direction[j]!;
      if (i % 4 === 1) return v + 1e-3 * direction[j]!;
      if (i % 4 === 2) return v + (j === at ? 1e-3 : 0);
      return v + 1e-3 * Math.sign(direction[j]!);
    });
    return [a, b];
  });
}

/** The largest quotient over random pairs, in each norm. */
async function quotients(build: (batch: number) => Graph, key: Rng): Promise<Record<Norm, number>> {
  const pairs = pairsOf(g.sizeOf(build(1).inputs[0]!.shape), key);
  const values = await valuesAt(build, pairs.flat());
  const largest = { l1: 0, l2: 0, linf: 0 };
  pairs.forEach(([a, b], i) => {
    const [fa, fb] = [values[2 * i]!, values[2 * i + 1]!];
    for (const norm of NORMS) {
      const [rise, run] = [fa.map((v, j) => v - fb[j]!), a.map((v, j) => v - b[j]!)];
      largest[norm] = Math.max(largest[norm], lengthOf(rise, norm) / lengthOf(run, norm));
    }
  });
  return largest;
}

describe('never below a quotient', () => {
  test('on random graphs over all rules', async () => {
    const met = new Set<string>();
    let count = 0;
    for (let seed = 0; seed < 300; seed++) {
      const { build, description } = randomGraph(rng(`graph ${seed}`));
      for (const name of STEP_NAMES) if (description.includes(name)) met.add(name);
      const attained = await quotients(build, rng(seed));
      for (const norm of NORMS) {
        const { value } = compositionBound(build(1), norm);
        expect(value, `${description}, ${norm}`).toBeGreaterThanOrEqual(attained[norm] * (1 - 1e-8) - 1e-10);
        expect(value, `${description}, ${norm}`).toBeLessThan(Number.POSITIVE_INFINITY);
      }
      count++;
    }
    expect(count).toBe(300);
    expect(STEP_NAMES.filter((name) => !met.has(name))).toEqual([]);
  });

  test('on random networks of the kinds that engineers bring', async () => {
    for (let seed = 0; seed < 80; seed++) {
      const { model, description } = randomModel(rng(`model ${seed}`));
      const attained = await quotients(model.forBatch, rng(seed));
      for (const norm of NORMS) {
        const { value } = compositionBound(model.forBatch(1), norm);
        expect(value, `${description}, ${norm}`).toBeGreaterThanOrEqual(attained[norm] * (1 - 1e-8));
      }
    }
  });
});

describe('linear graphs that merge: the norm of the matrix, exactly', () => {
  const channelwise = (x: Value, name: string) =>
    g.batchNormalization(
      x,
      ...(['scale', 'bias', 'mean'].map((of) => weight(`${name} ${of}`, [x.shape[1]!])) as [
        Value,
        Value,
        Value,
      ]),
      g.abs(weight(`${name} variance`, [x.shape[1]!])).node.inputs[0]!,
      9,
    );
  const same = { pads: [1, 1, 1, 1] };
  const cases: readonly (readonly [string, readonly number[], (x: Value) => Value])[] = [
    [
      'dense after dense',
      [5],
      (x) => g.linear(g.linear(x, weight('a', [7, 5])), weight('b', [4, 7]), weight('c', [4])),
    ],
    ['x + W x', [5], (x) => g.add(x, g.linear(x, weight('a', [5, 5])))],
    ['x - W x + 2 x', [5], (x) => g.add(g.sub(x, g.linear(x, weight('a', [5, 5]))), g.mul(x, 2))],
    ['A x - B x', [5], (x) => g.sub(g.linear(x, weight('a', [3, 5])), g.linear(x, weight('b', [3, 5])))],
    ['what cancels', [3], (x) => g.sub(g.mul(x, 3), g.add(x, g.mul(2, x)))],
    [
      'scaling before and after',
      [5],
      (x) => g.mul(g.linear(g.div(x, weight('d', [5])), weight('a', [4, 5])), weight('s', [4])),
    ],
    [
      'Gemm with factors',
      [5],
      (x) => g.gemm(x, weight('a', [5, 4]), { alpha: -1.7, beta: 0.3 }, weight('c', [4])),
    ],
    ['a constant times x', [4, 3], (x) => g.matMul(weight('a', [5, 4]), x)],
    ['tokens, mixed and centred', [4, 3], (x) => g.sub(x, g.reduceMean(x, [1], true))],
    ['tokens times a matrix, residual', [4, 3], (x) => g.add(x, g.matMul(x, weight('a', [3, 3])))],
    [
      'convolution and batch norm',
      [2, 5, 4],
      (x) => channelwise(g.conv(x, weight('k', [3, 2, 3, 3]), weight('b', [3]), same), 'n'),
    ],
    [
      'batch norm and convolution',
      [2, 5, 4],
      (x) => g.conv(channelwise(x, 'n'), weight('k', [3, 2, 3, 3]), weight('b', [3]), { strides: [2, 1] }),
    ],
    [
      'transposed convolution and batch norm',
      [2, 3, 3],
      (x) => channelwise(g.convTranspose(x, weight('k', [2, 3, 2, 2]), undefined, { strides: [2, 2] }), 'n'),
    ],
    [
      'batch norm and transposed convolution',
      [4, 3, 3],
      (x) =>
        g.convTranspose(channelwise(x, 'n'), weight('k', [4, 2, 2, 2]), undefined, {
          strides: [2, 2],
          group: 2,
        }),
    ],
    [
      'a residual convolution',
      [2, 4, 4],
      (x) => g.add(x, g.conv(x, weight('k', [2, 2, 3, 3]), undefined, same)),
    ],
    [
      'a residual grouped convolution with scales',
      [4, 4, 4],
      (x) =>
        g.sub(
          channelwise(g.conv(x, weight('k', [4, 2, 3, 3]), undefined, { ...same, group: 2 }), 'n'),
          g.mul(x, weight('s', [4, 1, 1])),
        ),
    ],
    [
      'three branches',
      [2, 5, 5],
      (x) =>
        g.add(
          g.add(
            channelwise(g.conv(x, weight('k', [2, 2, 3, 3]), undefined, same), 'a'),
            channelwise(g.conv(x, weight('l', [2, 2, 1, 1])), 'b'),
          ),
          channelwise(x, 'c'),
        ),
    ],
    [
      'dilated kernels beside each other',
      [1, 7, 7],
      (x) =>
        g.add(
          g.conv(x, weight('k', [2, 1, 3, 3]), undefined, { dilations: [2, 2], pads: [2, 2, 2, 2] }),
          g.conv(x, weight('l', [2, 1, 1, 1])),
        ),
    ],
  ];
  test.each(cases)('%s', async (_, shape, of) => {
    const build = built(shape, of);
    const exact = await matrixOf(build);
    for (const norm of NORMS) {
      const { value, method } = compositionBound(build(1), norm);
      const truth = normOf(exact, norm);
      expect(value).toBeGreaterThanOrEqual(truth * (1 - 1e-12));
      expect(value).toBeLessThanOrEqual(truth * (1 + 1e-8) + 1e-12);
      expect(method).toBe(PRODUCT_OF_NORMS[norm]);
    }
  });

  test('linear operators without structure keep their exact norm', async () => {
    const operators: readonly (readonly [readonly number[], (x: Value) => Value])[] = [
      [[2, 5, 6], (x) => g.averagePool(x, [3, 2], { strides: [1, 2], pads: [1, 0, 1, 1] })],
      [[1, 5, 5], (x) => g.averagePool(x, [2, 2], { pads: [1, 1, 0, 0], count_include_pad: 1 })],
      [[2, 5, 5], (x) => g.averagePool(x, [2, 2], { strides: [2, 2], ceil_mode: 1 })],
      [[3, 4], (x) => g.reduceSum(x, [1])],
      [[2, 3, 4], (x) => g.reduceMean(x, [1, 3])],
      [[2, 3], (x) => g.tile(x, [1, 2, 3])],
      [[4], (x) => g.gather(x, g.int64s([1, 3, 1, 1, 0]), 1)],
      [[3, 4], (x) => g.slice(x, [1, 2], [0, 3], [2, -9], [1, -2])],
      [[2, 4], (x) => emit1(g.Pad, [x, g.int64s([0, 0, 1, 0, 0, 3])], { mode: 'reflect' })],
      [[2, 4], (x) => emit1(g.Pad, [x, g.int64s([0, 1, 2, 0, 1, 1])], { mode: 'edge' })],
      [[2, 3], (x) => emit1(g.Pad, [x, g.int64s([0, 0, 2, 0, 0, 3])], { mode: 'wrap' })],
      [[2, 3, 1], (x) => g.mul(x, g.constant(g.tensor('float64', [1, 4], [2, 2, 2, 2])))],
      [[3, 4], (x) => g.gatherElements(x, g.constant(g.tensor('int64', [1, 3, 2], [0, 1, 2, 2, 3, 3])), 2)],
      [[1, 4, 6], (x) => g.globalAveragePool(x)],
    ];
    for (const [shape, of] of operators) {
      const build = built(shape, of);
      // GatherElements and batches: one row at a time.
      const exact = await matrixOf((batch) => (batch === 1 ? build(1) : stacked(build(1), batch)));
      for (const norm of NORMS) {
        const { value } = compositionBound(build(1), norm);
        const truth = normOf(exact, norm);
        expect(value).toBeGreaterThanOrEqual(truth * (1 - 1e-12));
        expect(value).toBeLessThanOrEqual(truth * (1 + 1e-8));
      }
    }
  });
});

/** A graph for one row applied to each row of a batch. */
function stacked(one: Graph, batch: number): Graph {
  const [formal] = one.inputs as [Value];
  const x = g.input('x', formal.dtype, [batch, ...formal.shape.slice(1)]);
  const rows = g.split(x, 0, new Array<number>(batch).fill(1)).map((row) => g.call(one, { x: row }).y!);
  return g.graph([x], { y: g.concat(rows, 0) });
}

describe('closed forms', () => {
  const w = weight('w', [3, 3]);
  const size = boundOf([3], (x) => g.linear(x, w));

  test('a residual block: 1 + |W| |V|', () => {
    const v = weight('v', [3, 3]);
    const ofV = boundOf([3], (x) => g.linear(x, v));
    expect(boundOf([3], (x) => g.add(x, g.linear(g.relu(g.linear(x, w)), v)))).toBeCloseTo(1 + size * ofV, 9);
    expect(compositionBound(built([3], (x) => g.add(x, g.relu(g.linear(x, w))))(1)).method).toBe(
      COMPOSITION_OF_NORMS.l2,
    );
  });

  test('side by side: sum, root of squares, largest', () => {
    const of = (x: Value) => g.concat([x, g.tanh(g.mul(x, 3)), g.neg(g.mul(x, 2))], 1);
    expect(boundOf([3], of, 'l1')).toBeCloseTo(6, 12);
    expect(boundOf([3], of, 'l2')).toBeCloseTo(Math.sqrt(14), 12);
    expect(boundOf([3], of, 'linf')).toBeCloseTo(3, 12);
  });

  test('maximum pooling: how many windows a cell can win', () => {
    for (const [kernel, stride, windows] of [
      [2, 2, 1],
      [3, 2, 4],
      [3, 1, 9],
      [3, 3, 1],
    ] as const) {
      const of = (x: Value) => g.maxPool(x, [kernel, kernel], { strides: [stride, stride] });
      expect(boundOf([1, 9, 9], of, 'l1')).toBe(windows);
      expect(boundOf([1, 9, 9], of, 'l2')).toBeCloseTo(Math.sqrt(windows), 12);
      expect(boundOf([1, 9, 9], of, 'linf')).toBe(1);
    }
  });

  test('a shared layer counts once for each use, an unused one not at all', () => {
    const of = (x: Value) => g.linear(g.tanh(g.linear(g.tanh(g.linear(x, w)), w)), w);
    expect(boundOf([3], of)).toBeCloseTo(size ** 3, 9);
    expect(boundOf([3], (x) => (g.exp(x) ? g.tanh(x) : x))).toBe(1);
  });

  test('what depends on no input has constant 0, and one of its parts counts nothing', () => {
    const c = g.exp(weight('c', [1, 3]));
    expect(boundOf([3], (x) => g.add(g.mul(x, 0), c))).toBe(0);
    expect(boundOf([3], (x) => g.add(g.tanh(x), c))).toBe(1);
    const x = g.input('x', 'float64', [1, 3]);
    expect(compositionBound(g.graph([x], { y: c })).value).toBe(0);
  });

  test('single entries: n = 1, dead neurons, zero weights', () => {
    for (const norm of NORMS) {
      expect(boundOf([1], (x) => x, norm)).toBe(1);
      expect(boundOf([1], (x) => g.linear(x, g.constant(g.tensor('float64', [1, 1], [-3]))), norm)).toBe(3);
      const zero = g.constant(g.tensor('float64', [4, 3], new Float64Array(12)));
      expect(boundOf([3], (x) => g.linear(x, zero), norm)).toBe(0);
      expect(boundOf([1], (x) => g.softmax(x), norm)).toBe(0);
      expect(boundOf([1], (x) => g.layerNormalization(x, weight('one', [1])), norm)).toBe(0);
    }
  });

  test('huge and tiny weights', () => {
    for (const scale of [1e150, 1e-150]) {
      const scaled = weight('w', [3, 3], scale);
      for (const norm of NORMS) {
        const one = boundOf([3], (x) => g.linear(x, w), norm);
        expect(boundOf([3], (x) => g.linear(x, scaled), norm) / scale / one).toBeCloseTo(1, 9);
        const merged = boundOf([3], (x) => g.linear(g.linear(x, scaled), scaled), norm);
        const apart = boundOf([3], (x) => g.linear(g.relu(g.linear(x, scaled)), scaled), norm);
        expect(merged).toBeLessThanOrEqual(apart * (1 + 1e-9) + 1e-300);
        expect(merged).toBeGreaterThan(0);
        const cubed = boundOf([3], (x) => g.linear(g.linear(g.linear(x, scaled), scaled), scaled), norm);
        expect(cubed).toBeGreaterThan(0);
        if (scale > 1) expect(cubed).toBe(Number.POSITIVE_INFINITY);
      }
    }
  });
});

describe('as exporters write it', () => {
  const forms: readonly (readonly [string, (c: Value, root: Value) => Value])[] = [
    ['a quotient', (c, root) => g.div(c, root)],
    ['a product with a reciprocal', (c, root) => g.mul(g.reciprocal(root), c)],
  ];
  test.each(forms)(
    'layer normalisation in elementary operators, as %s, has the constant of the operator',
    (_, over) => {
      const scale = weight('scale', [6]);
      const written = (x: Value) => {
        const c = g.sub(x, g.reduceMean(x, [-1], true));
        const variance = g.reduceMean(g.pow(c, 2), [-1], true);
        return g.mul(over(c, g.sqrt(g.add(variance, 1e-3))), scale);
      };
      for (const norm of NORMS) {
        const whole = boundOf([6], (x) => g.layerNormalization(x, scale, undefined, -1, 1e-3), norm);
        // The epsilon of the operator is a float32 number.
        expect(boundOf([6], written, norm) / whole).toBeCloseTo(1, 7);
      }
      const square = (x: Value) => over(x, g.sqrt(g.add(0.01, g.reduceMean(g.mul(x, x), [-1], true))));
      expect(boundOf([6], square)).toBeCloseTo(10, 9);
    },
  );

  test('weights that are computed, rearranged or normalised, as if they were stored', () => {
    const v = weight('v', [4, 3]);
    const stored = boundOf([3], (x) => g.linear(x, v));
    expect(boundOf([3], (x) => g.matMul(x, g.transpose(v)))).toBe(stored);
    expect(boundOf([3], (x) => g.matMul(x, g.reshape(g.transpose(v), [3, 4])))).toBe(stored);
    const doubled = g.mul(g.add(v, v), 1.5);
    for (const norm of NORMS) {
      const truth = 3 * boundOf([3], (x) => g.linear(x, v), norm);
      const bound = boundOf([3], (x) => g.linear(x, doubled), norm);
      expect(bound).toBeGreaterThanOrEqual(truth * (1 - 1e-14));
      expect(bound).toBeLessThan(truth * (1 + 1e-12));
    }
    // Weight normalisation: each row of length 2, so the rows of linf have at most 2 sqrt(3).
    const normal = g.div(g.mul(v, 2), g.reduceL2(v, [1], true));
    expect(
      boundOf([3], (x) => g.conv(g.reshape(x, [x.shape[0]!, 3, 1]), g.reshape(normal, [4, 3, 1]))),
    ).toBeLessThan(4.0001);
    expect(boundOf([3], (x) => g.slice(g.linear(x, normal), [1], [0], [1]), 'linf')).toBeLessThan(
      2 * Math.sqrt(3) + 1e-9,
    );
  });

  test('a batch of rows that do not influence each other has the constant of one', () => {
    const build = (batch: number) => {
      const x = g.input('x', 'float64', [batch, 2, 5, 5]);
      const c = g.conv(x, weight('k', [2, 2, 3, 3]), undefined, { pads: [1, 1, 1, 1] });
      const y = g.relu(
        g.add(
          x,
          g.batchNormalization(
            c,
            weight('s', [2]),
            weight('b', [2]),
            weight('m', [2]),
            g.abs(weight('var', [2])),
          ),
        ),
      );
      return g.graph([x], { y: g.linear(g.flatten(y), weight('head', [3, 50])) });
    };
    for (const norm of NORMS) {
      expect(compositionBound(build(4), norm).value / compositionBound(build(1), norm).value).toBeCloseTo(
        1,
        9,
      );
    }
  });
});

describe('out of time', () => {
  test('looser norms are taken, never below those of a finished run', () => {
    const models = Array.from({ length: 30 }, (_, i) => randomModel(rng(77).split(i)).model.forBatch(1));
    let looser = 0;
    for (const one of models) {
      const full = compositionBound(one, 'l2').value;
      const stopped = compositionBound(one, 'l2', () => true).value;
      expect(stopped).toBeGreaterThanOrEqual(full * (1 - 1e-9));
      expect(stopped).toBeLessThan(Number.POSITIVE_INFINITY);
      if (stopped > full * (1 + 1e-6)) looser++;
      for (const norm of ['l1', 'linf'] as const)
        expect(compositionBound(one, norm, () => true)).toEqual(compositionBound(one, norm));
    }
    expect(looser).toBeGreaterThan(5);
  });
});

describe('what has no bound', () => {
  const failure = (of: (x: Value) => Value, norm: Norm = 'l2') => {
    try {
      boundOf([3], of, norm);
    } catch (error) {
      return error as { code: string; message: string };
    }
    throw new Error('there was a bound');
  };

  test.each([
    ['Exp', (x: Value) => g.exp(x), 'its slope grows without bound'],
    ['Mul', (x: Value) => g.mul(x, g.neg(x)), 'product of two computed values'],
    ['MatMul', (x: Value) => g.matMul(g.matMul(x, g.transpose(x)), x), 'as in attention'],
    ['Div', (x: Value) => g.div(1, x), 'may come near zero'],
    ['Div', (x: Value) => g.div(x, g.constant(g.tensor('float64', [3], [1, 0, 2]))), 'a divisor is zero'],
    ['Mul', (x: Value) => g.mul(x, x), 'product of two computed values'],
    [
      'LayerNormalization',
      (x: Value) => g.layerNormalization(x, weight('one', [3]), undefined, -1, 0),
      'without a positive epsilon',
    ],
    ['Sqrt', (x: Value) => g.sqrt(x), 'no bound near zero'],
    ['Pow', (x: Value) => g.pow(x, 2), 'the slope of a power'],
    ['Sign', (x: Value) => g.sign(x), 'it jumps'],
    ['Greater', (x: Value) => g.where(g.greater(x, 0), x, 3), 'it jumps'],
    ['ThresholdedRelu', (x: Value) => emit1(g.ThresholdedRelu, [x], { alpha: 1 }), 'it jumps'],
    ['ReduceSumSquare', (x: Value) => g.add(x, emit1(g.ReduceSumSquare, [x])), 'grows without bound'],
  ] as const)('%s is named with the reason, and the part before it is bounded', (name, of, reason) => {
    const { code, message } = failure((x) =>
      g.linear(of(g.tanh(g.mul(x, 3))), weight(`after ${name}`, [2, 3])),
    );
    expect(code).toBe('unsupported-op');
    expect(message).toContain(`the operator ${name}(`);
    expect(message).toContain(reason);
    expect(message).toContain('local bound');
    expect(message).toMatch(/at most 3[.;]/);
  });

  test('the part before is named by its types', () => {
    const { message } = failure((x) => g.mul(g.tanh(x), g.mul(2, x)), 'linf');
    expect(message).toContain('the constant in linf is: float64 [1, 3] at most 1; float64 [1, 3] at most 2.');
  });

  test('graphs of another form', () => {
    const x = g.input('x', 'float64', [1, 3]);
    expect(() => compositionBound(g.graph([x], { y: x, z: g.neg(x) }))).toThrow('one input and one output');
    const i = g.input('i', 'int64', [1, 3]);
    expect(() => compositionBound(g.graph([i], { y: g.cast(i, 'float32') }))).toThrow(
      'the input "i" is int64 [1, 3]',
    );
  });

  test('weights that are no numbers are named', () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const w = g.parameter('fc.weight', g.tensor('float64', [1, 3], [1, bad, 2]));
      expect(() => boundOf([3], (x) => g.linear(x, w))).toThrow(
        `invalid entry 1 of the weight "fc.weight": ${bad}; expected a finite number`,
      );
      const k = g.parameter('conv.weight', g.tensor('float64', [1, 1, 1, 3], [1, 2, bad]));
      expect(() => boundOf([1, 3, 3], (x) => g.conv(x, k))).toThrow('entry 2 of the weight "conv.weight"');
    }
  });
});

test('a residual network of 0.7 million parameters on 32 x 32 pixels takes seconds', () => {
  const conv = (x: Value, name: string, filters: number, stride = 1) => {
    const kernel = weight(name, [filters, x.shape[1]!, 3, 3], 1 / Math.sqrt(9 * x.shape[1]!));
    const y = g.conv(x, kernel, undefined, { strides: [stride, stride], pads: [1, 1, 1, 1] });
    const ones = (of: string) =>
      g.parameter(`${name} ${of}`, g.tensor('float64', [filters], new Float64Array(filters).fill(1)));
    return g.batchNormalization(y, ones('scale'), ones('bias'), ones('mean'), ones('variance'));
  };
  const x = g.input('x', 'float64', [1, 3, 32, 32]);
  let h = g.relu(conv(x, 'stem', 32));
  const expected = boundOfConv(x, 'stem', 32);
  for (const [stage, filters] of [32, 64, 128].entries()) {
    for (let block = 0; block < 2; block++) {
      const stride = stage > 0 && block === 0 ? 2 : 1;
      const name = `${stage} ${block}`;
      const shortcut =
        stride === 1
          ? h
          : g.conv(h, weight(`${name} short`, [filters, h.shape[1]!, 1, 1], 0.1), undefined, {
              strides: [2, 2],
            });
      h = g.relu(g.add(conv(g.relu(conv(h, `${name} a`, filters, stride)), `${name} b`, filters), shortcut));
    }
  }
  const y = g.linear(g.flatten(g.globalAveragePool(h)), weight('head', [10, 128], 0.1));
  const net = g.graph([x], { y });
  expect(g.parameterCount(net)).toBeGreaterThan(6e5);
  const start = performance.now();
  const { value, method } = compositionBound(net);
  expect((performance.now() - start) / 1e3).toBeLessThan(100);
  expect(method).toBe(COMPOSITION_OF_NORMS.l2);
  // Each residual block at least keeps what comes in.
  expect(value).toBeGreaterThan(expected * 0.01);
  expect(value).toBeLessThan(expected * 1e6);

  function boundOfConv(input: Value, name: string, filters: number): number {
    return compositionBound(g.graph([input], { y: conv(input, name, filters) })).value;
  }
});
