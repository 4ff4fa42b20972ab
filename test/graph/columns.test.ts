// Dense layers in columns against the same layers in rows.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  add,
  concat,
  gelu,
  gemm,
  gradient,
  inColumns,
  innerProduct,
  input,
  linear,
  matMul,
  mul,
  reduceMean,
  relu,
  sigmoid,
  sizeOf,
  softmax,
  sub,
  tanh,
  topological,
  type Value,
  weightsInColumns,
} from '../../src/graph/index.ts';
import { normal, rng } from '../../src/random/index.ts';
import { evaluate } from '../../src/runtime/index.ts';

const x = (batch: number, width: number) => input('x', 'float64', [batch, width]);
const weight = (name: string, rows: number, columns: number) => input(name, 'float64', [rows, columns]);
const bias = (name: string, width: number) => input(name, 'float64', [width]);

/** Operators from the input on, with the flags of products. */
const operators = (values: readonly Value[]) =>
  topological(values)
    .filter(({ inputs }) => inputs.length > 0)
    .map(({ op, attributes: { transA, transB } }) =>
      [op.name, transA ? 'A' : '', transB ? 'B' : ''].filter(Boolean).join(' '),
    );

const ACTIVATIONS: readonly ((z: Value) => Value)[] = [
  relu,
  tanh,
  gelu,
  (z) => mul(z, sigmoid(z)),
  (z) => sub(mul(z, 0.5), 1),
  (z) => z,
];

describe('a network of dense layers', () => {
  const networks = fc.record({
    batch: fc.integer({ min: 1, max: 4 }),
    widths: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 2, maxLength: 5 }),
    activation: fc.nat(ACTIVATIONS.length - 1),
    biased: fc.boolean(),
    /** Whether weights come in blocks of one column and the rest. */
    blocks: fc.boolean(),
    seed: fc.nat(1000),
  });

  test('has the values and gradients that it has in rows', async () => {
    await fc.assert(
      fc.asyncProperty(networks, async ({ batch, widths, activation, biased, blocks, seed }) => {
        const points = x(batch, widths[0]!);
        const inputs: Value[] = [points];
        const fed = (value: Value) => inputs[inputs.push(value) - 1]!;
        const matrix = (i: number, rows: number, columns: number) =>
          blocks && columns > 1
            ? concat([fed(weight(`V${i}`, rows, 1)), fed(weight(`W${i}`, rows, columns - 1))], 1)
            : fed(weight(`W${i}`, rows, columns));
        let h: Value = points;
        widths.slice(1).forEach((width, i) => {
          const z = linear(h, matrix(i, width, widths[i]!), biased ? fed(bias(`b${i}`, width)) : undefined);
          h = i === widths.length - 2 ? z : ACTIVATIONS[activation]!(z);
        });
        const [turned] = inColumns([h]) as [Value];
        const outputs = (y: Value, name: string) => {
          const loss = innerProduct(y, y);
          const slopes = gradient(loss, inputs);
          return Object.fromEntries([y, ...slopes].map((value, i) => [`${name} ${i}`, value]));
        };
        const all: Record<string, Value> = { ...outputs(h, 'rows'), ...outputs(turned, 'columns') };
        const found = await evaluate(
          all,
          Object.fromEntries(
            inputs.map((value, i) => [
              value.node.attributes.name as string,
              normal(rng(seed).split(i), sizeOf(value.shape)),
            ]),
          ),
        );
        for (let i = 0; i <= inputs.length; i++) {
          const expected = found[`rows ${i}`]!.data as Float64Array;
          const scale = 1 + Math.max(...expected.map(Math.abs));
          (found[`columns ${i}`]!.data as Float64Array).forEach((value, k) => {
            expect(Math.abs(value - expected[k]!)).toBeLessThan(1e-12 * scale);
          });
        }
      }),
      { numRuns: 60 },
    );
  });

  test('is transposed at its end alone', () => {
    const h = relu(linear(x(3, 4), weight('W', 5, 4), bias('b', 5)));
    const y = linear(h, weight('V', 2, 5));
    expect(operators(inColumns([y]))).toEqual(['Reshape', 'Gemm B', 'Relu', 'Gemm', 'Transpose']);
  });

  test('multiplies by the blocks of a weight, which need not be put together', () => {
    const V = concat([weight('V1', 2, 3), weight('V2', 2, 2)], 1);
    const y = linear(relu(linear(x(3, 4), weight('W', 5, 4))), V, bias('b', 2));
    const ops = operators(inColumns([y]));
    expect(ops).toEqual(['Gemm B', 'Relu', 'Split', 'Reshape', 'Gemm', 'Gemm', 'Transpose']);
  });
});

describe('left in rows are', () => {
  const W = weight('W', 5, 4);
  const V = weight('V', 2, 5);
  const points = x(3, 4);
  const z = linear(points, W, bias('b', 5));

  test.each<[string, Value]>([
    ['one layer alone', z],
    ['a layer behind which nothing comes but a function', relu(z)],
    ['layers with a normalisation over the batch between them', linear(sub(z, reduceMean(z, [0], true)), V)],
    ['layers with a softmax between them', linear(softmax(z), V)],
    ['layers that end in the middle of a network', softmax(linear(relu(z), V))],
    ['products of another form', matMul(relu(gemm(points, weight('U', 4, 5))), weight('T', 5, 2))],
    ['a product with a factor', linear(relu(gemm(points, W, { transB: 1, alpha: 2 })), V)],
    [
      'a product whose addend differs from point to point',
      linear(relu(gemm(points, W, { transB: 1 }, input('c', 'float64', [3, 5]))), V),
    ],
  ])('%s', (_, y) => {
    expect(inColumns([y])).toEqual([y]);
    expect(weightsInColumns([y])).toEqual(new Set());
  });

  test('values that are asked for themselves', async () => {
    const y = linear(relu(z), V);
    const [hidden, output] = inColumns([z, y]);
    expect(hidden).toBe(z);
    expect(output).toBe(y);
  });
});

test('the weights of dense layers in columns are those that nothing else uses', () => {
  const [W, V] = [weight('W', 4, 4), weight('V', 2, 4)];
  const h = relu(linear(x(3, 4), W));
  expect(weightsInColumns([linear(h, V)])).toEqual(new Set([W, V]));
  expect(weightsInColumns([linear(h, V), mul(W, 2)])).toEqual(new Set([V]));
  expect(weightsInColumns([linear(add(h, matMul(h, W)), V)])).toEqual(new Set());
});
