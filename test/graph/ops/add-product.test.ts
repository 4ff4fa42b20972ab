// addProduct(): the same numbers and derivatives as the sum it stands for, whether or not it can be fused.
import { expect, test } from 'vitest';
import type { Value } from '../../../src/graph/index.ts';
import {
  add,
  addProduct,
  gemm,
  input,
  inputsOf,
  linear,
  nameOf,
  neg,
  reduceSum,
  square,
  vjp,
} from '../../../src/graph/index.ts';
import { normal, rng } from '../../../src/random/index.ts';
import { evaluate } from '../../../src/runtime/index.ts';

const [a, b, c, bias] = [
  input('a', 'float64', [4, 3]),
  input('b', 'float64', [4, 5]),
  input('c', 'float64', [3, 5]),
  input('bias', 'float64', [5]),
];
const feeds = Object.fromEntries(
  [a, b, c, bias].map((value, i) => [
    ['a', 'b', 'c', 'bias'][i]!,
    normal(
      rng(5).split(i),
      value.shape.reduce((x, y) => x * y),
    ),
  ]),
);

test.each([
  ['a product', gemm(a, b, { transA: 1, alpha: -0.5 }), 'Gemm'],
  ['a product with an addend of its own', gemm(a, b, { transA: 1 }, bias), 'Add'],
  ['no product', neg(c), 'Add'],
  ['a linear layer', linear(c, gemm(b, b, { transA: 1 })), 'Gemm'],
])('%s', async (_, product, operator) => {
  const fused = addProduct(c, product);
  const plain = add(c, product);
  expect(fused.node.op.name).toBe(operator);
  const gradients = [fused, plain].map((value) => {
    const loss = reduceSum(square(value));
    const [ga, gb, gc] = vjp([value], [square(value)], [a, b, c]);
    return { loss, ga: ga!, gb: gb!, gc: gc! };
  });
  const ends = await Promise.all(
    gradients.map((values) => evaluate<string>(values, feedsFor(Object.values(values)))),
  );
  for (const name of ['loss', 'ga', 'gb', 'gc']) {
    const [x, y] = ends.map((end) => Array.from(end[name]!.data as Float64Array));
    for (const [i, value] of x!.entries()) expect(value).toBeCloseTo(y![i]!, 10);
  }
});

/** evaluate() refuses feeds that no output needs. */
function feedsFor(values: readonly Value[]) {
  return Object.fromEntries(inputsOf(values).map((value) => [nameOf(value)!, feeds[nameOf(value)!]!]));
}
