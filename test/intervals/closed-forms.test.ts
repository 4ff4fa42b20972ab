import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RobustlawError } from '../../src/errors.ts';
import type { Graph, Value } from '../../src/graph/index.ts';
import * as g from '../../src/graph/index.ts';
import type { Box } from '../../src/intervals/index.ts';
import { intervalsOf, jacobianIntervals } from '../../src/intervals/index.ts';
import { normal, rng } from '../../src/random/index.ts';
import { exact, exactDot } from '../numeric/exact.ts';
import { entries } from './containment.ts';

const transposed = (w: Float64Array, rows: number, n: number) =>
  g.tensor(
    'float64',
    [n, rows],
    Float64Array.from(w, (_, at) => w[(at % rows) * n + Math.floor(at / rows)]!),
  );
const graphOf = (shape: readonly number[], f: (x: Value) => Value, dtype: g.FloatType = 'float64'): Graph => {
  const x = g.input('x', dtype, shape);
  return g.graph([x], { y: f(x) });
};
const box = (...ends: readonly (readonly [number, number])[]): Box => ({
  lower: Float64Array.from(ends, ([low]) => low),
  upper: Float64Array.from(ends, ([, high]) => high),
});
const pairs = ({ lower, upper }: Box): [number, number][] =>
  Array.from(lower, (low, i) => [low + 0, upper[i]! + 0]);
const weights = (name: string, rows: readonly (readonly number[])[]) =>
  g.parameter(name, g.tensor('float64', [rows.length, rows[0]!.length], rows.flat()));
const near = (actual: [number, number][], expected: readonly (readonly [number, number])[], slack: number) =>
  expected.forEach(([low, high], i) => {
    expect(actual[i]![0]).toBeLessThanOrEqual(low);
    expect(actual[i]![1]).toBeGreaterThanOrEqual(high);
    if (Number.isFinite(low)) expect(low - actual[i]![0]).toBeLessThanOrEqual(slack);
    if (Number.isFinite(high)) expect(actual[i]![1] - high).toBeLessThanOrEqual(slack);
  });

