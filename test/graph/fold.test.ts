import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FOLD_LIMIT, fold } from '../../src/graph/fold.ts';
import type { Tensor, Value } from '../../src/graph/index.ts';
import { constant, emit, graph, input, showType, sizeOf, tensor } from '../../src/graph/index.ts';
import { operators } from '../../src/graph/ops/registry.ts';
import type { Attributes } from '../../src/graph/value.ts';
import { compile } from '../../src/runtime/index.ts';

const int64 = (shape: readonly number[], values: readonly number[]) => tensor('int64', shape, values);
const float = (shape: readonly number[], values: readonly number[]) => tensor('float32', shape, values);
const bool = (shape: readonly number[], values: readonly number[]) => tensor('bool', shape, values);

/** The outputs by folding; the types by the operator's own inference. */
function folded(op: string, inputs: readonly Tensor[], attributes: Attributes = {}) {
  return fold(op, inputs, attributes, emit(operators.get(op)!, inputs.map(constant), attributes));
}

/** The outputs by ONNX Runtime; inputs that must be known at build time stay constants. */
async function computed(
  op: string,
  inputs: readonly Tensor[],
  attributes: Attributes,
  fixed: readonly number[],
) {
  const values = inputs.map((t, i) => (fixed.includes(i) ? constant(t) : input(`i${i}`, t.dtype, t.shape)));
  const outputs = emit(operators.get(op)!, values, attributes);
  const named = Object.fromEntries(outputs.map((value, i) => [`o${i}`, value]));
  const free = values.filter((value: Value) => value.node.op.name === 'Input');
  const program = await compile(graph(free, named));
  try {
    const feeds = Object.fromEntries(
      inputs.flatMap((t, i) => (fixed.includes(i) ? [] : [[`i${i}`, t.data] as const])),
    );
    const results = await program.run(feeds);
    return outputs.map(({ dtype, shape }, i) => ({ dtype, shape, data: results[`o${i}`] }));
  } finally {
    await program.dispose();
  }
}

type Case = readonly [
  op: string,
  inputs: readonly Tensor[],
  attributes?: Attributes,
  fixed?: readonly number[],
];

const x = int64([2, 3], [5, -7, 3, 0, 2, -1]);
const y = int64([3], [2, -3, 4]);
const f = float([2, 2], [1.5, -2.25, 0.1, 4]);
const g = float([2], [0.3, -7]);
const p = bool([2, 1], [1, 0]);
const q = bool([3], [1, 0, 1]);

const CASES: readonly Case[] = [
  ...[
    'Add',
    'Sub',
    'Mul',
    'Div',
    'Min',
    'Max',
    'Equal',
    'Greater',
    'GreaterOrEqual',
    'Less',
    'LessOrEqual',
  ].flatMap((op): Case[] => [
    [op, [x, y]],
    [op, [f, g]],
    [op, [f, float([], [0.7])]],
  ]),
  ['Mod', [x, y]],
  ['Mod', [x, y], { fmod: 1 }],
  ['Mod', [f, g], { fmod: 1 }],
  ['Min', [x, y, int64([], [1])]],
  ['Max', [f, g, float([1], [0])]],
  ['Neg', [x]],
  ['Neg', [f]],
  ['Abs', [x]],
  ['Abs', [f]],
  ['Sqrt', [float([3], [2, 0, 49])]],
  ['Reciprocal', [f]],
  ['Floor', [f]],
  ['Ceil', [f]],
  ['And', [p, q]],
  ['Or', [p, q]],
  ['Not', [q]],
  ['Equal', [p, q]],
  ['Where', [q, x, y]],
  ['Where', [p, f, g]],
  ['Cast', [f], { to: 7 }],
  ['Cast', [f], { to: 6 }],
  ['Cast', [f], { to: 9 }],
  ['Cast', [f], { to: 11 }],
  ['Cast', [x], { to: 1 }],
  ['Cast', [int64([2], [2 ** 33 + 5, -1])], { to: 6 }],
  ['Cast', [q], { to: 7 }],
  ['Cast', [tensor('float64', [2], [0.1, 2 ** 40 + 0.5])], { to: 1 }],
  ['Reshape', [x, int64([2], [3, -1])], {}, [1]],
  ['Flatten', [x], { axis: 0 }],
  ['Squeeze', [int64([1, 2, 1], [3, 4])], {}, []],
  ['Squeeze', [int64([1, 2, 1], [3, 4]), int64([1], [-1])], {}, [1]],
  ['Unsqueeze', [x, int64([2], [0, -1])], {}, [1]],
  [
    'Transpose',
    [
      tensor(
        'int64',
        [2, 3, 2],
        Array.from({ length: 12 }, (_, i) => i),
      ),
    ],
    { perm: [2, 0, 1] },
  ],
  ['Transpose', [f]],
  ['Expand', [y, int64([2], [4, 1])], {}, [1]],
  ['Expand', [int64([2, 1], [1, 2]), int64([3], [3, 1, 2])], {}, [1]],
  ['Slice', [x, int64([1], [1]), int64([1], [1000]), int64([1], [1])], {}, [1, 2, 3]],
  [
    'Slice',
    [x, int64([2], [-1, 2]), int64([2], [-1000, 0]), int64([2], [0, 1]), int64([2], [-1, -2])],
    {},
    [1, 2, 3, 4],
  ],
  ['Slice', [x, int64([1], [5]), int64([1], [9]), int64([1], [1])], {}, [1, 2, 3]],
  ['Split', [x, int64([2], [1, 2])], { axis: 1 }, [1]],
  ['Split', [x, int64([2], [0, 3])], { axis: -1 }, [1]],
  ['Concat', [x, int64([2, 1], [8, 9])], { axis: -1 }],
  ['Concat', [y, y, y], { axis: 0 }],
  ['Gather', [x, int64([2, 2], [0, -1, 2, 1])], { axis: 1 }],
  ['Gather', [y, int64([], [-1])], { axis: 0 }],
  ['ReduceSum', [x]],
  ['ReduceSum', [x, int64([1], [-1])], { keepdims: 0 }, [1]],
  ['ReduceSum', [f, int64([1], [0])], {}, [1]],
  ['ReduceProd', [x, int64([1], [0])], {}, [1]],
  ['ReduceProd', [f]],
];