describe('affine functions', () => {
  it('have exact ends up to rounding, and a constant Jacobian', () => {
    const whole = fc.integer({ min: -1000, max: 1000 });
    fc.assert(
      fc.property(
        fc.array(fc.array(whole, { minLength: 4, maxLength: 4 }), { minLength: 1, maxLength: 6 }),
        fc.array(fc.tuple(whole, fc.nat(50)), { minLength: 4, maxLength: 4 }),
        (rows, around) => {
          const graph = graphOf([1, 4], (x) => g.linear(x, weights('w', rows)));
          const ends = around.map(([c, r]) => [c - r, c + r] as const);
          // Whole numbers of this size are added without rounding.
          const expected = rows.map((row) => {
            const middle = row.reduce((sum, w, i) => sum + w * around[i]![0], 0);
            const reach = row.reduce((sum, w, i) => sum + Math.abs(w) * around[i]![1], 0);
            return [middle - reach, middle + reach] as const;
          });
          near(pairs(intervalsOf(graph, box(...ends))), expected, 1e-7);
          const jacobian = pairs(entries(jacobianIntervals(graph, box(...ends))));
          near(
            jacobian,
            rows.flat().map((w) => [w, w] as const),
            1e-10,
          );
        },
      ),
      { numRuns: 60, seed: 3 },
    );
  });

  it('hold the exact value of products of points, which rounding alone moves', () => {
    for (let seed = 0; seed < 40; seed++) {
      const key = rng('exact').split(seed);
      const [rows, n] = [3, 1 + seed];
      const scale = [1, 1e-160, 1e100][seed % 3]!;
      const w = normal(key.split('w'), rows * n).map((v) => v * scale);
      const x = normal(key.split('x'), n).map((v, i) => v * 10 ** ((i * 7) % 15) * scale);
      const columns = g.parameter('columns', transposed(w, rows, n));
      const forms = [
        graphOf([1, n], (v) => g.linear(v, g.parameter('w', g.tensor('float64', [rows, n], w)))),
        graphOf([1, n], (v) => g.matMul(v, columns)),
        graphOf([1, n, 1], (v) => g.conv(v, g.parameter('w', g.tensor('float64', [rows, n, 1], w)))),
        graphOf([1, n], (v) => g.einsum('bi,ij->bj', [v, columns])),
      ];
      for (const form of forms) {
        const { lower, upper } = intervalsOf(form, { lower: x, upper: x });
        for (let i = 0; i < rows; i++) {
          const truth = exactDot(w.subarray(i * n, (i + 1) * n), x);
          expect(exact(lower[i]!) << 1074n <= truth && truth <= exact(upper[i]!) << 1074n).toBe(true);
        }
      }
    }
  });

  it('hold the exact value of cancelling sums', () => {
    // 1e16 + 1 - 1e16, in float64 0 or 2 depending on the order.
    const graph = graphOf([1, 3], (x) => g.linear(x, weights('w', [[1, 1, 1]])));
    const [[low, high]] = pairs(intervalsOf(graph, box([1e16, 1e16], [1, 1], [-1e16, -1e16]))) as [
      [number, number],
    ];
    expect(low).toBeLessThanOrEqual(1);
    expect(high).toBeGreaterThanOrEqual(1);
    expect(high - low).toBeLessThan(64);
  });

  it('serve tiny and huge scales', () => {
    for (const scale of [1e-150, 1e150]) {
      const graph = graphOf([1, 2], (x) => g.linear(x, weights('w', [[scale, -scale]])));
      near(pairs(intervalsOf(graph, box([1, 2], [-1, 1]))), [[0, 3 * scale]], 1e-14 * scale);
      near(
        pairs(entries(jacobianIntervals(graph, box([1, 2], [-1, 1])))),
        [
          [scale, scale],
          [-scale, -scale],
        ],
        1e-14 * scale,
      );
    }
    const squared = graphOf([1], (x) => g.square(x));
    const [[tiny, large]] = pairs(intervalsOf(squared, box([1e-200, 1e200]))) as [[number, number]];
    expect(tiny).toBe(0);
    expect(large).toBe(Infinity);
  });
});

describe('kinks and dependence', () => {
  const slopes = (f: (x: Value) => Value, ...ends: (readonly [number, number])[]) =>
    pairs(entries(jacobianIntervals(graphOf([ends.length], f), box(...ends))));

  it('has both sides at a kink, at a point too', () => {
    expect(slopes(g.abs, [-1, 2])).toStrictEqual([[-1, 1]]);
    expect(slopes(g.abs, [1, 2])).toStrictEqual([[1, 1]]);
    expect(slopes(g.abs, [0, 0])).toStrictEqual([[-1, 1]]);
    expect(slopes(g.relu, [0, 0])).toStrictEqual([[0, 1]]);
    expect(slopes(g.relu, [0, 1])).toStrictEqual([[0, 1]]);
    expect(slopes(g.relu, [-2, -1])).toStrictEqual([[0, 0]]);
    expect(slopes((x) => g.maximum(x, g.neg(x)), [0, 0])).toStrictEqual([[-1, 1]]);
    expect(slopes((x) => g.clip(x, 0, 1), [1, 1])).toStrictEqual([[0, 1]]);
    expect(slopes((x) => g.reduceMax(x, [0], true), [0, 1], [0.5, 0.7])).toStrictEqual([
      [0, 1],
      [0, 1],
    ]);
    expect(slopes((x) => g.reduceMax(x, [0], true), [0, 1], [2, 3])).toStrictEqual([
      [0, 0],
      [1, 1],
    ]);
    const product = (x: Value) => g.emit1(g.ReduceProd, [x]);
    near(
      slopes(product, [-1, 1], [2, 3], [-1, 4]),
      [
        [-3, 12],
        [-4, 4],
        [-3, 3],
      ],
      1e-14,
    );
    const length = slopes((x) => g.reduceL2(x, [0], true), [0, 0], [0, 0]);
    near(
      length,
      [
        [-1, 1],
        [-1, 1],
      ],
      1e-12,
    );
  });

  it('evaluates a gradient graph as both sides of a kink, and a dead neuron as zero', () => {
    const graph = graphOf([3], (x) => g.gradient(g.reduceSum(g.relu(x)), [x])[0]!);
    const y = intervalsOf(graph, box([0, 0], [-2, -1], [1, 1]));
    expect(pairs(y)).toStrictEqual([
      [0, 1],
      [0, 0],
      [1, 1],
    ]);
  });

  it('knows that a value is one and the same in x - x and x x', () => {
    expect(
      pairs(
        intervalsOf(
          graphOf([1], (x) => g.sub(x, x)),
          box([-3, 5]),
        ),
      ),
    ).toStrictEqual([[0, 0]]);
    near(
      pairs(
        intervalsOf(
          graphOf([1], (x) => g.mul(x, x)),
          box([-3, 5]),
        ),
      ),
      [[0, 25]],
      1e-12,
    );
  });

  it('bounds softmax at corners: own entry against the others', () => {
    const ends = [
      [-1, 0.5],
      [0, 2],
      [0.3, 0.4],
      [-2, -1],
    ] as const;
    const got = pairs(
      intervalsOf(
        graphOf([4], (x) => g.softmax(x)),
        box(...ends),
      ),
    );
    const share = (own: number, others: number[]) =>
      1 / (1 + others.reduce((sum, z) => sum + Math.exp(z - own), 0));
    const expected = ends.map(([low, high], i) => {
      const rest = ends.filter((_, j) => j !== i);
      return [
        share(
          low,
          rest.map(([, u]) => u),
        ) *
          (1 + 1e-15),
        share(
          high,
          rest.map(([l]) => l),
        ) *
          (1 - 1e-15),
      ] as const;
    });
    near(got, expected, 1e-13);
    const masked = intervalsOf(
      graphOf([3], (x) => g.softmax(g.add(x, g.constant(g.tensor('float64', [3], [0, -Infinity, 0]))))),
      box([0, 0], [0, 1], [0, 0]),
    );
    near(
      pairs(masked),
      [
        [0.5, 0.5],
        [0, 0],
        [0.5, 0.5],
      ],
      1e-13,
    );
  });

  it('bounds layer normalisation by the root of its width on any box', () => {
    const n = 5;
    const one = g.parameter('scale', g.tensor('float64', [n], new Float64Array(n).fill(1)));
    const graph = graphOf([1, n], (x) => g.layerNormalization(x, one));
    for (const size of [1, 1e6, 1e150, Infinity]) {
      const wide = box(...Array.from({ length: n }, () => [-size, size] as const));
      for (const [low, high] of pairs(intervalsOf(graph, wide))) {
        expect(low).toBeGreaterThanOrEqual(-Math.sqrt(n) - 1e-9);
        expect(high).toBeLessThanOrEqual(Math.sqrt(n) + 1e-9);
      }
    }
    // No deviation at all: the slope is 1 / sqrt(epsilon) times a projection.
    const at = entries(jacobianIntervals(graph, box(...Array.from({ length: n }, () => [1, 1] as const))));
    const steepest = (1 - 1 / n) / Math.sqrt(Math.fround(1e-5));
    expect(at.upper[0]).toBeGreaterThanOrEqual(steepest * (1 - 1e-14));
    expect(at.upper[0]).toBeLessThan(steepest * (1 + 1e-9));
  });

  it('enclose the derivative of softmax by a quarter on any box', () => {
    const graph = graphOf([3], (x) => g.softmax(x));
    const all = entries(jacobianIntervals(graph, box([-50, 50], [-50, 50], [-50, 50])));
    for (const [low, high] of pairs(all)) {
      expect(low).toBeGreaterThanOrEqual(-0.2501);
      expect(high).toBeLessThanOrEqual(0.2501);
    }
  });
});