describe('folding gives what ONNX Runtime computes', () => {
  it.each(
    CASES.map(([op, inputs, attributes = {}, fixed = []]) => ({
      what: `${op} of ${inputs.map(showType).join(', ')} ${JSON.stringify(attributes)}`,
      op,
      inputs,
      attributes,
      fixed,
    })),
  )('$what', async ({ op, inputs, attributes, fixed }) => {
    const direct = await computed(op, inputs, attributes, fixed);
    const result = folded(op, inputs, attributes)!;
    expect(result).toHaveLength(direct.length);
    result.forEach((t, i) => {
      expect([t.dtype, t.shape]).toStrictEqual([direct[i]!.dtype, direct[i]!.shape]);
      // The same bits, but for sums and products of floats, where the order of rounding is free.
      const exact = !(op.startsWith('Reduce') && t.dtype === 'float32');
      if (exact) expect(t.data).toStrictEqual(direct[i]!.data);
      else
        t.data.forEach((v, k) => {
          expect(v).toBeCloseTo(direct[i]!.data![k] as number, 5);
        });
    });
  });

  it('broadcasting of arbitrary shapes', async () => {
    const axis = fc.constantFrom(1, 2, 3);
    await fc.assert(
      fc.asyncProperty(
        fc.array(axis, { maxLength: 4 }),
        fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }),
        fc.nat(3),
        async (shape, ones, drop) => {
          const a = shape.map((n, i) => (ones[i] ? 1 : n));
          const b = shape.map((n, i) => (ones[i + 4] ? 1 : n)).slice(Math.min(drop, shape.length));
          const values = (s: readonly number[]) =>
            int64(
              s,
              Array.from({ length: sizeOf(s) }, (_, i) => i * i - 3),
            );
          const inputs = [values(a), values(b)];
          const [direct] = await computed('Sub', inputs, {}, []);
          expect(folded('Sub', inputs)![0]).toStrictEqual(direct);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('transposition of arbitrary permutations', async () => {
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4, maxLength: 4 }), async (perm) => {
        const t = int64(
          [2, 3, 1, 4],
          Array.from({ length: 24 }, (_, i) => i),
        );
        const [direct] = await computed('Transpose', [t], { perm }, []);
        expect(folded('Transpose', [t], { perm })![0]).toStrictEqual(direct);
      }),
      { numRuns: 24 },
    );
  });
});

describe('integer arithmetic', () => {
  it('is exact beyond 2^53 and wraps at 64 bits', () => {
    const large = {
      dtype: 'int64',
      shape: [2],
      data: new BigInt64Array([2n ** 53n, 2n ** 63n - 1n]),
    } as const;
    expect(folded('Add', [large, int64([], [1])])![0]!.data).toStrictEqual(
      new BigInt64Array([2n ** 53n + 1n, -(2n ** 63n)]),
    );
  });

  it('int32 wraps at 32 bits', () => {
    const t = tensor('int32', [1], [2 ** 31 - 1]);
    expect(folded('Mul', [t, t])![0]!.data).toStrictEqual(new Int32Array([1]));
  });

  it('refuses a division by zero and an index outside of its axis', () => {
    expect(() => folded('Div', [x, int64([], [0])])).toThrow(/divided by zero/);
    expect(() => folded('Mod', [x, int64([], [0])])).toThrow(/divided by zero/);
    expect(() => folded('Gather', [y, int64([], [3])])).toThrow(/index 3 is outside of an axis of length 3/);
    expect(() => folded('Gather', [y, int64([], [-4])])).toThrow(/index -4/);
  });
});

describe('what is not folded', () => {
  it('is left to the runtime: unknown operators, large tensors, casts without a result', () => {
    const large = float([FOLD_LIMIT + 1], new Array(FOLD_LIMIT + 1).fill(1));
    expect(folded('Neg', [large])).toBeUndefined();
    expect(folded('Expand', [float([], [1]), int64([1], [FOLD_LIMIT + 1])])).toBeUndefined();
    expect(folded('Exp', [f])).toBeUndefined();
    expect(folded('Cast', [float([1], [Number.NaN])], { to: 7 })).toBeUndefined();
    expect(folded('Cast', [float([1], [3e9])], { to: 6 })).toBeUndefined();
  });
});