describe('jumps', () => {
  const steep = (f: (x: Value) => Value, low: number, high: number) =>
    pairs(entries(jacobianIntervals(graphOf([1], f), box([low, high]))));
  const unbounded = [[-Infinity, Infinity]];

  it('have no bounded slope where they may occur, and none elsewhere', () => {
    const step = (x: Value) => g.where(g.greater(x, 0), g.scalar('float64', 1), 0);
    for (const f of [g.sign, g.floor, step, (x: Value) => g.cast(g.cast(x, 'int64'), 'float64')]) {
      expect(steep(f, -0.5, 1.5)).toStrictEqual(unbounded);
      near(steep(f, 0.25, 0.75), [[0, 0]], 0);
    }
    const threshold = (x: Value) => g.emit1(g.ThresholdedRelu, [x], { alpha: 1 });
    expect(steep(threshold, 0.5, 1.5)[0]![1]).toBe(Infinity);
    expect(steep(threshold, 1.5, 2)).toStrictEqual([[1, 1]]);
  });

  it('are not seen in selections of branches that meet', () => {
    const { scalar, where, greater, less } = g;
    const leaky = (x: Value) => where(greater(x, 0), x, g.mul(x, 0.25));
    const masked = (x: Value) => g.mul(x, g.cast(greater(x, 0), 'float64'));
    const exponential = (x: Value) => where(less(x, 0), g.sub(g.exp(x), 1), x);
    const hinge = (x: Value) => where(greater(scalar('float64', 1), x), g.sub(1, x), 0);
    // One side of the selection at least, and never more than the two together.
    expect(steep(leaky, -1, 2)).toStrictEqual([[0, 1.25]]);
    expect(steep(leaky, -2, -1)).toStrictEqual([[0.25, 0.25]]);
    expect(steep(masked, -1, 2)).toStrictEqual([[0, 1]]);
    near(steep(exponential, -1, 2), [[0, 2]], 1e-14);
    near(steep(exponential, -1, -0.5), [[Math.exp(-1), Math.exp(-0.5)]], 1e-14);
    expect(steep(hinge, 0, 3)).toStrictEqual([[-1, 0]]);
    near(pairs(intervalsOf(graphOf([1], exponential), box([-1, 2]))), [[Math.exp(-1) - 1, 2]], 1e-14);
    // These do not meet.
    expect(steep((x) => where(greater(x, 1), x, g.mul(x, 0.25)), 0, 3)).toStrictEqual(unbounded);
    expect(steep((x) => where(greater(x, 0), g.cos(x), g.mul(x, 0.25)), -1, 3)).toStrictEqual(unbounded);
    expect(steep((x) => g.mul(x, g.cast(greater(x, 1), 'float64')), 0, 3)).toStrictEqual(unbounded);
  });

  it('are known of remainders', () => {
    const wrapped = (fmod: number) => (x: Value) => g.emit1(g.Mod, [x, scalarOf(2)], { fmod });
    const scalarOf = (v: number) => g.scalar('float64', v);
    near(steep(wrapped(1), 2.25, 3.75), [[1, 1]], 0);
    expect(steep(wrapped(1), 1.5, 2.5)).toStrictEqual(unbounded);
    near(pairs(intervalsOf(graphOf([1], wrapped(1)), box([-3.5, -2.5]))), [[-1.5, -0.5]], 1e-14);
  });

  it('compares what no input can change exactly', () => {
    const mask = g.equal(g.constant(g.tensor('float64', [2], [1, 2])), 1);
    const graph = graphOf([2], (x) => g.where(mask, x, 7));
    expect(pairs(intervalsOf(graph, box([0, 1], [0, 1])))).toStrictEqual([
      [0, 1],
      [7, 7],
    ]);
    expect(pairs(entries(jacobianIntervals(graph, box([0, 1], [0, 1]))))).toStrictEqual([
      [1, 1],
      [0, 0],
      [0, 0],
      [0, 0],
    ]);
  });
});

describe('unbounded boxes and poles', () => {
  const all = box([-Infinity, Infinity]);

  it('gives infinite ends, never NaN', () => {
    expect(pairs(intervalsOf(graphOf([1], g.relu), all))).toStrictEqual([[0, Infinity]]);
    expect(pairs(intervalsOf(graphOf([1], g.tanh), all))).toStrictEqual([[-1, 1]]);
    const inverse = graphOf([1], g.reciprocal);
    expect(pairs(intervalsOf(inverse, box([-1, 1])))).toStrictEqual([[-Infinity, Infinity]]);
    expect(pairs(intervalsOf(inverse, box([0, 2])))[0]![0]).toBeCloseTo(0.5, 12);
    expect(pairs(intervalsOf(inverse, box([0, 2])))[0]![1]).toBe(Infinity);
    expect(pairs(entries(jacobianIntervals(inverse, box([-1, 1]))))[0]![0]).toBe(-Infinity);
    expect(
      pairs(
        intervalsOf(
          graphOf([1], (x) => g.sub(x, g.relu(x))),
          all,
        ),
      ),
    ).toStrictEqual([[-Infinity, Infinity]]);
    expect(
      pairs(
        intervalsOf(
          graphOf([1], (x) => g.div(x, x)),
          all,
        ),
      ),
    ).toStrictEqual([[-Infinity, Infinity]]);
  });

  it('keeps what a zero weight keeps', () => {
    const graph = graphOf([1, 2], (x) =>
      g.linear(
        x,
        weights('w', [
          [0, 3],
          [2, 0],
        ]),
      ),
    );
    near(
      pairs(intervalsOf(graph, box([-Infinity, Infinity], [1, 2]))),
      [
        [3, 6],
        [-Infinity, Infinity],
      ],
      1e-12,
    );
  });
});

describe('what cannot be enclosed', () => {
  const failure = (work: () => unknown): RobustlawError => {
    try {
      work();
    } catch (error) {
      expect(error).toBeInstanceOf(RobustlawError);
      return error as RobustlawError;
    }
    throw new Error('nothing was thrown');
  };
  const two = graphOf([2], g.relu);

  it('says what is wrong with a box', () => {
    expect(failure(() => intervalsOf(two, box([0, 1], [NaN, 1]))).message).toMatch(/entry 1/);
    expect(failure(() => intervalsOf(two, box([0, 1], [0, NaN]))).code).toBe('invalid-argument');
    expect(failure(() => jacobianIntervals(two, box([0, 1], [2, 1]))).message).toMatch(
      /entry 1.*low <= high/,
    );
    expect(failure(() => intervalsOf(two, box([0, 1]))).message).toMatch(/1 entries; expected 2/);
    expect(failure(() => intervalsOf(two, box([Infinity, Infinity], [0, 1]))).code).toBe('invalid-argument');
  });

  it('names NaN weights, and refuses several inputs or outputs', () => {
    const bad = graphOf([1, 2], (x) => g.linear(x, weights('broken', [[1, NaN]])));
    expect(failure(() => intervalsOf(bad, box([0, 1], [0, 1]))).message).toMatch(/"broken".*position 1/);
    const [a, b] = [g.input('a', 'float64', [1]), g.input('b', 'float64', [1])];
    expect(failure(() => intervalsOf(g.graph([a, b], { y: g.add(a, b) }), box([0, 1]))).message).toMatch(
      /2 inputs/,
    );
    const i = g.input('i', 'int64', [1]);
    expect(failure(() => intervalsOf(g.graph([i], { y: g.cast(i, 'float64') }), box([0, 1]))).code).toBe(
      'unsupported-type',
    );
  });

  it('names an operator without a rule', () => {
    const odd: g.Op = { name: 'Odd', attributes: {}, infer: (inputs) => [inputs[0]!] };
    const error = failure(() =>
      intervalsOf(
        graphOf([2], (x) => g.emit1(odd, [x])),
        box([0, 1], [0, 1]),
      ),
    );
    expect(error.code).toBe('unsupported-op');
    expect(error.message).toMatch(/Odd/);
  });
});
